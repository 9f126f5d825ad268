"""What labels that were given say of a classifier: accuracy with its interval, F1, counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.text import EVEN, Decision
from edgernn.training.history import Epoch

__all__ = [
    "Confusion",
    "LabelCounts",
    "LabelFigures",
    "ManyLabelFigures",
    "counts_of",
    "figures_of",
    "figures_of_epoch",
    "figures_of_logits",
    "figures_of_many",
    "wilson_interval",
]

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
class LabelCounts:
    """Texts of each of any number of labels; a text may have several, or none."""

    true: tuple[int, ...]
    """Those that have the label."""
    given: tuple[int, ...]
    """Those that were given it."""
    right: tuple[int, ...]
    """Those that have it and were given it."""

    @property
    def f1_of_each(self) -> tuple[float | None, ...]:
        """F1 of each label; None where no text has it or was given it."""
        return tuple(
            2 * right / (true + given) if true + given else None
            for true, given, right in zip(self.true, self.given, self.right, strict=True)
        )

    @property
    def macro_f1(self) -> float | None:
        """Mean F1 of the labels that have one, as scikit-learn has it; None if none has."""
        return _mean([f1 for f1 in self.f1_of_each if f1 is not None])

    @property
    def macro_recall(self) -> float | None:
        """Mean over the labels that any text has of the share of those that were given it."""
        pairs = zip(self.true, self.right, strict=True)
        return _mean([right / true for true, right in pairs if true])


@dataclass(frozen=True)
class ManyLabelFigures:
    """What held-out texts say of a classifier of more than two labels, or of several a text."""

    accuracy: float
    """Share of the texts that get their label; of several a text, exactly their labels."""
    accuracy_interval: tuple[float, float]
    """95 % Wilson interval of the accuracy."""
    macro_f1: float | None
    """See `LabelCounts`."""
    log_loss: float
    """Mean over the texts of the cross-entropy, in nats; of several labels a text, over these,
    too."""
    larger_class: float
    """Accuracy of the one answer that is right most often."""
    counts: LabelCounts
    examples: int


def counts_of(answers: npt.NDArray[Any], labels: npt.NDArray[Any], number: int) -> LabelCounts:
    """Count the texts of each label.

    Args:
        answers: as `Decision.answers` gives them: int64 [texts], -1 is none, or bool
            [texts, labels].
        labels: true ones: integers [texts], or bool [texts, labels].
        number: of labels.
    """
    columns: tuple[npt.NDArray[Any], ...]
    if answers.ndim == 2:
        flags = np.asarray(labels, bool)
        columns = flags.sum(axis=0), answers.sum(axis=0), (flags & answers).sum(axis=0)
    else:
        true = np.asarray(labels, np.int64)
        columns = tuple(
            np.bincount(some, minlength=number)
            for some in (true, answers[answers >= 0], true[true == answers])
        )
    return LabelCounts(*(tuple(map(int, column)) for column in columns))


def figures_of_many(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[Any], decision: Decision
) -> ManyLabelFigures:
    """Return what scores say of texts with their labels.

    Args:
        scores: float [texts, labels], probabilities.
        labels: integers [texts], or with `each` bool [texts, labels].
        decision: the model's; with `none_below`, a text without an answer is not right.

    Raises:
        ValueError: there are no texts.
    """
    examples, number = scores.shape
    if not examples:
        raise ValueError("there are no examples")
    right = int(np.count_nonzero(decision.right(scores, labels)))
    # A probability may be 0 in float32.
    wide = np.clip(np.asarray(scores, np.float64), np.finfo(np.float32).tiny, 1.0)
    if decision.rule == "each":
        flags = np.asarray(labels, bool)
        missed = np.clip(1.0 - np.asarray(scores, np.float64), np.finfo(np.float32).tiny, 1.0)
        losses = -np.log(np.where(flags, wide, missed))
        _, sizes = np.unique(flags, axis=0, return_counts=True)
    else:
        own = np.asarray(labels, np.int64)
        losses = -np.log(wide[np.arange(examples), own])
        sizes = np.bincount(own)
    counts = counts_of(decision.answers(scores), labels, number)
    return ManyLabelFigures(
        accuracy=right / examples,
        accuracy_interval=wilson_interval(right, examples),
        macro_f1=counts.macro_f1,
        log_loss=float(losses.mean()),
        larger_class=int(sizes.max()) / examples,
        counts=counts,
        examples=examples,
    )


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


def figures_of_epoch(epoch: Epoch, labels: npt.NDArray[Any]) -> LabelFigures | None:
    """Return what an epoch measured on validation texts; None where it did not count it.

    Args:
        epoch: the epoch.
        labels: [texts], 0 or 1, of the validation texts.
    """
    positive = int(np.count_nonzero(labels))
    negative = len(labels) - positive
    recall, specificity = epoch.validation_recall, epoch.validation_specificity
    if (recall is None and positive) or (specificity is None and negative):
        return None
    right = round((specificity or 0) * negative), round((recall or 0) * positive)
    return figures_of(((right[0], negative - right[0]), (positive - right[1], right[1])))


def figures_of_logits(logits: npt.NDArray[np.floating], labels: npt.NDArray[Any]) -> LabelFigures:
    """Return what logits say of texts, which get the likelier label.

    Args:
        logits: float [texts].
        labels: [texts], 0 or 1.
    """
    given, true = EVEN.called_logits(logits), np.asarray(labels) > 0.5
    counts = [[int(np.sum((true == t) & (given == g))) for g in (0, 1)] for t in (0, 1)]
    return figures_of(((counts[0][0], counts[0][1]), (counts[1][0], counts[1][1])))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson, 1927, JASA 22, 209-212), within [0, 1].

    The share itself is in it, whatever rounding does where all or none are successes.

    Raises:
        ValueError: no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    weight = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / weight
    half = z / weight * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
