"""ONNX files that the C engine reads, and what it refuses: every operator exactly as exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from read_networks import OK, UNSUPPORTED, Reader

from edgernn.bundle import read_model_file
from edgernn.ngrams import HASHES
from exporters.network import Dense, Embedding, Pool, Recurrent

ROOT = Path(__file__).resolve().parents[2]
FLAGSHIP = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
FIRST = ROOT / "benchmarks" / "models" / "flagship-1" / "model.onnx"
"""Of today's form, and it stays: what is changed in a graph below, is changed in this one's."""
WINDOWS = ROOT / "tests" / "engine" / "seeds" / "windows.onnx"


@pytest.fixture(scope="module")
def flagship() -> bytes:
    """The graph of the first pretrained model, without what is attached to it."""
    model = onnx.load(FIRST)
    del model.metadata_props[:]
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("path", [FLAGSHIP, FIRST], ids=lambda path: path.parent.name)
def test_the_flagship(path: Path, engine_reader: Reader) -> None:
    """Its layers, decoded weights, and the constants that n-grams are hashed with."""
    found = engine_reader.read(path.read_bytes())
    assert found.network is not None, found.message
    embedding, recurrent, pool, dense = found.network.layers
    assert isinstance(embedding, Embedding)
    assert isinstance(recurrent, Recurrent)
    assert isinstance(dense, Dense)
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    shape = (read_model_file(path).bundle.contract.vocabulary_size, embedding.table.shape[1])
    (table,) = (a for a in stored.values() if a.dtype == np.int8 and a.shape == shape)
    (scale,) = (a for a in stored.values() if a.dtype == np.float32 and a.shape == shape[1:])
    np.testing.assert_array_equal(embedding.table, table.astype(np.float32) * scale)
    assert (recurrent.cell, recurrent.merge) == ("LSTM", "concat")
    assert recurrent.sequences
    assert recurrent.backward is not None
    assert pool == Pool(("max", "mean"))
    assert dense.kernel.shape == (4 * recurrent.units, 1)
    assert found.network.ngrams is not None
    assert sum(a.shape == (found.network.ngrams.buckets,) for a in stored.values()) == 2
    hash = HASHES[found.network.ngrams.hash]
    assert found.hashes == (
        [*zip(hash.offsets[:3], hash.multipliers[:3], strict=True)],
        [*zip(hash.check_offsets[:3], hash.check_multipliers[:3], strict=True)],
    )


Change = Callable[[Any], object]


def node(model: Any, op_type: str, place: int = 0) -> Any:
    """An operator of a type, counted in the graph's order."""
    return [one for one in model.graph.node if one.op_type == op_type][place]


def attribute(op_type: str, name: str, value: Any, place: int = 0) -> Change:
    """Another value of an attribute, or one more."""

    def change(model: Any) -> None:
        found = node(model, op_type, place)
        kept = [one for one in found.attribute if one.name != name]
        del found.attribute[:]
        found.attribute.extend([*kept, helper.make_attribute(name, value)])

    return change


def constant(op_type: str, number: int, value: Any, place: int = 0) -> Change:
    """Another constant as an input of one operator alone."""

    def change(model: Any) -> None:
        name = f"{op_type}_changed"
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
        node(model, op_type, place).input[number] = name

    return change


def given(op_type: str, number: int, name: str, place: int = 0) -> Change:
    """Another tensor as an input of one operator."""

    def change(model: Any) -> None:
        node(model, op_type, place).input[number] = name

    return change


def doubled(model: Any) -> None:
    """An operator that reads the output, and gives what is scored."""
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node("Add", ["before", "before"], ["probability"]))


def opset(model: Any) -> None:
    model.opset_import[0].version = 18


FLAGSHIP_CHANGES: dict[str, tuple[str, Change]] = {
    "perm": ("LSTM", attribute("Transpose", "perm", [0, 1, 2])),
    "direction": ("LSTM", attribute("LSTM", "direction", "reverse")),
    "hidden size": ("LSTM", attribute("LSTM", "hidden_size", 16)),
    "layout": ("LSTM", attribute("LSTM", "layout", 1)),
    "clip": ("LSTM", attribute("LSTM", "clip", 3.0)),
    "one more attribute": ("Sigmoid", attribute("Sigmoid", "alpha", 1.0)),
    "lengths left out": ("LSTM", given("LSTM", 4, "")),
    "a kernel for the other": ("LSTM", given("LSTM", 3, "lengths")),
    "number behind a text": ("ReduceMax", constant("Where", 2, np.array([-1.0], np.float32))),
    "number among states": ("ReduceMax", constant("Where", 2, np.array([0.5], np.float32))),
    "axis of the largest": ("ReduceMax", attribute("ReduceMax", "axes", [2])),
    "axis of the places": ("CumSum", constant("CumSum", 1, np.array([0], np.int64))),
    "places that end before": ("CumSum", attribute("CumSum", "exclusive", 1)),
    "axis of parts": ("Concat", attribute("Concat", "axis", 1)),
    "order of ids": ("Concat", lambda m: node(m, "Concat", 1).input.reverse()),
    "share": ("Mul", constant("Mul", 1, np.array([0.5], np.float32), place=4)),
    "modulus": ("Gather", constant("Mod", 1, np.array([131_069], np.int32))),
    "another remainder": ("Mod", attribute("Mod", "fmod", 1)),
    "multipliers that overflow": (
        "Add",
        constant("MatMul", 1, np.triu(np.full((3, 3), 1 << 28, np.int32)), place=2),
    ),
    "an offset below zero": ("Add", constant("Add", 1, np.array([-1, 5, 7], np.int32), place=1)),
    "fewer zeros before": ("Slice", constant("Pad", 1, np.array([0, 1, 0, 0, 0, 0], np.int64))),
    "another place": ("Slice", constant("Slice", 2, np.array([-2], np.int64))),
    "twice the output": ("Add", doubled),
    "a bias of another size": ("Add", constant("Add", 1, np.zeros(128, np.float32))),
    "zero points": (
        "DequantizeLinear",
        constant("DequantizeLinear", 2, np.ones(256, np.int8)),
    ),
    "axis of scales": ("DequantizeLinear", attribute("DequantizeLinear", "axis", 1)),
    "another domain": ("another domain", lambda m: setattr(node(m, "LSTM"), "domain", "ours")),
    "another opset": ("another version of ONNX's operators", opset),
}


OLD_FLAGSHIP = Path(__file__).parents[1] / "old_artifacts" / "flagship.onnx"
OLD_FORM = {"order of ids", "multipliers that overflow", "zero points", "axis of scales"}
"""Changes of what only files of older exports have."""


@pytest.mark.parametrize("name", FLAGSHIP_CHANGES)
def test_other_graphs(flagship: bytes, engine_reader: Reader, name: str) -> None:
    """One line names the operator from which on the graph is not ours."""
    said, change = FLAGSHIP_CHANGES[name]
    model = onnx.ModelProto.FromString(OLD_FLAGSHIP.read_bytes() if name in OLD_FORM else flagship)
    change(model)
    found = engine_reader.read(model.SerializeToString())
    assert (found.status, found.network) == (UNSUPPORTED, None)
    assert said in found.message


WINDOWS_CHANGES: dict[str, tuple[str, Change]] = {
    "pads": ("Conv", attribute("Conv", "pads", [1, 1])),
    "pads of a mask": ("Conv", attribute("Conv", "pads", [1, 0], place=1)),
    "strides": ("Where", attribute("MaxPool", "strides", [1])),
    "dilations": ("Conv", attribute("Conv", "dilations", [3], place=2)),
    "groups": ("Conv", attribute("Conv", "group", 2)),
    "numbers behind a text": ("Conv", constant("Where", 2, np.array([1.0], np.float32))),
    "ids from another place": (
        "LessOrEqual",
        constant("Slice", 1, np.array([0, 1], np.int64)),
    ),
    "lengths of another window": (
        "LessOrEqual",
        constant("Div", 1, np.array([3], np.int32), place=1),
    ),
    "whole lengths": ("LSTM", given("LSTM", 4, "lengths")),
}


@pytest.mark.parametrize("name", WINDOWS_CHANGES)
def test_other_windows(engine_reader: Reader, name: str) -> None:
    """Steps, masks and lengths belong together behind convolutions and pooling."""
    said, change = WINDOWS_CHANGES[name]
    model = onnx.load(WINDOWS)
    assert engine_reader.read(model.SerializeToString()).status == OK
    change(model)
    found = engine_reader.read(model.SerializeToString())
    assert (found.status, found.network) == (UNSUPPORTED, None)
    assert said in found.message
