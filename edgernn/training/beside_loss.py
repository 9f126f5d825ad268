"""What Keras lowers where a model's logit is added to another model's, and counts.

The other's logit stands beside the label in a target, and does not change. So the layers learn what
the other leaves over (boosting with an offset: Friedman, Greedy function approximation, 2001).
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from edgernn.privacy import import_quietly
from edgernn.training.keras_metrics import counting_functions

__all__ = ["BesideFunctions", "beside_functions"]


class BesideFunctions(NamedTuple):
    """Functions of targets [batch, 2], label and the other's logit, and logits [batch, 1]."""

    loss: Any
    """Binary cross-entropy of the sum."""
    agreement: Any
    """1 where the sum is on the side of the label, or likelier one, else 0."""
    right_positive: Any
    """1 where it is and the label is the positive one, else 0."""
    agreement_of_largest: Any = None
    agreement_of_each: Any = None


@functools.cache
def beside_functions() -> BesideFunctions:
    """Return the functions; Keras knows them by name from then on, to load a checkpoint."""
    keras = import_quietly("keras")

    ops, of_labels = keras.ops, counting_functions()
    register = keras.saving.register_keras_serializable(package="edgernn")

    def both(targets: Any, logits: Any) -> tuple[Any, Any]:
        labels, others = ops.split(ops.cast(targets, logits.dtype), 2, axis=-1)
        return labels, logits + others

    def loss_beside(targets: Any, logits: Any) -> Any:
        return ops.squeeze(of_labels.loss_of_each(*both(targets, logits)), axis=-1)

    def agreement_beside(targets: Any, logits: Any) -> Any:
        return of_labels.agreement(*both(targets, logits))

    def right_positive_beside(targets: Any, logits: Any) -> Any:
        return of_labels.right_positive(*both(targets, logits))

    return BesideFunctions(*map(register, (loss_beside, agreement_beside, right_positive_beside)))
