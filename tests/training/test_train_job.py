"""The training job: what stands in a run folder, what is refused, how it is gone on with."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
from toy import RECIPE, SETTINGS, VOCABULARY, Interrupt, write_reviews

from edgernn.data import load_split
from edgernn.errors import DataError, TrainingError, UsageError
from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Recurrent
from edgernn.text import SubwordEncoder, TextContract
from edgernn.training import keras_setup
from edgernn.training.label_figures import figures_of_epoch
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import NO_TEST
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from edgernn.training.train import train

pytest.importorskip("keras")

FILES = {
    "config.json",
    "contract.json",
    "history.csv",
    "history.png",
    "metrics.json",
    "model.keras",
    "seen_texts.bin",
    "summary.txt",
    "vocabulary.subwords",
}
LAYERS = (Embedding(4, start="neighbours"), Recurrent(3, input_dropout=0.2), Dense(1))
SEED = 11


@pytest.fixture(scope="module", autouse=True)
def toy():
    """A recipe small enough to train in a moment stands in the table."""
    with pytest.MonkeyPatch.context() as patch:
        recipe = dataclasses.replace(RECIPE, layers=LAYERS, fit=SETTINGS)
        patch.setitem(RECIPES, "toy", recipe)
        yield recipe


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Forty labelled reviews and a vocabulary."""
    folder = tmp_path_factory.mktemp("data")
    write_reviews(folder / "reviews.csv")
    (folder / "toy.subwords").write_bytes(VOCABULARY)
    return folder


def options(data, output, **changes) -> TrainOptions:
    """Options for two epochs on the first 36 reviews."""
    asked = TrainOptions(
        recipe="toy",
        output=output,
        data=str(data / "reviews.csv"),
        label_column="sentiment",
        vocabulary=str(data / "toy.subwords"),
        epochs=2,
        batch_size=8,
        max_length=12,
        seed=SEED,
        limit=36,
    )
    return dataclasses.replace(asked, **changes)


@pytest.fixture(scope="module")
def job(data, tmp_path_factory):
    """A finished run: folder, history, lines said. Ctrl-C cut it off before its first epoch."""
    said = []
    folder = tmp_path_factory.mktemp("runs") / "new" / "toy"
    with pytest.raises(KeyboardInterrupt):
        train(options(data, folder), watcher=Interrupt(1))
    assert not (folder / "model.keras").exists()
    with pytest.raises(TrainingError, match="nothing to resume: no epoch was finished"):
        train(TrainOptions(output=folder), resume=True)
    result, history = train(options(data, folder), say=said.append)
    assert result == folder
    return folder, history, said


def without_time(history):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in history.epochs]


def test_the_files(job):
    """Every file stands under its name, none is empty, and no checkpoint is left.

    Ctrl-C in the first epoch had left nothing to resume: the same command was given again.
    """
    folder, _, _ = job
    assert {path.name for path in folder.iterdir()} == FILES
    assert all(path.stat().st_size > 0 for path in folder.iterdir())


def test_it_opens_as_a_run(job):
    """The folder opens, and its model scores texts as the best epoch's model did."""
    folder, history, _ = job
    run = Run.open(folder)
    model = run.load_model()
    assert run.contract.max_length == 12
    assert run.contract.cut == RECIPE.text.cut
    assert model.count_params() == run.metrics["parameters"]

    from edgernn.training.models import probabilities

    held_out = validation_examples(run.config, None)
    ids = [np.array(run.encoder.encode(text), np.int32) for text in held_out.texts]
    given = probabilities(model, ids) >= 0.5
    share = np.mean(given == held_out.labels)
    assert share == pytest.approx(history.best.validation_accuracy)


def test_the_model_has_no_optimizer(job):
    """Adam's state would make the file three times as large."""
    import keras

    assert not keras.saving.load_model(job[0] / "model.keras").compiled


def test_config(job, data):
    """All that is needed to train the same model again."""
    config = json.loads((job[0] / "config.json").read_text())
    assert config["recipe"] == "toy"
    assert config["seed"] == SEED
    assert config["limit"] == 36
    assert config["min_df"] is None  # Its vocabulary was given.
    assert config["published"] is False
    assert config["fit"] == dataclasses.asdict(SETTINGS) | {"epochs": 2, "batch_size": 8}
    assert config["text"] == dataclasses.asdict(RECIPE.text) | {"max_length": 12, "stop_words": []}
    source = config["data"]
    assert source["source"] == str(data / "reviews.csv")
    assert (source["text_column"], source["label_column"]) == (None, "sentiment")
    assert source["description"]["name"] == "reviews.csv"
    assert len(source["description"]["sha256"]) == 64
    assert {"python", "keras", "tensorflow", "numpy", "edgernn"} <= set(config["versions"])


def test_metrics(job):
    """The figures are those of the best epoch."""
    folder, history, _ = job
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics.pop("minutes") >= 0
    size = SubwordEncoder.from_bytes(VOCABULARY).vocab_size
    figures = figures_of_epoch(history.best, np.array([0, 0, 1, 1]))
    assert metrics == {
        "validation_accuracy": history.best.validation_accuracy,
        "validation_loss": history.best.validation_loss,
        "kept_epoch": history.best.epoch,
        "best_epoch": history.best.epoch,
        "best_validation_accuracy": history.best.validation_accuracy,
        "epochs": 2,
        "parameters": size * 4 + 4 * (4 * 3 + 3 * 3 + 3) + 3 + 1,
        "training_examples": 32,
        "validation_examples": 4,
        "interrupted": False,
        "held_out": json.loads(json.dumps(dataclasses.asdict(figures))),
    }
    assert figures.accuracy == pytest.approx(history.best.validation_accuracy)
    assert figures.examples == 4


def test_history(job):
    """One row an epoch, and a picture."""
    folder, history, _ = job
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, epoch in zip(rows, history.epochs, strict=True):
        for name, value in row.items():
            assert float(value) == getattr(epoch, name)
    picture = (folder / "history.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.endswith(b"IEND\xaeB`\x82")


def test_summary(job):
    """The layers by name, as plain text."""
    summary = (job[0] / "summary.txt").read_text(encoding="utf-8")
    for name in ("embedding", "lstm", "dense", "Total params"):
        assert name in summary
    assert "\x1b" not in summary


def test_what_is_said(job):
    """Device, sizes of data and vocabulary; no result is printed."""
    said = "\n".join(job[2])
    assert "training on " in said
    assert "36 training examples" in said
    assert NO_TEST in said
    assert "32 to train on, 4 held out" in said
    assert "of 36 training texts are longer than the 12 tokens that the model reads" in said


def test_a_gpu_that_is_not_seen(job, monkeypatch):
    """What is about to train warns, with what to do; `test_gpu.py` has what is found."""
    monkeypatch.setattr(keras_setup, "find_gpu_problem", lambda tensorflow: "a GPU: pip")
    with pytest.warns(RuntimeWarning, match="^a GPU: pip$"):
        keras_setup.prepare_keras(1)


@pytest.fixture(scope="module")
def interrupted(data, tmp_path_factory):
    """A run that was cut off in its second epoch."""
    output = tmp_path_factory.mktemp("interrupted") / "run"
    _, history = train(options(data, output), watcher=Interrupt(2))
    assert history.interrupted
    return output


def test_interrupted_and_resumed(job, interrupted, tmp_path):
    """A run that was cut off is usable; gone on with, it ends as one that was not.

    The same seed gives the same numbers: data order, vocabulary, first weights and dropout all
    follow from it.
    """
    output = tmp_path / "run"
    shutil.copytree(interrupted, output)
    assert {path.name for path in output.iterdir()} == FILES | {"checkpoint"}
    assert Run.open(output).metrics["interrupted"] is True
    assert Run.open(output).load_model() is not None

    # Nothing but the folder is named: the rest is known from the run.
    folder, history = train(TrainOptions(output=output), resume=True)
    assert without_time(history) == without_time(job[1])
    assert {path.name for path in folder.iterdir()} == FILES
    for name in ("contract.json", "vocabulary.subwords"):
        assert (folder / name).read_bytes() == (job[0] / name).read_bytes()
    for name in ("metrics.json", "config.json"):
        found, expected = (json.loads((place / name).read_text()) for place in (folder, job[0]))
        assert found | {"minutes": 0} == expected | {"minutes": 0}
    weights = (Run.open(place).load_model().get_weights() for place in (folder, job[0]))
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 5}, "--epochs 5: the run was started with 2"),
        ({"class_weight": "balanced"}, "--class-weight balanced: the run was started with None"),
        ({"seed": 3}, "--seed 3: the run was started with 11"),
        ({"learning_rate": 0.5}, "--learning-rate 0.5: the run was started with 0.02"),
        ({"label_column": "label"}, "--label-column label: the run was started with sentiment"),
        ({"max_length": 13}, "--max-length 13: the run was started with 12"),
        ({"limit": 8}, "--limit 8: the run was started with 36"),
        ({"min_df": 1}, "--min-df 1: the run was started with None"),
    ],
)
def test_settings_stay_when_resumed(interrupted, changes, message):
    """A run does not change its course half way; the option is named."""
    with pytest.raises(UsageError, match=message):
        train(TrainOptions(output=interrupted, **changes), resume=True)


def test_other_data_when_resumed(interrupted, tmp_path):
    """Other reviews under the same name are not the data of the run."""
    write_reviews(tmp_path / "reviews.csv", 42)
    with pytest.raises(DataError, match=r"reviews.csv: not the data that the run was trained on"):
        train(TrainOptions(output=interrupted, data=str(tmp_path / "reviews.csv")), resume=True)


def test_another_vocabulary_when_resumed(interrupted, tmp_path):
    """Another vocabulary would give every id another meaning."""
    file = tmp_path / "other.subwords"
    file.write_bytes(VOCABULARY.replace(b"good", b"gold"))
    with pytest.raises(UsageError, match="was started with another vocabulary"):
        train(TrainOptions(output=interrupted, vocabulary=str(file)), resume=True)


def test_the_same_options_when_resumed(interrupted, data):
    """The whole command may be repeated."""
    asked = options(data, interrupted)
    assert asked.resumed() == dataclasses.replace(asked, learning_rate=SETTINGS.learning_rate)


@pytest.mark.parametrize("content", [None, "{", "{}", '{"recipe": 1, "data": null}'])
def test_nothing_to_resume(tmp_path, content):
    """A folder without a run in it, or with a broken one, is named."""
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(TrainingError) as caught:
        train(TrainOptions(output=tmp_path), resume=True)
    assert str(caught.value).startswith(f"{tmp_path}: nothing to resume: ")
    assert "\n" not in str(caught.value)


def test_a_complete_run_is_not_resumed(job):
    """A run that is complete says so."""
    with pytest.raises(TrainingError, match="nothing to resume: the run is complete"):
        train(TrainOptions(output=job[0]), resume=True)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "model.keras", "checkpoint"])
def test_a_folder_in_use_is_refused(data, tmp_path, name):
    """What stands in the output folder is never overwritten; nothing is added to it."""
    (tmp_path / name).touch()
    with pytest.raises(UsageError) as caught:
        train(options(data, tmp_path))
    assert str(caught.value).startswith(f"--output {tmp_path}: already exists")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_place_of_the_folder(data, tmp_path):
    """A file is no folder to write to."""
    file = tmp_path / "run"
    file.touch()
    with pytest.raises(UsageError, match="already exists"):
        train(options(data, file))


def test_an_unknown_recipe(data, tmp_path):
    """The recipe is checked before anything is written."""
    with pytest.raises(UsageError, match="--recipe none: no such recipe"):
        train(options(data, tmp_path / "run", recipe="none"))
    assert not (tmp_path / "run").exists()


def test_unknown_class_weights(data, tmp_path):
    """There is one kind."""
    with pytest.raises(UsageError, match="--class-weight heavy: the only value is balanced"):
        train(options(data, tmp_path / "run", class_weight="heavy"))
    recipe = options(data, tmp_path, class_weight="balanced").resolved_recipe()
    assert recipe.fit.class_weight == "balanced"


def test_too_few_examples(data, tmp_path):
    """Each class needs an example on either side; nothing is written."""
    with pytest.raises(DataError, match="leaves none for validation"):
        train(options(data, tmp_path / "run", limit=2))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"epochs": 9}, {"epochs": 9}),
        ({"batch_size": 1, "learning_rate": 0.5}, {"batch_size": 1, "learning_rate": 0.5}),
    ],
)
def test_options_put_into_the_recipe(tmp_path, changes, expected):
    """An option replaces the recipe's value, and None leaves it."""
    recipe = TrainOptions(output=tmp_path, **changes).resolved_recipe()
    default = RECIPES[DEFAULT_RECIPE]
    assert recipe == dataclasses.replace(default, fit=dataclasses.replace(default.fit, **expected))
    longer = TrainOptions(output=tmp_path, max_length=7).resolved_recipe()
    assert longer.text == dataclasses.replace(default.text, max_length=7)


def test_validation_examples(job, data):
    """The same held-out texts come again: as many of each class, none that was trained on."""
    config = json.loads((job[0] / "config.json").read_text())
    held_out = validation_examples(config, None)
    again = validation_examples(config, str(data / "reviews.csv"))
    assert held_out.texts == again.texts
    assert held_out.labels.tolist() == again.labels.tolist()
    assert sorted(held_out.labels.tolist()) == [0, 0, 1, 1]
    every = load_split(data / "reviews.csv", "train", limit=36)
    assert set(held_out.texts) < set(every.texts)
    other = validation_examples(config | {"seed": SEED + 1}, None)
    assert other.texts != held_out.texts


def test_data_under_another_name(job, data, tmp_path):
    """A file may be moved and renamed; what is in it counts."""
    config = json.loads((job[0] / "config.json").read_text())
    copy = tmp_path / "moved.csv"
    copy.write_bytes((data / "reviews.csv").read_bytes())
    assert validation_examples(config, str(copy)).texts == validation_examples(config, None).texts


def test_other_data_is_refused(job, tmp_path):
    """Texts that the model may have been trained on are not taken for held-out ones."""
    config = json.loads((job[0] / "config.json").read_text())
    write_reviews(tmp_path / "reviews.csv", 42)
    with pytest.raises(DataError, match=r"reviews.csv: not the data that the run was trained on"):
        validation_examples(config, str(tmp_path / "reviews.csv"))


def test_training_builds_its_vocabulary(data, tmp_path, monkeypatch):
    """Without a vocabulary file one is built from the training texts, of many in minutes."""
    pytest.importorskip("tensorflow_datasets")
    said, models = [], []

    def only_take(model, *_, **__):
        models.append(model)
        raise KeyboardInterrupt

    monkeypatch.setattr("edgernn.training.train.fit", only_take)
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(options(data, folder, vocabulary=None), say=said.append)
    assert "building the vocabulary" in said
    assert "film" in "".join(SubwordEncoder.load(folder / "vocabulary.subwords").subwords)
    contract = TextContract.from_json((folder / "contract.json").read_bytes())
    assert contract.vocabulary_size == models[0].layers[0].input_dim
    monkeypatch.setattr("edgernn.training.prepare._SLOW_SUBWORDS", 500)
    with pytest.raises(KeyboardInterrupt):
        train(options(data, tmp_path / "slow", vocabulary=None), say=said.append)
    assert "building the vocabulary (minutes; --vocab FILE reads one)" in said
