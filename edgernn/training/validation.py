"""What is measured of a model of more than two labels, or of several a text, after an epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded
from edgernn.text.decision import Decision, DecisionRule
from edgernn.training.label_figures import counts_of
from edgernn.training.models import logits, scores_of

__all__ = ["Measured", "cross_entropy", "even_decision", "is_better", "measure"]


@dataclass(frozen=True)
class Measured:
    """What held-out texts say of a model."""

    loss: float
    """Cross-entropy, weighed as in training."""
    accuracy: float
    """Share of the texts that get their label; with `each`, exactly their labels."""
    macro_f1: float | None
    """Mean F1 of the labels that any text has or was given; None if there is none."""
    macro_recall: float | None
    """Mean over the labels that any text has, of the share of these texts that were given it."""


def even_decision(rule: DecisionRule, labels: int) -> Decision:
    """Return the decision of training: the likeliest label, or each from one half on."""
    if rule == "threshold":
        return Decision(0.5)
    return Decision(None, rule, (0.5,) * labels if rule == "each" else ())


def measure(model: Any, texts: Encoded, rule: DecisionRule) -> Measured:
    """Measure a model on texts with their labels.

    Args:
        model: ids to logits [batch, labels].
        texts: what it is measured on.
        rule: `largest` or `each`.
    """
    found = logits(model, texts.ids)
    losses = cross_entropy(found, texts.labels, rule)
    if texts.weights is not None:
        losses = losses * texts.weights
    decision = even_decision(rule, found.shape[1])
    scores = scores_of(found, rule)
    counts = counts_of(decision.answers(scores), texts.labels, found.shape[1])
    return Measured(
        loss=float(np.mean(losses)),
        accuracy=float(np.mean(decision.right(scores, texts.labels))),
        macro_f1=counts.macro_f1,
        macro_recall=counts.macro_recall,
    )


def cross_entropy(
    logits: npt.NDArray[np.floating], labels: npt.NDArray[Any], rule: DecisionRule
) -> npt.NDArray[np.float64]:
    """Return the loss of each text, or with `each` of each text and label.

    Args:
        logits: floats [texts, labels]; of two labels [texts].
        labels: integers [texts], or bool [texts, labels].
        rule: how a model's logits become labels.

    Returns:
        float64 [texts], or [texts, labels].
    """
    wide = logits.astype(np.float64)
    if rule != "largest":
        return np.asarray(np.logaddexp(0.0, np.where(np.asarray(labels) == 1, -wide, wide)))
    own = np.take_along_axis(wide, np.asarray(labels, np.int64)[:, None], axis=1)[:, 0]
    return np.asarray(np.logaddexp.reduce(wide, axis=1) - own)


def is_better(
    sums: npt.NDArray[np.floating],
    others: npt.NDArray[np.floating],
    labels: npt.NDArray[Any],
    rule: DecisionRule,
    weights: npt.NDArray[np.float32] | None,
) -> bool:
    """Tell whether sums have a smaller loss than others, by more than chance: a standard error.

    Args:
        sums: floats [texts, labels]; of two labels [texts].
        others: likewise.
        labels: integers [texts], or bool [texts, labels].
        rule: how sums become labels.
        weights: how much each text counts, or each label of it; None: all alike.
    """
    gains = cross_entropy(others, labels, rule) - cross_entropy(sums, labels, rule)
    gains = (gains if weights is None else gains * weights).astype(np.float64)
    each = gains if gains.ndim == 1 else gains.mean(axis=1)
    return bool(each.mean() > each.std() / math.sqrt(len(each)))
