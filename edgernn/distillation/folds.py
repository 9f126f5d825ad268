"""Folds: parts of labelled texts, each scored by models that have not seen it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["stratified"]


def stratified(
    labels: npt.NDArray[Any], folds: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the fold of each text, each of two labels spread evenly.

    Args:
        labels: 0 or 1 [texts].
        folds: how many there are.
        random: decides which texts are together.

    Returns:
        int64 [texts], in [0, folds).
    """
    found = np.zeros(len(labels), np.int64)
    for label in (0, 1):
        members = random.permutation(np.flatnonzero(labels == label))
        found[members] = np.arange(len(members)) % folds
    return found
