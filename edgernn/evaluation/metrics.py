"""How good a classifier is, measured against labels; scikit-learn computes what takes a curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError
from edgernn.evaluation.calibration import calibration_bins, expected_calibration_error
from edgernn.text import Decision
from edgernn.training.label_figures import LabelFigures, figures_of

__all__ = ["Metrics", "measure", "sklearn_metrics"]


@dataclass(frozen=True)
class Metrics(LabelFigures):
    """All measures of a binary classifier; the positive class is 1."""

    f1: float | None
    """F1 of the positive class."""
    roc_auc: float | None
    """None where all texts are of one class."""
    log_loss: float
    """Mean negative log-likelihood of the true labels, in nats."""
    expected_calibration_error: float
    """As `edgernn.evaluation.calibration` defines it, in [0, 1]."""

    def to_json(self, labels: tuple[str, ...], confusion: bool = True) -> dict[str, Any]:
        """Return the figures as JSON values; they are those of two labels, in their order."""
        return asdict(self)


def measure(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[Any], decision: Decision
) -> Metrics:
    """Measure probabilities of the positive class.

    Args:
        probabilities: float32 [texts], in [0, 1]; at least one.
        labels: integers [texts], 0 or 1.
        decision: from probabilities to labels.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    metrics = sklearn_metrics()
    # In float64, as scikit-learn clips by the type's own precision.
    wide = probabilities.astype(np.float64)
    counts = metrics.confusion_matrix(labels, decision.called(wide), labels=[0, 1]).tolist()
    figures = figures_of((tuple(counts[0]), tuple(counts[1])))
    has_both = figures.balanced_accuracy is not None
    return Metrics(
        **{name: getattr(figures, name) for name in asdict(figures)},
        f1=figures.f1_of_each[1],
        roc_auc=float(metrics.roc_auc_score(labels, wide)) if has_both else None,
        log_loss=float(metrics.log_loss(labels, wide, labels=[0, 1])),
        expected_calibration_error=expected_calibration_error(
            calibration_bins(probabilities, labels)
        ),
    )


def sklearn_metrics() -> Any:
    """Return `sklearn.metrics`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    try:
        from sklearn import metrics
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "measuring a model", "data") from error
    return metrics
