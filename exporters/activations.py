"""Functions of numbers, of operators that both formats have."""

from __future__ import annotations

from typing import Any

import numpy as np

from exporters.network import Activation, Network

__all__ = ["apply", "probabilities"]

# Of Klambauer et al., 2017, as Keras has them.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def apply(tf: Any, layer: Activation, state: Any) -> Any:
    """Return the function of a tensor, in TensorFlow's operators."""
    match layer.function:
        case "linear":
            return state
        case "leaky_relu":
            return tf.nn.leaky_relu(state, layer.slope)
        case "relu6":
            return tf.minimum(tf.nn.relu(state), _array(6.0))
        case "selu":
            below = tf.nn.elu(tf.minimum(state, _array(0.0))) * _array(_SELU_ALPHA)
            return (tf.nn.relu(state) + below) * _array(_SELU_SCALE)
        case "silu":
            return state * tf.sigmoid(state)
        case "softsign":
            return state / (tf.abs(state) + _array(1.0))
        case name:
            return getattr(tf.nn, name)(state)


def probabilities(tf: Any, network: Network, logits: Any) -> Any:
    """Return a tensor of a network's probabilities of its logits, of the same shape."""
    return tf.nn.softmax(logits) if network.head == "softmax" else tf.sigmoid(logits)


def _array(number: float) -> Any:
    """Return a constant as a file may have it: with one dimension."""
    return np.array([number], np.float32)
