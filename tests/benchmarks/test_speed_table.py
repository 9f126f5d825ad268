"""Arithmetic by hand, and the table of docs/speed.md."""

import copy
import json

import numpy as np
import pytest

from benchmarks.peers.bare_session import plan_batches
from benchmarks.readme import render
from benchmarks.speed.__main__ import RESULT
from benchmarks.speed.arithmetic import lstm_multiply_adds, measure, products_of, profile
from benchmarks.speed.table import speed_table
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Recurrent
from edgernn.runtime import SHIPPED_MODEL

LAYERS = RECIPES["flagship"].layers
(WIDTH,) = (layer.units for layer in LAYERS if isinstance(layer, Embedding))
(UNITS,) = (layer.units for layer in LAYERS if isinstance(layer, Recurrent))


def test_multiply_adds_by_hand():
    """48 numbers in and 64 of state, four gates of 64, two directions."""
    assert lstm_multiply_adds(48, 64, 2) == 2 * (4 * 48 * 64 + 4 * 64 * 64) == 57_344
    assert lstm_multiply_adds(32, 32, 2) == 16_384
    assert lstm_multiply_adds(1, 1) == 8


def test_products_of_layers():
    """A product of the token and one of the state for each LSTM, as wide as what comes in."""
    assert products_of(LAYERS) == [(2, WIDTH, 4 * UNITS), (2, UNITS, 4 * UNITS)]
    stacked = [
        Embedding(5),
        Recurrent(4, bidirectional=True, sequences=True),
        Recurrent(3),
        Dense(1),
    ]
    assert products_of(stacked) == [(2, 5, 16), (2, 4, 16), (1, 8, 12), (1, 3, 12)]


def test_multiply_adds_of_the_shipped_file():
    """A token takes one for each weight of the file's LSTM."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'edgernn[export]'")
    sizes = {tuple(w.dims) for w in onnx.load(SHIPPED_MODEL).graph.initializer}
    products = products_of(LAYERS)
    for directions, rows, columns in products:
        assert (directions, columns, rows) in sizes
    weights = sum(directions * rows * columns for directions, rows, columns in products)
    assert weights == lstm_multiply_adds(WIDTH, UNITS, 2)


def test_profile():
    """Shares of the operators and of what lies between them make the whole."""
    batches = plan_batches([np.arange(1, n, dtype=np.int32) for n in range(100, 200)], 2000)
    found = [profile(batches) for _ in range(5)]
    for operators, outside in found:
        assert sum(operators.values()) + outside == pytest.approx(1)
        assert 0 < outside < 1
        assert list(operators.values()) == sorted(operators.values(), reverse=True)
    # Whatever else runs on the machine may stop any operator once.
    assert max(operators["LSTM"] / max(operators.values()) for operators, _ in found) == 1


def test_arithmetic(monkeypatch):
    """Speeds fit the tokens and the seconds, and nothing is faster than the peak."""
    pytest.importorskip("onnx", reason="needs onnx: pip install 'edgernn[export]'")
    from benchmarks.speed import arithmetic

    monkeypatch.setattr(arithmetic, "_SECONDS", 0.001)
    monkeypatch.setattr(arithmetic, "_SQUARE", 64)
    found = measure(["a great film that I liked"] * 30 + ["boring"] * 10, LAYERS)
    assert found["tokens"] == 30 * 6 + 10
    assert found["tokens_with_padding"] == 40 * 6
    done_by = {"input": 8 * WIDTH * UNITS, "state": 8 * UNITS * UNITS}
    total = sum(done_by.values())
    assert found["multiply_adds_per_token"] == done_by | {"total": total}
    speeds = found["gigaflops"]
    # The seconds are rounded to a tenth of a millisecond, the speed to a tenth.
    seconds, done = found["seconds"]["session"], 2e-9 * total * found["tokens"]
    assert done / (seconds + 5e-5) - 0.05 <= speeds["session"]
    assert speeds["session"] <= done / max(seconds - 5e-5, 1e-9) + 0.05
    assert speeds["lstm_operator"] > speeds["session"]
    assert all(share > 0 for share in found["share_of_peak"].values())
    assert max(found["share_of_peak"][name] for name in ("square", "input", "state")) == 1
    json.dumps(found)


@pytest.fixture
def result() -> dict:
    """The committed result."""
    return json.loads(RESULT.read_text("utf-8"))


def test_table(result):
    """A row for each entry of either part, a dash where it took no part."""
    names = {*result["file"]["entries"], *result["one"]["entries"]}
    rows = [line for line in speed_table(result).splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(names)
    assert all(row.count("|") == 6 for row in rows)
    naive = result["one"]["entries"]["naive-tf2onnx"]
    (row,) = [row for row in rows if naive["title"] in row]
    assert row.split("|")[2].strip() == "-"
    assert float(row.split("|")[5]) == pytest.approx(
        naive["ours_times_as_fast"]["median"], rel=0.05
    )


def test_table_of_what_failed(result):
    """The reason stands below the table."""
    broken = copy.deepcopy(result)
    del broken["file"]["entries"]["vader"]
    broken["file"]["not_measured"]["vader"] = "the package 'vaderSentiment' is not installed"
    table = speed_table(broken)
    assert "| VADER |" not in table
    assert "\nvader could not be measured: the package 'vaderSentiment' is not installed." in table


def test_table_with_a_note(result):
    """A result that is not to be believed says so on the page; another says nothing."""
    note = "Measured while other programs ran."
    assert f"\n**{note}**\n" in speed_table({**result, "note": note})
    assert "**" not in speed_table({name: result[name] for name in result if name != "note"})


def test_the_page_takes_it(result):
    """The marked part of docs/speed.md is this table."""
    page = render("<!-- figures: speed -->\nold\n<!-- end -->\n")
    assert page == f"<!-- figures: speed -->\n{speed_table(result)}<!-- end -->\n"
