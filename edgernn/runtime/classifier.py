"""Scoring texts with a model file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile, read_model_file
from edgernn.errors import TextError
from edgernn.runtime.backends import Backend, open_backend
from edgernn.runtime.batches import Ids
from edgernn.runtime.chunks import IdsChunk, TextChunk
from edgernn.runtime.stream import Stream
from edgernn.text import TextContract, TextEncoder

__all__ = ["CHUNK_TEXTS", "SHIPPED_MODEL", "Classifier", "Score", "ScoreStream", "load"]

T = TypeVar("T")

SHIPPED_MODEL = Path(__file__).parent.parent / "models" / "flagship" / "model.onnx"
"""The pretrained model that the package carries."""

CHUNK_TEXTS = 2048
"""Texts that are encoded and sorted by length together, while those before are scored."""

_FEW_TEXTS, _FEW_TOKENS = 128, 4096
"""With no more than this, starting threads costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says of one text."""

    label: str
    """The name of the class, as the model's contract has it."""
    probability: float
    """Probability of the second (positive) class, in [0, 1]."""


class Classifier:
    """A model file ready to score texts; make one with `edgernn.load`."""

    def __init__(self, file: ModelFile, backend: Backend) -> None:
        """Join a checked model file with the engine that runs it."""
        self._file = file
        self._backend = backend
        self._encoder = file.bundle.encoder

    @property
    def path(self) -> Path:
        """The model file."""
        return self._file.path

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

    def encode(self, text: str) -> list[int]:
        """Return the ids that the model sees of a text: at least none, at most `max_length`."""
        return self._encoder.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        return self._encoder.decode(ids)

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Score texts, in the order given; a text's score depends on no other text.

        Raises:
            TextError: a text is empty or white space alone, or the contract leaves no token of it;
                the message says which.
            TypeError: `texts` is one string, or an item is not a string.
        """
        if isinstance(texts, str):
            raise TypeError("score takes a list of texts; for one text: score([text])")
        for number, text in enumerate(texts, start=1):
            if not isinstance(text, str):
                raise TypeError(f"text {number} is a {type(text).__name__}, not a string")
            if not text or text.isspace():
                raise TextError(f"text {number} is empty")
        scores = []
        for number, score in enumerate(self.score_or_none(texts), start=1):
            if score is None:
                raise TextError(f"text {number}: no token is left of the text")
            scores.append(score)
        return scores

    def score_or_none(self, texts: Sequence[str]) -> list[Score | None]:
        """Score texts as `score` does, with None for a text of which no token is left."""
        if len(texts) == 1:
            return [self._score_one(texts)]
        if len(texts) <= _FEW_TEXTS or self._backend.workers == 1:
            chunks = (texts[at : at + CHUNK_TEXTS] for at in range(0, len(texts), CHUNK_TEXTS))
            encoded = map(self._encoder.encode_batch, chunks)
            return list(chain.from_iterable(map(self._scores, encoded)))
        scores: list[Score | None] = []
        with self.stream() as stream:
            for at in range(0, len(texts), CHUNK_TEXTS):
                stream.put(texts[at : at + CHUNK_TEXTS], None)
            stream.close()
            for _, found in stream:
                scores += found
        return scores

    def stream(self, room: int | None = None) -> ScoreStream[Any]:
        """Return a stream that scores chunks of texts in threads; `room` is in characters."""
        return ScoreStream(self, self._backend, room)

    def probabilities(
        self, ids: Sequence[npt.NDArray[np.int32]], behind: Sequence[int] = ()
    ) -> npt.NDArray[np.float32]:
        """Score texts that are encoded already.

        Args:
            ids: one int32 array [tokens] a text, none empty.
            behind: ids to put behind each batch's longest text, where the graph takes padding: to
                see that they make no difference.

        Returns:
            float32 [texts]: the probability of the second (positive) class.
        """
        backend = self._backend
        if len(ids) == 1:
            return backend.run(ids, behind)
        work = IdsChunk(backend, ids, behind)
        if backend.workers > 1 and sum(map(len, ids)) > _FEW_TOKENS:
            with Stream[IdsChunk](backend.workers) as stream:
                stream.put(work)
                stream.close()
                list(stream)
        else:
            for batch in work.plan():
                work.run(batch)
        return work.found

    def _score_one(self, text: Sequence[str]) -> Score | None:
        """Score one text alone: with as few steps as can be, since someone waits for it."""
        ids = self._encoder.encode_batch(text)
        if not len(ids[0]):
            return None
        probability = self._backend.run(ids).item()
        contract = self._encoder.contract
        return Score(contract.labels[probability >= contract.threshold], probability)

    def _scores(self, ids: Sequence[Ids]) -> list[Score | None]:
        known = [place for place, tokens in enumerate(ids) if len(tokens)]
        found = np.zeros(len(ids), np.float32)
        if known:
            found[known] = self.probabilities([ids[place] for place in known])
        return self.judged(ids, found)

    def judged(
        self, ids: Sequence[npt.NDArray[np.int32]], probabilities: npt.NDArray[np.float32]
    ) -> list[Score | None]:
        """Return the scores of probabilities, float32 [texts]; None for a text without ids."""
        labels, threshold = self.contract.labels, self.contract.threshold
        return [
            Score(labels[probability >= threshold], probability) if len(tokens) else None
            for tokens, probability in zip(ids, probabilities.tolist(), strict=True)
        ]


class ScoreStream(Generic[T]):
    """Texts on their way to their scores: put in by one thread, taken out by this or another.

    Use it in `with`: leaving the block stops what is still under way.
    """

    def __init__(self, classifier: Classifier, backend: Backend, room: int | None) -> None:
        """Start nothing yet; `Classifier.stream` makes one."""
        self._classifier = classifier
        self._backend = backend
        self._stream = Stream[TextChunk[T]](backend.workers, room)

    def put(self, texts: Sequence[str], payload: T) -> None:
        """Hand over a chunk of texts; waits while more than `room` is under way."""
        work = TextChunk(self._backend, self._classifier.encoder, texts, payload)
        self._stream.put(work, sum(map(len, texts)))

    def close(self) -> None:
        """Say that no more chunks come."""
        self._stream.close()

    def fail(self, error: BaseException) -> None:
        """End all work: `put` and the iteration raise the error."""
        self._stream.fail(error)

    def __iter__(self) -> Iterator[tuple[T, list[Score | None]]]:
        """Yield each chunk's payload and scores, in order; None for a text without tokens.

        Raises:
            ModelFileError: a batch failed.
        """
        for work in self._stream:
            yield work.payload, self._classifier.judged(work.ids, work.found)

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, *left_by: Any) -> None:
        self._stream.__exit__(*left_by)


def load(
    path: str | Path | None = None, device: str = "auto", *, threads: int | None = None
) -> Classifier:
    """Load a model file for scoring.

    Args:
        path: an .onnx or .tflite file that `edgernn export` wrote; None is the shipped model.
        device: `cpu`, `cuda`, or `auto` for CUDA where it loads and the CPU elsewhere;
            `Classifier.device` tells which it became.
        threads: how many threads score, in all; None is as many as there are cores, and one for
            a .tflite file.

    Raises:
        ModelFileError: the file is missing, broken, or not one of ours.
        DeviceError: CUDA was asked for and cannot run; the message says why.
        MissingPackageError: a .tflite file without the `tflite` extra.
    """
    file = read_model_file(SHIPPED_MODEL if path is None else path)
    return Classifier(file, open_backend(file, device, threads))
