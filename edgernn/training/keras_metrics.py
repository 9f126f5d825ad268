"""What Keras counts while it trains and measures: texts on the side of their label."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from edgernn.privacy import import_quietly
from edgernn.text import EVEN

__all__ = ["RIGHT_POSITIVES", "CountingFunctions", "counting_functions", "metrics"]

RIGHT_POSITIVES = "right_positives"
"""Name of the metric that is the share of all texts that are positive and called so."""


class CountingFunctions(NamedTuple):
    """Functions of labels and logits, [batch, 1] each, that give a number a text."""

    agreement: Any
    """1 where the logit is on the side of the label, or likelier one, else 0."""
    right_positive: Any
    """1 where it is and the label is the positive one, else 0."""


def metrics() -> list[Any]:
    """Return the metrics that a model is compiled with: `accuracy` and `RIGHT_POSITIVES`."""
    keras = import_quietly("keras")

    functions = counting_functions()
    wrapper = keras.metrics.MeanMetricWrapper
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

    register = keras.saving.register_keras_serializable(package="edgernn")
    return CountingFunctions(register(agreement), register(right_positive))
