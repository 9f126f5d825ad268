"""Scoring texts with a model file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile, read_model_file
from edgernn.errors import TextError
from edgernn.runtime.backends import Backend, open_backend
from edgernn.runtime.chunks import IdsChunk, TextChunk
from edgernn.runtime.scores import Score, problem_of, scores_of, texts_of, without_label
from edgernn.runtime.stream import Stream
from edgernn.text import EncodedTexts, TextContract, TextEncoder

__all__ = ["CHUNK_TEXTS", "SHIPPED_MODEL", "Classifier", "ScoreStream", "load"]

T = TypeVar("T")

SHIPPED_MODEL = Path(__file__).parent.parent / "models" / "flagship" / "model.onnx"
"""The pretrained model that the package carries."""

CHUNK_TEXTS = 2048
"""Texts that are encoded and sorted by length together, while those before are scored."""

_FEW_TEXTS, _FEW_TOKENS = 128, 4096
"""With no more than this, starting threads costs more than it saves."""


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

    def score(
        self, texts: Iterable[Any], *, errors: Literal["coerce", "raise"] = "coerce"
    ) -> list[Score]:
        """Score texts, in the order given; a text's score depends on no other text.

        Args:
            texts: strings in a list, a tuple, a generator, a numpy array, a pandas Series of any
                index, an Arrow array or whatever else yields them.
            errors: what becomes of a text that is missing (None, NaN, `pandas.NA`), no string,
                empty or white space alone, or of which the contract leaves no token. `coerce`: a
                `Score` without a label, with the reason. `raise`: an error.

        Raises:
            TextError: with `errors="raise"`: a text is empty, or no token is left of it; the
                message says which.
            TypeError: `texts` is one string or a table; with `errors="raise"`: an item is not a
                string.
        """
        if errors not in ("coerce", "raise"):
            raise ValueError(f'errors is "coerce" or "raise", not {errors!r}')
        texts = texts_of(texts)
        problems = {
            place: problem_of(text)
            for place, text in enumerate(texts)
            # Spelled out: a call for each of many texts would take longer.
            if not isinstance(text, str) or not text or text.isspace()
        }
        if not problems:
            scores = self._score_all(texts)
        elif errors == "raise":
            place, problem = next(iter(problems.items()))
            error = TextError if isinstance(texts[place], str) else TypeError
            raise error(f"text {place + 1}{str(problem).removeprefix('the text')}")
        else:
            good = [text for place, text in enumerate(texts) if place not in problems]
            rest = iter(self._score_all(good))
            labels = self.contract.labels
            scores = [
                without_label(labels, str(problems[place])) if place in problems else next(rest)
                for place in range(len(texts))
            ]
        if errors == "raise":
            for number, score in enumerate(scores, start=1):
                if score.reason is not None:
                    raise TextError(f"text {number}: {score.reason}")
        return scores

    def _score_all(self, texts: Sequence[str]) -> list[Score]:
        """Score texts, none blank."""
        if len(texts) == 1:
            return self._score_one(texts)
        if len(texts) <= _FEW_TEXTS or self._backend.workers == 1:
            chunks = (texts[at : at + CHUNK_TEXTS] for at in range(0, len(texts), CHUNK_TEXTS))
            encoded = map(self._encoder.encode_texts, chunks)
            return list(chain.from_iterable(map(self._scores, encoded)))
        scores: list[Score] = []
        with self.stream() as stream:
            for at in range(0, len(texts), CHUNK_TEXTS):
                stream.put(texts[at : at + CHUNK_TEXTS], None)
            stream.close()
            for _, found in stream:
                scores += found
        return scores

    def score_or_none(self, texts: Iterable[Any]) -> list[Score | None]:
        """Score texts as `score` does, with None in place of a score without a label."""
        return [None if score.label is None else score for score in self.score(texts)]

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

    def _score_one(self, text: Sequence[str]) -> list[Score]:
        """Score one text alone: with as few steps as can be, since someone waits for it."""
        encoded = self._encoder.encode_texts(text)
        has_ids = len(encoded.ids[0]) > 0
        found = self._backend.run(encoded.ids) if has_ids else np.zeros(1, np.float32)
        return scores_of(self.contract, encoded, found)

    def _scores(self, texts: EncodedTexts) -> list[Score]:
        ids = texts.ids
        scored = [place for place, tokens in enumerate(ids) if len(tokens)]
        found = np.zeros(len(ids), np.float32)
        if scored:
            found[scored] = self.probabilities([ids[place] for place in scored])
        return scores_of(self.contract, texts, found)


class ScoreStream(Generic[T]):
    """Texts on their way to their scores: put in by one thread, taken out by this or another.

    Use it in `with`: leaving the block stops what is still under way.
    """

    def __init__(self, classifier: Classifier, backend: Backend, room: int | None) -> None:
        """Start nothing yet; `Classifier.stream` makes one."""
        self._classifier = classifier
        self._backend = backend
        self._stream = Stream[TextChunk[T]](backend.workers, room)

    def put(self, texts: Sequence[str], payload: T, size: int | None = None) -> None:
        """Hand over a chunk of texts, none blank; waits while more than `room` is under way.

        Args:
            texts: may be none.
            payload: given back with their scores.
            size: what both take of the room, in characters. Default: those of the texts.
        """
        work = TextChunk(self._backend, self._classifier.encoder, texts, payload)
        self._stream.put(work, sum(map(len, texts)) if size is None else size)

    def close(self) -> None:
        """Say that no more chunks come."""
        self._stream.close()

    def fail(self, error: BaseException) -> None:
        """End all work: `put` and the iteration raise the error."""
        self._stream.fail(error)

    def __iter__(self) -> Iterator[tuple[T, list[Score]]]:
        """Yield each chunk's payload and scores, in order; no label for a text without tokens.

        Raises:
            ModelFileError: a batch failed.
        """
        for work in self._stream:
            yield work.payload, scores_of(self._classifier.contract, work.encoded, work.found)

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
