"""Order statistics of timings: percentiles, and how well the median is known."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST", "interval_percent", "median_ranks", "percentile"]

FEWEST = 6
"""Values that a 95 % interval of the median takes: of five, the ends miss it 6 times in 100."""

_MISSED = 0.05


def percentile(ordered: npt.NDArray[np.float64], percent: float) -> float:
    """Return the smallest value that `percent` of all values do not exceed (nearest rank).

    Args:
        ordered: float64 [values], at least one, ascending.
        percent: above 0, up to 100.
    """
    # In whole numbers: 0.95 * 20 is a little more than 19.
    rank = math.ceil(percent * len(ordered) / 100 - 1e-9)
    return float(ordered[max(rank, 1) - 1])


def interval_percent(ordered: npt.NDArray[np.float64]) -> float:
    """Return half the width of the median's 95 % confidence interval, in percent of the median.

    The interval lies between two order statistics (David and Nagaraja, Order Statistics, 2003,
    section 7.1); it takes no distribution for granted, and independent values.

    Args:
        ordered: float64 [values], at least `FEWEST`, ascending, all above 0.

    Raises:
        ValueError: there are too few.
    """
    low, high = median_ranks(len(ordered))
    width = float(ordered[high - 1] - ordered[low - 1])
    return 100 * width / 2 / float(np.median(ordered))


@lru_cache(maxsize=4096)
def median_ranks(count: int) -> tuple[int, int]:
    """Return the ranks, from 1, of the narrowest 95 % interval that is symmetric in ranks.

    The median lies below the value of rank r with the probability that fewer than r of `count`
    values fall below it, each with probability 1/2.

    Raises:
        ValueError: `count` is less than `FEWEST`.
    """
    if count < FEWEST:
        raise ValueError(f"{count} values give no 95 % interval of the median")
    # The normal distribution's, and from there to the true one.
    rank = max(1, round(count / 2 - 0.98 * math.sqrt(count)))
    while rank > 1 and 2 * _at_most(rank - 1, count) > _MISSED:
        rank -= 1
    while 2 * _at_most(rank, count) <= _MISSED:
        rank += 1
    return rank, count + 1 - rank


def _at_most(successes: int, trials: int) -> float:
    """Return the probability of at most so many heads of fair coins."""
    log = math.lgamma(trials + 1) - trials * math.log(2)
    log -= math.lgamma(successes + 1) + math.lgamma(trials - successes + 1)
    term = total = math.exp(log)
    for heads in range(successes, 0, -1):
        term *= heads / (trials - heads + 1)
        total += term
        if term < 1e-17 * total:
            break
    return total
