"""Smaller ONNX files: weights stored as float16 or int8, arithmetic in float32.

Only the weights are quantized, each channel with its own scale, and turned back by a `Cast`, and a
`Mul` by the scale, that a runtime folds away when it loads the file; an embedding's rows are turned
back as they are looked up. `DequantizeLinear` would say the same in one operator, and be taken for
leave to quantize what the weight is multiplied by: ONNX Runtime 1.31 and OpenVINO do so. Unlike
dynamic quantization of the activations (`exporters.onnx_dynamic`), whose scale is taken over the
whole batch, the score of a text stays independent of the other texts in its batch, and the
recurrent operators stay ones that every execution provider has.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle.onnx.forms import IDS
from edgernn.cells import CELLS
from exporters.ngram_table import quantize_table
from exporters.row_scales import is_mostly_embedding, quantize_rows

__all__ = [
    "quantize",
    "store_embedding",
    "store_float16",
    "store_int8",
    "store_products",
]

# Which inputs of which operators are weights worth storing smaller, and along which axis of the
# weight its channels lie; `_weights` adds recurrent ones. Biases are few and stay float32.
_WEIGHTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Gather": ((0, 1),),
    "MatMul": ((1, 1),),
    # A lookup in a table of numbers.
    "n-grams": ((0, 0),),
    # A lookup in a table of vectors, by other numbers than a text's ids.
    "n-gram vectors": ((0, 1),),
}
_HASHED = frozenset({"n-grams", "n-gram vectors"})
_INT8 = 3
"""Of TensorProto.DataType."""
_SMALLEST = 256
"""Fewer numbers than this are not worth a node."""


def _weights() -> Mapping[str, tuple[tuple[int, int], ...]]:
    cells = (cell.onnx.operator for cell in CELLS.values() if cell.onnx is not None)
    # [directions, gates, inputs]
    return {**_WEIGHTS, **{one.name: tuple((place, 1) for place in one.kernels) for one in cells}}


def store_float16(model: Any) -> Any:
    """Return a copy of a float32 model with its weights stored as float16.

    In a network that is mostly embedding that alone is; the other weights stay float32.
    """
    import onnx

    operators = {"Gather"} if _is_mostly_embedding(model) else None
    return _store(model, lambda values, axis: (values.astype(np.float16), None), onnx, operators)


def store_int8(model: Any) -> Any:
    """Return a copy of a float32 model with its weights stored as int8.

    Each channel has its scale; in a network that is mostly embedding each row of that has, and the
    other weights stay float32.
    """
    import onnx

    if _is_mostly_embedding(model):
        return store_embedding(model)
    return _store(model, _int8, onnx)


def _is_mostly_embedding(model: Any) -> bool:
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    sizes = {name: math.prod(tensor.dims) for name, tensor in tensors.items()}
    lookups = [node for node in model.graph.node if node.op_type == "Gather"]
    if any(_kind(node, tensors) in _HASHED for node in lookups):
        return False
    tables = [sizes[node.input[0]] for node in lookups]
    return any(is_mostly_embedding(table, sum(sizes.values()) - table) for table in tables)


def _kind(node: Any, tensors: Mapping[str, Any]) -> str:
    """Return the name in `_weights` of an operator; `checks`, the n-grams', are int8 already."""
    if node.op_type == "Gather" and node.input[0] in tensors:
        table = tensors[node.input[0]]
        if len(table.dims) == 1:
            return "checks" if table.data_type == _INT8 else "n-grams"
        if node.input[1] != IDS:
            return "n-gram vectors"
    return str(node.op_type)


def store_products(model: Any) -> Any:
    """Return a copy of a float32 model with the weights of dense layers alone stored as int8."""
    import onnx

    return _store(model, _int8, onnx, {"MatMul"})


def quantize(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize symmetrically to [-127, 127], the largest magnitude of each channel at the end.

    Args:
        values: float32, of any shape.
        axis: along which the channels lie.

    Returns:
        int8 of the same shape, and float32 [channels]: their scales.
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.abs(values).max(axis=others) / np.float32(127)
    scale = np.where(scale == 0, np.float32(1), scale).astype(np.float32)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    return np.rint(values / scale.reshape(shape)).astype(np.int8), scale


def _int8(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize weights; a table of numbers as `quantize_table` does."""
    if values.ndim > 1:
        return quantize(values, axis)
    steps, scale = quantize_table(values)
    return steps, np.array([scale])


def store_embedding(model: Any) -> Any:
    """Return a copy of a float32 model whose embedding is int8, with a scale for each row.

    A table of n-grams is int8, too.
    """
    import onnx

    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kinds = [_kind(node, tensors) for node in graph.node]
    place = kinds.index("Gather")
    lookup = graph.node[place]
    name, ids = lookup.input
    target = lookup.output[0]
    (table,) = [tensor for tensor in graph.initializer if tensor.name == name]
    rows, sizes, step = quantize_rows(onnx.numpy_helper.to_array(table), _reader(graph, target))
    graph.initializer.remove(table)
    graph.initializer.extend(
        [
            array(rows, f"{name}_stored"),
            array(sizes, f"{name}_sizes"),
            array(np.array([step]), f"{name}_step"),
        ]
    )
    lookup.input[0] = f"{name}_stored"
    lookup.output[0] = f"{name}_rows"
    decoding = [
        make("Cast", [f"{name}_rows"], [f"{name}_values"], name=f"{name}_Cast", to=1),
        make("Gather", [f"{name}_sizes", ids], [f"{name}_found"], name=f"{name}_Gather"),
        make("Cast", [f"{name}_found"], [f"{name}_scales"], name=f"{name}_Cast_found", to=1),
        make("Mul", [f"{name}_scales", f"{name}_step"], [f"{name}_scale"], name=f"{name}_Mul_step"),
        make("Mul", [f"{name}_values", f"{name}_scale"], [target], name=f"{name}_Mul"),
    ]
    nodes = [*graph.node[: place + 1], *decoding, *graph.node[place + 1 :]]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return _store(model, _int8, onnx, _HASHED) if _HASHED & {*kinds} else model


def _reader(graph: Any, name: str) -> npt.NDArray[np.float32] | None:
    """Return the kernel that a tensor is multiplied by first, float32 [units, outputs], if any."""
    from onnx import numpy_helper

    # Where windows may reach behind a text's end, `Where` puts other numbers there.
    readers = [
        node
        for node in graph.node
        if name in (node.input if node.op_type == "Where" else node.input[:1])
    ]
    if len(readers) != 1:
        return None
    (node,) = readers
    if node.op_type in ("Transpose", "Where"):
        return _reader(graph, node.output[0])
    kernels = [t for t in graph.initializer if t.name in node.input[1:2]]
    # Of these the second input is a kernel.
    if not kernels or node.op_type not in {"Conv", *_weights()} - {"Gather"}:
        return None
    values: npt.NDArray[np.float32] = numpy_helper.to_array(kernels[0])
    if node.op_type == "Conv":  # [filters, units, width]
        return values.transpose(1, 0, 2).reshape(values.shape[1], -1)
    # [directions, gates, inputs] of a recurrent operator, [inputs, outputs] of a product.
    return values.reshape(-1, values.shape[-1]).T if values.ndim == 3 else values


def _store(model: Any, encode: Any, onnx: Any, operators: Collection[str] | None = None) -> Any:
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    weights = _weights()
    operators = weights if operators is None else operators
    nodes = []
    for node in graph.node:
        before, after = [], []
        kind = _kind(node, tensors)
        for position, axis in weights[kind] if kind in operators else ():
            name = node.input[position]
            if name not in tensors or onnx.numpy_helper.to_array(tensors[name]).size < _SMALLEST:
                continue
            values = onnx.numpy_helper.to_array(tensors[name])
            # [directions, gates, inputs] as [directions * gates, inputs]: a scale for each row.
            rows = values.reshape(-1, values.shape[-1]) if values.ndim == 3 else values
            small, scale = encode(rows, 0 if values.ndim == 3 else axis)
            # Only halves are stored in two dimensions, as they have always been.
            flat = values.ndim == 3 and scale is None
            # Decoded under the old name, where other nodes that share the weight find it too.
            stored, decoded = f"{name}_stored", f"{name}_decoded" if flat else name
            # The embedding is decoded behind the lookup: the rows in use, not the whole table.
            behind = node.op_type == "Gather"
            source, target = (f"{name}_rows", node.output[0]) if behind else (stored, decoded)
            decoding = []
            if scale is None:
                decoding.append(make("Cast", [source], [target], name=f"{name}_Cast", to=1))
            elif behind:
                # `DequantizeLinear` for it took half as long again as an LSTM of 128 units.
                graph.initializer.append(array(scale, f"{name}_scale"))
                steps = f"{name}_steps"
                decoding.append(make("Cast", [source], [steps], name=f"{name}_Cast", to=1))
                if kind == "n-grams":
                    sizes, squares = f"{name}_sizes", f"{name}_squares"
                    decoding += [
                        make("Abs", [steps], [sizes], name=f"{name}_Abs"),
                        make("Mul", [steps, sizes], [squares], name=f"{name}_Mul_sizes"),
                    ]
                    steps = squares
                decoding.append(make("Mul", [steps, f"{name}_scale"], [target], name=f"{name}_Mul"))
            else:
                small = small.reshape(values.shape)
                by_row = [*values.shape[:2], 1] if values.ndim == 3 else [1, -1]
                graph.initializer.append(array(scale.reshape(by_row), f"{name}_scale"))
                steps = f"{name}_steps"
                decoding += [
                    make("Cast", [source], [steps], name=f"{name}_Cast", to=1),
                    make("Mul", [steps, f"{name}_scale"], [target], name=f"{name}_Mul"),
                ]
            graph.initializer.append(array(small, stored))
            graph.initializer.remove(tensors.pop(name))
            if behind:
                node.input[position] = stored
                node.output[0] = source
                after += decoding
                continue
            before += decoding
            if flat:
                shape = f"{name}_shape"
                graph.initializer.append(array(np.array(values.shape, np.int64), shape))
                before.append(make("Reshape", [decoded, shape], [name], name=f"{name}_Reshape"))
        nodes += [*before, node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return model
