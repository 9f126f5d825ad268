"""What Keras lowers while it trains, and counts: texts that get their label."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, Protocol

from edgernn.privacy import import_quietly
from edgernn.text import EVEN
from edgernn.text.decision import DecisionRule

__all__ = [
    "RIGHT_POSITIVES",
    "Agreements",
    "CountingFunctions",
    "counting_functions",
    "loss",
    "metrics",
]

RIGHT_POSITIVES = "right_positives"
"""Name of the metric that is the share of all texts that are positive and called so."""


class CountingFunctions(NamedTuple):
    """Functions of labels and logits that give a number a text, or one a text and label."""

    agreement: Any
    """Of two labels, [batch, 1] each: 1 where the logit is on the side of the label, or likelier
    one, else 0."""
    right_positive: Any
    """Likewise: 1 where it is and the label is the positive one, else 0."""
    agreement_of_largest: Any
    """Of labels' numbers [batch, 1] and logits [batch, labels]: 1 where that label's logit is the
    largest, else 0."""
    agreement_of_each: Any
    """Of labels and logits [batch, labels]: 1 where all labels are on their sides, else 0."""
    loss_of_each: Any
    """Likewise: binary cross-entropy of each label, [batch, labels], for weights of that shape."""


def loss(rule: DecisionRule) -> Any:
    """Return the loss that a model with a decision is compiled with; it takes logits."""
    keras = import_quietly("keras")

    if rule == "threshold":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    if rule == "largest":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return counting_functions().loss_of_each


class Agreements(Protocol):
    """What tells whether a text gets its label, in the three forms that labels have."""

    @property
    def agreement(self) -> Any:
        """Of two labels: 1 where the logit is on the right side, else 0."""

    @property
    def right_positive(self) -> Any:
        """Likewise: 1 where it is and that is the second label, else 0."""

    @property
    def agreement_of_largest(self) -> Any:
        """Of more labels: 1 where the largest logit is the right label's, else 0."""

    @property
    def agreement_of_each(self) -> Any:
        """Of several labels a text: 1 where all are on their sides, else 0."""


def metrics(rule: DecisionRule = "threshold", functions: Agreements | None = None) -> list[Any]:
    """Return the metrics of a model: `accuracy`, and of two labels `RIGHT_POSITIVES`.

    Args:
        rule: how a model's logits become labels.
        functions: of the targets that it learns; None: those of labels.
    """
    keras = import_quietly("keras")

    functions = functions or counting_functions()
    wrapper = keras.metrics.MeanMetricWrapper
    if rule == "largest":
        return [wrapper(functions.agreement_of_largest, name="accuracy")]
    if rule == "each":
        return [wrapper(functions.agreement_of_each, name="accuracy")]
    return [
        wrapper(functions.agreement, name="accuracy"),
        wrapper(functions.right_positive, name=RIGHT_POSITIVES),
    ]


@functools.cache
def counting_functions() -> CountingFunctions:
    """Return the functions; Keras knows them by name from then on, to load a checkpoint."""
    keras = import_quietly("keras")

    ops = keras.ops

    def agreement(labels: Any, logits: Any) -> Any:
        true = ops.cast(labels, logits.dtype)
        same = EVEN.called_logits(logits) == (true > 0.5)
        return ops.mean(ops.cast(same, "float32"), axis=-1)

    def right_positive(labels: Any, logits: Any) -> Any:
        true = ops.cast(labels, logits.dtype)
        both = ops.logical_and(EVEN.called_logits(logits), true > 0.5)
        return ops.mean(ops.cast(both, "float32"), axis=-1)

    def agreement_of_largest(labels: Any, logits: Any) -> Any:
        true = ops.cast(ops.squeeze(labels, axis=-1), "int32")
        return ops.cast(ops.equal(ops.argmax(logits, axis=-1), true), "float32")

    def agreement_of_each(labels: Any, logits: Any) -> Any:
        true = ops.cast(labels, logits.dtype)
        same = EVEN.called_logits(logits) == (true > 0.5)
        return ops.cast(ops.all(same, axis=-1), "float32")

    def loss_of_each(labels: Any, logits: Any) -> Any:
        true = ops.cast(labels, logits.dtype)
        return ops.binary_crossentropy(true, logits, from_logits=True)

    register = keras.saving.register_keras_serializable(package="edgernn")
    return CountingFunctions(
        *map(
            register,
            (agreement, right_positive, agreement_of_largest, agreement_of_each, loss_of_each),
        )
    )
