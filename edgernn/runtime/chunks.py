"""What is done for a chunk of texts, in steps that threads share: see `stream.Work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from edgernn.later import Later
from edgernn.runtime.backends import Backend
from edgernn.runtime.batches import form_batches
from edgernn.runtime.stream import Work
from edgernn.text import EncodedTexts, TextEncoder
from edgernn.text.encoded import TextFacts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.runtime.batches import Ids
    from edgernn.runtime.native_texts import NativeTexts
else:
    np = Later("numpy")

__all__ = ["NATIVE_TEXTS", "IdsChunk", "NativeChunk", "ScoredChunk", "TextChunk", "no_scores"]

_PIECE_TEXTS = 64, 512
"""Fewest and most texts that are encoded in one go. Encoding and the network push each other out of
a core's caches: 64 texts at a time take twice what they take in a row."""

NATIVE_TEXTS = 64
"""Texts of a call of the C engine: some milliseconds, so that threads share the work to the end."""

T = TypeVar("T")
C = TypeVar("C", covariant=True)


def no_scores(texts: int, outputs: int) -> npt.NDArray[np.float32]:
    """Return zeros in the shape of scores, float32 [texts], or [texts, outputs] of several."""
    return np.zeros(texts if outputs == 1 else (texts, outputs), np.float32)


class ScoredChunk(Work, Protocol[C]):
    """Texts on their way, and what is found of them."""

    @property
    def payload(self) -> C:
        """What belongs to the texts."""

    @property
    def facts(self) -> TextFacts:
        """What scores say of the texts beside their probabilities."""

    @property
    def found(self) -> list[float] | npt.NDArray[np.float32]:
        """The probabilities, as `IdsChunk.found`; of two labels they may be a list."""


class IdsChunk:
    """Texts that are encoded already."""

    pieces = 0

    def __init__(
        self,
        backend: Backend,
        ids: Sequence[Ids],
        padding_ids: Sequence[int] = (),
        outputs: int = 1,
    ) -> None:
        """Take what is to be scored.

        Args:
            backend: the loaded graph.
            ids: int32 [tokens] of each text.
            padding_ids: ids to put after each batch's longest text.
            outputs: how many probabilities the graph gives for a text.
        """
        self.ids = list(ids)
        self.found = no_scores(len(ids), outputs)
        """float32 [texts] or [texts, labels], the probabilities; 0 of a text without ids."""
        self._backend = backend
        self._padding_ids = padding_ids

    def prepare(self, piece: int) -> None:
        """Do nothing: there are no pieces."""

    def plan(self) -> list[list[int]]:
        """Return the batches, as places in `ids`, without texts that have none."""
        backend, lengths = self._backend, list(map(len, self.ids))
        batches = form_batches(lengths, backend.batch_tokens if backend.batched else 0)
        # The shortest come last.
        while batches and not lengths[batches[-1][-1]]:
            batches[-1].pop()
            if not batches[-1]:
                batches.pop()
        return batches

    def run(self, batch: list[int]) -> None:
        """Find the probabilities of one batch."""
        self.found[batch] = self._backend.run(
            [self.ids[place] for place in batch], self._padding_ids
        )


class TextChunk(IdsChunk, Generic[T]):
    """Texts that are encoded first, a few at a time."""

    def __init__(
        self, backend: Backend, encoder: TextEncoder, texts: Sequence[str], payload: T
    ) -> None:
        """Take the texts, and what belongs to them."""
        super().__init__(
            backend, [np.zeros(0, np.int32)] * len(texts), outputs=encoder.contract.outputs
        )
        count = len(texts)
        self.encoded = EncodedTexts(self.ids, [0.0] * count, [False] * count)
        """The texts, as far as their pieces are encoded."""
        fewest, most = _PIECE_TEXTS
        # Of few texts, too, each thread encodes some.
        self._piece = min(most, max(fewest, -(-len(texts) // (2 * backend.workers))))
        self.pieces = -(-len(texts) // self._piece)
        self.payload = payload
        self._encoder = encoder
        self._texts = texts

    @property
    def facts(self) -> TextFacts:
        """What scores say of the texts beside their probabilities."""
        return self.encoded.facts

    def prepare(self, piece: int) -> None:
        """Encode the texts of one piece."""
        part = slice(piece * self._piece, (piece + 1) * self._piece)
        found = self._encoder.encode_texts(self._texts[part])
        self.ids[part] = found.ids
        self.encoded.known[part] = found.known
        self.encoded.truncated[part] = found.truncated


class NativeChunk(Generic[T]):
    """Texts that the C engine encodes and scores, a few a call."""

    def __init__(self, native: NativeTexts, texts: Sequence[str], payload: T, outputs: int) -> None:
        """Take the texts, what belongs to them, and how many probabilities each has."""
        count = len(texts)
        self.facts = TextFacts([0] * count, [0.0] * count, [False] * count)
        self.found: Any = [0.0] * count if outputs == 1 else no_scores(count, outputs)
        self.payload = payload
        self.pieces = -(-count // NATIVE_TEXTS)
        self._native = native
        self._texts = texts

    def prepare(self, piece: int) -> None:
        """Score the texts of one piece."""
        part = slice(piece * NATIVE_TEXTS, (piece + 1) * NATIVE_TEXTS)
        facts, self.found[part] = self._native.score(self._texts[part])
        self.facts.counts[part] = facts.counts
        self.facts.known[part] = facts.known
        self.facts.truncated[part] = facts.truncated

    def plan(self) -> list[list[int]]:
        """Return no batches: nothing is left to do."""
        return []

    def run(self, batch: list[int]) -> None:
        """Do nothing: there are no batches."""
