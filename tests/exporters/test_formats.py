"""The table of formats: complete, of real operators, and without typing errors."""

from __future__ import annotations

from typing import get_args

import onnx
import pytest

from edgernn.bundle import Format
from edgernn.bundle.tflite_operators import BUILTIN_OPERATORS
from edgernn.errors import UsageError
from exporters.formats import FORMATS, PRECISIONS, find_format, find_precision
from exporters.network import Cell
from exporters.onnx_graph import OPSET


def test_every_format_of_the_bundle_is_there() -> None:
    """What can be read can be written; names and suffixes are the table's keys."""
    assert set(FORMATS) == set(get_args(Format))
    for name, rules in FORMATS.items():
        assert (rules.name, rules.suffix) == (name, f".{name}")
        assert find_format(name) is rules


CELLS = get_args(Cell)
LOOPS = {"WHILE", "IF", "CALL", "CALL_ONCE"}


def test_the_onnx_operators_exist() -> None:
    """Each is in the default domain of the opset that is written; none runs a subgraph."""
    for operator in FORMATS["onnx"].allowed(CELLS):
        definition = onnx.defs.get_schema(operator, OPSET, "")
        kinds = {attribute.type for attribute in definition.attributes.values()}
        assert onnx.defs.OpSchema.AttrType.GRAPH not in kinds


def test_the_tflite_operators_exist() -> None:
    """Each is builtin; a loop is there for a GRU alone, a custom operator for none."""
    rules = FORMATS["tflite"]
    assert rules.allowed(CELLS) <= set(BUILTIN_OPERATORS)
    assert not rules.allowed(CELLS) & {"CUSTOM", "DELEGATE"}
    assert not rules.allowed(["LSTM", "SimpleRNN"]) & LOOPS
    assert rules.allowed(["GRU"]) & LOOPS == {"WHILE"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_cell_has_its_operator(name: str) -> None:
    """One of its own, allowed where a network has such a layer and nowhere else."""
    rules = FORMATS[name]
    operators = {cell: rules.cells[cell].operator for cell in CELLS}
    assert len(set(operators.values())) == len(CELLS)
    for cell, operator in operators.items():
        assert operator in rules.allowed([cell])
        assert operator not in rules.allowed(other for other in CELLS if other != cell)
    assert rules.allowed([]) == rules.operators


@pytest.mark.parametrize("name", FORMATS)
def test_loops_are_named(name: str) -> None:
    """A cell is marked as a loop when its operator is one."""
    for rule in FORMATS[name].cells.values():
        assert rule.loop == (rule.operator in LOOPS)


def test_tolerances_grow_as_precision_falls() -> None:
    """All far below what turns a clear verdict round."""
    assert list(PRECISIONS) == ["float32", "float16", "int8"]
    tolerances = [find_precision(name) for name in PRECISIONS]
    assert tolerances == sorted(tolerances)
    assert 0 < tolerances[0] <= 1e-4
    assert tolerances[-1] <= 0.02


@pytest.mark.parametrize("name", ["ONNX", "tf", "", "all"])
def test_an_unknown_format(name: str) -> None:
    """The message is about the option, and lists what there is."""
    with pytest.raises(UsageError, match=f"--format {name}: there are onnx, tflite, and all"):
        find_format(name)


@pytest.mark.parametrize("name", ["int4", "FLOAT32", ""])
def test_an_unknown_precision(name: str) -> None:
    """So is this one."""
    with pytest.raises(UsageError, match=f"--precision {name}: there are float32, float16, int8"):
        find_precision(name)
