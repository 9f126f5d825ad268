"""Forming batches: texts of like length together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgernn.later import Later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int32]
else:
    np = Later("numpy")


__all__ = ["CPU_TOKENS", "CUDA_TOKENS", "form_batches"]

CPU_TOKENS = 2048
"""Tokens of a batch, padding included: enough rows to keep the matrix products busy, few enough
that what a layer writes for all of them stays in a core's cache. Measured on the shipped model;
8,192 take a third more time."""

CUDA_TOKENS = 1 << 18
"""The same for a GPU, which is kept busy by many rows at each step of a recurrent layer."""


def form_batches(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Return batches of places in `lengths`, longest texts first, each place once.

    Args:
        lengths: tokens of each text.
        tokens: most tokens of a batch, padding included; a longer text is a batch of its own.
    """
    order = np.argsort(np.asarray(lengths, np.int64), kind="stable")[::-1].tolist()
    batches = []
    start = 0
    while start < len(order):
        # The first of a batch is its longest.
        stop = start + max(1, tokens // max(1, lengths[order[start]]))
        batches.append(order[start:stop])
        start = stop
    return batches
