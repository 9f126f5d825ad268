"""What Keras lowers where a teacher's soft labels are learned beside labels, and counts.

The loss of a text is `a H(label, q(1)) + (1 - a) T^2 H(p(T), q(T))`: `H` is the cross-entropy,
`q(T)` the model's probabilities with its logits over the temperature `T`, `p(T)` the teacher's, and
`a` the share of the label. `T^2` keeps the size of the second part's gradients as `T` changes.

Source: "Distilling the knowledge in a neural network" (Hinton, Vinyals and Dean, 2015), section 2.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from edgernn.privacy import import_quietly
from edgernn.text import EVEN
from edgernn.text.decision import DecisionRule

__all__ = [
    "DistillationFunctions",
    "distillation_functions",
    "distillation_loss",
]


class DistillationFunctions(NamedTuple):
    """A loss and functions of targets, as `SoftTargets.of` gives them, and logits."""

    loss: Any
    """Keras class of `(rule, temperature)`."""
    agreement: Any
    """Of two labels: 1 where the logit is on the side of what the target holds likelier, else 0."""
    right_positive: Any
    """Likewise: 1 where it is and that is the second label, else 0."""
    agreement_of_largest: Any
    """Of more labels: 1 where the largest logit is of the likeliest label, else 0."""
    agreement_of_each: Any
    """Of several labels a text: 1 where all are on their sides, else 0."""


def distillation_loss(rule: DecisionRule, temperature: float) -> Any:
    """Return the loss that a model with a decision is compiled with."""
    return distillation_functions().loss(rule=rule, temperature=temperature)


@functools.cache
def distillation_functions() -> DistillationFunctions:
    """Return the functions; Keras knows them by name from then on, to load a checkpoint."""
    keras = import_quietly("keras")

    ops = keras.ops
    register = keras.saving.register_keras_serializable(package="edgernn")

    def log_probabilities(logits: Any, rule: DecisionRule) -> Any:
        """Return those of each outcome, [batch, outcomes]; with `each` over the labels."""
        if rule == "largest":
            return ops.log_softmax(logits, axis=-1)
        both = ops.concatenate([ops.log_sigmoid(-logits), ops.log_sigmoid(logits)], axis=-1)
        return both / logits.shape[-1]

    def combined(targets: Any) -> Any:
        """Return how likely each outcome is by label and teacher together."""
        hard, soft = ops.split(targets, 2, axis=-1)
        return hard + soft

    class DistillationLoss(keras.losses.Loss):  # type: ignore[misc, name-defined]
        def __init__(self, rule: DecisionRule, temperature: float, **others: Any) -> None:
            super().__init__(**others)
            self.rule, self.temperature = rule, temperature

        def call(self, y_true: Any, y_pred: Any) -> Any:
            hard, soft = ops.split(ops.cast(y_true, y_pred.dtype), 2, axis=-1)
            own = ops.sum(hard * log_probabilities(y_pred, self.rule), axis=-1)
            cooled = log_probabilities(y_pred / self.temperature, self.rule)
            return -own - self.temperature**2 * ops.sum(soft * cooled, axis=-1)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "rule": self.rule, "temperature": self.temperature}

    def distilled_agreement(targets: Any, logits: Any) -> Any:
        likely = combined(ops.cast(targets, logits.dtype))
        same = EVEN.called_logits(logits[:, 0]) == (likely[:, 1] > likely[:, 0])
        return ops.cast(same, "float32")

    def distilled_right_positive(targets: Any, logits: Any) -> Any:
        likely = combined(ops.cast(targets, logits.dtype))
        positive = likely[:, 1] > likely[:, 0]
        return ops.cast(ops.logical_and(EVEN.called_logits(logits[:, 0]), positive), "float32")

    def distilled_agreement_of_largest(targets: Any, logits: Any) -> Any:
        likeliest = ops.argmax(combined(targets), axis=-1)
        return ops.cast(ops.equal(ops.argmax(logits, axis=-1), likeliest), "float32")

    def distilled_agreement_of_each(targets: Any, logits: Any) -> Any:
        lacking, having = ops.split(combined(ops.cast(targets, logits.dtype)), 2, axis=-1)
        same = EVEN.called_logits(logits) == (having > lacking)
        return ops.cast(ops.all(same, axis=-1), "float32")

    return DistillationFunctions(
        *map(
            register,
            (
                DistillationLoss,
                distilled_agreement,
                distilled_right_positive,
                distilled_agreement_of_largest,
                distilled_agreement_of_each,
            ),
        )
    )
