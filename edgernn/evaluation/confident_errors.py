"""The texts that a classifier gets wrong while it is surest of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.evaluation.many_metrics import as_decided
from edgernn.text import NO_LABEL, Decision

__all__ = [
    "AnyError",
    "ConfidentChoiceError",
    "ConfidentError",
    "ConfidentLabelError",
    "confident_choice_errors",
    "confident_errors",
    "confident_label_errors",
]


@dataclass(frozen=True)
class ConfidentError:
    """A text that was given the wrong label of two."""

    row: int
    """The row of the file, or of other data the text's number among those measured, from 1."""
    true: str
    """Name of the right label."""
    given: str
    """Name of the label that the model gave."""
    probability: float
    """Probability of the positive class, in [0, 1]."""
    tokens: int
    text: str


@dataclass(frozen=True)
class ConfidentChoiceError:
    """A text that was given the wrong label of several."""

    row: int
    """As in `ConfidentError`, and so in the next."""
    true: str
    given: str
    confidence: float
    """Probability of the label given, in [0, 1]."""
    probability_of_true: float
    """Probability of the right label, in [0, 1]."""
    tokens: int
    text: str


@dataclass(frozen=True)
class ConfidentLabelError:
    """A text that may have several labels and was not given exactly its own."""

    row: int
    true: tuple[str, ...]
    given: tuple[str, ...]
    label: str
    """The label of which the model is surest and wrong: it is true or given, not both."""
    probability: float
    """Probability of that label, in [0, 1]."""
    tokens: int
    text: str


AnyError: TypeAlias = ConfidentError | ConfidentChoiceError | ConfidentLabelError


def confident_errors(
    examples: Examples,
    probabilities: npt.NDArray[np.float32],
    tokens: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    decision: Decision,
    count: int,
) -> tuple[ConfidentError, ...]:
    """Return the `count` most confidently wrong texts, or all errors if there are fewer.

    Confidence is the probability of the label given: of the positive class where the text was
    called positive, and what it leaves to 1 elsewhere. The most confident come first; of equal
    ones the first in the data.

    Args:
        examples: the texts with their true labels.
        probabilities: probability of the positive class, float32 [texts], in [0, 1].
        tokens: tokens of each text, int64 [texts].
        labels: names of the negative and the positive class.
        decision: from probabilities to labels.
        count: how many texts to return at most.
    """
    given = decision.called(probabilities).astype(np.int8)
    confidence = decision.confidence(probabilities)
    wrong = np.flatnonzero(given != examples.labels)
    return tuple(
        ConfidentError(
            row=_row(examples, i),
            true=labels[examples.labels[i]],
            given=labels[given[i]],
            probability=float(probabilities[i]),
            tokens=int(tokens[i]),
            text=examples.texts[i],
        )
        for i in _surest(wrong, confidence, count)
    )


def confident_choice_errors(
    examples: Examples,
    probabilities: npt.NDArray[np.float64],
    tokens: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    decision: Decision,
    count: int,
) -> tuple[ConfidentChoiceError, ...]:
    """Return the `count` most confidently wrong texts, where there are not just two labels.

    Texts that get no label are none of them.

    Args:
        examples: the texts with their true labels.
        probabilities: float64 [texts, labels], as `of_each_label` gives them.
        tokens: tokens of each text, int64 [texts].
        labels: their names, by number.
        decision: from probabilities to labels; `largest` or `threshold`.
        count: how many texts to return at most.
    """
    own = as_decided(probabilities, decision)
    given, confidence = decision.answers(own), decision.confidence(own)
    wrong = np.flatnonzero((given != NO_LABEL) & (given != examples.labels))
    return tuple(
        ConfidentChoiceError(
            row=_row(examples, i),
            true=labels[examples.labels[i]],
            given=labels[given[i]],
            confidence=float(confidence[i]),
            probability_of_true=float(probabilities[i, examples.labels[i]]),
            tokens=int(tokens[i]),
            text=examples.texts[i],
        )
        for i in _surest(wrong, confidence, count)
    )


def confident_label_errors(
    examples: Examples,
    probabilities: npt.NDArray[np.float64],
    tokens: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    decision: Decision,
    count: int,
) -> tuple[ConfidentLabelError, ...]:
    """Return the `count` texts of which a label is most confidently wrong.

    Confidence is the probability of a label that was given, and what it leaves to 1 of one that was
    not.

    Args:
        examples: the texts with their true labels.
        probabilities: float64 [texts, labels], in [0, 1].
        tokens: tokens of each text, int64 [texts].
        labels: their names, by number.
        decision: from probabilities to labels; `each`.
        count: how many texts to return at most.
    """
    given = decision.answers(probabilities)
    # What is right is never the surest of what is wrong.
    sure = np.where(given, probabilities, 1 - probabilities)
    sure = np.where(given != examples.labels, sure, -1.0)
    worst = sure.argmax(axis=1)
    confidence = sure.max(axis=1)

    def names(of: npt.NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(labels[number] for number in np.flatnonzero(of).tolist())

    return tuple(
        ConfidentLabelError(
            row=_row(examples, i),
            true=names(examples.labels[i]),
            given=names(given[i]),
            label=labels[worst[i]],
            probability=float(probabilities[i, worst[i]]),
            tokens=int(tokens[i]),
            text=examples.texts[i],
        )
        for i in _surest(np.flatnonzero(confidence >= 0), confidence, count)
    )


def _surest(
    wrong: npt.NDArray[np.intp], confidence: npt.NDArray[np.float64], count: int
) -> list[int]:
    surest: list[int] = wrong[np.argsort(-confidence[wrong], kind="stable")][:count].tolist()
    return surest


def _row(examples: Examples, i: int) -> int:
    return i + 1 if examples.rows is None else int(examples.rows[i])
