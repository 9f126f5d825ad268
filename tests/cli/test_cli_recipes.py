"""`edgernn recipes`, what it reports, and one recipe from its name to a score."""

import json

import pytest
from console_script import write_reviews
from in_process import Command
from toy import RECIPE

from benchmarks.readme import render
from edgernn.measured import NOT_MEASURED, read_labels, read_recipes
from edgernn.recipes.catalogue import RECIPES

ROWS = read_recipes()
OF_LABELS = read_labels()


@pytest.fixture
def command(capfd):
    """The command line, in this process."""
    return Command(capfd)


def test_what_was_measured():
    """The committed file holds recipes as their source text has them now.

    None is worse than published, on the split that its tutorial measured on; the int8 files lose
    at most half a point.
    """
    assert ROWS
    for name, row in ROWS.items():
        recipe, here = RECIPES[name], row["measured"]
        assert (row["title"], row["source"]) == (recipe.title, recipe.source)
        if recipe.published is None:
            assert "published" not in row
        else:
            floor = recipe.published.floor
            assert row["published"]["found"] == recipe.published.found
            assert row["published"]["floor"] == floor
            if floor is not None:
                assert here[f"{row['published']['split']}_accuracy"] >= floor, name
        assert set(here["files"]) == {"onnx", "tflite"}
        for file in here["files"].values():
            assert here["test_accuracy"] - file["test_accuracy"] <= 0.005, name


def test_the_list(command):
    """Each by name with source, size and accuracy; nothing on standard error."""
    code, shown, said = command("recipes")
    assert (code, said) == (0, "")
    for name, recipe in RECIPES.items():
        assert f"{name}: {recipe.title}\n" in shown
        assert recipe.source in shown
    for row in ROWS.values():
        assert f"{row['measured']['test_accuracy']:.2%} test" in shown
        assert f"{row['measured']['parameters']:,} parameters" in shown
    for name, sets in OF_LABELS.items():
        for data_set, found in sets.items():
            accuracy = found["files"]["onnx"]["int8"]["test_accuracy"]
            assert f"{accuracy:.2%} test of {data_set} ({found['labels']} labels)" in shown
            assert name in RECIPES
    assert shown.count(NOT_MEASURED) == len({*RECIPES} - {*ROWS, *OF_LABELS})


def test_a_recipe_that_was_not_measured(command, monkeypatch):
    """It stands in the list, its JSON and the page's table, and says so."""
    monkeypatch.setitem(RECIPES, RECIPE.name, RECIPE)
    assert command("recipes").out.endswith(f"  published  -\n  measured   {NOT_MEASURED}\n")
    last = json.loads(command("recipes", "--json").out)[-1]
    assert (last["recipe"], last["measured"]) == ("toy", None)
    page = render("<!-- figures: recipes -->\n<!-- end -->\n").splitlines()
    (row,) = [line for line in page if line.startswith("| `toy` |")]
    assert row.startswith(f"| `toy` | - | {NOT_MEASURED} |")
    assert row.count("|") == page[1].count("|")


def test_the_list_as_json(command):
    """The same, a list of objects."""
    rows = json.loads(command("recipes", "--json").out)
    assert [row["recipe"] for row in rows] == list(RECIPES)
    assert {row["recipe"] for row in rows if row["measured"]} == set(ROWS)
    ours = [name for name, recipe in RECIPES.items() if recipe.published is None]
    assert [row["recipe"] for row in rows if not row["published"]] == ours
    assert "flagship" in ours


def test_a_tutorial_to_the_letter(edgernn, tmp_path):
    """By its name: trained, exported, scored, with its words inside the file."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    write_reviews(tmp_path / "reviews.csv")
    wanted = ("--recipe", "simple-rnn", "--published", "--data", "reviews.csv", "--epochs", "1")
    trained = edgernn("train", *wanted, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    run = "runs/simple-rnn-published"
    # One epoch leaves the model undecided of all texts: any rounding gives some another label.
    wanted = ("--format", "all", "--precision", "float32", "--run", run, "--output", "out")
    exported = edgernn("export", *wanted, cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    found = []
    for suffix in ("onnx", "tflite"):
        model = f"out/simple-rnn-float32.{suffix}"
        done = edgernn("score", "a good film", "--model", model, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout)["probability"])
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    contract = json.loads((tmp_path / run / "contract.json").read_text())
    assert contract["padding"] == "start"
