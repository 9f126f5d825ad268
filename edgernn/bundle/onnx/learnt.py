"""What an .onnx graph has learnt, whatever tools have made of the graph since.

Optimizers and converters write the same weights in other places, decoded, transposed, under other
names. The digest here is of the numbers alone, so that it tells a graph that was rewritten from one
whose weights were damaged or changed. That the rewritten graph computes the same is for the golden
vectors to show.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edgernn.bundle.onnx.model import Model, Node, Tensor

__all__ = ["learnt_sha256"]

_TYPES: Final = {"FLOAT": "<f4", "FLOAT16": "<f2", "INT8": "i1", "INT32": "<i4", "INT64": "<i8"}
_PLACES: Final = "<i8"
"""Shapes and axes, which tools write as they please."""
_FLOAT: Final = 1
"""Of TensorProto.DataType."""

Values = npt.NDArray[Any]


def learnt_sha256(model: Model) -> str:
    """Return a digest of a graph's weights and of the integers that it computes with.

    It is the SHA-256, in hexadecimal, of the sorted digests of all constants that operators take,
    each counted once, int64 ones apart, weights decoded to float32. That of a constant is the
    SHA-256 of its bytes, of two that of its axes turned round whichever is the lower.

    Args:
        model: a file that `check_structure` has let through, or that is to be compared with one.
    """
    known = {tensor.name: _values(tensor) for tensor in model.graph.initializers}
    used: dict[str, Values] = {}
    for node in model.graph.nodes:
        given = [known.get(name) for name in node.inputs]
        decoded = _decoded(node, given)
        if decoded is not None:
            known[node.outputs[0]] = decoded
            continue
        used |= {n: v for n, v in zip(node.inputs, given, strict=True) if v is not None}
    digests = {_digest(values) for values in used.values() if values.dtype != _PLACES}
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _values(tensor: Tensor) -> Values | None:
    kind = _TYPES.get(tensor.element_type)
    if kind is None:
        return None
    try:
        return np.frombuffer(tensor.raw_data, kind).reshape(tensor.dims)
    except ValueError:  # not as many bytes as the shape asks for
        return None


def _decoded(node: Node, given: list[Values | None]) -> Values | None:
    """Return what an operator makes of weights alone, None of one that does something else."""
    weights = [values for values in given if values is not None]
    if len(weights) < len(given) or not weights:
        return None
    to = [attribute.integer for attribute in node.attributes if attribute.name == "to"]
    if node.op_type == "Cast" and to == [_FLOAT]:
        return weights[0].astype(np.float32)
    if node.op_type == "Mul" and _is_scale(weights):
        return weights[0] * weights[1]
    if node.op_type == "Reshape" and weights[1].size <= 3 and weights[1].dtype == _PLACES:
        try:
            return weights[0].reshape([int(size) for size in weights[1]])
        except ValueError:
            return None
    return None


def _is_scale(weights: list[Values]) -> bool:
    """Tell whether the second is one number for each row or column of the first."""
    one, other = weights
    return one.ndim == other.ndim and all(
        b in (1, a) for a, b in zip(one.shape, other.shape, strict=True)
    )


def _digest(values: Values) -> str:
    sides = [values] if values.ndim < 2 else [values, values.swapaxes(-1, -2)]
    return min(hashlib.sha256(np.ascontiguousarray(side).tobytes()).hexdigest() for side in sides)
