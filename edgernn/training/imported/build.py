"""A fresh Keras model from plain layers and weights: nothing of the person's own file is in it."""

from __future__ import annotations

import dataclasses
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from edgernn.cells import CELLS
from edgernn.errors import MissingPackageError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.text.decision import DecisionRule
from edgernn.training.imported.files import Imported
from edgernn.training.imported.layers import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Layer,
    MaxPool,
    Norm,
    Pool,
    Recurrent,
)
from edgernn.training.layers import custom_layers, recurrent_layer

__all__ = ["build"]

Weights = list[npt.NDArray[np.float32]]

_STEEPER = 0.2 * 6
"""A hard sigmoid of Keras 2, 0.2 x + 0.5, is that of Keras 3, x / 6 + 0.5, of 1.2 x."""


def build(
    imported: Imported, padded_length: int | None = None, rule: DecisionRule = "threshold"
) -> Any:
    """Build the model of a run folder.

    Args:
        imported: layers and weights.
        padded_length: the length that texts were padded to, where a GlobalMaxPooling1D saw zeros
            at the masked steps of shorter ones.
        rule: how what the model gives becomes labels.

    Returns:
        An uncompiled `keras.Sequential`: int32 ids [batch, time] to float32 logits [batch, 1], or
        [batch, labels]. A sigmoid or softmax at the end is left out, but with `threshold` two
        logits become their difference; a missing bias is one of zeros.

    Raises:
        MissingPackageError: TensorFlow is not installed.
    """
    try:
        with held_back():
            keras = import_quietly("keras")
            import_quietly("tensorflow")  # It writes its log when first imported.
    except ImportError as error:
        raise MissingPackageError("tensorflow", "importing a model", "export") from error
    layers = imported.architecture.layers
    *inner, last = layers
    outputs = 1 if rule == "threshold" else imported.architecture.units
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="ids"),
            *(_layer(keras.layers, layer, padded_length) for layer in inner),
            keras.layers.Dense(outputs),
        ],
        name="imported",
    )
    inputs = 0
    for layer, built, weights in zip(layers, model.layers, imported.weights, strict=True):
        adapted = _adapted(layer, inputs, weights)
        built.set_weights(_difference(adapted) if layer is last and outputs == 1 else adapted)
        inputs = layer.outputs(inputs)
    return model


def _layer(layers: Any, layer: Layer, padded_length: int | None) -> Any:
    match layer:
        case Embedding():
            return layers.Embedding(layer.rows, layer.units, mask_zero=layer.mask_zero)
        case Recurrent():
            settings: dict[str, Any] = {"activation": layer.activation}
            if CELLS[layer.cell].sigmoid_gates:
                settings["recurrent_activation"] = layer.gates
            if CELLS[layer.cell].has_reset_after:
                settings["reset_after"] = layer.reset_after
            cell = recurrent_layer(layer.cell)(
                layer.units, return_sequences=layer.sequences, **settings
            )
            if layer.bidirectional:
                return layers.Bidirectional(cell, merge_mode=layer.merge)
            return cell
        case Dense():
            return layers.Dense(layer.units, activation=layer.activation)
        case Conv():
            return layers.Conv1D(
                layer.filters,
                layer.width,
                strides=layer.stride,
                padding=layer.padding,
                dilation_rate=layer.dilation,
            )
        case Norm():
            return layers.BatchNormalization(
                epsilon=layer.epsilon, center=layer.center, scale=layer.scale
            )
        case MaxPool():
            return layers.MaxPooling1D(layer.size, layer.stride, layer.padding)
        case Pool():
            whole = padded_length if layer.of == "max" else None
            return custom_layers().max_mean_pooling((layer.of,), whole)
        case Activation(function="leaky_relu"):
            return layers.LeakyReLU(negative_slope=layer.slope)
        case Activation():
            return layers.Activation(layer.function)
        case _:
            assert_never(layer)


def _adapted(layer: Layer, inputs: int, weights: Weights) -> Weights:
    """Return a layer's weights as the layer that is built in its place has them."""
    if isinstance(layer, Recurrent | Dense | Conv) and not layer.use_bias:
        given = iter(weights)
        weights = [
            np.zeros(array.shape, np.float32) if array.role == "bias" else next(given)
            for array in dataclasses.replace(layer, use_bias=True).arrays(inputs)
        ]
    if isinstance(layer, Recurrent) and layer.steep:
        return [_steeper(layer, array) for array in weights]
    return weights


def _difference(weights: Weights) -> Weights:
    """Return the weights of one logit for those of one, or of two: softmax(a, b)[1] = s(b - a)."""
    if weights[0].shape[-1] == 1:
        return weights
    wide = [array.astype(np.float64) for array in weights]
    return [(array[..., 1:] - array[..., :1]).astype(np.float32) for array in wide]


def _steeper(layer: Recurrent, array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a weight [..., gates * units] for gates of a hard sigmoid of Keras 3."""
    cell = CELLS[layer.cell]
    parts = np.split(array.astype(np.float64), len(cell.gates), axis=-1)
    for gate in cell.sigmoid_places:
        parts[gate] = parts[gate] * _STEEPER
    return np.concatenate(parts, axis=-1).astype(np.float32)
