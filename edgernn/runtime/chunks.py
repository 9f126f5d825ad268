"""What is done for a chunk of texts, in steps that threads share: see `stream.Work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from edgernn.runtime.backends import Backend
from edgernn.runtime.batches import Ids, form_batches
from edgernn.text import EncodedTexts, TextEncoder

__all__ = ["IdsChunk", "TextChunk", "no_scores"]

_PIECE_TEXTS = 64, 512
"""Fewest and most texts that are encoded in one go. Encoding and the network push each other out of
a core's caches: 64 texts at a time take twice what they take in a row."""

T = TypeVar("T")

_NO_IDS = np.zeros(0, np.int32)


def no_scores(texts: int, outputs: int) -> npt.NDArray[np.float32]:
    """Return zeros in the shape of scores, float32 [texts], or [texts, outputs] of several."""
    return np.zeros(texts if outputs == 1 else (texts, outputs), np.float32)


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
        super().__init__(backend, [_NO_IDS] * len(texts), outputs=encoder.contract.outputs)
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

    def prepare(self, piece: int) -> None:
        """Encode the texts of one piece."""
        part = slice(piece * self._piece, (piece + 1) * self._piece)
        found = self._encoder.encode_texts(self._texts[part])
        self.ids[part] = found.ids
        self.encoded.known[part] = found.known
        self.encoded.truncated[part] = found.truncated
