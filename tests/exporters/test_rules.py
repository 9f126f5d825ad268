"""The table of formats: complete, of real operators, and without typing errors."""

from __future__ import annotations

import onnx
import pytest

from edgernn import cells
from edgernn.bundle import CONTAINERS
from edgernn.bundle.tflite.schema import BUILTIN_OPERATORS
from edgernn.errors import ExportError, UsageError
from exporters.network import AS_A_LOOP, OTHER_ACTIVATIONS, Part
from exporters.onnx_graph import OPSET
from exporters.rules import FORMATS, check_cells, find_format, find_precision


def test_every_format_of_the_bundle_is_there() -> None:
    """What can be read can be written; names and suffixes are the table's keys."""
    assert set(FORMATS) == set(CONTAINERS)
    for name, rules in FORMATS.items():
        assert (rules.name, rules.suffix) == (name, f".{name}")
        assert find_format(name) is rules


CELLS = tuple(cells.CELLS)
OTHER_CELLS = tuple(f"{cell}{OTHER_ACTIVATIONS}" for cell in CELLS)
LOOPED_CELLS = ("LSTM" + AS_A_LOOP, "SimpleRNN" + AS_A_LOOP)
"""Of TFLite alone."""
PARTS = (
    *(*CELLS, *OTHER_CELLS, "Activation", "Conv", "MaxPool", "Merge", "Ngrams", "Pool", "Scale"),
    "Softmax",
)
LOOPS = {"WHILE", "IF", "CALL", "CALL_ONCE"}


def test_the_onnx_operators_exist() -> None:
    """Each is in the default domain of the opset that is written; none runs a subgraph."""
    for operator in FORMATS["onnx"].allowed(PARTS):
        definition = onnx.defs.get_schema(operator, OPSET, "")
        kinds = {attribute.type for attribute in definition.attributes.values()}
        assert onnx.defs.OpSchema.AttrType.GRAPH not in kinds


def test_the_tflite_operators_exist() -> None:
    """Each is builtin; a loop is there for what has no fused operator, a custom one for none."""
    rules = FORMATS["tflite"]
    parts = (*PARTS, *LOOPED_CELLS)
    assert rules.allowed(parts) <= set(BUILTIN_OPERATORS)
    assert not rules.allowed(parts) & {"CUSTOM", "DELEGATE"}
    looped = {"GRU", *OTHER_CELLS, *LOOPED_CELLS}
    assert not rules.allowed(part for part in parts if part not in looped) & LOOPS
    for part in looped:
        assert rules.allowed([part]) & LOOPS == {"WHILE"}


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


CELLS_OF = [(name, precision) for name, rules in FORMATS.items() for precision in rules.precisions]


@pytest.mark.parametrize("name", FORMATS)
def test_tolerances_grow_as_precision_falls(name: str) -> None:
    """Far below what turns a clear verdict round; activations cost more than weights do."""
    rules = FORMATS[name].precisions
    assert list(rules) == [rule.name for rule in rules.values()]
    tolerances = [rule.tolerance for rule in rules.values()]
    assert tolerances == sorted(tolerances)
    assert 0 < tolerances[0] <= 1e-4
    assert rules["int8"].tolerance <= 0.02
    assert tolerances[-1] <= 0.1
    assert [rule.name for rule in rules.values() if not rule.quantized] == ["float32"]


def test_the_precisions() -> None:
    """What each format has at least; `int8` is one of each, and the default."""
    common = {"float32", "float16", "int8-embedding", "int8"}
    assert set(FORMATS["onnx"].precisions) >= common | {"int8-dynamic"}
    assert set(FORMATS["tflite"].precisions) >= common | {"int8-full", "int16x8"}


@pytest.mark.parametrize(("name", "precision"), CELLS_OF)
def test_every_precision_is_described(name: str, precision: str) -> None:
    """In one line that can stand in a list, with a reason for each layer that it has not."""
    rules = find_precision(FORMATS[name], precision)
    for text in (rules.summary, *rules.refused.values()):
        assert text.isprintable()
        assert 20 < len(text) < 250
        assert not text.endswith(".")
    assert set(rules.refused) <= {*PARTS, *(LOOPED_CELLS if name == "tflite" else ())}
    assert 0 < rules.golden_tolerance <= rules.tolerance


@pytest.mark.parametrize(("name", "precision"), CELLS_OF)
@pytest.mark.parametrize("cell", PARTS)
def test_layers_that_a_precision_has_not(name: str, precision: str, cell: Part) -> None:
    """They are refused with the reason, beside others too; those that it has are not."""
    rules = FORMATS[name]
    reason = rules.precisions[precision].refused.get(cell)
    if reason is None:
        check_cells(rules, precision, [cell])
        return
    others = [other for other in CELLS if other not in rules.precisions[precision].refused]
    with pytest.raises(ExportError) as error:
        check_cells(rules, precision, [*others, cell])
    assert str(error.value) == f"{name} {precision}: no {cell}: {reason}"


def test_what_a_precision_changes() -> None:
    """Its own operators are allowed, and an LSTM that should be int8 may not stay float32."""
    onnx, tflite = FORMATS["onnx"], FORMATS["tflite"]
    dynamic = onnx.at("int8-dynamic").allowed(["LSTM"])
    assert dynamic == onnx.operators | {"com.microsoft::DynamicQuantizeLSTM"}
    assert tflite.at("float16").allowed([]) == tflite.operators | {"BITCAST"}
    for rules in (onnx, tflite):
        assert rules.at("int8").allowed(CELLS) == rules.allowed(CELLS)


@pytest.mark.parametrize("name", ["ONNX", "tf", "", "all"])
def test_an_unknown_format(name: str) -> None:
    """The message is about the option, and lists what there is."""
    with pytest.raises(UsageError, match=f"--format {name}: choose one of onnx, tflite, all"):
        find_format(name)


@pytest.mark.parametrize("name", ["int4", "FLOAT32", "", "int8-full"])
def test_an_unknown_precision(name: str) -> None:
    """So is this one; each format has its own."""
    with pytest.raises(
        UsageError, match=f"--precision {name}: onnx has float32, float16, .*int8-dynamic"
    ):
        find_precision(FORMATS["onnx"], name)
