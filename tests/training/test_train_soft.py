"""The training job with a teacher's soft labels: what is learned, written, resumed and refused."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
from toy import BAG, RECIPE, SETTINGS, VOCABULARY, Interrupt
from typer.testing import CliRunner

from edgernn.cli.main import app
from edgernn.errors import DataError, UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Ngrams, Pool
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from edgernn.training.seen_texts import read_seen_texts
from edgernn.training.train import train

pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

LAYERS = (Embedding(4), Pool(), Dense(1))
WORDS = ("bad", "good", "film")


@pytest.fixture(scope="module", autouse=True)
def toy():
    """Recipes small enough to train in a moment stand in the table."""
    with pytest.MonkeyPatch.context() as patch:
        flagship = RECIPES["flagship"]
        fit = dataclasses.replace(flagship.fit, epochs=2, batch_size=16)
        wide = dataclasses.replace(flagship, layers=BAG, ngrams=Ngrams(2003, 3), fit=fit)
        patch.setitem(RECIPES, "toy", dataclasses.replace(RECIPE, layers=LAYERS, fit=SETTINGS))
        patch.setitem(RECIPES, "flagship", wide)
        yield


def write(path, labels, rows=120):
    """A CSV with soft labels of a teacher that is right; every other row has no label."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text", "label", *(f"probability_{n}" for n in range(labels))])
        for i in range(rows):
            number = (i // 2) % labels
            soft = [0.1] * labels
            soft[number] = round(1 - 0.1 * (labels - 1), 1)
            out.writerow([f"a {WORDS[number]} {'very ' * (i % 4)}film {i}",
                          "" if i % 2 else number, *soft])  # fmt: skip
    return path


@pytest.fixture(params=[2, 3])
def options(tmp_path, request):
    path = write(tmp_path / "t.csv", request.param)
    (tmp_path / "toy.subwords").write_bytes(VOCABULARY)
    return TrainOptions(
        recipe="toy",
        output=tmp_path / "run",
        data=str(path),
        soft_labels=str(path),
        vocabulary=str(tmp_path / "toy.subwords"),
        epochs=2,
        batch_size=8,
        seed=3,
        temperature=3.0,
    )


def test_a_run(options):
    """Figures are of labelled texts alone; config.json tells the soft labels, and reads again."""
    said: list[str] = []
    folder, _ = train(options, say=said.append)
    run = Run.open(folder)
    assert run.metrics["teacher_accuracy"] == 1
    assert run.config["splits"]["counts"]["unlabelled"] == 60
    assert run.metrics["training_examples"] == 60 - run.metrics["validation_examples"] + 60
    kept = run.config["soft_labels"]
    assert (kept["temperature"], kept["hard_share"], kept["key"]) == (3, 0.3, None)
    assert kept["description"] == run.config["data"]["description"]
    held_out = validation_examples(run.config, None, run.encoder)
    assert len(held_out) == run.metrics["held_out"]["examples"]
    with open(options.data, newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    seen = read_seen_texts(folder).find(texts)
    assert np.array_equal(seen.watched, [text in held_out.texts for text in texts])
    assert not seen.new.any()
    assert any("unlabelled texts are learned from it alone" in line for line in said)


def test_resumed(options):
    """It ends as a run that was not cut off; not with other soft labels or temperature."""
    whole, _ = train(dataclasses.replace(options, output=options.output.with_name("whole")))
    train(options, watcher=Interrupt(2))
    asked = dataclasses.replace(options, data=None, soft_labels=None, vocabulary=None)
    with pytest.raises(UsageError, match=r"--temperature 4.0: the run was started with 3.0"):
        train(dataclasses.replace(asked, temperature=4.0), resume=True)
    other = options.output.with_name("other.csv")
    shutil.copy(options.data, other)
    with other.open("a") as file:
        file.write("one more,,0.5,0.5\n")
    with pytest.raises(DataError, match=r"other\.csv: not the soft labels that the run"):
        train(dataclasses.replace(asked, soft_labels=str(other)), resume=True)
    folder, _ = train(asked, resume=True)
    first, second = (json.loads((f / "metrics.json").read_text()) for f in (whole, folder))
    assert first["validation_loss"] == second["validation_loss"]


def test_the_flagship(tmp_path):
    """Its n-grams are fitted to the soft labels, too; no teacher of its own is trained."""
    path = write(tmp_path / "t.csv", 2)
    options = TrainOptions(output=tmp_path / "run", recipe="flagship", data=str(path),
                           soft_labels=str(path), epochs=1, seed=3)  # fmt: skip
    folder, _ = train(options)
    run = Run.open(folder)
    assert run.metrics["ngrams_validation_accuracy"] == 1
    assert run.metrics["teacher_accuracy"] == 1
    assert not (folder / "teacher").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"soft_labels": None}, r"--temperature 3\.0: is about a teacher's soft labels"),
        ({"published": True}, r"--published: does what .* had no soft labels"),
        ({"temperature": 0.0}, r"--temperature 0: must be from 0\.1 to 100"),
        ({"hard_share": 1.5}, r"--hard-share 1\.5: is a share of the loss"),
        ({"data": None}, r"--soft-labels: are of the rows of a file"),
    ],
)
def test_options(tmp_path, changes, message):
    """What does not go together is told before anything is read."""
    (tmp_path / "t.csv").touch()
    path = str(tmp_path / "t.csv")
    asked = {"data": path, "soft_labels": path, "temperature": 3.0} | changes
    with pytest.raises(UsageError, match=f"^{message}"):
        train(TrainOptions(recipe="toy", output=tmp_path / "run", **asked))


def test_the_command(tmp_path):
    """One call; an error is a line with the row."""
    path = write(tmp_path / "t.csv", 3)
    (tmp_path / "toy.subwords").write_bytes(VOCABULARY)
    call = ["train", "--recipe", "toy", "--data", str(path), "--soft-labels", str(path),
            "--hard-share", "0.5", "--epochs", "1", "--vocab", str(tmp_path / "toy.subwords"),
            "--output", str(tmp_path / "run")]  # fmt: skip
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert Run.open(tmp_path / "run").config["soft_labels"]["hard_share"] == 0.5
    path.write_text(path.read_text().replace("0.8,0.1,0.1", "0.8,0.1,7", 1))
    done = CliRunner().invoke(app, [*call[:-1], str(tmp_path / "other")])
    assert isinstance(done.exception, DataError)
    assert "t.csv, row 1: soft label 'probability_2' is 7" in str(done.exception)
