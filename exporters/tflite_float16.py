"""An embedding as float16 in TFLite: rows are looked up as they are stored, and decoded then.

The converter's own float16 decodes every constant once, whole tables too, and keeps the result. In
tflite-runtime 2.14 (2023) with its default delegate, XNNPACK, the result is lost when an
interpreter is resized: scores came out 0.5 to 0.98 off; TensorFlow Lite 2.15 and later are right.
So only what is looked up is decoded, at each call, which any of them does right. `GATHER` knows no
float16 in 2023: the table is stored as int16 of the same bits, and a `BITCAST` stands behind it.

All other weights stay float32. Decoded likewise, at each call, they cost 0.13 ms where 10 tokens
take 0.10 ms (an LSTM of 128 units, one thread, x86), for a file that is a tenth smaller.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exporters.network import Weights
from exporters.tflite_flatbuffer import pack, unpack

__all__ = ["decode_rows", "halves"]

_FLOAT16_TO_FLOAT32 = 3
"""The version of `DEQUANTIZE` that takes float16."""


def halves(table: Weights) -> npt.NDArray[np.int16]:
    """Return a table's float16 values as int16 of the same bits."""
    return table.astype(np.float16).view(np.int16)


def decode_rows(flatbuffer: bytes) -> bytes:
    """Turn casts of float16 behind a lookup into `DEQUANTIZE`, which decodes it in 2023 too.

    Args:
        flatbuffer: a converted model; its other casts stay.
    """
    from ai_edge_litert import schema_py_generated as schema

    cast, float16 = schema.BuiltinOperator.CAST, schema.TensorType.FLOAT16
    model = unpack(flatbuffer)
    (place,) = [i for i, code in enumerate(model.operatorCodes) if code.builtinCode == cast]
    casts = [
        (operator, graph.tensors[operator.inputs[0]].type == float16)
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.opcodeIndex == place
    ]
    if not all(decodes for _, decodes in casts):
        model.operatorCodes.append(schema.OperatorCodeT())
        for operator, decodes in casts:
            if decodes:
                operator.opcodeIndex = len(model.operatorCodes) - 1
        place = len(model.operatorCodes) - 1
    code = model.operatorCodes[place]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = _FLOAT16_TO_FLOAT32
    return pack(model, len(flatbuffer))
