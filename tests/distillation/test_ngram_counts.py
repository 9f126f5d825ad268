"""Which n-grams are met how often, and which of them gets a bucket."""

from __future__ import annotations

import numpy as np

from edgernn.distillation.ngram_counts import claim_buckets, count_ngrams
from edgernn.ngrams import NO_CHECK, ngram_buckets, ngram_checks, preceding
from edgernn.recipes.recipe import Ngrams

BUCKETS = 32_771
PAIRS = Ngrams(BUCKETS, 2)


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def place_of(*ngram: int, buckets: int = BUCKETS) -> tuple[int, int]:
    """Bucket and check of an n-gram."""
    before = preceding(ids(*ngram), len(ngram))
    last = (len(ngram) - 1, len(ngram) - 1)
    return int(ngram_buckets(before, buckets)[last]), int(ngram_checks(before)[last])


def test_each_is_counted() -> None:
    """By length, over all texts, and never across the end of one."""
    texts = [ids(5, 6, 5), ids(6, 5), ids(7)]
    met = count_ngrams(texts, PAIRS, 1)
    # Before a text stands 0: its first pair is of that and the first id.
    expected = {
        **{(5,): 3, (6,): 2, (7,): 1},
        **{(0, 5): 1, (5, 6): 1, (6, 5): 2, (0, 6): 1, (0, 7): 1},
    }
    found = zip(met.buckets.tolist(), met.checks.tolist(), met.counts.tolist(), strict=True)
    assert {(b, c): n for b, c, n in found} == {place_of(*k): n for k, n in expected.items()}
    often = count_ngrams(texts, PAIRS, 2)
    assert sorted(often.counts.tolist()) == [2, 2, 3]
    # Where each stands: of the three, in the first text thrice and once, in the second likewise.
    assert np.bincount(often.owners).tolist() == [4, 3]
    assert np.bincount(often.numbers).tolist() == often.counts.tolist()


def test_the_most_frequent_gets_the_bucket() -> None:
    """Of those that fall into one, and of equally frequent ones the shortest; others stay empty."""
    one = 2
    where = place_of(one, buckets=11)[0]
    other = next(n for n in range(3, 99) if place_of(n, buckets=11)[0] == where)
    assert place_of(one, buckets=11)[1] != place_of(other, buckets=11)[1]
    for most, least in ((one, other), (other, one)):
        texts = [ids(most), ids(most), ids(least)]
        checks = claim_buckets(count_ngrams(texts, Ngrams(11, 1), 1), 11)
        bucket, check = place_of(most, buckets=11)
        assert checks[bucket] == check
        assert np.flatnonzero(checks != NO_CHECK).tolist() == [bucket]
    assert checks.dtype == np.int32
    alike = count_ngrams([ids(4, 9)], Ngrams(1, 2), 1)
    assert claim_buckets(alike, 1)[0] in {place_of(4, buckets=1)[1], place_of(9, buckets=1)[1]}
    assert set(claim_buckets(count_ngrams([ids(4)], Ngrams(11, 2), 2), 11).tolist()) == {NO_CHECK}
