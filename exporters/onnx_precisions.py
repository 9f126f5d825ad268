"""ONNX graphs in each precision of `exporters.rules`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgernn.errors import ExportError
from exporters import onnx_dynamic, onnx_weights

__all__ = ["STORES", "store"]

STORES: dict[str, Callable[[Any], Any]] = {
    "float32": lambda model: model,
    "float16": onnx_weights.store_float16,
    "int8-embedding": onnx_weights.store_embedding,
    "int8": onnx_weights.store_int8,
    "int8-dynamic": onnx_dynamic.quantize,
}
"""What makes a float32 `onnx.ModelProto` one of a precision, and leaves it as it is."""


def store(model: Any, precision: str) -> Any:
    """Return a float32 model in one of the precisions of `exporters.rules`.

    Args:
        model: an `onnx.ModelProto`; it is left as it is.
        precision: its name.

    Raises:
        ExportError: no weight is large enough to be stored smaller, or nothing stores weights so.
    """
    if precision not in STORES:
        raise ExportError(f"onnx {precision}: exporters/onnx_precisions.py has no entry for it")
    stored = STORES[precision](model)
    if precision != "float32" and stored == model:
        raise ExportError(f"onnx {precision}: every layer is too small to be stored smaller")
    return stored
