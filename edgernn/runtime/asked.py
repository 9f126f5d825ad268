"""What the shipped model says of texts that somebody is about to train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.runtime.classifier import load
from edgernn.runtime.loaded_model import SHIPPED_MODEL

__all__ = ["ask_shipped"]


def ask_shipped(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probability that each text is positive, float64 [texts]; 0.5 of one without words.

    Raises:
        ModelFileError: the shipped model is broken.
    """
    with load(SHIPPED_MODEL, "cpu") as model:
        found = [score.probability for score in model.score(list(texts))]
    return np.array([0.5 if likely is None else likely for likely in found], np.float64)
