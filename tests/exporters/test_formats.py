"""The table of formats: complete, of real operators, and without typing errors."""

from __future__ import annotations

from typing import get_args

import onnx
import pytest

from edgernn.bundle import Format
from edgernn.bundle.tflite_operators import BUILTIN_OPERATORS
from edgernn.errors import UsageError
from exporters.formats import FORMATS, PRECISIONS, find_format, find_precision
from exporters.onnx_graph import OPSET


def test_every_format_of_the_bundle_is_there() -> None:
    """What can be read can be written; names and suffixes are the table's keys."""
    assert set(FORMATS) == set(get_args(Format))
    for name, rules in FORMATS.items():
        assert (rules.name, rules.suffix) == (name, f".{name}")
        assert find_format(name) is rules


def test_the_onnx_operators_exist() -> None:
    """Each is in the default domain of the opset that is written; none runs a subgraph."""
    for operator in FORMATS["onnx"].operators:
        definition = onnx.defs.get_schema(operator, OPSET, "")
        kinds = {attribute.type for attribute in definition.attributes.values()}
        assert onnx.defs.OpSchema.AttrType.GRAPH not in kinds


def test_the_tflite_operators_exist() -> None:
    """Each is builtin; none is a loop, a call or a custom operator."""
    operators = FORMATS["tflite"].operators
    assert operators <= set(BUILTIN_OPERATORS)
    assert not operators & {"WHILE", "IF", "CALL", "CALL_ONCE", "CUSTOM", "DELEGATE"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_recurrent_operator_is_allowed(name: str) -> None:
    """Or no export would pass."""
    assert FORMATS[name].recurrent_operator in FORMATS[name].operators


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
