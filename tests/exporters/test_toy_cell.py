"""A cell added as `edgernn/cells.py` says is trained, imported, exported, audited and searched.

The toy computes what a GRU does, under another name: its row stands in the place of the GRU's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import toy
from parsed import check_onnx, check_tflite, onnx_graph, tflite_graph
from small_models import tflite_scores

from edgernn.audit.recurrent import find_recurrent
from edgernn.audit.source import SourceLayer, compare, read_layers
from edgernn.audit.weights import read_weights
from edgernn.bundle.tflite.forms import FORMS
from edgernn.cells import CELLS, Cell, Onnx, Operator, Tflite, find_cell
from edgernn.choose.space import Point, Space, recipe_of
from edgernn.errors import ExportError, UsageError
from edgernn.recipes.recipe import Dense, Embedding, Recipe, Recurrent
from edgernn.training.imported import layers as imported
from edgernn.training.imported.entries import Reader
from edgernn.training.imported.files import Imported
from edgernn.training.models import probabilities
from exporters import network, tflite_stand_ins
from exporters.rules import FORMATS, check_cells
from exporters.tflite_stand_ins import STAND_INS

REAL = dict(CELLS)
TOY = Cell(
    name="Toy",
    code="toy",
    gates=("update", "reset", "candidate"),
    sigmoid_gates=("update", "reset"),
    activations=("gates", "activation"),
    has_reset_after=True,
    onnx=Onnx(
        Operator("GRU", (1, 2), (3,)), gate_order=(0, 1, 2), reset_attribute="linear_before_reset"
    ),
    tflite=Tflite(None, layer="GRU"),
)
BARE = Cell("Bare", "bare", ("state",), (), ("activation",), None, None, draws=0)
"""A row that says nothing of either format."""
HALF = BARE._replace(name="Half", tflite=Tflite(Operator("SVDF"), stand_in="LSTM"))
"""A row that names a stand-in which nobody has written."""

VOCABULARY = 20
ROWS = [np.arange(n, dtype=np.int32) % (VOCABULARY - 1) + 1 for n in (1, 7, 3, 12)]


@pytest.fixture(autouse=True)
def rows() -> Iterator[None]:
    """Step 1: the row."""
    before = dict(CELLS)
    del CELLS["GRU"]
    for cell in (TOY, BARE, HALF):
        CELLS[cell.name] = cell
    yield
    # Whole, since the order of the table is that of its names in messages.
    CELLS.clear()
    CELLS.update(before)


@keras.saving.register_keras_serializable(package="toy")
class Toy(keras.layers.GRU):  # type: ignore[misc]
    """A GRU under another name, which Keras knows: a bidirectional layer makes it anew."""


@pytest.fixture
def layer_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 2: a Keras layer of that name."""
    monkeypatch.setattr(keras.layers, "Toy", Toy, raising=False)


@pytest.fixture
def model(layer_of_keras: None) -> Any:
    """A model of the recipe, with weights that make scores vary."""
    return made(recipe("Toy"))


def made(recipe: Recipe) -> Any:
    from edgernn.training.models import build

    model = build(recipe, VOCABULARY)
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(0, 0.6, array.shape) for array in model.get_weights()])
    return model


def recipe(cell: str) -> Recipe:
    """A recipe that has the cell, both ways and one way."""
    both = Recurrent(6, cell, bidirectional=True, sequences=True)
    return dataclasses.replace(
        toy.RECIPE, layers=(Embedding(8), both, Recurrent(5, cell), Dense(1))
    )


def layer(cell: str) -> network.Recurrent:
    """A layer of 4 units that reads 3 features."""
    wide = np.zeros((3, 4), np.float32), np.zeros((4, 4), np.float32), np.zeros(4, np.float32)
    return network.Recurrent(
        cell, 4, sequences=False, forward=network.Direction(*wide), backward=None
    )


def test_a_recipe_takes_it() -> None:
    """By name; a name that is in no row is refused with those that are."""
    assert Recurrent(4, "Toy").cell == "Toy"
    with pytest.raises(UsageError, match="no recurrent cell 'GRU'; there are LSTM, SimpleRNN, Toy"):
        Recurrent(4, "GRU")


def test_the_search_draws_it() -> None:
    """As often as its row says; size and name come from there, too."""
    cells = Space().cells
    assert [cells.count(name) for name in ("LSTM", "Toy", "Bare")] == [2, 1, 0]
    point = Point("Toy", True, 8, 4, "words", 100, 20, "pool")
    assert point.name == "bitoy8-e4-w100-t20-pool"
    assert point.fewest_bytes() == 100 * 4 + 2 * 3 * 8 * (4 + 8)
    assert recipe_of(point, toy.RECIPE.fit).layers[1] == Recurrent(
        8, "Toy", bidirectional=True, sequences=True, input_dropout=0.2
    )


def test_what_it_becomes() -> None:
    """Its operators are allowed; what it cannot be is refused with a reason, of the row or not."""
    assert "GRU" in FORMATS["onnx"].allowed(["Toy"])
    assert "WHILE" in FORMATS["tflite"].allowed(["Toy"])
    for format, precision, cell, reason in (
        ("onnx", "int8-dynamic", "Toy", "ONNX Runtime quantizes the activations of an LSTM alone"),
        ("tflite", "int8-full", "Toy", "the converter crashes on a loop"),
        ("onnx", "float32", "Bare", "its row in edgernn/cells.py says nothing of onnx"),
        ("tflite", "float32", "Bare", "its row in edgernn/cells.py says nothing of tflite"),
    ):
        with pytest.raises(ExportError, match=f"^{format} {precision}: no {cell}: {reason}"):
            check_cells(FORMATS[format], precision, [cell])
    check_cells(FORMATS["onnx"], "int8", ["Toy"])


def test_a_stand_in_that_nobody_has_written() -> None:
    """The error names the cell and the place."""
    with pytest.raises(ExportError, match=r"^tflite: no Half: STAND_INS in .* has no row"):
        tflite_stand_ins.stand_in_of(layer("Half"))


def test_its_layers_on_the_card() -> None:
    """An audit knows them as recurrent, and misses one that the graph has not."""
    (found,) = read_layers({"layers": [{"layer": "Toy", "units": 4, "directions": 2}]}) or ()
    assert found == SourceLayer("Toy", 4, 2)
    assert found.is_recurrent
    (problem,) = compare(False, [found], [])
    assert problem.subject == "Toy layers"


def test_a_model_without_a_layer_for_it() -> None:
    """Training says where the layer is missing."""
    from edgernn.training.models import build

    with pytest.raises(UsageError, match="cell Bare cannot be trained: there is no layer of that"):
        build(recipe("Bare"), VOCABULARY)


def test_it_is_imported(layer_of_keras: None) -> None:
    """Read from a model's config, with the shapes of its weights, and built anew."""
    from edgernn.training.imported.build import build

    config = {"name": "t", "units": 4, "recurrent_activation": "hard_sigmoid", "reset_after": True}
    entry = {"class_name": "Toy", "module": "keras.layers", "config": config}
    reader = Reader(2)
    (read,) = reader.read(entry)
    assert reader.problems == []
    assert isinstance(read, imported.Recurrent)
    assert (read.cell, read.reset_after, read.steep) == ("Toy", True, True)
    layers = (
        imported.Embedding("e", VOCABULARY, 3, mask_zero=True),
        read,
        imported.Dense("d", 1, "sigmoid", use_bias=True),
    )
    architecture = imported.Architecture(layers, None)
    shapes = [[array.shape for array in arrays] for arrays in architecture.arrays()]
    assert shapes[1] == [(3, 12), (4, 12), (2, 12)]
    weights = [[np.ones(shape, np.float32) for shape in several] for several in shapes]
    built = build(Imported("keras", architecture, weights, {})).layers[1]
    assert type(built).__name__ == "Toy"
    # Gates of a hard sigmoid of Keras 2, and the candidate, which has none.
    np.testing.assert_allclose(built.get_weights()[0][0], [1.2] * 8 + [1.0] * 4)


def test_its_picture(model: Any) -> None:
    """A layer's line has units and settings, as that of other cells."""
    from edgernn.evaluation.diagram import read_layers as read_rows

    types = [row.type for row in read_rows(model, Path("model.keras"))]
    assert "Bidirectional Toy, 2 x 6 units, sequences" in types
    assert "Toy, 5 units" in types


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_it_is_exported_to_onnx(model: Any, precision: str) -> None:
    """The file may be loaded, scores as Keras does, and an audit finds the layers."""
    import onnxruntime

    from exporters import onnx_graph as exporter
    from exporters.keras_model import read_network
    from exporters.onnx_precisions import store

    graph = store(exporter.convert(read_network(model)), precision)
    file = bytes(graph.SerializeToString())
    check_onnx(file, "the model", VOCABULARY)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    found = [
        session.run(None, {"ids": ids[None], "lengths": np.array([len(ids)], np.int32)})[0]
        for ids in ROWS
    ]
    expected = probabilities(model, ROWS)
    assert np.ptp(expected) > 0.01
    tolerance = FORMATS["onnx"].precisions[precision].tolerance
    np.testing.assert_allclose(np.concatenate(found), expected, atol=tolerance)
    read = onnx_graph(file)
    assert [one.cell for one in find_recurrent(read)] == [TOY, TOY]
    kernels = [one for one in read_weights(read) if one.role == "recurrent kernel"]
    assert len(kernels) == 4


def test_it_is_exported_to_tflite(layer_of_keras: None) -> None:
    """As a loop, which an audit knows again by its activations."""
    from exporters import tflite_graph as exporter
    from exporters.keras_model import read_network

    # One loop: each takes seconds.
    layers = (Embedding(8), Recurrent(5, "Toy"), Dense(1))
    model = made(dataclasses.replace(toy.RECIPE, layers=layers))
    file = exporter.convert(read_network(model), "float32")
    check_tflite(file, "the model", VOCABULARY)
    np.testing.assert_allclose(tflite_scores(file, ROWS), probabilities(model, ROWS), atol=1e-4)
    assert [one.cell for one in find_recurrent(tflite_graph(file))] == [TOY]


def test_the_rows_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole: orders and names fit together, and what a row names is there."""
    for name, cell in REAL.items():
        monkeypatch.setitem(CELLS, name, cell)
        assert find_cell(name) is cell
        assert set(cell.sigmoid_gates) <= set(cell.gates)
        assert ("gates" in cell.activations) == bool(cell.sigmoid_gates)
        if cell.onnx is not None:
            assert sorted(cell.onnx.gate_order) == list(range(len(cell.gates)))
        if cell.tflite is not None:
            fused = cell.tflite.operator
            assert fused is None or fused.name in FORMS
            assert bool(cell.tflite.stand_in) == (name in STAND_INS)
            assert cell.tflite.refused.keys() <= FORMATS["tflite"].precisions.keys()
    for kind in ("name", "code"):
        assert len({getattr(cell, kind) for cell in REAL.values()}) == len(REAL)
