"""The n-grams' hashes as matrices, and their table as int8: the same for both formats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgernn.ngrams import NgramHash
from exporters.network import Weights

__all__ = ["hash_matrix", "quantize_table"]

_LARGEST = 127
_TINIEST = float(np.finfo(np.float32).tiny) * _LARGEST**2
"""Below it the scale is no normal float32."""


def hash_matrix(
    hash: NgramHash, longest: int, *, checks: bool = False
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return what an id and those before it are multiplied by, and what is added.

    Args:
        hash: its constants.
        longest: ids in the longest n-grams.
        checks: of the hash that gives checks, not the one that gives buckets.

    Returns:
        int32 [longest, longest], the place counted back from the last id by the length of the
        n-gram, 0 where an n-gram has no such place; int32 [longest].
    """
    matrix = np.zeros((longest, longest), np.int32)
    factors, offsets = hash.multipliers, hash.offsets
    if checks:
        factors, offsets = hash.check_multipliers, hash.check_offsets
    for column, multipliers in enumerate(factors[:longest]):
        matrix[: len(multipliers), column] = multipliers
    return matrix, np.array(offsets[:longest], np.int32)


def quantize_table(table: Weights) -> tuple[npt.NDArray[np.int8], np.float32]:
    """Quantize a table symmetrically to [-127, 127], in steps that grow with the number.

    A few numbers are far larger than all others. With equal steps a trained table of 131,071
    numbers put sums up to 0.76 off, in logits; with the square of whole numbers 0.08.

    Args:
        table: float32 [buckets].

    Returns:
        int8 [buckets] and a scale: a number is step * |step| * scale.
    """
    largest = float(np.abs(table).max())
    if largest < _TINIEST:
        return np.zeros(table.shape, np.int8), np.float32(1)
    steps = np.rint(np.sign(table) * np.sqrt(np.abs(table) / np.float32(largest)) * _LARGEST)
    return steps.astype(np.int8), np.float32(largest / _LARGEST**2)
