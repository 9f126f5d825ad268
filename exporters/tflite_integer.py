"""TFLite graphs that compute in integers, with ranges taken from texts.

The converter runs representative texts and gives each tensor a scale. For a bidirectional LSTM it
then gives the outputs of both directions one scale, which their concatenation needs, and forgets
the states that they are computed from: the integer kernel takes the state of the last token for the
output's, and reads it with another scale. Scores came out 0.2 to 0.6 off; mended, 0.02 to 0.09.

A softmax in integers gives 256 steps of probability: of many labels most come out zero, several are
the largest, and they do not add up to one. So it is computed in float32, behind the logits.

Source: TFLite's `unidirectional_sequence_lstm.cc`: inputs, intermediates, and which of their scales
the integer kernel uses.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.errors import ExportError
from edgernn.privacy import import_quietly
from exporters.tflite_flatbuffer import pack, unpack

__all__ = ["PRECISIONS", "add_softmax", "mend", "set_up"]

PRECISIONS = frozenset({"int8-full", "int16x8"})
"""Those of TFLite's precisions whose activations are integers from the embedding to the logits."""

# Of the LSTM operator: the input that is its state, and the intermediate that stands for the output
# before a projection.
_STATE = 18
_HIDDEN = 4


def set_up(converter: Any, precision: str, representative: Sequence[npt.NDArray[np.int32]]) -> None:
    """Have a converter write integer operators alone.

    Args:
        converter: a `tf.lite.TFLiteConverter`.
        precision: one of `PRECISIONS`.
        representative: int32 [tokens] of each text to take ranges from, at least one.
    """
    tf = import_quietly("tensorflow")

    sets = tf.lite.OpsSet
    operators = {
        "int8-full": sets.TFLITE_BUILTINS_INT8,
        "int16x8": sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
    }

    def texts() -> Iterator[list[npt.NDArray[np.int32]]]:
        for ids in representative:
            yield [ids[None]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [operators[precision]]
    converter.representative_dataset = texts


def mend(flatbuffer: bytes, precision: str) -> bytes:
    """Give each LSTM's state the scale of its output, and make sure that no layer stayed float32.

    Args:
        flatbuffer: what the converter wrote.
        precision: one of `PRECISIONS`.

    Raises:
        ExportError: a layer did.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(flatbuffer)
    (graph, *loops) = model.subgraphs
    places = {
        place for operator in graph.operators for place in (*operator.inputs, *operator.outputs)
    }
    floats = [p for p in places if p >= 0 and graph.tensors[p].type == schema.TensorType.FLOAT32]
    if loops or floats != list(graph.outputs):
        raise ExportError(f"tflite {precision}: the converter left a layer in float32")
    for operator in graph.operators:
        if operator.builtinOptionsType != schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions:
            continue
        scale = graph.tensors[operator.outputs[0]].quantization
        for place in (operator.inputs[_STATE], operator.intermediates[_HIDDEN]):
            graph.tensors[place].quantization.scale = scale.scale
            graph.tensors[place].quantization.zeroPoint = scale.zeroPoint
    return pack(model, len(flatbuffer))


def add_softmax(flatbuffer: bytes) -> bytes:
    """Put a softmax in float32 behind the output of a graph, float32 [1, labels]."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(flatbuffer)
    (graph,) = model.subgraphs
    (logits,) = graph.outputs
    made = copy.copy(graph.tensors[logits])
    graph.tensors[logits].name = b"logits"
    place = len(graph.tensors)
    graph.tensors.append(made)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
    code.version = 1
    model.operatorCodes.append(code)
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    softmax = schema.OperatorT()
    softmax.opcodeIndex = len(model.operatorCodes) - 1
    softmax.inputs, softmax.outputs = [logits], [place]
    softmax.builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
    softmax.builtinOptions = options
    graph.operators.append(softmax)
    graph.outputs = [place]
    for signature in model.signatureDefs:
        (output,) = signature.outputs
        output.tensorIndex = place
    return pack(model, len(flatbuffer))
