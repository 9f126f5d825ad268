"""Training texts with what a teacher from outside says of them, as the loss takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded
from edgernn.data.soft_targets import SoftTargets
from edgernn.text.decision import DecisionRule
from edgernn.training.options import DEFAULT_HARD_SHARE, DEFAULT_TEMPERATURE

__all__ = ["Taught", "teach"]


@dataclass(frozen=True, eq=False)
class Taught:
    """Texts to train on, labelled ones first."""

    texts: Encoded
    accuracy: float | None
    """How often the likeliest soft label of a labelled text is its label; of several labels a
    text, the mean over the labels. None where the teacher speaks of no labelled text."""
    larger_class: float
    """What always giving the most frequent answer would give, counted likewise."""
    told: int
    """Labelled texts that the teacher speaks of."""
    labelled: int

    def lines(self, name: str) -> list[str]:
        """Say what is learned of whom, and what is to be doubted.

        Args:
            name: the file of the soft labels.
        """
        soft = self.texts.soft
        assert soft is not None
        parts = []
        if self.accuracy is not None:
            parts.append(
                f"the teacher's likeliest label is that of {self.accuracy:.1%} of "
                f"{self.told:,} labelled texts"
            )
        others = len(self.texts) - self.labelled
        if others:
            parts.append(f"{others:,} unlabelled texts are learned from it alone")
        share = float(soft.hard_shares[: self.labelled].min(initial=1.0))
        parts.append(f"temperature {soft.temperature:g}, share of labels {share:g}")
        found = [f"{name}: {'; '.join(parts)}"]
        if self.accuracy is not None and self.accuracy <= self.larger_class:
            found.append(
                f"warning: {name}: its likeliest label is right no more often than the most "
                f"frequent label would be ({self.larger_class:.1%}): are columns or rows exchanged?"
            )
        return found


def teach(
    labelled: Encoded,
    soft: npt.NDArray[np.float32],
    unlabelled: Sequence[npt.NDArray[np.int32]],
    soft_of_unlabelled: npt.NDArray[np.float32] | None,
    rule: DecisionRule,
    *,
    temperature: float = DEFAULT_TEMPERATURE,
    hard_share: float = DEFAULT_HARD_SHARE,
) -> Taught:
    """Join labelled and unlabelled texts to what a teacher says of them.

    Args:
        labelled: training texts with their labels.
        soft: float32 [labelled, labels], probabilities; NaN where the teacher says nothing, and the
            label alone counts.
        unlabelled: texts without a label, encoded.
        soft_of_unlabelled: float32 [unlabelled, labels]; None where there are none.
        rule: how a model's logits become labels.
        temperature: of the loss.
        hard_share: how much a text's label counts.
    """
    told = ~np.isnan(soft[:, 0])
    count = len(unlabelled)
    probabilities = np.where(told[:, None], soft, 0).astype(np.float32)
    shares = np.where(told, hard_share, 1.0).astype(np.float32)
    labels = labelled.labels
    if count:
        assert soft_of_unlabelled is not None
        probabilities = np.concatenate([probabilities, soft_of_unlabelled])
        shares = np.concatenate([shares, np.zeros(count, np.float32)])
        # Their share is 0, so that they may be any.
        none = np.zeros((count, *labels.shape[1:]), labels.dtype)
        labels = np.concatenate([labels, none])
    texts = Encoded(
        [*labelled.ids, *unlabelled],
        labels,
        soft=SoftTargets(probabilities, shares, temperature),
    )
    accuracy, larger = _accuracy(soft[told], labelled.labels[told], rule)
    return Taught(texts, accuracy, larger, int(told.sum()), len(labelled))


def _accuracy(
    soft: npt.NDArray[np.float32], labels: npt.NDArray[np.generic], rule: DecisionRule
) -> tuple[float | None, float]:
    """Return how often a teacher is right, and what the most frequent answer would be."""
    if not len(soft):
        return None, 0.0
    if rule == "each":
        flags = np.asarray(labels, bool)
        often = flags.mean(axis=0)
        right = (soft >= 0.5) == flags
        return float(right.mean()), float(np.maximum(often, 1 - often).mean())
    numbers = np.asarray(labels, np.int64)
    return float(np.mean(soft.argmax(axis=1) == numbers)), np.bincount(numbers).max() / len(numbers)
