"""Training on a file with splits of its own, and on one of which a part is kept out for a test."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from toy import BAG, SETTINGS, Interrupt

from edgernn.data import DataOptions, load_splits
from edgernn.errors import DataError, UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Recipe, TextRules
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import NO_TEST
from edgernn.training.run import Run
from edgernn.training.run_data import measured_split, validation_examples
from edgernn.training.train import train

pytest.importorskip("keras")

RECIPE = Recipe(
    name="toy-splits",
    title="Toy",
    source="these tests",
    text=TextRules(
        tokenizer="words",
        target_vocabulary_size=30,
        max_length=6,
        cut="start",
        case="lower",
        word_characters="abcdefghijklmnopqrstuvwxyz",
        first_word_id=2,
        unknown_id=1,
    ),
    layers=BAG,
    fit=dataclasses.replace(SETTINGS, epochs=2, batch_size=16),
)


@pytest.fixture(scope="module", autouse=True)
def toy():
    """The recipe stands in the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, RECIPE.name, RECIPE)
        yield


@pytest.fixture(scope="module")
def stars(tmp_path_factory):
    """100 reviews of 20 products in three labels, a split column to rename, three bad rows."""
    path = tmp_path_factory.mktemp("data") / "stars.csv"
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "stars", "product", "split"))
        for i in range(100):
            words = rng.choice(["film", "plot", "cast", "story", "end"], 4)
            word = ("dull", "fine", "great")[i % 3]
            part = ("train", "train", "train", "val", "test")[i // 20]
            rows.writerow((" ".join([*words, word]), (1, 3, 5)[i % 3], f"p{i % 20}", part))
        rows.writerows(
            [("10/10!", 5, "p1", "train"), ("", 5, "p2", "train"), ("ok", "", "p2", "val")]
        )
    return path


def asked(data, output, **changes) -> TrainOptions:
    """Options for stars of which three say nothing."""
    options = TrainOptions(
        recipe=RECIPE.name,
        output=output,
        data=str(data),
        positive=("5",),
        negative=("1",),
        drop=("3",),
        seed=3,
    )
    return dataclasses.replace(options, **changes)


def test_splits_of_a_file(stars, tmp_path):
    """The validation rows choose the epoch, the test rows wait; what is left out is named."""
    said = []
    folder, history = train(asked(stars, tmp_path / "run"), say=said.append)
    assert said[:2] == [
        f"{stars}: 2 of 103 rows left out: the text is empty (row 102); the label is empty "
        "(row 103)",
        "stars: 5 (34) = positive; 1 (34) = negative; 3 (33) = left out",
    ]
    assert f"{stars}: 1 of 54 rows left out: no token is left of the text (row 101)" in said
    assert any("; 40 to train on, 13 of the validation split to watch" in line for line in said)
    assert NO_TEST not in said
    run = Run.open(folder)
    assert (run.metrics["training_examples"], run.metrics["validation_examples"]) == (40, 13)
    assert run.config["data"]["labels"]["left out"] == {"rows": 33}
    assert run.config["data"]["left_out"] == {"the text is empty": 1, "the label is empty": 1}
    assert run.config["splits"]["validation"] == "column"
    assert run.config["splits"]["test_fraction"] is None
    watched = validation_examples(run.config, None, run.encoder)
    assert {row for row in watched.rows.tolist()} <= set(range(61, 81))
    from edgernn.training.models import logits

    given = logits(run.load_model(), run.encoder.encode_batch(watched.texts)) > 0
    assert np.mean(given == watched.labels) == pytest.approx(history.selected.validation_accuracy)
    # What was said about the labels need not be said again.
    measured = measured_split(run.config, str(stars), DataOptions())
    assert set(measured.rows.tolist()) <= set(range(81, 101))


@pytest.fixture(scope="module")
def plain(stars, tmp_path_factory):
    """The same file without splits."""
    path = tmp_path_factory.mktemp("data") / "plain.csv"
    path.write_text(stars.read_text().replace("product,split", "product,part"))
    return path


def test_a_test_is_kept_out_of_training(plain, tmp_path):
    """Whole products, found again from the run; a run that was cut off goes on with the same."""
    options = asked(plain, tmp_path / "run", test_fraction=0.25, group_column="product")
    said = []
    train(options, watcher=Interrupt(2), say=said.append)
    assert NO_TEST not in said
    with pytest.raises(UsageError, match=r"--test-fraction 0\.5: the run was started with 0\.25"):
        train(TrainOptions(output=options.output, test_fraction=0.5), resume=True)
    with pytest.raises(UsageError, match="--positive 3,5: the run was started with 5"):
        train(TrainOptions(output=options.output, positive=("3", "5")), resume=True)
    folder, history = train(TrainOptions(output=options.output), resume=True)
    assert len(history.epochs) == 2
    run = Run.open(folder)
    splits = load_splits(plain, options, test_fraction=0.25, seed=3)
    counts = run.config["splits"]["counts"]
    assert counts["test"] == len(splits.test)
    assert counts["train"] + counts["validation"] == len(splits.train) - 1
    measured = measured_split(run.config, str(plain), DataOptions())
    assert measured.texts == splits.test.texts
    held = validation_examples(run.config, None, run.encoder)
    assert len(held) == counts["validation"]
    products = [{(row - 1) % 20 for row in part.rows.tolist()} for part in (measured, held)]
    assert not products[0] & products[1]
    assert json.loads((folder / "config.json").read_text())["data"]["group_column"] == "product"


def test_strict(plain, tmp_path):
    """The first bad row ends the job before anything is written."""
    with pytest.raises(DataError, match="row 102: the text is empty"):
        train(asked(plain, tmp_path / "run", strict=True))
    assert not (tmp_path / "run").exists()
