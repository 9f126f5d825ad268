"""Texts of different lengths in one array of ids."""

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


__all__ = ["pad"]

_FEW_TEXTS = 32
"""Up to here a loop over the texts of a batch is faster than a mask over all of its ids."""


def pad(batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> tuple[Ids, Ids]:
    """Return texts as int32 [texts, time], zeros behind the shorter ones, and lengths [texts].

    Args:
        batch: int32 [tokens] of each text, or no text at all.
        padding_ids: ids to put after the longest text, in every row.

    Returns:
        Both int32. One text alone may be a view of its array.
    """
    if len(batch) == 1 and not padding_ids:
        ids = np.ascontiguousarray(batch[0], np.int32)
        return ids[None], np.array(ids.shape, np.int32)
    lengths = list(map(len, batch))
    longest = max(lengths, default=0)
    ids = np.zeros((len(batch), longest + len(padding_ids)), np.int32)
    ids[:, longest:] = padding_ids
    rows = ids[:, :longest]
    if len(batch) <= _FEW_TEXTS:
        for row, text, length in zip(rows, batch, lengths, strict=True):
            row[:length] = text
    else:
        rows[np.arange(longest) < np.array(lengths)[:, None]] = np.concatenate(batch)
    return ids, np.array(lengths, np.int32)
