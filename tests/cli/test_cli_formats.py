"""`edgernn formats`: every cell has an outcome, and a reason where there is no file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgernn.cli.formats import MEASURED, reason_of
from edgernn.recipes.catalogue import RECIPES
from exporters.rules import FORMATS

CELLS = json.loads(MEASURED.read_text("utf-8"))["cells"]


def test_every_cell_was_tried() -> None:
    """Each recipe in each format and precision, once, and no other."""
    found = [(cell["recipe"], cell["format"], cell["precision"]) for cell in CELLS]
    assert sorted(found) == sorted(
        (recipe, rules.name, precision)
        for recipe in RECIPES
        for rules in FORMATS.values()
        for precision in rules.precisions
    )


@pytest.mark.parametrize(
    "cell", CELLS, ids=lambda c: f"{c['recipe']}-{c['format']}-{c['precision']}"
)
def test_an_outcome(cell: dict[str, Any]) -> None:
    """A file within the limits of the table, or a reason."""
    rules = FORMATS[cell["format"]].precisions[cell["precision"]]
    if not cell["written"]:
        assert len(cell["reason"]) > 20
        return
    assert cell["bytes"] > 100_000
    assert cell["largest_difference"] <= rules.tolerance
    assert cell["label_flips"] <= 0.005
    assert ("accuracy_points_lost" in cell) is rules.quantized
    assert cell.get("accuracy_points_lost", 0) <= 0.5


def test_what_a_cell_s_table_refuses_was_refused() -> None:
    """The reasons in the table are those that were met."""
    layers = {"simple-rnn": "SimpleRNN", "bigru": "GRU"}
    for cell in CELLS:
        rules = FORMATS[cell["format"]].precisions[cell["precision"]]
        reason = rules.refused.get(layers.get(cell["recipe"], "LSTM"))  # type: ignore[call-overload]
        if reason is not None:
            assert reason in cell["reason"]


def test_the_table(edgernn: Any) -> None:
    """Precisions, sizes and the numbered reasons."""
    done = edgernn("formats")
    assert done.returncode == 0
    assert done.stderr == ""
    for rules in FORMATS.values():
        for precision in rules.precisions.values():
            assert precision.summary in done.stdout
    for cell in CELLS:
        shown = f"{cell['bytes']:,}" if cell["written"] else reason_of(cell)
        assert shown in done.stdout


def test_one_recipe(edgernn: Any) -> None:
    """Its rows alone; an unknown one is a wrong option."""
    found = json.loads(edgernn("formats", "--recipe", "bigru", "--json").stdout)
    assert found["cells"] == [cell for cell in CELLS if cell["recipe"] == "bigru"]
    assert set(found["formats"]) == set(FORMATS)
    refused = edgernn("formats", "--recipe", "none")
    assert refused.returncode == 2
    assert refused.stderr == f"error: --recipe none: there are {', '.join(RECIPES)}\n"
