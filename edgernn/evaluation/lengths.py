"""How a classifier does on short texts and on long ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.text import Decision, TextEncoder
from edgernn.training.label_figures import wilson_interval

__all__ = [
    "LONGEST",
    "LengthBucket",
    "length_buckets",
    "token_counts",
]

LONGEST = (5, 20, 50, 100, 200, 400)
"""The longest text of each bucket, in tokens; the last bucket holds all longer ones."""


@dataclass(frozen=True)
class LengthBucket:
    """What was measured on the texts of one range of lengths; None where it has no text."""

    shortest: int
    """In tokens, as all lengths here."""
    longest: int | None
    """None: there is no longest."""
    examples: int
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    """95 % Wilson interval of the accuracy."""
    called_positive: float | None
    """Share of the texts that the model calls positive."""
    mean_probability: float | None
    """Mean probability of the positive class."""

    @property
    def name(self) -> str:
        """The range for people, such as `6-20` or `over 400`."""
        if self.longest is None:
            return f"over {self.shortest - 1}"
        return f"{self.shortest}-{self.longest}"


def token_counts(encoder: TextEncoder, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return how many tokens each text has before the model's contract cuts it, int64 [texts]."""
    return np.array(encoder.token_counts(texts), np.int64)


def length_buckets(
    tokens: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8],
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
    right = decision.right(wide, labels)
    number = np.searchsorted(LONGEST, tokens, side="left")
    buckets = []
    for i, longest in enumerate((*LONGEST, None)):
        inside = number == i
        count = int(np.count_nonzero(inside))
        buckets.append(
            LengthBucket(
                shortest=LONGEST[i - 1] + 1 if i else 1,
                longest=longest,
                examples=count,
                accuracy=float(right[inside].mean()) if count else None,
                accuracy_interval=(
                    wilson_interval(int(np.count_nonzero(right[inside])), count) if count else None
                ),
                called_positive=float(called[inside].mean()) if count else None,
                mean_probability=float(wide[inside].mean()) if count else None,
            )
        )
    return tuple(buckets)
