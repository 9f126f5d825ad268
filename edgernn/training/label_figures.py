"""What labels that were given say of a classifier: accuracy with its interval, F1, confusion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.text import EVEN
from edgernn.training.history import Epoch

__all__ = [
    "Confusion",
    "LabelFigures",
    "figures_of",
    "figures_of_epoch",
    "figures_of_logits",
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


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson, 1927, JASA 22, 209-212), within [0, 1].

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
    return max(0.0, centre - half), min(1.0, centre + half)
