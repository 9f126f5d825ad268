"""Splitting examples in two, each class in the same proportion."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError, UsageError


def stratified_split(
    labels: npt.NDArray[np.integer], fraction: float, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into training and validation, each class in the same proportion.

    Args:
        labels: the class of each example, any integers, shape [n].
        fraction: how much of each class goes to validation, more than 0 and less than 1; rounded
            to the nearest number of examples, a half upwards.
        seed: decides which examples; the same seed gives the same split.

    Returns:
        The indices for training and those for validation: int64, sorted, together all of 0..n-1.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    if not 0 < fraction < 1:
        raise UsageError(f"the validation fraction must be between 0 and 1, and is {fraction}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative, and is {seed}")
    if labels.size == 0:
        raise DataError("there are no examples to split")
    # Named, as default_rng may choose another generator in a later numpy.
    random = np.random.Generator(np.random.PCG64(seed))
    validation = np.zeros(labels.shape[0], dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = math.floor(members.size * fraction + 0.5)
        if not 0 < count < members.size:
            side = "training" if count else "validation"
            raise DataError(
                f"class {label} has {members.size} examples, which leaves none for {side} "
                f"at a validation fraction of {fraction}"
            )
        validation[random.permutation(members)[:count]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)
