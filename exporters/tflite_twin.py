"""A network's Keras 2 twin for the TFLite converter: the layers behind the embedding, unmasked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgernn.cells import CELLS
from edgernn.errors import ExportError
from edgernn.privacy import import_quietly
from exporters.activations import apply
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Embedding,
    MaxPool,
    Network,
    Pool,
    Recurrent,
    Scale,
)
from exporters.rules import no_graph
from exporters.tflite_loops import looped, looped_and_pooled, pools_in_loop
from exporters.tflite_stand_ins import stand_in_of

__all__ = ["build_twin"]


def build_twin(network: Network) -> Any:
    """Return a `tf_keras` model: float32 [1, time, units] of the embedding to [1, 1], the logit."""
    tf = import_quietly("tensorflow")
    tf_keras = import_quietly("tf_keras")

    layers = tf_keras.layers
    table, *others = network.layers
    assert isinstance(table, Embedding)
    width = table.table.shape[1]
    twin = tf_keras.Sequential([layers.InputLayer((None, width), batch_size=1)])
    for place, layer in enumerate(others):
        behind = others[place + 1] if place + 1 < len(others) else None
        if place and pools_in_loop(others[place - 1], layer):
            continue
        weights = []
        match layer:
            case Recurrent() if isinstance(behind, Pool) and pools_in_loop(layer, behind):
                twin.add(
                    layers.Lambda(
                        lambda state, layer=layer, pool=behind: _pooled(
                            tf, pool, state, looped_and_pooled(tf, layer, pool, state)
                        )
                    )
                )
            case Recurrent() if layer.is_loop:
                twin.add(layers.Lambda(lambda state, layer=layer: looped(tf, layer, state)))
            case Recurrent():
                twin.add(_recurrent(layers, layer))
                stands_in = stand_in_of(layer)
                weights = [
                    array if stands_in is None else stands_in.weights(array)
                    for direction in layer.directions
                    for array in (direction.kernel, direction.recurrent_kernel, direction.bias)
                ]
            case Pool():
                twin.add(
                    layers.Lambda(
                        lambda state, layer=layer: _pooled(
                            tf,
                            layer,
                            state,
                            {"max": tf.reduce_max(state, 1), "mean": tf.reduce_mean(state, 1)},
                        )
                    )
                )
            case Dense():
                function = Activation(layer.activation)
                twin.add(
                    layers.Dense(
                        layer.kernel.shape[1],
                        activation=lambda state, function=function: apply(tf, function, state),
                    )
                )
                weights = [layer.kernel, layer.bias]
            case Conv():
                twin.add(layers.Lambda(lambda state, layer=layer: _convolved(tf, layer, state)))
            case MaxPool():
                twin.add(layers.MaxPooling1D(layer.size, layer.stride, layer.padding))
            case Activation():
                twin.add(layers.Lambda(lambda state, layer=layer: apply(tf, layer, state)))
            case Scale():
                twin.add(
                    layers.Lambda(lambda state, layer=layer: state * layer.scale + layer.shift)
                )
        twin.layers[-1].set_weights(weights)
    return twin


@functools.cache
def _hard_sigmoid() -> Any:
    """Return the function of Keras 3; Keras 2 has another of the name.

    It is registered, since Bidirectional makes its layers anew from their settings.
    """
    tf = import_quietly("tensorflow")
    tf_keras = import_quietly("tf_keras")

    @tf_keras.utils.register_keras_serializable(package="edgernn")  # type: ignore[untyped-decorator]
    def hard_sigmoid_of_keras_3(state: Any) -> Any:
        return tf.clip_by_value(state / 6 + 0.5, 0.0, 1.0)

    return hard_sigmoid_of_keras_3


def _recurrent(layers: Any, layer: Recurrent) -> Any:
    settings: dict[str, Any] = {"return_sequences": layer.sequences}
    cell = CELLS[layer.cell]
    if cell.tflite is None:
        raise ExportError(f"tflite: no {layer.cell}: {no_graph('tflite')}")
    if stand_in_of(layer) is not None:
        kind = cell.tflite.stand_in
    else:
        kind = cell.tflite.layer or cell.name
        settings["activation"] = layer.activation
        if cell.has_reset_after:
            settings["reset_after"] = layer.reset_after
        if cell.sigmoid_gates and layer.gates == "hard_sigmoid":
            settings["recurrent_activation"] = _hard_sigmoid()
    if not hasattr(layers, kind):
        raise ExportError(f"tflite: no {layer.cell}: tf_keras has no layer {kind}")
    made = getattr(layers, kind)(layer.units, **settings)
    return layers.Bidirectional(made, merge_mode=layer.merge) if layer.backward else made


def _convolved(tf: Any, layer: Conv, state: Any) -> Any:
    """Convolve [1, time, inputs] as a picture of one row, for which TFLite has dilations."""
    kernel = layer.kernel
    if layer.padding == "causal":
        # With as many zeros behind it, it is the middle of one that looks both ways.
        kernel = np.concatenate([kernel, np.zeros_like(kernel[1:])])
    found = tf.nn.conv2d(
        tf.expand_dims(state, 1),
        kernel[None],
        strides=[1, layer.stride],
        padding="VALID" if layer.padding == "valid" else "SAME",
        dilations=[1, layer.dilation],
    )
    return tf.squeeze(found + layer.bias, 1)


def _pooled(tf: Any, layer: Pool, state: Any, found: Mapping[str, Any]) -> Any:
    """Pool [1, time, features] to [1, parts * features], of the parts' [1, features]."""
    parts = []
    for part in layer.of:
        if part == "mean":
            parts.append(found[part])
            continue
        largest = found[part]
        if layer.padded_length is not None:
            is_short = tf.shape(state)[1] < np.int32(layer.padded_length)
            # Not a `where`, whose operator of 2023 wants more than one number to choose by.
            least = tf.cast(is_short, tf.float32) * tf.nn.relu(-largest)
            largest = largest + least
        parts.append(largest)
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=-1)
