"""TFLite flatbuffers as objects, to mend what the converter wrote, and back.

The classes are those that `ai-edge-litert` generates from the TFLite schema.
"""

from __future__ import annotations

from typing import Any

import flatbuffers  # type: ignore[import-untyped]

from edgernn.bundle.tflite.schema import IDENTIFIER

__all__ = ["pack", "unpack"]

_ALIGNMENT = 16
"""Bytes that the TFLite schema asks weights to be aligned to."""
_ROOM = 4096


def unpack(flatbuffer: bytes) -> Any:
    """Return the model as a `ModelT`."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer))


def pack(model: Any, size: int) -> bytes:
    """Return a `ModelT` as a flatbuffer.

    Args:
        model: what to write.
        size: about how many bytes it will be.
    """
    builder = _Builder(size + _ROOM)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """Aligns the vectors of bytes, which weights are, as FlatBuffers' Python code does not."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:
        return super().StartVector(elemSize, numElems, _ALIGNMENT if elemSize == 1 else alignment)
