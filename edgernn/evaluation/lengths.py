"""How a classifier does on short texts and on long ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.text import NO_LABEL, Decision, TextEncoder
from edgernn.training.label_figures import wilson_interval

__all__ = [
    "LONGEST",
    "AnswerBucket",
    "Bucket",
    "LengthBucket",
    "answer_buckets",
    "length_buckets",
    "token_counts",
]

LONGEST = (5, 20, 50, 100, 200, 400)
"""The longest text of each bucket, in tokens; the last bucket holds all longer ones."""


@dataclass(frozen=True)
class Bucket:
    """What was measured on the texts of one range of lengths; None where it has no text."""

    shortest: int
    """In tokens, as all lengths here."""
    longest: int | None
    """None: there is no longest."""
    examples: int
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    """95 % Wilson interval of the accuracy."""

    @property
    def name(self) -> str:
        """The range for people, such as `6-20` or `over 400`."""
        if self.longest is None:
            return f"over {self.shortest - 1}"
        return f"{self.shortest}-{self.longest}"


@dataclass(frozen=True)
class LengthBucket(Bucket):
    """The same of two labels."""

    called_positive: float | None
    """Share of the texts that the model calls positive."""
    mean_probability: float | None
    """Mean probability of the positive class."""


@dataclass(frozen=True)
class AnswerBucket(Bucket):
    """The same of other labels."""

    answered: float | None
    """Share of the texts that get a label."""
    mean_confidence: float | None
    """Mean probability of the likeliest label."""


def token_counts(encoder: TextEncoder, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return how many tokens each text has before the model's contract cuts it, int64 [texts]."""
    return np.array(encoder.token_counts(texts), np.int64)


def length_buckets(
    tokens: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[Any],
    decision: Decision,
) -> tuple[LengthBucket, ...]:
    """Measure the texts of each range of lengths apart.

    Args:
        tokens: tokens of each text, int64 [texts], from 1 up.
        probabilities: probability of the positive class, float32 [texts].
        labels: int8 [texts], 0 or 1.
        decision: from probabilities to labels.

    Returns:
        The buckets from short to long, empty ones among them.
    """
    wide = probabilities.astype(np.float64)
    called = decision.called(wide)
    return tuple(
        LengthBucket(
            **common,
            called_positive=_mean(called[inside]),
            mean_probability=_mean(wide[inside]),
        )
        for inside, common in _by_length(tokens, decision.right(wide, labels))
    )


def answer_buckets(
    tokens: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[Any],
    decision: Decision,
) -> tuple[AnswerBucket, ...]:
    """Measure the texts of each range of lengths apart, where there are not just two labels.

    Args:
        tokens: tokens of each text, int64 [texts], from 1 up.
        probabilities: float [texts, labels], or [texts] of the second of two.
        labels: the true ones, as `Decision.right` takes them.
        decision: from probabilities to labels.

    Returns:
        The buckets from short to long, empty ones among them.
    """
    answers = decision.answers(probabilities)
    answered = np.asarray(answers.any(axis=1) if answers.ndim == 2 else answers != NO_LABEL)
    confidence = decision.confidence(probabilities)
    return tuple(
        AnswerBucket(
            **common,
            answered=_mean(answered[inside]),
            mean_confidence=_mean(confidence[inside]),
        )
        for inside, common in _by_length(tokens, decision.right(probabilities, labels))
    )


def _by_length(
    tokens: npt.NDArray[np.int64], right: npt.NDArray[np.bool_]
) -> Iterator[tuple[npt.NDArray[np.bool_], dict[str, Any]]]:
    """Yield which texts are in a bucket, bool [texts], and the fields that all buckets have."""
    number = np.searchsorted(LONGEST, tokens, side="left")
    for i, longest in enumerate((*LONGEST, None)):
        inside = np.asarray(number == i)
        count = int(np.count_nonzero(inside))
        interval = None
        if count:
            interval = wilson_interval(int(np.count_nonzero(right[inside])), count)
        yield (
            inside,
            {
                "shortest": LONGEST[i - 1] + 1 if i else 1,
                "longest": longest,
                "examples": count,
                "accuracy": _mean(right[inside]),
                "accuracy_interval": interval,
            },
        )


def _mean(values: npt.NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None
