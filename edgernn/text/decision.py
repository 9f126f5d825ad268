"""The decision: from a model's scores to labels.

The one place in which a score is compared with a threshold or with other scores, as
`docs/contract.md` says it: in float64, and a threshold itself is enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from edgernn.later import Later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Scores: TypeAlias = npt.NDArray[np.floating]
    Flags: TypeAlias = npt.NDArray[np.bool_]
else:
    np = Later("numpy")


__all__ = ["EVEN", "NO_LABEL", "Decision", "DecisionRule"]

DecisionRule = Literal["threshold", "largest", "each"]
"""`threshold`: of two labels, the second from a probability on. `largest`: of more, the likeliest.
`each`: every label from its own probability on, so that a text may have several or none."""

NO_LABEL = -1
"""Stands for a label's number where a text gets none."""


@dataclass(frozen=True)
class Decision:
    """How scores become labels; `TextContract.decides` is a model's own.

    With `threshold` a score is the probability of the second (positive) label, and scores are
    float [..., texts]. With `largest` and `each` there is one for each label: [..., texts, labels].
    They may be of any float type. What is no number is never called, and its label never right.
    """

    threshold: float | None
    """Of `threshold`: the second label is given when the score is at least this."""
    rule: DecisionRule = "threshold"
    thresholds: tuple[float, ...] = ()
    """Of `each`: a label is given when its score is at least its number here."""
    none_below: float | None = None
    """Of `threshold` and `largest`: a label less probable than this is not given."""

    @property
    def is_binary(self) -> bool:
        """Whether there are two labels and one score."""
        return self.rule == "threshold"

    @property
    def logit(self) -> float:
        """The threshold as a logit; exactly 0 for a threshold of one half."""
        assert self.threshold is not None
        return math.log(self.threshold / (1.0 - self.threshold))

    def called(self, scores: Scores) -> Flags:
        """Return which texts are on the second label's side, whether it is given or too unlikely.

        Args:
            scores: float [texts, ...] of two labels.

        Returns:
            bool, of the shape of `scores`.
        """
        assert self.threshold is not None
        # A float32 would be compared with the threshold rounded to float32.
        called: Flags = np.asarray(scores, np.float64) >= self.threshold
        return called

    def told_apart(self, scores: Sequence[float]) -> tuple[list[bool], list[int]]:
        """Return what `called` and `answers` give of two labels, for Python's own numbers."""
        threshold, least = self.threshold, self.none_below
        assert threshold is not None
        called = [score >= threshold for score in scores]
        answers = [
            NO_LABEL
            if p != p or (least is not None and (p if is_second else 1.0 - p) < least)
            else int(is_second)
            for p, is_second in zip(scores, called, strict=True)
        ]
        return called, answers

    def called_logits(self, logits: Any) -> Any:
        """Return which texts get the second label, from logits: a numpy array or Keras tensor."""
        return logits >= self.logit

    def answers(self, scores: Scores) -> npt.NDArray[Any]:
        """Return the labels that texts get.

        Args:
            scores: float [..., texts], or [..., texts, labels].

        Returns:
            int64 [..., texts], the number of a label or `NO_LABEL`; of `each`: bool
            [..., texts, labels].
        """
        wide: npt.NDArray[np.float64] = np.asarray(scores, np.float64)
        if self.rule == "each":
            return np.asarray(wide >= np.array(self.thresholds))
        nothing = np.isnan(wide)
        given = ~np.asarray(nothing if self.is_binary else nothing.any(axis=-1))
        if self.none_below is not None:
            given = given & (self.confidence(wide) >= self.none_below)
        return np.where(given, self.likeliest(wide), NO_LABEL)

    def likeliest(self, scores: Scores) -> npt.NDArray[np.int64]:
        """Return the label that each text gets unless it is too unlikely.

        Args:
            scores: float [..., texts], or [..., texts, labels]; not of `each`.

        Returns:
            int64 [..., texts], the label's number; of equal ones the first.
        """
        wide = np.asarray(scores, np.float64)
        return np.asarray(self.called(wide) if self.is_binary else wide.argmax(axis=-1), np.int64)

    def right(self, scores: Scores, labels: npt.NDArray[Any]) -> Flags:
        """Return which texts get their true label; of `each`, exactly their labels.

        Args:
            scores: float [texts], or [texts, labels].
            labels: bool or integers [texts], the label's number; of `each` bool [texts, labels].

        Returns:
            bool [texts].
        """
        right: Flags = np.equal(self.answers(scores), labels)
        if self.rule == "each":
            right = np.asarray(right.all(axis=-1) & ~np.isnan(scores).any(axis=-1))
        return right

    def right_logits(self, logits: Scores, labels: npt.NDArray[Any]) -> Flags:
        """Return which texts get their true label of two, from logits."""
        right: Flags = self.called_logits(logits) == (np.asarray(labels) == 1)
        return right & ~np.isnan(logits)

    def confidence(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return the probability of the likeliest answer.

        Args:
            scores: float [..., texts], or [..., texts, labels].

        Returns:
            float64 [..., texts]: with `threshold` of the label on whose side the score is, else of
            the likeliest.
        """
        # In float64, where 1 - 1e-9 is not yet 1.
        wide = np.asarray(scores, np.float64)
        if self.is_binary:
            return np.where(self.called(wide), wide, 1.0 - wide)
        largest: npt.NDArray[np.float64] = wide.max(axis=-1)
        return largest

    def flips(self, scores: Scores, expected: Scores) -> Flags:
        """Return which texts get another answer than the expected one.

        Args:
            scores: float [..., texts], or [..., texts, labels].
            expected: the same without the first axes.

        Returns:
            bool [..., texts].
        """
        flips: Flags = np.not_equal(self.answers(scores), self.answers(expected))
        return np.asarray(flips.any(axis=-1)) if self.rule == "each" else flips

    def margin(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return how far each score could move, at most, without another answer.

        Args:
            scores: float [..., texts], or [..., texts, labels].

        Returns:
            float64 [..., texts], at least 0. With `largest` it is half the distance of the two
            likeliest, since both may move.
        """
        wide = np.asarray(scores, np.float64)
        if self.rule == "each":
            nearest: npt.NDArray[np.float64] = np.abs(wide - np.array(self.thresholds)).min(axis=-1)
            return nearest
        if self.rule == "threshold":
            assert self.threshold is not None
            margin: npt.NDArray[np.float64] = np.abs(wide - self.threshold)
        else:
            second, first = np.moveaxis(np.partition(wide, -2, axis=-1)[..., -2:], -1, 0)
            margin = (first - second) / 2
        if self.none_below is not None:
            margin = np.minimum(margin, np.abs(self.confidence(wide) - self.none_below))
        return margin


EVEN = Decision(0.5)
"""The likelier label: how training tells two labels apart, and contracts without a threshold."""
