"""Tiny .onnx and .tflite files, put together field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from ai_edge_litert import schema_py_generated as schema
from flatbuffer import pack
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]


def onnx_model(
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, Array] | None = None,
    *,
    input_type: int = TensorProto.FLOAT,
    shape: Sequence[Any] = ("batch", "time", 4),
    opsets: Mapping[str, int] | None = None,
    ir_version: int = 8,
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """A model from `x` to `y`; operators and weights in between are given."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", input_type, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    imports = [helper.make_opsetid(d, v) for d, v in ({"": 17} | dict(opsets or {})).items()]
    model = helper.make_model(graph, opset_imports=imports, functions=list(functions))
    model.ir_version = ir_version
    return model


def node(
    op_type: str,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    **more: Any,
) -> onnx.NodeProto:
    """An operator from `x` to `y`."""
    return helper.make_node(op_type, list(inputs), list(outputs), **more)


def body(types: Sequence[str], name: str = "body") -> onnx.GraphProto:
    """The body of a loop: operators of these types, one behind the other."""
    nodes = [
        helper.make_node(type, [f"t{i}"], [f"t{i + 1}"], name=f"{type}_{i}")
        for i, type in enumerate(types)
    ]
    return helper.make_graph(nodes, name, [], [])


TYPES = schema.TensorType
OPERATORS = schema.BuiltinOperator


def tensor(
    name: str,
    shape: Sequence[int] = (1, 4),
    type: int = TYPES.FLOAT32,
    buffer: int = 0,
    **more: Any,
) -> schema.TensorT:
    """A tensor of a subgraph; buffer 0 is the empty one."""
    return schema.TensorT(name=name, shape=list(shape), type=type, buffer=buffer, **more)


def operator(
    code: int, inputs: Sequence[int], outputs: Sequence[int], options: Any = None
) -> schema.OperatorT:
    """An operator; `code` is its place in the model's list."""
    made = schema.OperatorT(opcodeIndex=code, inputs=list(inputs), outputs=list(outputs))
    if options is not None:
        made.builtinOptions = options
        name = type(options).__name__.removesuffix("T")
        made.builtinOptionsType = getattr(schema.BuiltinOptions, name)
    return made


def code(builtin: int, version: int = 1, custom: str | None = None) -> schema.OperatorCodeT:
    """An entry of the model's list of operators."""
    return schema.OperatorCodeT(
        deprecatedBuiltinCode=min(builtin, 127),
        builtinCode=builtin,
        version=version,
        customCode=custom,
    )


def subgraph(
    tensors: Sequence[schema.TensorT],
    operators: Sequence[schema.OperatorT],
    inputs: Sequence[int] = (0,),
    outputs: Sequence[int] = (1,),
    name: str = "main",
) -> schema.SubGraphT:
    """A subgraph from its first tensor to its second."""
    return schema.SubGraphT(
        tensors=list(tensors),
        operators=list(operators),
        inputs=list(inputs),
        outputs=list(outputs),
        name=name,
    )


def tflite_model(
    codes: Sequence[schema.OperatorCodeT],
    subgraphs: Sequence[schema.SubGraphT],
    buffers: Sequence[Array] = (),
) -> bytes:
    """A .tflite file; buffer 1 is the first of `buffers`."""
    stored = [schema.BufferT()]
    stored += [schema.BufferT(data=np.frombuffer(b.tobytes(), np.uint8)) for b in buffers]
    model = schema.ModelT(
        version=3, operatorCodes=list(codes), subgraphs=list(subgraphs), buffers=stored
    )
    return pack(model)


def one_operator(builtin: int, version: int = 1, custom: str | None = None) -> bytes:
    """A .tflite file of one operator."""
    graph = subgraph([tensor("x"), tensor("y")], [operator(0, [0], [1])])
    return tflite_model([code(builtin, version, custom)], [graph])
