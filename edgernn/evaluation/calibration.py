"""Whether probabilities mean what they say: of all texts given 0.8, are 80 % positive?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "CalibrationBin", "calibration_bins", "expected_calibration_error"]

BINS = 15
"""Number of bins, of equal width over [0, 1]; the 15 of Guo et al., 2017."""


@dataclass(frozen=True)
class CalibrationBin:
    """The texts whose probability of the positive class is in [lower, upper)."""

    lower: float
    upper: float
    """The last bin holds its upper end, 1, too."""
    examples: int
    mean_probability: float | None
    """Mean probability of the positive class; None in an empty bin."""
    positive: float | None
    """Share of the texts that are positive, in [0, 1]; None in an empty bin."""


def calibration_bins(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.integer]
) -> tuple[CalibrationBin, ...]:
    """Put texts into bins by their probability of the positive class.

    Args:
        probabilities: float32 [texts], in [0, 1].
        labels: int8 [texts], 0 or 1.

    Returns:
        `BINS` bins in rising order, empty ones among them.
    """
    wide = probabilities.astype(np.float64)
    edges = np.arange(BINS + 1) / BINS
    number = np.minimum(np.searchsorted(edges, wide, side="right") - 1, BINS - 1)
    found = []
    for i in range(BINS):
        inside = number == i
        count = int(np.count_nonzero(inside))
        found.append(
            CalibrationBin(
                lower=float(edges[i]),
                upper=float(edges[i + 1]),
                examples=count,
                mean_probability=float(wide[inside].mean()) if count else None,
                positive=float(labels[inside].mean(dtype=np.float64)) if count else None,
            )
        )
    return tuple(found)


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Return the mean distance between probability and share of positive texts, in [0, 1].

    The sum over the bins of `examples / all examples * |positive - mean_probability|`, where both
    are those of the positive class: the ECE of Naeini et al., Obtaining Well Calibrated
    Probabilities Using Bayesian Binning, AAAI 2015, with the number of bins of Guo et al., On
    Calibration of Modern Neural Networks, ICML 2017. Guo et al. bin the confidence of the class
    given instead, for models of many classes: in a bin of theirs texts called positive and texts
    called negative lie together, so that a leaning towards one of the two classes cancels out and
    is not seen. Here it counts.

    Raises:
        ValueError: no bin has an example.
    """
    total = sum(one.examples for one in bins)
    if not total:
        raise ValueError("there are no examples")
    return sum(
        one.examples / total * abs(one.positive - one.mean_probability)
        for one in bins
        if one.positive is not None and one.mean_probability is not None
    )
