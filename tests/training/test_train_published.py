"""Training on words, and as a tutorial did: padded, unmasked, watching the test split."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from toy import BAG, SETTINGS

from edgernn.errors import DataError, TrainingError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Published, Recipe, Recurrent, TextRules
from edgernn.text.words import KERAS_SEPARATORS
from edgernn.training.models import logits
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from edgernn.training.train import train

pytest.importorskip("keras")

TEXT = TextRules(
    tokenizer="words",
    target_vocabulary_size=8,
    max_length=6,
    cut="start",
    case="lower",
    separators=KERAS_SEPARATORS,
    stop_words=("is",),
    first_word_id=2,
    unknown_id=1,
)
PUBLISHED_FIT = dataclasses.replace(
    SETTINGS,
    epochs=3,
    patience=3,
    token_dropout=0.0,
    validation="test",
    keep="last",
    sort_by_length=False,
)
RECIPE = Recipe(
    name="toy-words",
    title="Toy",
    source="these tests",
    text=TEXT,
    layers=BAG,
    fit=dataclasses.replace(SETTINGS, epochs=1),
    published=Published(
        text=dataclasses.replace(TEXT, padding="start"),
        layers=(Embedding(4, masked=False), Recurrent(3, "SimpleRNN"), Dense(1)),
        fit=PUBLISHED_FIT,
        found="nothing",
        floor=None,
        floor_split="test",
    ),
)


@pytest.fixture(scope="module", autouse=True)
def toy():
    """The recipe stands in the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, RECIPE.name, RECIPE)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Reviews with splits of their own: 40 to train on and one without a word, 20 to test."""
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "split"])
        for row in range(60):
            good = row % 2
            words = [*rng.choice(["film", "plot", "cast", "is"], 5), ("dull", "great")[good]]
            writer.writerow([" ".join(words), good, "train" if row < 40 else "test"])
            if row == 0:
                writer.writerow(["is, is!", 1, "train"])
    return path


def asked(data, output, **changes) -> TrainOptions:
    """Options for the recipe as its tutorial did it."""
    options = TrainOptions(
        recipe=RECIPE.name, output=output, data=str(data), published=True, seed=3
    )
    return dataclasses.replace(options, **changes)


@pytest.fixture(scope="module")
def said():
    """What the run as published says."""
    return []


@pytest.fixture(scope="module")
def published(data, said, tmp_path_factory):
    """A finished run as published, and its history."""
    return train(asked(data, tmp_path_factory.mktemp("runs") / "run"), say=said.append)


def test_the_vocabulary_travels_with_the_run(published):
    """Words by frequency and the rules, stop words and padding included."""
    run = Run.open(published[0])
    assert set(run.encoder.vocabulary.decode().split()) == {"film", "plot", "cast", "dull", "great"}
    assert run.contract.vocabulary_file == "vocabulary.words"
    assert run.contract.stop_words == ("is",)
    assert run.contract.padding == "start"
    ids = run.encoder.encode("Great is unseen")
    assert ids[:4] == [0] * 4
    assert ids[4] >= 2
    assert ids[5] == 1


def test_the_last_epoch_is_kept(published):
    """Whatever the test split says; metrics tell the best epoch too, as tutorials do."""
    folder, history = published
    run = Run.open(folder)
    assert history.selected == history.epochs[-1]
    assert run.metrics["kept_epoch"] == run.metrics["epochs"] == 3
    assert run.metrics["validation_accuracy"] == history.epochs[-1].validation_accuracy
    assert run.metrics["best_validation_accuracy"] == history.best.validation_accuracy
    assert run.config["published"] is True
    assert run.config["fit"]["keep"] == "last"


def test_the_test_split_is_watched(published, data):
    """All of training is trained on; the figures are those of the test split."""
    folder, history = published
    run = Run.open(folder)
    assert (run.metrics["training_examples"], run.metrics["validation_examples"]) == (40, 20)
    watched = validation_examples(run.config, str(data))
    ids = run.encoder.encode_batch(watched.texts)
    share = np.mean((logits(run.load_model(), ids) > 0) == watched.labels)
    assert share == pytest.approx(history.epochs[-1].validation_accuracy)


def test_padding_is_read(published):
    """Without a mask the zeros in front are tokens like any other: they change the score."""
    run = Run.open(published[0])
    model = run.load_model()
    assert model.layers[0].mask_zero is False
    padded = np.array(run.encoder.encode("great film"), np.int32)
    bare = padded[padded > 0]
    scores = logits(model, [padded, bare])
    assert abs(scores[0] - scores[1]) > 1e-4
    # Texts of several lengths in one call do not pad each other.
    assert logits(model, [bare])[0] == pytest.approx(scores[1], abs=1e-6)


def test_the_recipe_itself(data, tmp_path):
    """Masked, padded by nothing, a tenth of the training split held out.

    A word list is taken as it is.
    """
    words = tmp_path / "words.txt"
    words.write_bytes(b"great\ndull\n")
    folder, _ = train(asked(data, tmp_path / "run", published=False, vocabulary=str(words)))
    run = Run.open(folder)
    assert run.contract.padding == "none"
    assert run.load_model().layers[0].mask_zero
    assert (run.metrics["training_examples"], run.metrics["validation_examples"]) == (36, 4)
    assert (folder / "vocabulary.words").read_bytes() == b"great\ndull\n"


def test_a_word_list_with_a_word_twice(data, tmp_path):
    """It is refused, by its line."""
    words = tmp_path / "words.txt"
    words.write_bytes(b"great\ngreat\n")
    with pytest.raises(DataError, match="line 2"):
        train(asked(data, tmp_path / "other", vocabulary=str(words)))


def test_interrupted_and_resumed(published, data, tmp_path):
    """The same numbers, and the last weights again."""

    class Interrupt:
        def on_batch(self, epoch, *numbers):
            if epoch == 2:
                raise KeyboardInterrupt

        def on_epoch(self, epoch, kept):
            assert epoch == kept

    options = asked(data, tmp_path / "run")
    _, stopped = train(options, watcher=Interrupt())
    assert stopped.interrupted
    folder, history = train(options, resume=True)
    expected = [dataclasses.replace(epoch, seconds=0.0) for epoch in published[1].epochs]
    assert [dataclasses.replace(epoch, seconds=0.0) for epoch in history.epochs] == expected
    weights = [Run.open(each).load_model().get_weights() for each in (folder, published[0])]
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))


def test_more_epochs_than_the_tutorial(data, tmp_path):
    """They are trained to the end: the test split stops nothing."""
    recipe = asked(data, tmp_path, epochs=50).resolved_recipe()
    assert recipe.fit.epochs == recipe.fit.patience == 50


def test_a_text_without_a_word(published, said, data, tmp_path):
    """It is left out and its row is named; with `strict` it is an error."""
    line = f"{data}: 1 of 41 rows left out: no token is left of the text (row 2)"
    assert line in said
    assert Run.open(published[0]).metrics["training_examples"] == 40
    with pytest.raises(DataError, match="row 2: no token is left of the text"):
        train(asked(data, tmp_path / "other", strict=True))
    assert not (tmp_path / "other").exists()


def test_a_checkpoint_of_unknown_kind(tmp_path, data):
    """A state that says neither best nor last is broken."""
    from edgernn.training.checkpoint import Checkpoint
    from edgernn.training.history import Epoch

    epoch = dataclasses.asdict(Epoch(1, 0.7, 0.5, 0.7, 0.5, 1.0))
    (tmp_path / "state.json").write_text(json.dumps({"keep": "first", "epochs": [epoch]}))
    with pytest.raises(TrainingError, match="cannot be resumed"):
        Checkpoint(tmp_path).history()
