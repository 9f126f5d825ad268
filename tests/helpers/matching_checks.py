"""Checks of n-grams' buckets that about half of the n-grams of some texts have, and half have not.

Of a model with such checks the scores are other ones when they are not looked at, and other ones
again when no n-gram has its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.ngrams import (
    CHECKS,
    FLOAT32,
    NO_CHECK,
    NgramHash,
    ngram_buckets,
    ngram_checks,
    preceding,
)

__all__ = ["matching_checks", "share_that_counts"]

Ids = npt.NDArray[np.int32]


def matching_checks(
    texts: Sequence[Ids], buckets: int, longest: int, hash: NgramHash = FLOAT32
) -> Ids:
    """Checks for each bucket, int32 [buckets], of which some are `NO_CHECK`.

    N-grams of the texts are given their buckets in random order until half of all have their check;
    other buckets have any.
    """
    rng = np.random.default_rng(11)
    checks = rng.integers(NO_CHECK, CHECKS, buckets, dtype=np.int32)
    pairs = np.concatenate([_pairs(ids, buckets, longest, hash) for ids in texts])
    rng.shuffle(pairs)
    settled: set[int] = set()
    for bucket, check in pairs.tolist():
        if bucket in settled:
            continue
        counting = np.mean(checks[pairs[:, 0]] == pairs[:, 1])
        if counting >= 0.5:
            break
        checks[bucket] = check
        settled.add(bucket)
    checks[rng.choice(np.setdiff1d(np.arange(buckets), list(settled)), buckets // 20)] = NO_CHECK
    assert 0.3 < share_that_counts(texts, checks, longest, hash) < 0.7
    return checks


def share_that_counts(
    texts: Sequence[Ids], checks: Ids, longest: int, hash: NgramHash = FLOAT32
) -> float:
    """How many of the texts' n-grams, from 0 to 1, have the check of their bucket."""
    pairs = np.concatenate([_pairs(ids, len(checks), longest, hash) for ids in texts])
    return float(np.mean(checks[pairs[:, 0]] == pairs[:, 1]))


def _pairs(ids: Ids, buckets: int, longest: int, hash: NgramHash) -> npt.NDArray[np.int32]:
    """Bucket and check of each n-gram: int32 [longest * tokens, 2]."""
    before = preceding(ids, longest)
    found = ngram_buckets(before, buckets, hash).ravel(), ngram_checks(before, hash).ravel()
    return np.stack(found, axis=1)
