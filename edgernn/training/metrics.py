"""How good probabilities are, measured against labels; scikit-learn computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError
from edgernn.training.calibration import calibration_bins, expected_calibration_error

__all__ = ["Metrics", "measure"]


@dataclass(frozen=True)
class Metrics:
    """Measures of a binary classifier; the positive class is 1."""

    accuracy: float
    f1: float
    """F1 of the positive class."""
    roc_auc: float
    log_loss: float
    """Mean negative log-likelihood of the true labels, in nats."""
    expected_calibration_error: float
    """As `edgernn.training.calibration` defines it, in [0, 1]."""
    confusion: tuple[tuple[int, int], tuple[int, int]]
    """Counts by true label (rows) and given label (columns), negative first."""
    examples: int


def measure(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int8], threshold: float
) -> Metrics:
    """Measure probabilities of the positive class.

    Args:
        probabilities: float32 [texts], in [0, 1].
        labels: int8 [texts], 0 or 1, both present.
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
    return Metrics(
        accuracy=float(metrics.accuracy_score(labels, given)),
        f1=float(metrics.f1_score(labels, given)),
        roc_auc=float(metrics.roc_auc_score(labels, wide)),
        log_loss=float(metrics.log_loss(labels, wide)),
        expected_calibration_error=expected_calibration_error(
            calibration_bins(probabilities, labels)
        ),
        confusion=(tuple(counts[0]), tuple(counts[1])),
        examples=len(labels),
    )
