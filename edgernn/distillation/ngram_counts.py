"""Which n-grams are met often enough in a set of texts, and which of them gets a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.ngrams import HASHES, NO_CHECK, ngram_buckets, ngram_checks, preceding
from edgernn.recipes.recipe import Ngrams, NgramVectors

__all__ = ["NgramCounts", "claim_buckets", "count_ngrams"]


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """The n-grams that are met often enough, numbered from 0, shorter ones first."""

    owners: npt.NDArray[np.int64]
    """int64 [places]: of each place where one stands, the text."""
    numbers: npt.NDArray[np.int64]
    """int64 [places]: and which one it is."""
    counts: npt.NDArray[np.int64]
    """int64 [n-grams]: how often each is met."""
    buckets: npt.NDArray[np.int32]
    """int32 [n-grams]."""
    checks: npt.NDArray[np.int32]
    """int32 [n-grams]."""
    ids: npt.NDArray[np.int32]
    """int32 [longest, n-grams]: the ids of each, the last one first; 0 beyond its first."""
    lengths: npt.NDArray[np.int64]
    """int64 [n-grams]: how many ids each has."""


def count_ngrams(
    texts: Sequence[npt.NDArray[np.int32]], ngrams: Ngrams | NgramVectors, min_count: int
) -> NgramCounts:
    """Count the n-grams of texts.

    Args:
        texts: encoded texts, one int32 array [tokens] each.
        ngrams: how they are hashed, and how long they are.
        min_count: n-grams that are met less often are left out.
    """
    longest, hash = ngrams.longest, HASHES[ngrams.hash]
    lengths = np.array([len(ids) for ids in texts])
    # The zeros before each text keep the n-grams of two texts apart.
    gap = np.zeros(longest - 1, np.int32)
    stream = np.concatenate([part for ids in texts for part in (gap, ids)])
    before = preceding(stream, longest)
    inside = np.flatnonzero(np.concatenate([np.arange(n + len(gap)) >= len(gap) for n in lengths]))
    before = before[:, inside]
    owner = np.repeat(np.arange(len(texts)), lengths)
    hashed, checks = ngram_buckets(before, ngrams.buckets, hash), ngram_checks(before, hash)
    parts: dict[str, list[Any]] = {
        name: [] for name in ("at", "row", "n", "bucket", "check", "ids", "length")
    }
    columns = 0
    for place in range(longest):
        key = _keys(before[: place + 1])
        _, first, which, count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        often = count >= min_count
        column = np.cumsum(often) - 1 + columns
        columns += int(np.count_nonzero(often))
        met = often[which]
        parts["at"].append(column[which[met]])
        parts["row"].append(owner[met])
        parts["n"].append(count[often])
        parts["bucket"].append(hashed[place, first[often]])
        parts["check"].append(checks[place, first[often]])
        ids = before[:, first[often]]
        ids[place + 1 :] = 0
        parts["ids"].append(ids.T)
        parts["length"].append(np.full(ids.shape[1], place + 1))
    found = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return NgramCounts(
        owners=found["row"],
        numbers=found["at"],
        counts=found["n"],
        buckets=found["bucket"],
        checks=found["check"],
        ids=found["ids"].T,
        lengths=found["length"],
    )


def claim_buckets(counts: NgramCounts, buckets: int) -> npt.NDArray[np.int32]:
    """Give each bucket to the n-gram that is met most often of those that fall into it.

    Returns:
        int32 [buckets]: the check of that n-gram, or `NO_CHECK`.
    """
    # The last of those that are written into a bucket stays: the most frequent, then the shortest.
    order = np.lexsort((-np.arange(len(counts.counts)), counts.counts))
    found = np.full(buckets, NO_CHECK, np.int32)
    found[counts.buckets[order]] = counts.checks[order]
    return found


def _keys(before: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    """Return a number for each n-gram, another for each that differs (but once in 2**40)."""
    random = np.random.Generator(np.random.PCG64(len(before)))
    odd = random.integers(1 << 63, size=len(before), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    total = np.zeros(before.shape[1], np.uint64)
    for ids, factor in zip(before, odd, strict=True):
        total += (ids.astype(np.uint64) + np.uint64(1)) * factor
    return total
