"""`edgernn recipes`, what it reports, and one recipe from its name to a score."""

import json

import pytest
from console_script import write_reviews

from edgernn.cli.recipes import MEASURED
from edgernn.recipes.catalogue import RECIPES

ROWS = {row["recipe"]: row for row in json.loads(MEASURED.read_text("utf-8"))["recipes"]}

recipes = pytest.mark.parametrize("name", RECIPES)


@recipes
def test_each_recipe_was_measured(name):
    """The committed file holds every recipe, as its source text has it now."""
    row, recipe = ROWS[name], RECIPES[name]
    assert (row["title"], row["source"]) == (recipe.title, recipe.source)
    if recipe.published is None:
        assert "published" not in row
    else:
        assert row["published"]["found"] == recipe.published.found
        assert row["published"]["floor"] == recipe.published.floor
    assert set(row["measured"]["files"]) == {"onnx", "tflite"}


@recipes
def test_no_recipe_is_worse_than_published(name):
    """On the split that its tutorial measured on; the int8 files lose at most half a point."""
    row = ROWS[name]
    here = row["measured"]
    if RECIPES[name].published is not None and row["published"]["floor"] is not None:
        assert here[f"{row['published']['split']}_accuracy"] >= row["published"]["floor"]
    for file in here["files"].values():
        assert here["test_accuracy"] - file["test_accuracy"] <= 0.005


def test_the_list(edgernn, tmp_path):
    """Each by name with source, size and accuracy; nothing on standard error."""
    done = edgernn("recipes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name, recipe in RECIPES.items():
        here = ROWS[name]["measured"]
        assert f"{name}: {recipe.title}\n" in done.stdout
        assert recipe.source in done.stdout
        assert f"{here['test_accuracy']:.2%} test" in done.stdout
        assert f"{here['parameters']:,} parameters" in done.stdout


def test_the_list_as_json(edgernn, tmp_path):
    """The same, a list of objects."""
    rows = json.loads(edgernn("recipes", "--json", cwd=tmp_path).stdout)
    assert [row["recipe"] for row in rows] == list(RECIPES)
    assert all(row["measured"]["test_accuracy"] > 0.7 for row in rows)
    assert [row["recipe"] for row in rows if not row["published"]] == ["flagship"]


@pytest.mark.parametrize("options", [[], ["--published"]], ids=["recipe", "published"])
def test_from_recipe_to_score(edgernn, tmp_path, options):
    """A tutorial by its name: trained, exported, scored, with its words inside the file."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    write_reviews(tmp_path / "reviews.csv")
    trained = edgernn(
        *("train", "--recipe", "simple-rnn", "--data", "reviews.csv", "--epochs", "1", *options),
        cwd=tmp_path,
    )
    assert trained.returncode == 0, trained.stderr
    run = f"runs/simple-rnn{'-published' if options else ''}"
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
    assert contract["padding"] == ("start" if options else "none")
