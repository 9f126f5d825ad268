"""Forming batches: texts of like length together, padded to the longest of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["CPU_TOKENS", "CUDA_TOKENS", "Ids", "form_batches", "pad"]

Ids = npt.NDArray[np.int32]

CPU_TOKENS = 2048
"""Tokens of a batch, padding included: enough rows to keep the matrix products busy, few enough
that what a layer writes for all of them stays in a core's cache. Measured on the shipped model;
8,192 take a third more time."""

CUDA_TOKENS = 1 << 18
"""The same for a GPU, which is kept busy by many rows at each step of a recurrent layer."""

_FEW_TEXTS = 32
"""Up to here a loop over the texts of a batch is faster than a mask over all of its ids."""


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


def pad(batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> tuple[Ids, Ids]:
    """Return texts as int32 [texts, time], zeros behind the shorter ones, and lengths [texts].

    Args:
        batch: the ids of each text, at least one text.
        padding_ids: ids to put after the longest text, in every row.
    """
    if len(batch) == 1 and not padding_ids:
        ids = np.ascontiguousarray(batch[0], np.int32)
        return ids[None], np.array(ids.shape, np.int32)
    lengths = list(map(len, batch))
    longest = max(lengths)
    ids = np.zeros((len(batch), longest + len(padding_ids)), np.int32)
    ids[:, longest:] = padding_ids
    rows = ids[:, :longest]
    if len(batch) <= _FEW_TEXTS:
        for row, text, length in zip(rows, batch, lengths, strict=True):
            row[:length] = text
    else:
        rows[np.arange(longest) < np.array(lengths)[:, None]] = np.concatenate(batch)
    return ids, np.array(lengths, np.int32)
