"""How good probabilities are, measured against labels; scikit-learn computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError
from edgernn.training.calibration import calibration_bins, expected_calibration_error
from edgernn.training.lengths import wilson_interval

__all__ = ["Metrics", "measure"]


@dataclass(frozen=True)
class Metrics:
    """Measures of a binary classifier; the positive class is 1.

    None stands for what the texts do not say: where all are of one class, there is no curve, and
    no mean over classes.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % Wilson interval of the accuracy."""
    balanced_accuracy: float | None
    """Mean over the classes of the share of their texts that are right."""
    larger_class: float
    """Share of the texts that are of the larger class: the accuracy of always giving that one."""
    f1: float | None
    """F1 of the positive class; None where no text is of it or was given it."""
    f1_of_each: tuple[float | None, float | None]
    """F1 of each class, the negative one first."""
    roc_auc: float | None
    log_loss: float
    """Mean negative log-likelihood of the true labels, in nats."""
    expected_calibration_error: float
    """As `edgernn.training.calibration` defines it, in [0, 1]."""
    confusion: tuple[tuple[int, int], tuple[int, int]]
    """Counts by true label (rows) and given label (columns), negative first."""
    examples: int


def measure(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.integer], threshold: float
) -> Metrics:
    """Measure probabilities of the positive class.

    Args:
        probabilities: float32 [texts], in [0, 1]; at least one.
        labels: integers [texts], 0 or 1.
        threshold: a text is called positive when its probability is at least this.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    try:
        from sklearn import metrics
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "measuring a model", "data") from error
    # In float64, as scikit-learn clips by the type's own precision.
    wide = probabilities.astype(np.float64)
    given = (wide >= threshold).astype(np.int8)
    counts = metrics.confusion_matrix(labels, given, labels=[0, 1]).tolist()
    sizes = [sum(row) for row in counts]
    has_both = all(sizes)
    right = counts[0][0] + counts[1][1]
    f1 = metrics.f1_score(labels, given, labels=[0, 1], average=None, zero_division=np.nan)
    of_each = tuple(None if np.isnan(value) else float(value) for value in f1)
    return Metrics(
        accuracy=float(metrics.accuracy_score(labels, given)),
        accuracy_interval=wilson_interval(right, len(labels)),
        balanced_accuracy=(
            float(metrics.balanced_accuracy_score(labels, given)) if has_both else None
        ),
        larger_class=max(sizes) / len(labels),
        f1=of_each[1],
        f1_of_each=(of_each[0], of_each[1]),
        roc_auc=float(metrics.roc_auc_score(labels, wide)) if has_both else None,
        log_loss=float(metrics.log_loss(labels, wide, labels=[0, 1])),
        expected_calibration_error=expected_calibration_error(
            calibration_bins(probabilities, labels)
        ),
        confusion=(tuple(counts[0]), tuple(counts[1])),
        examples=len(labels),
    )
