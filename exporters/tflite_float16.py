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
    """Turn the cast behind a lookup into `DEQUANTIZE`, which decodes float16 in 2023 too.

    Args:
        flatbuffer: a converted model whose one `CAST` takes float16.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(flatbuffer)
    for code in model.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.CAST:
            code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
            code.version = _FLOAT16_TO_FLOAT32
    return pack(model, len(flatbuffer))
