"""How good a classifier of three labels or more is, or one that gives several a text, or none.

scikit-learn computes what takes more than counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgernn.evaluation.calibration import (
    calibration_bins,
    confidence_bins,
    expected_calibration_error,
)
from edgernn.evaluation.metrics import sklearn_metrics
from edgernn.text import NO_LABEL, Decision
from edgernn.training.label_figures import (
    LabelCounts,
    ManyLabelFigures,
    counts_of,
    wilson_interval,
)

__all__ = [
    "Answered",
    "ChoiceMetrics",
    "ConfusedPair",
    "SeveralMetrics",
    "as_decided",
    "by_label",
    "measure_choice",
    "measure_several",
    "of_each_label",
]

Wide: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """The texts that get a label, where one that is too unlikely is not given."""

    none_below: float
    """A label less probable than this is not given."""
    texts: int
    coverage: float
    """Their share of all texts."""
    accuracy: float | None
    """Share of them that get their label; None where there are none, as in the next."""
    accuracy_interval: tuple[float, float] | None
    """95 % Wilson interval of the accuracy."""
    accuracy_of_likeliest: float
    """The accuracy that there would be if all texts got their likeliest label."""


@dataclass(frozen=True)
class ConfusedPair:
    """A label that texts of another one were given."""

    true: str
    given: str
    texts: int
    share: float
    """Of the texts of label `true`."""


@dataclass(frozen=True)
class ChoiceMetrics(ManyLabelFigures):
    """All measures of a classifier that gives a text one label of several, or none."""

    balanced_accuracy: float | None
    """Mean, over the labels that a text has, of the share of their texts that are given them."""
    weighted_f1: float | None
    """Mean F1 over the labels, each counted as often as texts have it."""
    answered: Answered | None
    """None where every text gets a label."""
    roc_auc: float | None
    """Of two labels, both of which some text has; else None."""
    expected_calibration_error: float
    """That of the likeliest label, in [0, 1]; see `edgernn.evaluation.calibration`."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts by true label (rows) and given label (columns); where a text may get none, a last
    column counts those."""

    def confused(self, labels: tuple[str, ...], count: int | None = None) -> list[ConfusedPair]:
        """Return the pairs of a true and another given label, the most frequent first.

        Args:
            labels: their names, by number.
            count: how many pairs to return at most; None: all that occur.
        """
        counts = np.array(self.confusion, np.int64)[:, : len(labels)]
        np.fill_diagonal(counts, 0)
        pairs = np.argsort(-counts, axis=None, kind="stable")[: np.count_nonzero(counts)][:count]
        found = []
        for pair in pairs.tolist():
            true, given = divmod(pair, len(labels))
            texts = int(counts[true, given])
            share = texts / self.counts.true[true]
            found.append(ConfusedPair(labels[true], labels[given], texts, share))
        return found

    def to_json(self, labels: tuple[str, ...], confusion: bool = True) -> dict[str, Any]:
        """Return the figures as JSON values.

        Args:
            labels: their names, by number.
            confusion: whether the whole matrix is among them.
        """
        decision = "threshold" if len(labels) == 2 else "largest"
        return {
            "decision": decision,
            **_flat(self, labels, ("confusion",)),
            "confused": [asdict(one) for one in self.confused(labels, _MOST_CONFUSED)],
            **({"confusion": self.confusion} if confusion else {}),
        }


@dataclass(frozen=True)
class SeveralMetrics(ManyLabelFigures):
    """All measures of a classifier that gives a text every label that is probable enough."""

    micro_f1: float | None
    """F1 of all pairs of a text and a label together; None where no text has or gets a label."""
    weighted_f1: float | None
    """Mean F1 over the labels, each counted as often as texts have it."""
    hamming_loss: float
    """Share of the pairs of a text and a label that are wrong."""
    mean_average_precision: float | None
    """Mean of `average_precision` over the labels that a text has."""
    average_precision: tuple[float | None, ...]
    """Of each label: the mean precision over its recall, as its threshold falls; None where no text
    has it."""
    thresholds: tuple[float, ...]
    """Of each label: it is given from this probability on."""
    labels_of_a_text: float
    """How many labels a text has, in the mean."""
    labels_given: float
    """How many it gets."""
    without_label: int
    """Texts that get none."""
    expected_calibration_error: float
    """Over the pairs, in [0, 1]; see `edgernn.evaluation.calibration`."""

    def to_json(self, labels: tuple[str, ...], confusion: bool = True) -> dict[str, Any]:
        """Return the figures as JSON values; there is no confusion matrix of several labels."""
        left_out = ("average_precision", "thresholds")
        return {"decision": "each", **_flat(self, labels, left_out)}


_MOST_CONFUSED = 50
"""Pairs in JSON; the whole matrix has all."""


def measure_choice(scores: Wide, labels: npt.NDArray[Any], decision: Decision) -> ChoiceMetrics:
    """Measure probabilities of which a text gets the label of the largest, or of one of two.

    Args:
        scores: float64 [texts, labels], in [0, 1], as `of_each_label` gives them; at least one.
        labels: integers [texts], the number of the true label.
        decision: from probabilities to labels; `largest` or `threshold`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    metrics = sklearn_metrics()
    number = scores.shape[1]
    own = as_decided(scores, decision)
    surest, answers = decision.likeliest(own), decision.answers(own)
    confidence = decision.confidence(own)
    columns = number + (decision.none_below is not None)
    counts = counts_of(answers, labels, number)
    right = int(np.count_nonzero(answers == labels))
    # A graph's probabilities may sum to 1 but roughly.
    summing_to_1 = scores / scores.sum(axis=1, keepdims=True)
    log_loss = metrics.log_loss(labels, summing_to_1, labels=np.arange(number))
    places = labels.astype(np.int64) * columns + np.where(answers == NO_LABEL, number, answers)
    confusion = np.bincount(places, minlength=number * columns).reshape(number, columns)
    has_both = number == 2 and all(counts.true)
    return ChoiceMetrics(
        **_shared(counts, right, max(counts.true), len(labels), log_loss),
        balanced_accuracy=counts.macro_recall,
        weighted_f1=_weighted_f1(counts),
        answered=_answered(decision, answers, surest, labels),
        roc_auc=float(metrics.roc_auc_score(labels, scores[:, 1])) if has_both else None,
        expected_calibration_error=expected_calibration_error(
            confidence_bins(confidence, surest == labels)
        ),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def measure_several(
    scores: Wide, labels: npt.NDArray[np.bool_], decision: Decision
) -> SeveralMetrics:
    """Measure probabilities of each of which a text gets its label or does not.

    Args:
        scores: float64 [texts, labels], in [0, 1]; at least one.
        labels: bool [texts, labels], which are true.
        decision: from probabilities to labels; `each`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    metrics = sklearn_metrics()
    answers = decision.answers(scores)
    counts = counts_of(answers, labels, scores.shape[1])
    texts, has, gets = len(labels), sum(counts.true), sum(counts.given)
    right = int(np.count_nonzero((answers == labels).all(axis=1)))
    _, sets = np.unique(np.packbits(labels, axis=1), axis=0, return_counts=True)
    log_loss = metrics.log_loss(labels.ravel(), scores.ravel(), labels=[False, True])
    average = [
        float(metrics.average_precision_score(labels[:, i], scores[:, i])) if true else None
        for i, true in enumerate(counts.true)
    ]
    known = [value for value in average if value is not None]
    return SeveralMetrics(
        **_shared(counts, right, int(sets.max()), texts, log_loss),
        micro_f1=2 * sum(counts.right) / (has + gets) if has + gets else None,
        weighted_f1=_weighted_f1(counts),
        hamming_loss=float(metrics.hamming_loss(labels, answers)),
        mean_average_precision=sum(known) / len(known) if known else None,
        average_precision=tuple(average),
        thresholds=decision.thresholds,
        labels_of_a_text=has / texts,
        labels_given=gets / texts,
        without_label=int(np.count_nonzero(~answers.any(axis=1))),
        expected_calibration_error=expected_calibration_error(
            calibration_bins(scores.ravel(), labels.ravel())
        ),
    )


def of_each_label(scores: npt.NDArray[np.floating]) -> Wide:
    """Return a probability for each label, float64 [texts, labels].

    Args:
        scores: float [texts, labels], or [texts] of the second of two.
    """
    # In float64, where 1 - 1e-9 is not yet 1.
    wide: Wide = scores.astype(np.float64)
    return wide if wide.ndim == 2 else np.stack((1 - wide, wide), axis=1)


def as_decided(scores: Wide, decision: Decision) -> Wide:
    """Return scores as a decision takes them: float64 [texts] of two labels, or [texts, labels].

    Args:
        scores: float64 [texts, labels], as `of_each_label` gives them.
        decision: from probabilities to labels.
    """
    return scores[:, 1] if decision.is_binary else scores


def _shared(
    counts: LabelCounts, right: int, largest: int, examples: int, log_loss: float
) -> dict[str, Any]:
    """Return the fields that both kinds of metrics have."""
    return {
        "accuracy": right / examples,
        "accuracy_interval": wilson_interval(right, examples),
        "macro_f1": counts.macro_f1,
        "log_loss": float(log_loss),
        "larger_class": largest / examples,
        "counts": counts,
        "examples": examples,
    }


def _answered(
    decision: Decision,
    answers: npt.NDArray[np.int64],
    surest: npt.NDArray[np.int64],
    labels: npt.NDArray[Any],
) -> Answered | None:
    if decision.none_below is None:
        return None
    texts = int(np.count_nonzero(answers != NO_LABEL))
    right = int(np.count_nonzero(answers == labels))
    return Answered(
        none_below=decision.none_below,
        texts=texts,
        coverage=texts / len(labels),
        accuracy=right / texts if texts else None,
        accuracy_interval=wilson_interval(right, texts) if texts else None,
        accuracy_of_likeliest=float((surest == labels).mean()),
    )


def _weighted_f1(counts: LabelCounts) -> float | None:
    pairs = zip(counts.true, counts.f1_of_each, strict=True)
    weights = sum(counts.true)
    return sum(true * (f1 or 0.0) for true, f1 in pairs) / weights if weights else None


def by_label(
    metrics: ChoiceMetrics | SeveralMetrics, labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return a row a label, in their order, with the same columns in each.

    Precision is None where no text was given the label, recall where no text has it, F1 where both
    is so.

    Args:
        metrics: the figures.
        labels: their names, by number.
    """
    counts = metrics.counts
    rows: list[dict[str, Any]] = [
        {
            "label": label,
            "texts": true,
            "given": given,
            "right": right,
            "precision": right / given if given else None,
            "recall": right / true if true else None,
            "f1": f1,
        }
        for label, true, given, right, f1 in zip(
            labels, counts.true, counts.given, counts.right, counts.f1_of_each, strict=True
        )
    ]
    if isinstance(metrics, SeveralMetrics):
        more = zip(metrics.thresholds, metrics.average_precision, strict=True)
        for row, (threshold, average) in zip(rows, more, strict=True):
            row |= {"average_precision": average, "threshold": threshold}
    return rows


def _flat(
    metrics: ChoiceMetrics | SeveralMetrics, labels: tuple[str, ...], left_out: tuple[str, ...]
) -> dict[str, Any]:
    """Return all fields as JSON values but some; what is of one label stands with its name."""
    found: dict[str, Any] = {}
    for field in fields(metrics):
        if field.name not in (*left_out, "counts"):
            value = getattr(metrics, field.name)
            found[field.name] = asdict(value) if isinstance(value, Answered) else value
    return found | {"by_label": by_label(metrics, labels)}
