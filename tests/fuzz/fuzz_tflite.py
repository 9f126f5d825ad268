"""Hostile TFLite graphs, with checksums that fit them."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from fuzz_files import Mutant, Seed, sealed

__all__ = ["random_tflite", "tflite_attacks"]

Change = Callable[[Any], object]

NUMBERS = (-(1 << 31), -2, -1, 0, 1, 2, 3, 5, 7, 16, 31, 100, 1 << 16, (1 << 31) - 1)
OPERATORS = schema.BuiltinOperator


class _Builder(flatbuffers.Builder):
    """Aligns weights as the schema asks for."""

    def StartVector(self, size: int, count: int, alignment: int) -> Any:
        return super().StartVector(size, count, 16 if size == 1 else alignment)


def _unpacked(seed: Seed) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(seed.graph))


def _packed(model: Any) -> bytes:
    builder = _Builder(1 << 18)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tflite_attacks(seed: Seed) -> Iterator[Mutant]:
    """Graphs that read other files, never end, want memory, or take and give something else."""
    for name, refusal, change in _changes(_unpacked(seed)):
        yield Mutant(f"{seed.name}/{name}", partial(_changed, seed, change), refusal)
    graph = seed.graph
    root = struct.unpack_from("<I", graph)[0]
    for name, at, value, refusal in (
        ("root far away", 0, 0x7FFFFFFF, "outside the file"),
        ("root in itself", 0, 0, "not a usable TFLite file"),
        ("fields far away", root, 0x7FFFFFF0, "outside the file|broken list"),
    ):
        data = bytearray(graph)
        struct.pack_into("<I", data, at, value)
        # What is no flatbuffer has no checksum of its own.
        tail = seed.data[len(graph) :]
        yield Mutant(f"{seed.name}/{name}", bytes(data) + tail, refusal)


def _changed(seed: Seed, change: Change) -> bytes:
    model = _unpacked(seed)
    change(model)
    return sealed(seed, graph=_packed(model))


def _add_external(model: Any) -> None:
    model.externalBufferGroups = [schema.ExternalBufferGroupT(name="/etc/passwd")]


def _code(model: Any, operator: int, custom: str | None = None) -> None:
    model.operatorCodes[model.subgraphs[0].operators[-1].opcodeIndex] = schema.OperatorCodeT(
        min(operator, 127), custom, 1, operator
    )


def _lookup(model: Any) -> Any:
    ids = model.subgraphs[0].inputs[0]
    return next(o for o in model.subgraphs[0].operators if ids in list(o.inputs))


def _fewer_rows(model: Any) -> None:
    graph, number = model.subgraphs[0], _lookup(model).inputs[0]
    for operator in graph.operators:
        if number in operator.outputs:  # A float16 table is decoded first.
            number = operator.inputs[0]
    table = graph.tensors[number]
    rows, width = (int(n) for n in table.shape)
    data = bytes(model.buffers[table.buffer].data)
    table.shape = [rows - 1, width]
    model.buffers[table.buffer].data = list(data[: len(data) // rows * (rows - 1)])


def _tensor(model: Any, number: int, **values: Any) -> None:
    for name, value in values.items():
        setattr(model.subgraphs[0].tensors[number], name, value)


def _largest(model: Any) -> int:
    """Number of the constant with the most bytes."""
    buffers = [model.buffers[tensor.buffer].data for tensor in model.subgraphs[0].tensors]
    return int(np.argmax([0 if data is None else len(data) for data in buffers]))


def _changes(sound: Any) -> Iterator[tuple[str, str | None, Change]]:
    main = sound.subgraphs[0]
    ids, probability = int(main.inputs[0]), int(main.outputs[0])
    large = _largest(sound)

    yield "weights in another file", "in other files", _add_external
    yield (
        "weights behind the graph",
        "outside the (flatbuffer|file)|not behind the model",
        lambda m: (setattr(m.buffers[1], "offset", 10 << 30), setattr(m.buffers[1], "size", 9)),
    )
    unknown = "is not known here"
    yield "a custom operator", unknown, lambda m: _code(m, OPERATORS.CUSTOM, "Evil")
    yield "Flex", unknown, lambda m: _code(m, OPERATORS.CUSTOM, "FlexReadFile")
    yield "an operator of later", unknown, lambda m: _code(m, 9999)
    for name in ("CALL_ONCE", "VAR_HANDLE", "IF", "STABLEHLO_WHILE", "EMBEDDING_LOOKUP"):
        yield f"operator {name}", unknown, lambda m, x=name: _code(m, getattr(OPERATORS, x))
    yield "no subgraph", "no subgraph", lambda m: setattr(m, "subgraphs", [])
    yield "fewer rows", r"the contract has \d+ ids, the embedding \d+ rows", _fewer_rows
    yield (
        "10 GB tensor",
        "of shape",
        lambda m: _tensor(m, large, shape=[10 << 20, 1 << 10]),
    )
    yield "negative shape", "of shape", lambda m: _tensor(m, large, shape=[-1, -4])
    yield "shape that overflows", "of shape", lambda m: _tensor(m, large, shape=[1 << 30] * 8)
    yield "weights missing", "with other inputs|too early", lambda m: _tensor(m, large, buffer=0)
    yield "weights too short", "bytes|of shape", lambda m: _shorten(m, large)
    yield "buffer 99,999", "buffer 99999", lambda m: _tensor(m, large, buffer=99_999)
    yield "a type of later", "of type TYPE_99", lambda m: _tensor(m, large, type=99)
    yield "a tensor of text", "of type STRING", lambda m: _tensor(m, large, type=5)
    yield (
        "a sparse tensor",
        "unknown way",
        lambda m: _tensor(m, large, sparsity=schema.SparsityParametersT()),
    )
    expected = "expected ids INT32.2. and probability FLOAT32.1."
    yield "int64 ids", expected, lambda m: _tensor(m, ids, type=schema.TensorType.INT64)
    yield "ids of one axis", expected, lambda m: _tensor(m, ids, shape=[1], shapeSignature=None)
    yield "int8 out", expected, lambda m: _tensor(m, probability, type=schema.TensorType.INT8)
    yield "a table out", expected, lambda m: _tensor(m, probability, shape=[1, 2])
    yield "no input", expected, lambda m: setattr(m.subgraphs[0], "inputs", [])
    yield "no output", expected, lambda m: setattr(m.subgraphs[0], "outputs", [])
    yield "two inputs", expected, lambda m: setattr(m.subgraphs[0], "inputs", [ids, ids])
    yield "two outputs", expected, lambda m: setattr(m.subgraphs[0], "outputs", [probability] * 2)
    yield "a constant out", expected, lambda m: setattr(m.subgraphs[0], "outputs", [large])
    yield "tensor 99,999 in", "tensor 99999", lambda m: setattr(m.subgraphs[0], "inputs", [99_999])
    yield "tensor -5", "tensor -5", lambda m: _input(m, -1, 0, -5)
    yield "its own output", "with other|too early", lambda m: _input(m, -1, 0, probability)
    yield "operators reversed", "too early", lambda m: m.subgraphs[0].operators.reverse()
    yield (
        "signature of nothing",
        "a signature",
        lambda m: setattr(m.signatureDefs[0].inputs[0], "tensorIndex", 99_999),
    )
    yield (
        "signature elsewhere",
        "a signature",
        lambda m: setattr(m.signatureDefs[0], "subgraphIndex", 7),
    )
    yield (
        "control flow as metadata",
        "metadata",
        lambda m: setattr(m.metadata[0], "name", "model_control_dependencies"),
    )
    loops = [o for o in main.operators if type(o.builtinOptions).__name__ == "WhileOptionsT"]
    if not loops:
        return

    def loop(model: Any) -> Any:
        return model.subgraphs[0].operators[main.operators.index(loops[0])].builtinOptions

    yield "no such body", "a loop without", lambda m: setattr(loop(m), "bodySubgraphIndex", 99)
    yield "itself the body", "a loop without", lambda m: setattr(loop(m), "bodySubgraphIndex", 0)
    yield (
        "body its condition",
        "a loop|that nothing calls",
        lambda m: setattr(loop(m), "condSubgraphIndex", loop(m).bodySubgraphIndex),
    )
    yield "a loop without end", "does not count up", _without_end
    yield (
        "a loop from below",
        "does not count up|constant shape",
        lambda m: _constant(m, loops[0].inputs[0], -(1 << 31)),
    )
    yield (
        "a loop to a billion",
        "does not count up",
        lambda m: _input(m, main.operators.index(loops[0]), 4, int(loops[0].inputs[0])),
    )


def _shorten(model: Any, number: int) -> None:
    buffer = model.buffers[model.subgraphs[0].tensors[number].buffer]
    buffer.data = list(buffer.data)[:-4]


def _input(model: Any, operator: int, place: int, number: int) -> None:
    found = model.subgraphs[0].operators[operator]
    found.inputs = list(found.inputs)
    found.inputs[place] = number


def _constant(model: Any, number: int, value: int) -> None:
    """Give a constant of the main graph a value of its own."""
    tensor = model.subgraphs[0].tensors[number]
    model.buffers.append(schema.BufferT(data=list(struct.pack("<i", value))))
    tensor.buffer = len(model.buffers) - 1


def _without_end(model: Any) -> None:
    """The first loop's body counts on by 0."""
    body = model.subgraphs[2]
    (add, *_) = (o for o in body.operators if o.outputs[0] == body.outputs[1])
    tensor = body.tensors[add.inputs[1]]
    model.buffers.append(schema.BufferT(data=[0, 0, 0, 0]))
    tensor.buffer = len(model.buffers) - 1


def random_tflite(seed: Seed, rng: random.Random) -> tuple[str, bytes]:
    """Change one or two things that a graph says; the checksums fit."""
    model = _unpacked(seed)
    done = [_change(model, rng) for _ in range(rng.choice([1, 1, 2]))]
    return ", ".join(done), sealed(seed, graph=_packed(model))


def _change(model: Any, rng: random.Random) -> str:
    graph = rng.choice(model.subgraphs)
    tensor, operator = rng.choice(graph.tensors), rng.choice(graph.operators)
    operator.inputs, operator.outputs = list(operator.inputs), list(operator.outputs)
    kind = rng.randrange(12)
    if kind == 0:
        place = rng.randrange(len(operator.inputs))
        operator.inputs[place] = rng.choice([rng.randrange(len(graph.tensors)), -1])
        return f"input {place}"
    if kind == 1:
        operator.outputs[rng.randrange(len(operator.outputs))] = rng.randrange(len(graph.tensors))
        return "output"
    if kind == 2:
        tensor.type = rng.randrange(20)
        return "type"
    if kind == 3:
        shape = [] if tensor.shape is None else [int(n) for n in tensor.shape]
        if shape and rng.random() < 0.7:
            shape[rng.randrange(len(shape))] = rng.choice(NUMBERS)
        else:
            shape = rng.choice([[*shape, 1], shape[:-1], shape[::-1]])
        tensor.shape = shape
        return f"shape {shape}"
    if kind == 4:
        tensor.buffer = rng.randrange(len(model.buffers))
        return "buffer"
    if kind == 5:
        operator.opcodeIndex = rng.randrange(len(model.operatorCodes))
        return "operator"
    if kind == 6:
        code = rng.choice(model.operatorCodes)
        code.version = rng.choice([0, 1, 2, 3, 4, 5, 9, 100])
        return "version"
    if kind == 7 and operator.builtinOptions:
        name = rng.choice(sorted(vars(operator.builtinOptions)))
        value = getattr(operator.builtinOptions, name)
        if isinstance(value, bool):
            value = not value
        elif isinstance(value, float):
            value = rng.choice([float("nan"), -1.0, 1e30])
        elif isinstance(value, int):
            value = rng.choice([0, 1, 2, 3, 4, 5, 7])
        setattr(operator.builtinOptions, name, value)
        return f"option {name}"
    if kind == 8:
        buffer = rng.choice([b for b in model.buffers if b.data is not None])
        data = bytes(buffer.data)
        if len(data) % 4 == 0 and rng.random() < 0.8:
            values = np.frombuffer(data, np.int32).copy()
            values[rng.randrange(len(values))] = rng.choice(NUMBERS)
            data = values.tobytes()
        else:
            data = data[: rng.randrange(len(data))]
        buffer.data = list(data)
        return "values"
    if kind == 9:
        place = rng.randrange(len(operator.inputs) + 1)
        more = [*operator.inputs[:place], rng.randrange(len(graph.tensors))]
        operator.inputs = rng.choice([operator.inputs[:place], [*more, *operator.inputs[place:]]])
        return "number of inputs"
    if kind == 10:
        tensor.isVariable = not tensor.isVariable
        return "variable"
    tensor.quantization = schema.QuantizationParametersT(
        scale=[rng.choice([0.0, float("nan"), 1.0, -1.0, 1e-40])] * rng.choice([0, 1, 2]),
        zeroPoint=[rng.choice([0, 1, 1 << 40])] * rng.choice([0, 1, 2]),
        quantizedDimension=rng.choice([0, 1, 2, -1, 100]),
    )
    return "scale"
