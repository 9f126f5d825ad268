"""LSTM and SimpleRNN layers in TFLite as loops: right, stateless, and loaded by CompiledModel."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.compiled_model import CompiledModel
from keras import layers
from parsed import check_tflite
from small_models import (
    VOCABULARY,
    Ids,
    Scores,
    classifier,
    network,
    ragged,
    recurrent,
    tflite_scores,
)

from edgernn.audit import audit_file
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.cells import CELLS
from edgernn.errors import ExportError, UsageError
from edgernn.training.layers import custom_layers
from edgernn.training.models import probabilities
from exporters import tflite_graph
from exporters.export import TrainedModel, export, in_form
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Network
from exporters.rules import FORMATS, check_cells, find_recurrent_form
from exporters.tflite_loops import STEPS, stores_steps

TFLITE = FORMATS["tflite"]
# Two in a row are equally long: what keeps a state, or a shape, is found out.
LENGTHS = (7, 1, 60, 2, 33, 12, 12, 3, 60, 59)
SEQUENCES = {"return_sequences": True}


def _pooled() -> list[Any]:
    middle = recurrent("LSTM", 34, bidirectional=True, **SEQUENCES)
    return [middle, custom_layers().max_mean_pooling()]


def _stacked() -> list[Any]:
    return [
        layers.Bidirectional(layers.LSTM(20, **SEQUENCES), merge_mode="mul"),
        layers.Bidirectional(layers.SimpleRNN(4, **SEQUENCES), merge_mode="ave"),
        layers.Bidirectional(layers.LSTM(9), merge_mode="sum"),
    ]


NETWORKS: dict[str, Callable[[], list[Any]]] = {"pooled": _pooled, "stacked": _stacked}
LINES = {
    "pooled": "2 WHILE (LSTM as a loop)",
    "stacked": "6 WHILE (LSTM and SimpleRNN as a loop)",
}


def compiled_scores(file: bytes, rows: Sequence[Ids]) -> Scores:
    """Score each row alone in LiteRT's CompiledModel, which has no reset."""
    model = CompiledModel.from_buffer(file)
    found = []
    for row in rows:
        model.resize_input_tensor(0, [1, len(row)])
        (given,), (got,) = model.create_input_buffers(0), model.create_output_buffers(0)
        given.write(row)
        model.run_by_index(0, [given], [got])
        found.append(got.read(1, np.float32))
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("pooled", "float32"),
        ("stacked", "int8"),
        pytest.param("pooled", "int8", marks=pytest.mark.slow),
        pytest.param("pooled", "float16", marks=pytest.mark.slow),
        pytest.param("pooled", "int8-embedding", marks=pytest.mark.slow),
        pytest.param("stacked", "float32", marks=pytest.mark.slow),
    ],
)
def test_loops(name: str, precision: str) -> None:
    """As Keras in both of LiteRT's interfaces, of known operators, without a variable tensor."""
    model, rows = classifier(*NETWORKS[name]()), ragged(LENGTHS)
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 0.05
    looped = read_network(model).as_loops()
    file = tflite_graph.convert(looped, precision)
    check_tflite(file, "the model", VOCABULARY)
    content = TfliteContent(file, "the model")
    check = check_operators(content.operators, looped, TFLITE.at(precision))
    assert check.passed, check.line
    assert check.line.endswith(LINES[name])
    assert not any(t.is_variable for g in content.model.subgraphs for t in g.tensors)
    found = tflite_scores(file, rows)
    rules = TFLITE.precisions[precision]
    limit = 1e-6 if precision == "float32" else rules.tolerance
    assert np.abs(found - expected).max() <= limit
    # Without a reset, whatever was scored before.
    np.testing.assert_allclose(compiled_scores(file, rows), found, atol=1e-6)
    np.testing.assert_allclose(compiled_scores(file, rows[::-1])[::-1], found, atol=1e-6)


def test_fused_files_are_refused_by_compiled_model() -> None:
    """Which is why there are loops; where it takes them, the reason is gone."""
    file = tflite_graph.convert(network(recurrent("LSTM", 4)), "float32")
    with pytest.raises(RuntimeError):
        compiled_scores(file, ragged([3]))


def test_every_fused_cell_has_a_step() -> None:
    """A cell with a fused operator may be asked for as a loop."""
    fused = {name for name, cell in CELLS.items() if cell.tflite and cell.tflite.operator}
    assert set(STEPS) == fused


def test_a_cell_without_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, with the place where it is missing."""
    monkeypatch.delitem(STEPS, "LSTM")
    with pytest.raises(ExportError, match=r"no loop of LSTM: STEPS in exporters/tflite_loops\.py"):
        tflite_graph.convert(network(recurrent("LSTM", 4)).as_loops(), "float32")


LAST = lambda: [recurrent("LSTM", 4)]  # noqa: E731
OTHER = lambda: [recurrent("LSTM", 4, recurrent_activation="hard_sigmoid")]  # noqa: E731


@pytest.mark.parametrize(
    ("middle", "precision", "asked", "parts"),
    [
        (LAST, "float16", None, ("LSTM as a loop",)),
        # Loops round more.
        (LAST, "int8", None, ("LSTM",)),
        (LAST, "int8", "loop", ("LSTM as a loop",)),
        (_pooled, "float32", None, ("LSTM as a loop", "Pool")),
        # A loop that writes all its steps takes longer than the fused operator.
        (_stacked, "float32", None, ("LSTM", "SimpleRNN", "Merge")),
        (_stacked, "int8", "loop", ("LSTM as a loop", "SimpleRNN as a loop", "Merge")),
        (lambda: [recurrent("SimpleRNN", 4)], "float32", None, ("SimpleRNN",)),
        (lambda: [recurrent("SimpleRNN", 4)], "int8", "loop", ("SimpleRNN as a loop",)),
        # The converter quantizes no loop to integers.
        (LAST, "int8-full", None, ("LSTM",)),
        (LAST, "int8", "fused", ("LSTM",)),
        (lambda: [recurrent("GRU", 4)], "int8", "loop", ("GRU",)),
        (OTHER, "int8", "loop", ("LSTM of other activations",)),
    ],
)
def test_the_form(
    middle: Callable[[], list[Any]], precision: str, asked: Any, parts: tuple[str, ...]
) -> None:
    """Loops by default where they are no slower and round no more; ONNX has none."""
    given = network(*middle())
    assert in_form(given, TFLITE, precision, asked).parts == parts
    assert in_form(given, FORMATS["onnx"], precision) is given


def test_integers_and_loops() -> None:
    """Asked for together they are refused, with what to do."""
    looped = network(recurrent("LSTM", 4)).as_loops()
    with pytest.raises(ExportError, match=r"no LSTM as a loop: .*leave out --recurrent loop$"):
        check_cells(TFLITE, "int8-full", looped.parts)


@pytest.mark.parametrize(
    ("name", "formats", "said"),
    [
        ("unrolled", ("tflite",), "--recurrent unrolled: choose one of loop, fused"),
        ("loop", ("onnx",), "--recurrent loop: is for tflite files alone"),
    ],
)
def test_words_that_are_no_form(name: str, formats: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}$"):
        find_recurrent_form(name, [FORMATS[format] for format in formats])
    assert find_recurrent_form("loop", FORMATS.values()) == "loop"
    assert find_recurrent_form(None, []) is None


def test_stored_steps() -> None:
    """Those that another layer reads, unless it pools; a fused operator stores what it likes."""
    stacked: Network = network(*_stacked())
    assert stores_steps(stacked.as_loops())
    assert not stores_steps(stacked)
    assert not stores_steps(network(*_pooled()).as_loops())
    summed = layers.Bidirectional(layers.LSTM(4, **SEQUENCES), merge_mode="sum")
    assert stores_steps(network(summed, custom_layers().max_mean_pooling()).as_loops())


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_an_exported_loop(
    tiny_wide_trained: TrainedModel, tiny_wide_files: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    """Pooling and n-grams: `loop` gives loops without a problem; in int8 the default is fused."""
    from edgernn.runtime.loaded_model import LoadedModel, open_reference

    by_default = audit_file(tiny_wide_files["tflite", "int8"])
    assert dict(by_default.recurrent_operators) == {"UNIDIRECTIONAL_SEQUENCE_LSTM": 2}
    looped = tmp_path / "looped.tflite"
    trained = dataclasses.replace(tiny_wide_trained, texts=tiny_wide_trained.texts[:20])
    trained = dataclasses.replace(trained, expected=trained.expected[:20])

    def opened(path: Path) -> LoadedModel:
        return open_reference(path)

    export(trained, TFLITE, "int8", looped, opened, recurrent="loop")
    found = audit_file(looped)
    assert found.problems == ()
    assert dict(found.recurrent_operators) == {"WHILE (LSTM)": 2}
