"""How good a classifier is, measured against labels; scikit-learn computes what takes a curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError
from edgernn.training.calibration import calibration_bins, expected_calibration_error
from edgernn.training.lengths import wilson_interval

__all__ = ["Confusion", "LabelFigures", "Metrics", "figures_of", "measure"]

Confusion = tuple[tuple[int, int], tuple[int, int]]
"""Counts by true label (rows) and given label (columns), negative first."""


@dataclass(frozen=True)
class LabelFigures:
    """What the labels given say of a binary classifier; the positive class is 1.

    None stands for what the texts do not say: where all are of one class, there is no mean over
    classes.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % Wilson interval of the accuracy."""
    balanced_accuracy: float | None
    """Mean over the classes of the share of their texts that are right."""
    larger_class: float
    """Share of the texts that are of the larger class: the accuracy of always giving that one."""
    f1_of_each: tuple[float | None, float | None]
    """F1 of each class, the negative one first; None where no text is of it or was given it."""
    confusion: Confusion
    examples: int


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
    """As `edgernn.training.calibration` defines it, in [0, 1]."""


def figures_of(confusion: Confusion) -> LabelFigures:
    """Return what a confusion matrix says.

    Raises:
        ValueError: it counts no text.
    """
    examples = sum(map(sum, confusion))
    if not examples:
        raise ValueError("there are no examples")
    right = [confusion[label][label] for label in (0, 1)]
    true = [sum(row) for row in confusion]
    given = [sum(row[label] for row in confusion) for label in (0, 1)]
    f1 = [
        2 * right[label] / (true[label] + given[label]) if true[label] + given[label] else None
        for label in (0, 1)
    ]
    recalls = [right[label] / true[label] for label in (0, 1) if true[label]]
    return LabelFigures(
        accuracy=sum(right) / examples,
        accuracy_interval=wilson_interval(sum(right), examples),
        balanced_accuracy=sum(recalls) / 2 if len(recalls) == 2 else None,
        larger_class=max(true) / examples,
        f1_of_each=(f1[0], f1[1]),
        confusion=confusion,
        examples=examples,
    )


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
    counts = metrics.confusion_matrix(labels, wide >= threshold, labels=[0, 1]).tolist()
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
