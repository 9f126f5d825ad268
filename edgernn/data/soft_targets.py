"""What a loss of distillation is given of each text: its label, and what a teacher says of it.

The target of a text has a number for each outcome that a model may give it, first what its label
says and then what the teacher says at a temperature, each times its share. The outcomes are the
labels; with the decision `each` they are not having each label, and then having it.

Source: "Distilling the knowledge in a neural network" (Hinton, Vinyals and Dean, 2015), section 2.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.text.decision import DecisionRule

__all__ = ["SoftTargets", "softened"]


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """What a teacher says of texts."""

    probabilities: npt.NDArray[np.float32]
    """float32 [texts, labels], not softened; 0 where the teacher's share is none."""
    hard_shares: npt.NDArray[np.float32]
    """float32 [texts], how much of each text's loss is that of its label; the rest is the
    teacher's. 0 of a text without a label."""
    temperature: float
    """What both sides' logits are divided by, where they are compared."""
    weights: npt.NDArray[np.float32] | None = None
    """float32 [outcomes], how much each counts; None: all alike."""

    @staticmethod
    def without_teacher(texts: int, labels: int, temperature: float) -> SoftTargets:
        """Return targets of texts that have a label each, and nothing else."""
        return SoftTargets(
            np.zeros((texts, labels), np.float32), np.ones(texts, np.float32), temperature
        )

    def of(
        self, labels: npt.NDArray[Any], rows: npt.NDArray[np.integer], rule: DecisionRule
    ) -> npt.NDArray[np.float32]:
        """Return what the loss is given of some texts.

        Args:
            labels: of these texts: integers [rows], or with `each` bool [rows, labels].
            rows: which texts they are.
            rule: how a model's logits become labels.

        Returns:
            float32 [rows, 2 * outcomes].
        """
        share = self.hard_shares[rows, None]
        soft = softened(self.probabilities[rows], self.temperature, rule)
        if rule == "each":
            hard = np.asarray(labels, np.float32)
            hard, soft = np.hstack([1 - hard, hard]), np.hstack([1 - soft, soft])
        elif rule == "threshold":
            # Labels may be a class's share.
            positive = np.asarray(labels, np.float32)
            hard = np.stack([1 - positive, positive], axis=1)
        else:
            hard = np.zeros_like(soft)
            hard[np.arange(len(rows)), labels] = 1
        found = np.hstack([share * hard, (1 - share) * soft])
        if self.weights is not None:
            found *= np.tile(self.weights, 2)
        return found.astype(np.float32)

    def balanced(self, labels: npt.NDArray[Any], rule: DecisionRule) -> SoftTargets:
        """Return the same with weights by which all labels count alike.

        An outcome weighs the mean over the outcomes of what texts expect of them over what they
        expect of it; with `each`, having a label and not having it are weighed by themselves.

        Args:
            labels: of all texts.
            rule: how a model's logits become labels.
        """
        expected = np.zeros(0)
        step = 4096
        for start in range(0, len(labels), step):
            rows = np.arange(start, min(start + step, len(labels)))
            targets = self.of(labels[rows], rows, rule)
            both = targets.reshape(len(rows), 2, -1).sum(axis=(0, 1), dtype=np.float64)
            expected = both if not len(expected) else expected + both
        parts = expected.reshape((2, -1) if rule == "each" else (-1, 1))
        weights = parts.mean(axis=0) / np.maximum(parts, 1e-12)
        # What no text is expected to be has nothing to be weighed against.
        weights = np.where((parts > 1e-9).all(axis=0), weights, 1.0).reshape(-1)
        return dataclasses.replace(self, weights=weights.astype(np.float32))


def softened(
    probabilities: npt.NDArray[np.float32], temperature: float, rule: DecisionRule
) -> npt.NDArray[np.float32]:
    """Return probabilities of logits that are divided by a temperature.

    Args:
        probabilities: float32 [texts, labels]; a row of zeros stays one.
        temperature: more than 0; above 1 it brings probabilities nearer to each other.
        rule: whether labels exclude each other.
    """
    if temperature == 1:
        return probabilities
    wide = probabilities.astype(np.float64)
    powers = wide ** (1 / temperature)
    if rule == "each":
        total = powers + (1 - wide) ** (1 / temperature)
    else:
        total = powers.sum(axis=1, keepdims=True)
    return np.divide(powers, total, out=np.zeros_like(powers), where=total > 0).astype(np.float32)
