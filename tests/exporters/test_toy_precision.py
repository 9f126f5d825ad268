"""A precision that is added as CONTRIBUTING.md says is offered, listed, stored and named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from edgernn.cli.main import app
from edgernn.errors import ExportError, UsageError
from edgernn.evaluation import comparison
from exporters import onnx_precisions
from exporters.rules import FORMATS, PrecisionRules, check_cells, find_precision

TOY = PrecisionRules(
    "tenths",
    "weights rounded to tenths",
    tolerance=0.05,
    refused={"GRU": "the state of a GRU drifts when it is rounded"},
)


def graph() -> Any:
    """A graph of one weight; nothing runs it."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'edgernn[export]'")
    weight = onnx.numpy_helper.from_array(np.array([0.12, 0.96], np.float32), "weight")
    return onnx.helper.make_model(onnx.helper.make_graph([], "toy", [], [], [weight]))


def rounded(model: Any) -> Any:
    """Store a graph's weights in the toy precision."""
    import onnx

    stored = onnx.ModelProto()
    stored.CopyFrom(model)
    for weight in stored.graph.initializer:
        values = np.round(onnx.numpy_helper.to_array(weight), 1)
        weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    return stored


@pytest.fixture(autouse=True)
def in_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 1."""
    monkeypatch.setitem(dict_of(FORMATS["onnx"].precisions), TOY.name, TOY)


def dict_of(table: Any) -> dict[str, Any]:
    """The table, which only a test changes."""
    assert isinstance(table, dict)
    return table


def test_it_is_offered_and_refused_by_the_rules() -> None:
    assert find_precision(FORMATS["onnx"], "tenths") is TOY
    with pytest.raises(UsageError, match=r"onnx has float32, .*, tenths"):
        find_precision(FORMATS["onnx"], "hundredths")
    with pytest.raises(ExportError, match="onnx tenths: no GRU: the state of a GRU drifts"):
        check_cells(FORMATS["onnx"], "tenths", ["GRU"])


def test_it_is_listed_and_not_measured() -> None:
    done = CliRunner().invoke(app, ["formats", "--recipe", "bilstm", "--json"])
    listed = json.loads(done.stdout)
    assert listed["formats"]["onnx"]["tenths"] == TOY.summary
    (cell,) = (cell for cell in listed["cells"] if cell["precision"] == "tenths")
    assert (cell["written"], cell["reason"]) == (None, "not measured")


def test_how_it_is_stored_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 2."""
    with pytest.raises(ExportError, match=r"onnx tenths: exporters/onnx_precisions\.py has no"):
        onnx_precisions.store(graph(), "tenths")
    monkeypatch.setitem(onnx_precisions.STORES, "tenths", rounded)
    stored = onnx_precisions.store(graph(), "tenths")
    values = np.frombuffer(stored.graph.initializer[0].raw_data, np.float32)
    np.testing.assert_array_equal(values, np.array([0.1, 1.0], np.float32))


def test_files_of_runs_are_known_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 3."""
    assert comparison.ExportedFile("bilstm-tenths.onnx", 1).precision is None
    monkeypatch.setattr(comparison, "PRECISIONS", (*comparison.PRECISIONS, "tenths"))
    assert comparison.ExportedFile("bilstm-tenths.onnx", 1).precision == "tenths"
