"""How many buckets a table gets: as many as keep the most of a linear model."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn.distillation.vector_table import Entries, best_buckets, next_prime, vector_table
from edgernn.ngrams import FLOAT32
from edgernn.recipes.recipe import NgramVectors

WORDS, PAIRS = 5_231, 10_000


@pytest.fixture(scope="module")
def entries() -> Entries:
    """Words, and pairs that say less, of three labels."""
    random = np.random.default_rng(1)
    words = np.stack([np.arange(WORDS), np.zeros(WORDS, int)])
    pairs = random.integers(2, WORDS, (2, PAIRS))
    lengths = np.repeat([1, 2], [WORDS, PAIRS])
    weights = random.normal(size=(WORDS + PAIRS, 3)) / lengths[:, None]
    return Entries(
        weights.astype(np.float32),
        np.full(len(lengths), 2.0),
        np.concatenate([words, pairs], axis=1).astype(np.int32),
        lengths,
    )


def left(entries: Entries, buckets: int) -> float:
    """Return which share of the squares a table of so many buckets has, one n-gram in each."""
    at = entries.places(buckets, "float32")
    most = np.zeros(buckets)
    np.maximum.at(most, at, np.square(entries.shares))
    return float(most.sum() / np.square(entries.shares).sum())


@pytest.mark.parametrize("wanted", [1_021, 4_001, 4_211, 5_171, 5_281, 16_001, 30_011])
def test_no_number_of_buckets_crowds_the_words(entries, wanted) -> None:
    """At some of these a prime leaves half of what its neighbours leave."""
    buckets = best_buckets(entries, wanted, "float32")
    assert next_prime(buckets) == buckets
    assert 1_021 <= buckets <= next_prime(wanted)
    assert buckets > 0.93 * wanted
    others = [left(entries, next_prime(n)) for n in range(max(1_021, wanted * 15 // 16), wanted, 9)]
    assert left(entries, buckets) >= max([left(entries, next_prime(wanted)), *others]) - 0.01


def test_a_crowded_number_is_left_out(entries) -> None:
    """5,281 buckets would hold much less than other numbers near by."""
    crowded = left(entries, 5_281)
    table = vector_table(entries, NgramVectors(buckets=5_281, units=3, longest=2, fitted=True))
    assert crowded < 0.65 * left(entries, table.ngrams.buckets)


def test_above_the_modulus_of_the_hash_words_cannot_crowd(entries) -> None:
    """There nothing is tried: no two words share a bucket."""
    assert FLOAT32.modulus is not None
    at = entries.places(best_buckets(entries, 131_071, "float32"), "float32")
    assert len(np.unique(at[:WORDS])) == WORDS
    assert best_buckets(entries, 131_071, "float32") == 131_071
