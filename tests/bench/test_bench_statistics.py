"""Percentiles and the interval of the median, against their definitions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bench.statistics import FEWEST, interval_percent, median_ranks, percentile


def brute_force(count: int) -> tuple[int, int]:
    """The narrowest symmetric ranks, in whole numbers."""
    best = None
    for rank in range(1, count // 2 + 1):
        # The median lies outside if fewer than `rank` values are below it, or above.
        outside = 2 * sum(math.comb(count, heads) for heads in range(rank))
        if Fraction(outside, 2**count) <= Fraction(5, 100):
            best = rank, count + 1 - rank
    assert best is not None
    return best


def test_ranks_by_definition() -> None:
    """They are those that counting all outcomes gives."""
    for count in range(FEWEST, 301):
        assert median_ranks(count) == brute_force(count), count


@pytest.mark.parametrize("count", [1000, 12_345, 1_000_000])
def test_ranks_of_many(count: int) -> None:
    """They are those of scipy's binomial distribution."""
    stats = pytest.importorskip("scipy.stats", reason="needs scipy")
    low, high = median_ranks(count)
    assert high == count + 1 - low
    assert 2 * stats.binom.cdf(low - 1, count, 0.5) <= 0.05 < 2 * stats.binom.cdf(low, count, 0.5)


def test_too_few() -> None:
    """Of five values not even the smallest and the largest enclose the median often enough."""
    assert median_ranks(FEWEST) == (1, FEWEST)
    with pytest.raises(ValueError, match="5 values"):
        median_ranks(FEWEST - 1)
    with pytest.raises(ValueError, match="0 values"):
        interval_percent(np.array([]))


def test_interval() -> None:
    """Half of what lies between the ranks, in percent of the median."""
    values = np.arange(101.0, 201.0)
    low, high = brute_force(100)
    assert interval_percent(values) == pytest.approx(100 * (high - low) / 2 / 150.5)
    assert interval_percent(np.full(50, 0.25)) == 0


def test_coverage() -> None:
    """Of 2,000 samples of a skewed distribution, at least about 95 % enclose its median."""
    rng = np.random.default_rng(3)
    low, high = median_ranks(51)
    ordered = np.sort(rng.exponential(size=(2000, 51)), axis=1)
    inside = (ordered[:, low - 1] <= math.log(2)) & (math.log(2) <= ordered[:, high - 1])
    assert 0.94 < inside.mean() < 0.98


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    st.sampled_from([1, 5, 50, 95, 99, 100]),
)
def test_percentile_by_definition(values: list[float], percent: int) -> None:
    """The smallest value that is not exceeded by so many percent of all."""
    ordered = sorted(values)
    enough = [v for v in ordered if 100 * sum(x <= v for x in ordered) >= percent * len(ordered)]
    assert percentile(np.array(ordered), percent) == enough[0]
