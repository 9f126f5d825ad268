"""A model file of ours beside the peers: scored as its users score, on one thread."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import edgernn
from edgernn.errors import ModelFileError

__all__ = ["ModelFile"]


class ModelFile:
    """An .onnx or .tflite file in `edgernn.Classifier`."""

    packages: tuple[str, ...] = ("edgernn", "numpy", "onnxruntime")

    def __init__(self, path: Path) -> None:
        """Load the file."""
        self._path = path
        self._classifier = edgernn.load(path, "cpu", threads=1)

    @property
    def threshold(self) -> float:
        """The one that the file carries."""
        threshold = self._classifier.contract.threshold
        if threshold is None:
            raise ModelFileError(f"{self._path}: has no threshold: peers are of two labels")
        return threshold

    @property
    def settings(self) -> dict[str, Any]:
        """What the file says of itself."""
        card = self._classifier.card
        return {name: card[name] for name in ("recipe", "precision") if name in card}

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Do nothing: the file is trained."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: the probability of the positive class.

        A text of which no token is left counts as undecided, 0.5: there is nothing to score.
        """
        found = [score.probability for score in self._classifier.score(texts)]
        return np.array([0.5 if one is None else one for one in found], np.float64)

    def save(self, folder: Path) -> None:
        """Copy the file: it is all that scoring needs."""
        shutil.copyfile(self._path, folder / self._path.name)
