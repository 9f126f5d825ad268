"""A model file joined with the engine that runs it: the inside of a `Classifier`.

What this package itself needs of a file, such as scores of ids, is here; what users see of it is
`edgernn.runtime.classifier`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from edgernn.bundle import ModelFile, read_model_file
from edgernn.runtime.backends import Backend
from edgernn.runtime.chunks import (
    NATIVE_TEXTS,
    IdsChunk,
    NativeChunk,
    ScoredChunk,
    TextChunk,
    no_scores,
)
from edgernn.runtime.cores import asked_threads
from edgernn.runtime.opening import open_backend, reference_of
from edgernn.runtime.score_stream import ScoreStream
from edgernn.runtime.scores import Score, scores_of
from edgernn.runtime.stream import Stream
from edgernn.text import TextContract, TextEncoder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.runtime.native_texts import NativeTexts

__all__ = [
    "CHUNK_TEXTS",
    "SHIPPED_MODEL",
    "LoadedModel",
    "Options",
    "open_quietly",
    "open_reference",
]

SHIPPED_MODEL = Path(__file__).parent.parent / "models" / "flagship" / "model.onnx"
"""The pretrained model that the package carries."""

CHUNK_TEXTS = 2048
"""Texts that are encoded and sorted by length together, while those before are scored."""

_FEW_TEXTS, _FEW_TOKENS = 128, 4096
"""With no more than this, starting threads costs more than it saves."""


@dataclass(frozen=True)
class Options:
    """How a model is loaded, as `edgernn.load` takes it."""

    device: str = "auto"
    threads: int | None = None
    engine: str = "auto"


class LoadedModel:
    """A checked model file with its engine. Many threads may call it at once."""

    def __init__(
        self, file: ModelFile, backend: Backend, options: Options = Options(), why: str = ""
    ) -> None:
        """Join a checked model file with the engine that runs it.

        Args:
            file: the file.
            backend: the engine.
            options: what it was loaded with.
            why: why it is this engine.
        """
        self.options = options
        self.engine_reason: Final = why
        """Why it is this engine, in one line."""
        self._file = file
        self._backend = backend
        self._encoder = file.bundle.encoder
        self._native = native_texts(backend, self._encoder)

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        device: str = "auto",
        *,
        threads: int | None = None,
        engine: str = "auto",
    ) -> Self:
        """Load a model file; arguments and errors are those of `edgernn.load`."""
        file = read_model_file(SHIPPED_MODEL if path is None else path, rewritten=True)
        return cls.of_file(file, Options(device, threads, engine))

    @classmethod
    def of_file(cls, file: ModelFile, options: Options) -> Self:
        """Load a checked model file into its engine; errors are those of `edgernn.load`."""
        # What the environment asks for is asked of each process, and not carried to another.
        threads = options.threads or asked_threads()
        backend, why = open_backend(file, options.device, threads, options.engine)
        if file.rewritten:
            from edgernn.runtime.replay import check_rewritten

            check_rewritten(file, backend)
        return cls(file, backend, options, why)

    @property
    def path(self) -> Path:
        """The model file."""
        return self._file.path

    @property
    def data(self) -> bytes:
        """The file as it was read."""
        return self._file.data

    @property
    def sha256(self) -> str:
        """Of the file as it was read, in lower-case hexadecimal."""
        return hashlib.sha256(self._file.data).hexdigest()

    @property
    def engine(self) -> str:
        """The engine that runs: `native`, `onnxruntime` or `litert`."""
        return self._backend.name

    def in_c_engine(self) -> Self | str:
        """Return the same file in the C engine, or what that does instead: `does not run ...`."""
        from edgernn.runtime.native import Native, NotHereError, RefusedError

        try:
            backend = Native(self._file, "cpu", None)
        except (NotHereError, RefusedError) as error:
            return error.predicate
        return type(self)(self._file, backend, Options("cpu", engine="native"), "asked for")

    @property
    def device(self) -> str:
        """The device that really runs: `cpu` or `cuda`."""
        return self._backend.device

    @property
    def contract(self) -> TextContract:
        """The text contract that the file carries."""
        return self._file.bundle.contract

    @property
    def encoder(self) -> TextEncoder:
        """The contract joined with its vocabulary."""
        return self._encoder

    @property
    def card(self) -> Mapping[str, Any]:
        """What the file says of itself: recipe, precision, training figures, versions."""
        return self._file.bundle.card

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Score strings in order; no label for one of which no token is left."""
        if len(texts) == 1:
            return self._score_one(texts)
        if len(texts) <= _FEW_TEXTS or self._backend.workers == 1:
            size = CHUNK_TEXTS if self._native is None else NATIVE_TEXTS
            chunks = (texts[at : at + size] for at in range(0, len(texts), size))
            return list(chain.from_iterable(map(self._scores, chunks)))
        scores: list[Score] = []
        with self.stream() as stream:
            for at in range(0, len(texts), CHUNK_TEXTS):
                stream.put(texts[at : at + CHUNK_TEXTS], None)
            stream.close()
            for _, found in stream:
                scores += found
        return scores

    def stream(self, room: int | None = None) -> ScoreStream[Any]:
        """Return a stream that scores chunks of texts in threads; `room` is in characters."""
        native, contract = self._native, self.contract

        def make_chunk(texts: Sequence[str], payload: Any) -> ScoredChunk[Any]:
            if native is not None:
                return NativeChunk(native, texts, payload, contract.outputs)
            return TextChunk(self._backend, self._encoder, texts, payload)

        return ScoreStream(contract, make_chunk, self._backend.workers, room)

    def probabilities(
        self, ids: Sequence[npt.NDArray[np.int32]], padding_ids: Sequence[int] = ()
    ) -> npt.NDArray[np.float32]:
        """Score texts that are encoded already.

        Args:
            ids: one int32 array [tokens] a text, none empty.
            padding_ids: ids to put after each batch's longest text, where the graph takes padding:
                to see that they make no difference.

        Returns:
            float32 [texts]: the probability of the second label; [texts, labels] unless the
            contract's decision is `threshold`.
        """
        backend = self._backend
        if len(ids) == 1:
            return backend.run(ids, padding_ids)
        work = IdsChunk(backend, ids, padding_ids, self.contract.outputs)
        if backend.workers > 1 and sum(map(len, ids)) > _FEW_TOKENS:
            with Stream[IdsChunk](backend.workers) as stream:
                stream.put(work)
                stream.close()
                list(stream)
        else:
            for batch in work.plan():
                work.run(batch)
        return work.found

    def _score_one(self, text: Sequence[str]) -> list[Score]:
        """Score one text alone: with as few steps as can be, since someone waits for it."""
        if self._native is not None:
            return scores_of(self.contract, *self._native.score(text))
        encoded = self._encoder.encode_texts(text)
        has_ids = len(encoded.ids[0]) > 0
        contract = self.contract
        found = self._backend.run(encoded.ids) if has_ids else no_scores(1, contract.outputs)
        return scores_of(contract, encoded.facts, found)

    def _scores(self, texts: Sequence[str]) -> list[Score]:
        if self._native is not None:
            return scores_of(self.contract, *self._native.score(texts))
        encoded = self._encoder.encode_texts(texts)
        ids = encoded.ids
        scored = [place for place, tokens in enumerate(ids) if len(tokens)]
        found = no_scores(len(ids), self.contract.outputs)
        if scored:
            found[scored] = self.probabilities([ids[place] for place in scored])
        return scores_of(self.contract, encoded.facts, found)


def native_texts(backend: Backend, encoder: TextEncoder) -> NativeTexts | None:
    """Return the C engine's own way from texts to probabilities.

    None of another engine, and where a contract's rules are too unusual for it: it takes ids then.
    """
    if backend.name != "native":
        return None
    # Scoring with another engine loads nothing of it.
    from edgernn.runtime.native import Native
    from edgernn.runtime.native_texts import open_texts

    return open_texts(backend, encoder) if isinstance(backend, Native) else None


def open_quietly(path: Path | None, device: str, engine: str = "auto") -> LoadedModel:
    """Load a model file without the log line that LiteRT prints when it does.

    Not for use from several threads at once; arguments and errors are those of `edgernn.load`.
    """
    if path is None or path.suffix != ".tflite":
        return LoadedModel.open(path, device, engine=engine)
    from edgernn.native_logs import held_back

    with held_back():
        return LoadedModel.open(path, device, engine=engine)


def open_reference(path: Path) -> LoadedModel:
    """Load a model file on the CPU in the engine of others that export holds it to.

    That is ONNX Runtime or LiteRT, whose log line is held back: not for use from several threads at
    once. Errors are those of `edgernn.load`.
    """
    from edgernn.native_logs import held_back

    file = read_model_file(path, rewritten=True)
    with held_back() if file.container.quiet else nullcontext():
        return LoadedModel.of_file(file, Options("cpu", engine=reference_of(file.format)))
