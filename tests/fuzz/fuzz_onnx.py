"""Hostile ONNX graphs, with checksums that fit them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import onnx
from fuzz_files import Mutant, Seed, sealed
from onnx import TensorProto, helper, numpy_helper

from edgernn.bundle.onnx.protowire import bytes_field

__all__ = ["onnx_attacks", "random_onnx"]

Change = Callable[[Any], object]

NUMBERS = (-(1 << 63), -(1 << 31), -2, -1, 0, 1, 2, 3, 16, 100, 1 << 16, 1 << 31, 1 << 40, 1 << 62)
OUTSIDE = ("/etc/passwd", "../outside.bin", "outside.bin", "file:///etc/passwd", "")


def onnx_attacks(seed: Seed, outside: str) -> Iterator[Mutant]:
    """Graphs that read other files, never end, want memory, or take and give something else.

    Args:
        seed: a sound file.
        outside: a file whose opening the test would notice.
    """
    for name, refusal, change in _changes(outside):
        yield Mutant(f"{seed.name}/{name}", partial(_changed, seed, change), refusal)
    deep = b""
    for _ in range(2000):
        deep = bytes_field(1, bytes_field(4, b"If") + bytes_field(5, bytes_field(6, deep)))
    data = sealed(seed, graph=seed.graph + bytes_field(7, deep))
    yield Mutant(f"{seed.name}/graphs in graphs", data, "nested")
    # The bytes 4 to 8 name ONNX Runtime's own format.
    data = sealed(seed, graph=bytes_field(2, b"xxORTM") + seed.graph)
    yield Mutant(f"{seed.name}/two formats", data, "two formats")
    yield Mutant(f"{seed.name}/graph twice", sealed(seed, graph=seed.graph * 2), "twice|expected")
    yield Mutant(f"{seed.name}/no graph", sealed(seed, graph=b"\x08\x08"), "no graph")


def _changed(seed: Seed, change: Change) -> bytes:
    model = onnx.ModelProto.FromString(seed.graph)
    change(model)
    return sealed(seed, graph=model.SerializeToString())


def _external(tensor: Any, location: str) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    tensor.external_data.add(key="length", value=str(10 << 30))


def _initializer(model: Any, dims: int) -> Any:
    return next(t for t in model.graph.initializer if len(t.dims) == dims and len(t.raw_data) > 64)


def _insert(model: Any, op_type: str, **settings: Any) -> None:
    """Put an operator between the output and what computed it."""
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node(op_type, ["before"], ["probability"], **settings))


def _loop(model: Any) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["p"], ["q"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("p", TensorProto.FLOAT, ["b"]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("q", TensorProto.FLOAT, ["b"]),
        ],
    )
    model.graph.node[-1].output[0] = "before"
    node = helper.make_node("Loop", ["", "", "before"], ["probability"], body=body)
    model.graph.node.append(node)


def _gather(model: Any) -> Any:
    return next(node for node in model.graph.node if node.op_type == "Gather")


def _fewer_rows(model: Any) -> None:
    table = next(t for t in model.graph.initializer if t.name == _gather(model).input[0])
    table.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(table)[:-1], table.name))


def _rename(values: Any, name: str) -> None:
    values[0].name = name


def _changes(outside: str) -> Iterator[tuple[str, str | None, Change]]:
    tensors: dict[str, Callable[[Any], Any]] = {
        "initializer": lambda m: _initializer(m, 2),
        "attribute": lambda m: m.graph.node[0].attribute.add(name="value", type=4).t,
        "sparse": lambda m: m.graph.sparse_initializer.add().values,
        "function": lambda m: m.functions.add().node.add().attribute.add().t,
        "training": lambda m: m.training_info.add().algorithm.initializer.add(),
    }
    for place, find in tensors.items():
        for location in (outside, *OUTSIDE):
            name = f"{place} in {location.rpartition('/')[2]!r}"
            yield name, "in another file", lambda m, f=find, x=location: _external(f(m), x)

    known = "is not known here|with field"
    yield "a loop without end", known, _loop
    for op_type in ("Identity", "If", "Scan", "Expand", "ConstantOfShape", "Tile", "NoSuch"):
        yield f"operator {op_type}", known, lambda m, x=op_type: _insert(m, x)
    yield "another domain", known, lambda m: _insert(m, "Relu", domain="com.microsoft")
    yield "a function", "with field 25", lambda m: m.functions.add(name="Relu")
    # Notes of shapes, which tools add: harmless.
    yield "shapes of its own", None, lambda m: m.graph.value_info.add(name="x")
    odd = "with attribute|with other inputs"
    yield "an unknown attribute", odd, lambda m: _insert(m, "Relu", axis=1)
    yield "cast to text", odd, lambda m: _insert(m, "Cast", to=TensorProto.STRING)

    def dims(*numbers: int) -> Change:
        def change(model: Any) -> None:
            _initializer(model, 2).dims[:] = numbers

        return change

    shape = "of shape"
    yield "10 GB of weights", shape, dims(10 << 20, 1 << 10)
    yield "dimensions that overflow", shape, dims(1 << 32, 1 << 32)
    yield "negative dimensions", shape, dims(-1, -100)
    yield "no dimensions", shape, dims()
    yield "many dimensions", shape, dims(*[1] * 1000)
    yield "no values", shape, lambda m: _initializer(m, 2).ClearField("raw_data")
    yield "values elsewhere", "with field 4", lambda m: _initializer(m, 2).float_data.append(1.0)
    wrong = "of type|of shape"
    yield "a type of later", wrong, lambda m: setattr(_initializer(m, 2), "data_type", 99)
    yield "weights of text", wrong, lambda m: setattr(_initializer(m, 2), "data_type", 8)

    def twice(model: Any) -> None:
        model.graph.initializer.add().CopyFrom(_initializer(model, 2))

    yield "a weight twice", "twice", twice
    yield "fewer rows", r"the contract has \d+ ids, the embedding \d+ rows", _fewer_rows
    yield "no embedding", "with other inputs", lambda m: _rename_input(m, "lengths")
    yield "nodes in another order", "with other inputs", lambda m: m.graph.node.reverse()

    expected = "expected ids INT32.2., lengths INT32.1. or ids INT32.2. and probability FLOAT.1."
    yield "another input", expected, lambda m: _rename(m.graph.input, "words")
    yield "another output", expected, lambda m: _rename(m.graph.output, "logit")
    yield "no input", f"{expected}|with other inputs", lambda m: m.graph.input.pop()
    yield "no output", expected, lambda m: m.graph.output.pop()
    yield "an input in red", expected, lambda m: _rename(m.graph.input, "\x1b[31m\n")
    for name, index, kind in (("int64 ids", 0, 7), ("text", 0, 8), ("float lengths", 1, 1)):
        yield (
            name,
            expected,
            lambda m, i=index, k=kind: setattr(m.graph.input[i].type.tensor_type, "elem_type", k),
        )
    yield (
        "ids of one axis",
        expected,
        lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop(),
    )
    yield (
        "a table out",
        expected,
        lambda m: m.graph.output[0].type.tensor_type.shape.dim.add(dim_value=2),
    )
    yield (
        "ids of no rank",
        expected,
        lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
    )
    yield (
        "a third input",
        expected,
        lambda m: m.graph.input.add().CopyFrom(
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["b"])
        ),
    )
    yield (
        "ids as a sequence",
        expected,
        lambda m: m.graph.input[0].type.CopyFrom(
            helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.INT32, []))
        ),
    )


def _rename_input(model: Any, name: str) -> None:
    _gather(model).input[1] = name


def random_onnx(seed: Seed, rng: random.Random) -> tuple[str, bytes]:
    """Change one or two things that a graph says; the checksums fit."""
    model = onnx.ModelProto.FromString(seed.graph)
    done = [_change(model, rng) for _ in range(rng.choice([1, 1, 2]))]
    return ", ".join(done), sealed(seed, graph=model.SerializeToString())


def _change(model: Any, rng: random.Random) -> str:
    graph = model.graph
    node, tensor = rng.choice(graph.node), rng.choice(graph.initializer)
    names = ["ids", "lengths", *(t.name for t in graph.initializer)]
    names += [name for n in graph.node for name in n.output]
    kind = rng.randrange(10)
    if kind == 0:
        place = rng.randrange(len(node.input))
        node.input[place] = rng.choice(names)
        return f"input {place} of {node.op_type}"
    if kind == 1:
        node.output[rng.randrange(len(node.output))] = rng.choice(names)
        return f"output of {node.op_type}"
    if kind == 2:
        node.op_type = rng.choice([n.op_type for n in graph.node])
        return f"operator {node.op_type}"
    if kind == 3 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(NUMBERS)
        return f"dimension of {tensor.name}"
    if kind == 4 and tensor.dims:
        shape = list(tensor.dims)
        rng.shuffle(shape)
        tensor.dims[:] = rng.choice([shape, [int(np.prod(shape))], [1, *shape]])
        return f"shape of {tensor.name}"
    if kind == 5:
        tensor.data_type = rng.choice([1, 2, 3, 6, 7, 10])
        return f"type of {tensor.name}"
    if kind == 6 and node.attribute:
        attribute = rng.choice(node.attribute)
        if attribute.ints:
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)
        elif attribute.s:
            attribute.s = rng.choice([b"", b"reverse", b"x" * 1000, b"forward", b"bidirectional"])
        else:
            attribute.i = rng.choice(NUMBERS)
        return f"{attribute.name} of {node.op_type}"
    if kind == 7 and tensor.raw_data:
        values = np.frombuffer(tensor.raw_data, np.uint8).copy()
        if tensor.data_type == TensorProto.INT64:
            wide = values.view(np.int64)
            wide[rng.randrange(len(wide))] = rng.choice(NUMBERS)
        elif tensor.data_type == TensorProto.FLOAT:
            floats = values.view(np.float32)
            floats[rng.randrange(len(floats))] = rng.choice([np.nan, np.inf, -1e38, 1e38, 0.0])
        else:
            values[:] = rng.randrange(256)
        tensor.raw_data = values.tobytes()
        return f"values of {tensor.name}"
    if kind == 8:
        place = rng.randrange(len(graph.node))
        graph.node.insert(place, graph.node.pop(rng.randrange(len(graph.node))))
        return "order of operators"
    model.opset_import[0].version = rng.choice([0, 1, 7, 13, 14, 18, 22, 99, -1])
    return "opset"
