"""The texts that a classifier gets wrong while it is surest of itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.text import Decision

__all__ = ["ConfidentError", "confident_errors"]


@dataclass(frozen=True)
class ConfidentError:
    """A text that was given the wrong label."""

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
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return tuple(
        ConfidentError(
            row=i + 1 if examples.rows is None else int(examples.rows[i]),
            true=labels[examples.labels[i]],
            given=labels[given[i]],
            probability=float(probabilities[i]),
            tokens=int(tokens[i]),
            text=examples.texts[i],
        )
        for i in surest.tolist()
    )
