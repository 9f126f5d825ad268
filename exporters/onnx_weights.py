"""Smaller ONNX files: weights stored as float16 or int8, arithmetic in float32.

Only the weights are quantized, each channel with its own scale, and turned back by a `Cast` or
`DequantizeLinear` node that ONNX Runtime folds away when it loads the file. Unlike dynamic
quantization of the activations (`DynamicQuantizeLSTM`), whose scale is taken over the whole batch,
the score of a text stays independent of the other texts in its batch, and the recurrent operators
stay ones that every execution provider has.

Source: ONNX operator `DequantizeLinear` (opset 13): y = (x - zero_point) * scale.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from exporters.row_scales import is_mostly_embedding, quantize_rows

__all__ = ["store_float16", "store_int8"]

# Which inputs of which operators are weights worth storing smaller, and along which axis of the
# weight its channels lie. Biases are few and stay float32.
_WEIGHTS: dict[str, tuple[tuple[int, int], ...]] = {
    "GRU": ((1, 1), (2, 1)),
    "Gather": ((0, 1),),
    "LSTM": ((1, 1), (2, 1)),
    "MatMul": ((1, 1),),
    "RNN": ((1, 1), (2, 1)),
}
_SMALLEST = 256
"""Fewer numbers than this are not worth a node."""


def store_float16(model: Any) -> Any:
    """Return a copy of a float32 model with its weights stored as float16."""
    import onnx

    return _store(model, lambda values, axis: (values.astype(np.float16), None), onnx)


def store_int8(model: Any) -> Any:
    """Return a copy of a float32 model with its weights stored as int8.

    Each channel has its scale; in a network that is mostly embedding each row of that has, and the
    other weights stay float32.
    """
    import onnx

    sizes = {tensor.name: math.prod(tensor.dims) for tensor in model.graph.initializer}
    for table in (node.input[0] for node in model.graph.node if node.op_type == "Gather"):
        if is_mostly_embedding(sizes[table], sum(sizes.values()) - sizes[table]):
            return _store_rows(model, onnx)
    return _store(model, _quantize, onnx)


def _quantize(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize symmetrically to [-127, 127], the largest magnitude of each channel at the end."""
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.abs(values).max(axis=others) / np.float32(127)
    scale = np.where(scale == 0, np.float32(1), scale).astype(np.float32)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    return np.rint(values / scale.reshape(shape)).astype(np.int8), scale


def _store_rows(model: Any, onnx: Any) -> Any:
    """Return a copy whose embedding alone is int8, with a scale for each row."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    (place,) = [i for i, node in enumerate(graph.node) if node.op_type == "Gather"]
    lookup = graph.node[place]
    name, ids = lookup.input
    target = lookup.output[0]
    (table,) = [tensor for tensor in graph.initializer if tensor.name == name]
    rows, sizes, step = quantize_rows(onnx.numpy_helper.to_array(table))
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
    return model


def _store(model: Any, encode: Any, onnx: Any) -> Any:
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    nodes = []
    for node in graph.node:
        before, after = [], []
        for position, axis in _WEIGHTS.get(node.op_type, ()):
            name = node.input[position]
            if name not in tensors or onnx.numpy_helper.to_array(tensors[name]).size < _SMALLEST:
                continue
            values = onnx.numpy_helper.to_array(tensors[name])
            # [directions, gates, inputs] as [directions * gates, inputs]: a scale for each row.
            rows = values.reshape(-1, values.shape[-1]) if values.ndim == 3 else values
            small, scale = encode(rows, 0 if values.ndim == 3 else axis)
            # Decoded under the old name, where other nodes that share the weight find it too.
            stored, decoded = f"{name}_stored", f"{name}_decoded" if values.ndim == 3 else name
            # The embedding is decoded behind the lookup: the rows in use, not the whole table.
            behind = node.op_type == "Gather"
            source, target = (f"{name}_rows", node.output[0]) if behind else (stored, decoded)
            if scale is None:
                decode = make("Cast", [source], [target], name=f"{name}_Cast", to=1)
            else:
                channel = 2 if behind else 0 if values.ndim == 3 else axis
                graph.initializer.append(array(scale, f"{name}_scale"))
                # Zeros are the default, but of type uint8 to ONNX Runtime 1.26's optimizer.
                graph.initializer.append(array(np.zeros(scale.shape, np.int8), f"{name}_zero"))
                decode = make(
                    "DequantizeLinear",
                    [source, f"{name}_scale", f"{name}_zero"],
                    [target],
                    name=f"{name}_DequantizeLinear",
                    axis=channel,
                )
            graph.initializer.append(array(small, stored))
            graph.initializer.remove(tensors.pop(name))
            if behind:
                node.input[position] = stored
                node.output[0] = source
                after.append(decode)
                continue
            before.append(decode)
            if values.ndim == 3:
                shape = f"{name}_shape"
                graph.initializer.append(array(np.array(values.shape, np.int64), shape))
                before.append(make("Reshape", [decoded, shape], [name], name=f"{name}_Reshape"))
        nodes += [*before, node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return model
