"""What is measured of probabilities, by how they become labels: of two, of several, or several.

The one place that knows which measures belong to which decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.evaluation.calibration import (
    CalibrationBin,
    ConfidenceBin,
    calibration_bins,
    confidence_bins,
)
from edgernn.evaluation.confident_errors import (
    AnyError,
    confident_choice_errors,
    confident_errors,
    confident_label_errors,
)
from edgernn.evaluation.lengths import AnswerBucket, LengthBucket, answer_buckets, length_buckets
from edgernn.evaluation.many_metrics import (
    ChoiceMetrics,
    SeveralMetrics,
    measure_choice,
    measure_several,
    of_each_label,
)
from edgernn.evaluation.metrics import Metrics, measure
from edgernn.text import Decision

__all__ = ["AnyMetrics", "Calibration", "Lengths", "Measured", "measured", "most_confident"]

AnyMetrics: TypeAlias = Metrics | ChoiceMetrics | SeveralMetrics
Lengths: TypeAlias = tuple[LengthBucket, ...] | tuple[AnswerBucket, ...]
Calibration: TypeAlias = tuple[CalibrationBin, ...] | tuple[ConfidenceBin, ...]


@dataclass(frozen=True)
class Measured:
    """The figures of one model on one set of texts."""

    metrics: AnyMetrics
    lengths: Lengths
    calibration: Calibration


def measured(
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[Any],
    tokens: npt.NDArray[np.int64],
    decision: Decision,
) -> Measured:
    """Measure probabilities; texts that get one of two labels, each of them, as `Metrics` does.

    Args:
        scores: float32 [texts] or [texts, labels], as `Decision` describes them; at least one.
        labels: the true ones, as `Decision.right` takes them.
        tokens: tokens of each text, int64 [texts].
        decision: from probabilities to labels.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    if _is_plain(decision):
        return Measured(
            measure(scores, labels, decision),
            length_buckets(tokens, scores, labels, decision),
            calibration_bins(scores, labels),
        )
    lengths = answer_buckets(tokens, scores, labels, decision)
    wide = of_each_label(scores)
    if decision.rule == "each":
        pairs = calibration_bins(wide.ravel(), labels.ravel())
        return Measured(measure_several(wide, labels, decision), lengths, pairs)
    surest = decision.likeliest(scores)
    bins = confidence_bins(decision.confidence(scores), surest == labels)
    return Measured(measure_choice(wide, labels, decision), lengths, bins)


def most_confident(
    examples: Examples,
    scores: npt.NDArray[np.float32],
    tokens: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    decision: Decision,
    count: int,
) -> tuple[AnyError, ...]:
    """Return the `count` most confidently wrong texts, or all errors if there are fewer.

    Args:
        examples: the texts with their true labels.
        scores: see `measured`.
        tokens: tokens of each text, int64 [texts].
        labels: their names, by number.
        decision: from probabilities to labels.
        count: how many texts to return at most.
    """
    if _is_plain(decision):
        return confident_errors(examples, scores, tokens, labels, decision, count)
    find = confident_label_errors if decision.rule == "each" else confident_choice_errors
    return find(examples, of_each_label(scores), tokens, labels, decision, count)


def _is_plain(decision: Decision) -> bool:
    """Tell whether each text gets one of two labels."""
    return decision.is_binary and decision.none_below is None
