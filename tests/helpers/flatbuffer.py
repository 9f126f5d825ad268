"""TFLite files of a test's own making."""

from __future__ import annotations

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def pack(model: schema.ModelT) -> bytes:
    """The file of a model, as LiteRT's own schema writes it."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
