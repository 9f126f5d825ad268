"""Scoring texts with a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile, read_model_file
from edgernn.errors import TextError
from edgernn.runtime.backends import Backend, open_backend
from edgernn.text import TextContract, TextEncoder

__all__ = ["SHIPPED_MODEL", "Classifier", "Score", "load"]

SHIPPED_MODEL = Path(__file__).parent.parent / "models" / "flagship" / "model.onnx"
"""The pretrained model that the package carries."""

_BATCH_TOKENS = 8192
"""Tokens of a batch, padding included: enough to keep the matrix products busy, few enough to
stay in a core's cache."""


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
            if not text.strip():
                raise TextError(f"text {number} is empty")
        scores = []
        for number, score in enumerate(self.score_or_none(texts), start=1):
            if score is None:
                raise TextError(f"text {number}: no token is left of the text")
            scores.append(score)
        return scores

    def score_or_none(self, texts: Sequence[str]) -> list[Score | None]:
        """Score texts as `score` does, with None for a text of which no token is left."""
        ids = self._encoder.encode_batch(texts)
        known = [i for i, tokens in enumerate(ids) if len(tokens)]
        probabilities = self.probabilities([ids[i] for i in known]).tolist()
        negative, positive = self.contract.labels
        scores: list[Score | None] = [None] * len(ids)
        for i, probability in zip(known, probabilities, strict=True):
            label = positive if probability >= self.contract.threshold else negative
            scores[i] = Score(label, probability)
        return scores

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
        found = np.zeros(len(ids), np.float32)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        order = np.argsort(lengths, kind="stable").tolist()
        start = 0
        while start < len(order):
            stop = start + 1
            # Sorted by length: the last text of a batch is its longest.
            while (
                stop < len(order)
                and self._backend.batched
                and (stop + 1 - start) * lengths[order[stop]] <= _BATCH_TOKENS
            ):
                stop += 1
            batch = order[start:stop]
            found[batch] = self._backend.run([ids[i] for i in batch], behind)
            start = stop
        return found


def load(
    path: str | Path | None = None, device: str = "auto", *, threads: int | None = None
) -> Classifier:
    """Load a model file for scoring.

    Args:
        path: an .onnx or .tflite file that `edgernn export` wrote; None is the shipped model.
        device: `cpu`, `cuda`, or `auto` for CUDA where it loads and the CPU elsewhere;
            `Classifier.device` tells which it became.
        threads: threads of the engine; None is the engine's own choice.

    Raises:
        ModelFileError: the file is missing, broken, or not one of ours.
        DeviceError: CUDA was asked for and cannot run; the message says why.
        MissingPackageError: a .tflite file without the `tflite` extra.
    """
    file = read_model_file(SHIPPED_MODEL if path is None else path)
    return Classifier(file, open_backend(file, device, threads))
