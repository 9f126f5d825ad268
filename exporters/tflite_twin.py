"""A network's Keras 2 twin for the TFLite converter: the layers behind the embedding, unmasked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
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
    Layer,
    MaxPool,
    Network,
    Pool,
    Recurrent,
    Scale,
)
from exporters.rules import no_graph
from exporters.tflite_loops import looped, looped_and_pooled, pools_in_loop
from exporters.tflite_stand_ins import stand_in_of

__all__ = ["Twin", "build_twin"]


@dataclass(frozen=True)
class Twin:
    """Layers of `tf_keras`, built; as a model, each would be traced once more than it is called."""

    layers: tuple[Any, ...]

    def __call__(self, state: Any) -> Any:
        """Turn float32 [1, time, units] of the embedding into [1, outputs], the logits."""
        for layer in self.layers:
            state = layer(state)
        return state

    @property
    def variables(self) -> list[Any]:
        """The layers' weights."""
        return [variable for layer in self.layers for variable in layer.variables]


def build_twin(network: Network) -> Twin:
    """Return the twin of the layers behind a network's embedding."""
    tf = import_quietly("tensorflow")
    layers = import_quietly("tf_keras").layers

    table, *others = network.layers
    assert isinstance(table, Embedding)
    found = []
    for place, layer in enumerate(others):
        if place and pools_in_loop(others[place - 1], layer):
            continue
        behind = others[place + 1] if place + 1 < len(others) else None
        found.append(_built(tf, layers, layer, behind))
    return Twin(tuple(found))


def _built(tf: Any, layers: Any, layer: Layer, behind: Layer | None) -> Any:
    """Return the layer of `tf_keras`, with its weights; one that pools in its loop does both."""
    match layer:
        case Recurrent() if isinstance(behind, Pool) and pools_in_loop(layer, behind):
            return layers.Lambda(
                lambda state: _pooled(
                    tf, behind, state, looped_and_pooled(tf, layer, behind, state)
                )
            )
        case Recurrent() if layer.is_loop:
            return layers.Lambda(lambda state: looped(tf, layer, state))
        case Recurrent():
            made = _recurrent(layers, layer)
            stands_in = stand_in_of(layer)
            width = len(layer.forward.kernel)
            weights = [
                array if stands_in is None else stands_in.weights(array)
                for direction in layer.directions
                for array in (direction.kernel, direction.recurrent_kernel, direction.bias)
            ]
        case Dense():
            function = Activation(layer.activation)
            made = layers.Dense(
                layer.kernel.shape[1], activation=lambda state: apply(tf, function, state)
            )
            width, weights = len(layer.kernel), [layer.kernel, layer.bias]
        case Pool():
            return layers.Lambda(
                lambda state: _pooled(
                    tf,
                    layer,
                    state,
                    {"max": tf.reduce_max(state, 1), "mean": tf.reduce_mean(state, 1)},
                )
            )
        case Conv():
            return layers.Lambda(lambda state: _convolved(tf, layer, state))
        case MaxPool():
            return layers.MaxPooling1D(layer.size, layer.stride, layer.padding)
        case Activation():
            return layers.Lambda(lambda state: apply(tf, layer, state))
        case Scale():
            return layers.Lambda(lambda state: state * layer.scale + layer.shift)
        case _:
            raise TypeError(f"no layer behind an embedding: {type(layer).__name__}")
    made.build((1, None, width))
    made.set_weights(weights)
    return made


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
