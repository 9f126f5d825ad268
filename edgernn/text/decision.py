"""The decision: from a model's scores to labels.

The one place in which a score is compared with a threshold, as `docs/contract.md` says it:
in float64, and the threshold itself is the second label's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["EVEN", "Decision"]

Scores = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decision:
    """How scores become labels; `TextContract.decision` is a model's own.

    A score is the probability of the second (positive) label, of any float type; labels are
    numbers, 0 for the first and 1 for the second. A score that is not a number is not called
    positive, and its label is never right.
    """

    threshold: float
    """The second label is given when the score is at least this."""

    @property
    def logit(self) -> float:
        """The threshold as a logit; exactly 0 for a threshold of one half."""
        return math.log(self.threshold / (1.0 - self.threshold))

    def label(self, score: float) -> int:
        """Return the label of one text."""
        return 1 if score >= self.threshold else 0

    def called(self, scores: Scores) -> Flags:
        """Return which texts get the second label.

        Args:
            scores: float [texts, ...].

        Returns:
            bool, of the shape of `scores`.
        """
        # A float32 would be compared with the threshold rounded to float32.
        called: Flags = np.asarray(scores, np.float64) >= self.threshold
        return called

    def called_logits(self, logits: Any) -> Any:
        """Return which texts get the second label, from logits: a numpy array or Keras tensor."""
        return logits >= self.logit

    def right(self, scores: Scores, labels: npt.NDArray[Any]) -> Flags:
        """Return which texts get their true label.

        Args:
            scores: float [texts].
            labels: bool or integers [texts], 1 for the second label.

        Returns:
            bool [texts].
        """
        return _agree(self.called(scores), labels, scores)

    def right_logits(self, logits: Scores, labels: npt.NDArray[Any]) -> Flags:
        """Return which texts get their true label, as `right`, from logits."""
        return _agree(self.called_logits(logits), labels, logits)

    def confidence(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return the probability of the label given, float64, of the shape of `scores`."""
        # In float64, where 1 - 1e-9 is not yet 1.
        wide = np.asarray(scores, np.float64)
        return np.where(self.called(wide), wide, 1.0 - wide)

    def flips(self, scores: Scores, expected: Scores) -> Flags:
        """Return whose label is another than the expected one.

        Args:
            scores: float [..., texts].
            expected: float [texts].

        Returns:
            bool, of the shape of `scores`.
        """
        flips: Flags = self.called(scores) != self.called(expected)
        return flips

    def margin(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return how far scores lie above the threshold, negative below it: float64 [texts]."""
        return np.asarray(scores, np.float64) - self.threshold


def _agree(called: Flags, labels: npt.NDArray[Any], scores: Scores) -> Flags:
    right: Flags = (called == (np.asarray(labels) == 1)) & ~np.isnan(scores)
    return right


EVEN = Decision(0.5)
"""The likelier label: how training tells labels apart, and contracts that set no threshold."""
