"""From a network to a TFLite file: a Keras 2 twin with the same weights, unmasked.

Keras 3's LSTM converts but fails when run; the twin in `tf_keras` becomes one fused
`UNIDIRECTIONAL_SEQUENCE_LSTM` a direction. A SimpleRNN becomes one `UNIDIRECTIONAL_SEQUENCE_RNN` a
direction, see `tflite_simple_rnn`. TFLite has no GRU: its twin becomes one `WHILE` a direction,
with builtin operators inside. TFLite's recurrent operators know no mask, so the graph takes batch 1
at a text's true length and sees no padding at all: the time axis stays dynamic.

The fused operators keep their state in variables between calls: a runtime resets them before each.
The state of a `WHILE` starts at zero by itself.

A loop of our own for the GRU, with the input's product of all steps before it, was 5 to 19 % faster
than the twin's at 32 and 64 units (one thread, x86) and no smaller, which does not pay for writing
the GRU a second time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from edgernn.native_logs import held_back
from exporters.network import Dense, Embedding, Network, Recurrent, Weights
from exporters.row_scales import is_mostly_embedding, quantize_rows
from exporters.tflite_simple_rnn import four_gates, fuse

__all__ = ["convert"]

# From the TFLite schema: the union member UnidirectionalSequenceLSTMOptions of BuiltinOptions, and
# where the table's vtable says whether and where its second field, `cell_clip`, stands.
_LSTM_OPTIONS = 71
_CELL_CLIP_FIELD = 6


def convert(network: Network, precision: str) -> bytes:
    """Build the TFLite model of a network.

    Args:
        network: what to convert.
        precision: `float32`; `float16` stores weights as float16; `int8` is dynamic-range
            quantization (int8 weights, activations quantized at run time, one text at a time), or
            int8 rows of the embedding alone where that is most of the network.

    Returns:
        The flatbuffer: input `ids` int32 [1, time], output `probability` float32 [1].
    """
    with held_back():
        return _convert(network, precision)


def _convert(network: Network, precision: str) -> bytes:
    import tensorflow as tf

    table, twin = network.layers[0], _twin(network)
    assert isinstance(table, Embedding)
    row_scales = precision == "int8" and _is_mostly_embedding(network)
    looked_up = _lookup(tf, table.table, row_scales)

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32, name="ids")], autograph=False)  # type: ignore[untyped-decorator]
    def score(ids: Any) -> dict[str, Any]:
        logit = twin(looked_up(ids), training=False)
        return {"probability": tf.reshape(tf.sigmoid(logit), [1])}

    module = tf.Module()
    # Not the twin itself: saving a Keras model traces it all over again, for most of a minute.
    module.weights = twin.variables
    module.score = score
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [score.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    # A loop that returns sequences writes each state in its place; otherwise it cuts the sequence
    # in two and joins it again at each step, which takes twice the time.
    converter._experimental_enable_dynamic_update_slice = True
    if precision != "float32" and not row_scales:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        # Scales a channel in dense layers give FULLY_CONNECTED version 12, which the
        # interpreters of 2023 refuse.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return fuse(_without_cell_clip(converter.convert()), network)


def _is_mostly_embedding(network: Network) -> bool:
    sizes = [
        [array.size for array in vars(part).values() if isinstance(array, np.ndarray)]
        for layer in network.layers
        for part in (layer.directions if isinstance(layer, Recurrent) else [layer])
    ]
    return is_mostly_embedding(sum(sizes[0]), sum(map(sum, sizes[1:])))


def _lookup(tf: Any, table: Weights, row_scales: bool) -> Callable[[Any], Any]:
    """Return the embedding as a function from ids [1, time] to vectors [1, time, units].

    The converter itself would give an int8 table one scale in all.
    """
    if not row_scales:
        return lambda ids: tf.nn.embedding_lookup(table, ids)
    rows, sizes, step = quantize_rows(table)

    def looked_up(ids: Any) -> Any:
        scales = tf.cast(tf.gather(sizes, ids), tf.float32) * step
        return tf.cast(tf.gather(rows, ids), tf.float32) * scales

    return looked_up


def _without_cell_clip(flatbuffer: bytes) -> bytes:
    """Take away the bound of 10 that the converter puts on every fused LSTM's cell state.

    Keras has none, and a trained cell that counts along a long text goes beyond it.
    """
    from ai_edge_litert import schema_py_generated as schema

    patched = bytearray(flatbuffer)
    model = schema.Model.GetRootAs(patched)
    for i in range(model.SubgraphsLength()):
        graph = model.Subgraphs(i)
        for j in range(graph.OperatorsLength()):
            operator = graph.Operators(j)
            if operator.BuiltinOptionsType() != _LSTM_OPTIONS:
                continue
            options = operator.BuiltinOptions()
            place = options.Offset(_CELL_CLIP_FIELD)
            if place:
                struct.pack_into("<f", patched, options.Pos + place, 0.0)
    return bytes(patched)


def _twin(network: Network) -> Any:
    import tf_keras

    layers = tf_keras.layers
    table, *others = network.layers
    assert isinstance(table, Embedding)
    width = table.table.shape[1]
    twin = tf_keras.Sequential([layers.InputLayer((None, width), batch_size=1)])
    for layer in others:
        match layer:
            case Recurrent():
                if layer.cell == "GRU":
                    cell = layers.GRU(
                        layer.units,
                        return_sequences=layer.sequences,
                        reset_after=layer.reset_after,
                    )
                else:
                    cell = layers.LSTM(layer.units, return_sequences=layer.sequences)
                twin.add(layers.Bidirectional(cell) if layer.backward else cell)
                weights = [
                    four_gates(array) if layer.cell == "SimpleRNN" else array
                    for direction in layer.directions
                    for array in (direction.kernel, direction.recurrent_kernel, direction.bias)
                ]
            case Dense():
                twin.add(layers.Dense(layer.kernel.shape[1], activation=layer.activation))
                weights = [layer.kernel, layer.bias]
        twin.layers[-1].set_weights(weights)
    return twin
