"""Whether probabilities mean what they say: of all texts given 0.8, are 80 % positive?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "BINS",
    "Bin",
    "CalibrationBin",
    "ConfidenceBin",
    "calibration_bins",
    "confidence_bins",
    "expected_calibration_error",
]

BINS = 15
"""Number of bins, of equal width over [0, 1]; the 15 of Guo et al., 2017."""


class Bin(Protocol):
    """What the two kinds of bins have in common."""

    @property
    def lower(self) -> float:
        """Its lower end."""

    @property
    def upper(self) -> float:
        """Its upper end."""

    @property
    def examples(self) -> int:
        """How many are in it."""

    @property
    def predicted(self) -> float | None:
        """Mean probability; None in an empty bin."""

    @property
    def observed(self) -> float | None:
        """Share of which it came true; None in an empty bin."""


@dataclass(frozen=True)
class CalibrationBin:
    """The texts whose probability of the positive class is in [lower, upper).

    Where a text may have several labels, the pairs of a text and a label; such a pair is positive
    where the text has the label.
    """

    lower: float
    upper: float
    """The last bin holds its upper end, 1, too."""
    examples: int
    mean_probability: float | None
    """Mean probability of the positive class; None in an empty bin."""
    positive: float | None
    """Share of the texts that are positive, in [0, 1]; None in an empty bin."""

    @property
    def predicted(self) -> float | None:
        """`mean_probability`."""
        return self.mean_probability

    @property
    def observed(self) -> float | None:
        """`positive`."""
        return self.positive


@dataclass(frozen=True)
class ConfidenceBin:
    """The texts whose likeliest label of several has a probability in [lower, upper)."""

    lower: float
    upper: float
    """The last bin holds its upper end, 1, too."""
    examples: int
    mean_confidence: float | None
    """Mean probability of the likeliest label; None in an empty bin."""
    right: float | None
    """Share of the texts whose label it is, in [0, 1]; None in an empty bin."""

    @property
    def predicted(self) -> float | None:
        """`mean_confidence`."""
        return self.mean_confidence

    @property
    def observed(self) -> float | None:
        """`right`."""
        return self.right


def calibration_bins(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[Any]
) -> tuple[CalibrationBin, ...]:
    """Put texts into bins by their probability of the positive class.

    Args:
        probabilities: float [texts], in [0, 1].
        labels: bool or integers [texts], 0 or 1.

    Returns:
        `BINS` bins in rising order, empty ones among them.
    """
    return tuple(CalibrationBin(*values) for values in _binned(probabilities, labels))


def confidence_bins(
    confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_]
) -> tuple[ConfidenceBin, ...]:
    """Put texts into bins by the probability of their likeliest label.

    Args:
        confidence: float [texts], in [0, 1].
        right: bool [texts], whether it is the true one.

    Returns:
        `BINS` bins in rising order, empty ones among them.
    """
    return tuple(ConfidenceBin(*values) for values in _binned(confidence, right))


def _binned(
    probabilities: npt.NDArray[np.floating], came_true: npt.NDArray[Any]
) -> Iterator[tuple[float, float, int, float | None, float | None]]:
    """Yield for each bin its ends, its size, its mean probability, and the share that came true."""
    wide = probabilities.astype(np.float64)
    edges = np.arange(BINS + 1) / BINS
    number = np.minimum(np.searchsorted(edges, wide, side="right") - 1, BINS - 1)
    for i in range(BINS):
        inside = number == i
        count = int(np.count_nonzero(inside))
        mean = float(wide[inside].mean()) if count else None
        share = float(came_true[inside].mean(dtype=np.float64)) if count else None
        yield float(edges[i]), float(edges[i + 1]), count, mean, share


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance between probability and what came true, in [0, 1].

    The sum over the bins of `examples / all examples * |observed - predicted|`. `CalibrationBin`s
    have both of the positive class: the ECE of Naeini et al., Obtaining Well Calibrated
    Probabilities Using Bayesian Binning, AAAI 2015, with the number of bins of Guo et al., On
    Calibration of Modern Neural Networks, ICML 2017. Guo et al. bin the confidence of the class
    given instead, for models of many classes: in a bin of theirs texts called positive and texts
    called negative lie together, so that a leaning towards one of the two classes cancels out and
    is not seen. Here it counts. Of `ConfidenceBin`s, for more than two labels, it is theirs.

    Raises:
        ValueError: no bin has an example.
    """
    total = sum(one.examples for one in bins)
    if not total:
        raise ValueError("there are no examples")
    return sum(
        one.examples / total * abs(one.observed - one.predicted)
        for one in bins
        if one.observed is not None and one.predicted is not None
    )
