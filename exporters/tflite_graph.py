"""From a network to a TFLite file: a Keras 2 twin with the same weights, unmasked.

LSTM and SimpleRNN layers that are to be loops become one `WHILE` a direction, see `tflite_loops`;
`Network.as_loops` marks them. Otherwise: Keras 3's LSTM converts but fails when run; the twin in
`tf_keras` becomes one fused `UNIDIRECTIONAL_SEQUENCE_LSTM` a direction. A SimpleRNN becomes one
`UNIDIRECTIONAL_SEQUENCE_RNN` a direction, see `tflite_stand_ins`. TFLite has no GRU: its twin
becomes one `WHILE` a direction, with builtin operators inside, and so do layers of other
activations than tanh with sigmoid gates.
TFLite's recurrent operators know no mask, so the graph takes batch 1
at a text's true length and sees no padding at all: the time axis stays dynamic.

The fused operators keep their state in variables between calls: a runtime resets them before each.
The state of a `WHILE` starts at zero by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle.messages import one_line
from edgernn.bundle.tflite.schema import BuiltinOptions, LSTMOptions
from edgernn.errors import ExportError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly, without_compiled_files
from exporters import tflite_float16, tflite_integer
from exporters.activations import probabilities
from exporters.network import Conv, Embedding, Layer, Network, NgramVectors, Recurrent, Weights
from exporters.row_scales import is_mostly_embedding, quantize_rows
from exporters.tflite_flatbuffer import unpack
from exporters.tflite_ngrams import ngram_logits
from exporters.tflite_stand_ins import fuse
from exporters.tflite_twin import build_twin

__all__ = ["convert"]

_CELL_CLIP_FIELD = 4 + 2 * LSTMOptions.CELL_CLIP
"""Where the vtable of an LSTM's options says whether and where the field stands."""


def convert(
    network: Network,
    precision: str,
    representative: Sequence[npt.NDArray[np.int32]] = (),
    *,
    newer: bool = False,
) -> bytes:
    """Build the TFLite model of a network.

    Args:
        network: what to convert.
        precision: one that `exporters.rules` has for TFLite.
        representative: int32 [tokens] of each text that the ranges of activations are taken from,
            for a precision that needs them.
        newer: whether the file need not run on tflite-runtime 2.14: float16 is then for all
            weights, as the converter stores them.

    Returns:
        The flatbuffer: input `ids` int32 [1, time], output `probability` float32 [1], or of several
        logits `probabilities` float32 [1, labels].

    Raises:
        ExportError: the converter refuses the network in that precision.
    """
    with held_back(), without_compiled_files():
        return _convert(network, precision, representative, newer)


def _convert(
    network: Network, precision: str, representative: Sequence[npt.NDArray[np.int32]], newer: bool
) -> bytes:
    tf = import_quietly("tensorflow")
    ConverterError = import_quietly("tensorflow.lite.python.convert").ConverterError

    twin = build_twin(network)
    if precision == "int8" and _is_mostly_embedding(network):
        precision = "int8-embedding"
    whole_float16 = precision == "float16" and newer
    stored = "float32" if whole_float16 else precision
    looked_up = _lookup(tf, network, stored)
    hashed = None if network.ngrams is None else ngram_logits(tf, network.ngrams, stored)
    is_integer = precision in tflite_integer.PRECISIONS
    softmax_behind = is_integer and network.head == "softmax"

    @tf.function(input_signature=[tf.TensorSpec((1, None), tf.int32, name="ids")], autograph=False)  # type: ignore[untyped-decorator]
    def score(ids: Any) -> dict[str, Any]:
        logits = twin(looked_up(ids))
        if network.outputs > 1:
            if hashed is not None:
                logits += hashed(ids)
            return {
                "probabilities": logits if softmax_behind else probabilities(tf, network, logits)
            }
        if hashed is not None:
            if isinstance(network.ngrams, NgramVectors):
                # A reshape behind it would make a product of vectors, which no reader knows.
                return {"probability": tf.reshape(tf.sigmoid(logits + hashed(ids)), [1])}
            return {"probability": tf.sigmoid(tf.reshape(logits, [1]) + hashed(ids))}
        return {"probability": tf.reshape(tf.sigmoid(logits), [1])}

    module = tf.Module()
    # Neither the twin itself, since saving a Keras model traces it all over again, for most of a
    # minute, nor `score`, which would be traced a second time.
    module.weights = twin.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [score.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    # A loop that returns sequences writes each state in its place; otherwise it cuts the sequence
    # in two and joins it again at each step, which takes twice the time.
    converter._experimental_enable_dynamic_update_slice = True
    if precision == "int8" or whole_float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if whole_float16:
        converter.target_spec.supported_types = [tf.float16]
    if is_integer:
        tflite_integer.set_up(converter, precision, representative)
    # Scales a channel in dense layers give FULLY_CONNECTED version 12, which the interpreters of
    # 2023 refuse.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    try:
        converted: bytes = converter.convert()
    except (ConverterError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ExportError(
            f"tflite {precision}: the converter refuses: {one_line(reason)}"
        ) from error
    if precision == "float16" and not newer:
        converted = tflite_float16.decode_rows(converted)
    if is_integer:
        converted = tflite_integer.mend(converted, precision)
    if softmax_behind:
        converted = tflite_integer.add_softmax(converted)
    # A table of n-grams has its scales beside it.
    if precision == "int8" and network.ngrams is None and not _has_scales(converted):
        raise ExportError(
            "tflite int8: the converter leaves weights of fewer than 1,024 numbers float32, which "
            "all layers but the embedding have; there is int8-embedding"
        )
    return fuse(_without_cell_clip(converted), network)


def _has_scales(flatbuffer: bytes) -> bool:
    """Tell whether the converter quantized anything; an embedding has its scales beside it."""
    tensors = [tensor for graph in unpack(flatbuffer).subgraphs for tensor in graph.tensors]
    return any(t.quantization is not None and t.quantization.scale is not None for t in tensors)


def _is_mostly_embedding(network: Network) -> bool:
    if network.ngrams is not None:
        return False
    sizes = [
        [array.size for array in vars(part).values() if isinstance(array, np.ndarray)]
        for layer in network.layers
        for part in (layer.directions if isinstance(layer, Recurrent) else [layer])
    ]
    return is_mostly_embedding(sum(sizes[0]), sum(map(sum, sizes[1:])))


def _lookup(tf: Any, network: Network, precision: str) -> Callable[[Any], Any]:
    """Return the embedding as a function from ids [1, time] to vectors [1, time, units].

    The converter itself would decode a whole float16 table, and give an int8 table one scale: an
    LSTM of 128 units came out 0.025 off in probability, and 0.010 with a scale for each row.
    """
    embedding, reader, *_ = network.layers
    assert isinstance(embedding, Embedding)
    table = embedding.table
    if precision == "float16":
        stored = tflite_float16.halves(table)
        return lambda ids: tf.cast(tf.bitcast(tf.gather(stored, ids), tf.float16), tf.float32)
    if precision not in ("int8", "int8-embedding"):
        return lambda ids: tf.nn.embedding_lookup(table, ids)
    rows, sizes, step = quantize_rows(table, _read_by(reader))

    def looked_up(ids: Any) -> Any:
        scales = tf.cast(tf.gather(sizes, ids), tf.float32) * step
        return tf.cast(tf.gather(rows, ids), tf.float32) * scales

    return looked_up


def _read_by(reader: Layer) -> Weights | None:
    """Return the kernel [units, outputs] that multiplies the embedding; None where none does."""
    match reader:
        case Recurrent():
            return np.concatenate([direction.kernel for direction in reader.directions], axis=1)
        case Conv():
            return np.concatenate(list(reader.kernel), axis=1)
        case _:
            return None


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
            if operator.BuiltinOptionsType() != BuiltinOptions.UNIDIRECTIONAL_SEQUENCE_LSTM:
                continue
            options = operator.BuiltinOptions()
            place = options.Offset(_CELL_CLIP_FIELD)
            if place:
                struct.pack_into("<f", patched, options.Pos + place, 0.0)
    return bytes(patched)
