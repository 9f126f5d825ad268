"""`edgernn formats`: every cell has an outcome or says that it was not measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from in_process import Command
from toy import RECIPE

from benchmarks.readme import render
from edgernn.cli.formats import reason_of
from edgernn.measured import NOT_MEASURED, read_exports
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Recurrent
from exporters.rules import FORMATS

CELLS = read_exports()
KEYS = {
    (recipe, rules.name, precision)
    for recipe in RECIPES
    for rules in FORMATS.values()
    for precision in rules.precisions
}


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process."""
    return Command(capfd)


def test_the_outcomes() -> None:
    """Of a recipe and precision that there are: a file within the limits, or a reason."""
    assert CELLS
    assert set(CELLS) <= KEYS
    for cell in CELLS.values():
        rules = FORMATS[cell["format"]].precisions[cell["precision"]]
        if not cell["written"]:
            assert len(cell["reason"]) > 20, cell
            continue
        assert cell["bytes"] > 100_000, cell
        assert cell["largest_difference"] <= rules.tolerance, cell
        assert cell["label_flips"] <= 0.005, cell
        assert ("accuracy_points_lost" in cell) is rules.quantized, cell
        assert cell.get("accuracy_points_lost", 0) <= 0.5, cell


def test_what_a_cell_s_table_refuses_was_refused() -> None:
    """The reasons in the table are those that were met."""
    met = 0
    for cell in CELLS.values():
        refused = FORMATS[cell["format"]].precisions[cell["precision"]].refused
        layers = RECIPES[cell["recipe"]].layers
        kinds = {layer.cell for layer in layers if isinstance(layer, Recurrent)}
        reasons = [reason for kind, reason in refused.items() if kind in kinds]
        if reasons:
            assert any(reason in cell["reason"] for reason in reasons), cell
            met += 1
    assert met


def test_the_table(command: Command) -> None:
    """Precisions, sizes and the numbered reasons; of all that was measured nothing is missing."""
    code, shown, said = command("formats")
    assert (code, said) == (0, "")
    for rules in FORMATS.values():
        for precision in rules.precisions.values():
            assert precision.summary in shown
    for cell in CELLS.values():
        assert (f"{cell['bytes']:,}" if cell["written"] else reason_of(cell)) in shown
    assert shown.count(NOT_MEASURED) == len(KEYS - set(CELLS))


def test_one_recipe(command: Command) -> None:
    """Its rows alone; an unknown one is a wrong option."""
    found = json.loads(command("formats", "--recipe", "bigru", "--json").out)
    measured = [cell for cell in found["cells"] if cell["written"] is not None]
    assert measured == [cell for cell in CELLS.values() if cell["recipe"] == "bigru"]
    listed = {(cell["recipe"], cell["format"], cell["precision"]) for cell in found["cells"]}
    assert listed == {key for key in KEYS if key[0] == "bigru"}
    assert set(found["formats"]) == set(FORMATS)
    code, _, said = command("formats", "--recipe", "none")
    assert (code, said) == (2, f"error: --recipe none: choose one of {', '.join(RECIPES)}\n")


def test_a_recipe_that_was_not_measured(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the command's table, its JSON and the page's table, and says so."""
    monkeypatch.setitem(RECIPES, RECIPE.name, RECIPE)
    shown = command("formats", "--recipe", RECIPE.name).out
    rows = [line.split("  ") for line in shown.splitlines() if line.startswith("  toy ")]
    tables = [list(filter(None, map(str.strip, row))) for row in rows]
    assert tables == [["toy", *[NOT_MEASURED] * len(f.precisions)] for f in FORMATS.values()]
    cells = json.loads(command("formats", "--recipe", RECIPE.name, "--json").out)["cells"]
    assert len(cells) == sum(len(rules.precisions) for rules in FORMATS.values())
    for cell in cells:
        assert (cell["written"], cell["reason"]) == (None, NOT_MEASURED)
    page: Any = render("<!-- figures: formats -->\n<!-- end -->\n").splitlines()
    for rules in FORMATS.values():
        assert f"| `toy` |{f' {NOT_MEASURED} |' * len(rules.precisions)}" in page
