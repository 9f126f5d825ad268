"""Training from a model that is there: what it keeps, what it learns, what it refuses."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from edgernn.data.examples import Examples, Splits
from edgernn.distillation.linear_model import TextFeatures
from edgernn.errors import ModelFileError, UsageError
from edgernn.ngrams import NO_CHECK
from edgernn.recipes.recipe import Ngrams
from edgernn.runtime.loaded_model import SHIPPED_MODEL
from edgernn.training.beside import cross_fitted
from edgernn.training.models import NGRAMS, logits
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run, read_json
from edgernn.training.seen_texts import read_seen_texts
from edgernn.training.train import train

pytest.importorskip("keras")

WORDS = {1: ["crunchyfoo", "zestybar"], 0: ["soggyfoo", "stalequx"]}
"""By label; none of them is in the shipped model's vocabulary."""


def splits(flip: bool = False) -> Splits:
    """Short texts: some say what the shipped model knows, others new words."""
    random = np.random.default_rng(3)
    known = {1: ["wonderful", "excellent"], 0: ["terrible", "awful"]}
    texts, labels = [], []
    for number in range(160):
        label = number % 2
        word = random.choice(WORDS[label] if number % 4 < 2 else known[label])
        texts.append(f"the {random.choice(['snack', 'film', 'phone'])} was {word}, item {number}")
        labels.append(1 - label if flip else label)
    names = ("good", "poor") if flip else ("poor", "good")
    return Splits(Examples(tuple(texts), np.array(labels, np.int8), classes=names), None, None)


@pytest.fixture(scope="module", params=[False, True], ids=["as it is", "labels the other way"])
def run(request, tmp_path_factory) -> tuple[Run, Splits, list[str]]:
    """A run that started from the shipped model."""
    folder = tmp_path_factory.mktemp("start") / "run"
    said: list[str] = []
    given = splits(flip=request.param)
    options = TrainOptions(output=folder, data="own.csv", start="pretrained", label_column="label")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgernn.training.prepare.check_source", lambda *_: None)
        patch.setattr("edgernn.training.train.describe", lambda _: {"kind": "file"})
        train(options, splits=given, say=said.append)
    return Run.open(folder), given, said


def test_its_words_come_first(run) -> None:
    """And those that the texts bring stand behind; its text rules stay."""
    own, _, said = run
    old = Run.open(SHIPPED_MODEL.parent)
    vocabulary = own.encoder.vocabulary.decode().splitlines()
    before = old.encoder.vocabulary.decode().splitlines()
    assert vocabulary[: len(before)] == before
    assert {*WORDS[0], *WORDS[1]} <= {*vocabulary[len(before) :]}
    left_out = ("vocabulary_size", "vocabulary_sha256", "labels")
    rules, others = (
        {k: v for k, v in dataclasses.asdict(r.contract).items() if k not in left_out}
        for r in (own, old)
    )
    assert rules == others
    assert any("words of the texts that are new to the model" in line for line in said)


def test_it_knows_both(run) -> None:
    """What the shipped model knows and what the texts say, whichever label is the second."""
    own, given, said = run
    sums = logits(own.load_model(), own.encoder.encode_batch(list(given.train.texts)))
    assert np.mean((sums > 0) == (given.train.labels == 1)) > 0.97
    second = own.contract.labels[1]
    new = own.encoder.encode_batch(["it was zestybar", "it was stalequx"])
    found = logits(own.load_model(), new)
    assert (found[0] > found[1]) is np.bool_(second == "good")
    unread = own.encoder.encode_batch(["a superb, moving story", "a dreadful, boring mess"])
    found = logits(own.load_model(), unread)
    assert (found[0] > found[1]) is np.bool_(second == "good")
    assert own.metrics["cross_fitted_accuracy"] > own.metrics["as_it_was_accuracy"]
    (line,) = (line for line in said if "by cross-validation" in line)
    before, after = (own.metrics[name] for name in ("as_it_was_accuracy", "cross_fitted_accuracy"))
    assert line == (
        f"right of all 160 texts: the model that training starts from {before:.2%}, the trained "
        f"model {after:.2%} (by cross-validation)"
    )


def test_its_layers_are_the_models(run) -> None:
    """Nothing but the embedding of new words, the table and the last layer is other."""
    own, old = run[0].load_model(), Run.open(SHIPPED_MODEL.parent).load_model()
    for name, other in {layer.name: layer for layer in old.layers}.items():
        if "bidirectional" in name or "recurrent" in name:
            layer = own.get_layer(name)
            for one, another in zip(layer.get_weights(), other.get_weights(), strict=True):
                assert np.array_equal(one, another)


def test_int8_can_hold_its_table(run) -> None:
    """No number is so large that all others would be rounded by a twelfth of their size."""
    numbers, checks = run[0].load_model().get_layer(NGRAMS).get_weights()
    held = np.abs(numbers[checks != NO_CHECK])
    assert held.max() / 127 < np.sqrt(np.mean(np.square(held))) / 12


def test_what_is_written(run) -> None:
    """Where it started, and an epoch that is all of it."""
    own = run[0]
    config = read_json(own.folder, "config.json")
    assert config["from"] == "pretrained"
    assert own.metrics["epochs"] == 1
    assert own.metrics["validation_examples"] + 0 < own.metrics["training_examples"]
    assert not (own.folder / "checkpoint").exists()


def test_what_it_cannot_start_from(tmp_path) -> None:
    """A file, a run of another recipe, another recipe's name."""
    options = TrainOptions(output=tmp_path / "run", data="own.csv")
    with pytest.raises(UsageError, match="is a file, which holds no weights"):
        train(dataclasses.replace(options, start=str(SHIPPED_MODEL)), splits=splits())
    with pytest.raises(UsageError, match="--recipe bigru: --from pretrained is of the recipe"):
        train(dataclasses.replace(options, start="pretrained", recipe="bigru"), splits=splits())
    other = tmp_path / "other"
    shutil.copytree(SHIPPED_MODEL.parent, other)
    config = (other / "config.json").read_text()
    (other / "config.json").write_text(config.replace('"flagship"', '"bigru"', 1))
    with pytest.raises(UsageError, match="is of the recipe bigru"):
        train(dataclasses.replace(options, start=str(other), recipe="bigru"), splits=splits())


def test_a_slip_in_the_name_of_the_shipped_model(tmp_path) -> None:
    """Gets its name; any other folder that is not there does not."""
    options = TrainOptions(output=tmp_path / "run", data="own.csv")
    with pytest.raises(ModelFileError, match=r"^pretraind: no such run folder; .* --from pretrain"):
        train(dataclasses.replace(options, start="pretraind"), splits=splits())
    with pytest.raises(ModelFileError, match=r"^runs/mine: no such run folder$"):
        train(dataclasses.replace(options, start="runs/mine"), splits=splits())


def test_equal_texts_are_unseen_together() -> None:
    """Of a text that is there three times none is scored by a model that has learned another."""
    pytest.importorskip("sklearn")
    words = [None, None, *(f"w{number}" for number in range(30))]
    texts = [np.array([2 + number], np.int32) for number in range(30) for _ in range(3)]
    labels = np.random.default_rng(0).permutation(30).repeat(3) % 2
    features = TextFeatures(texts, words, Ngrams(buckets=2003, longest=1))
    none = np.zeros(len(texts), np.float32)
    found = cross_fitted(features, labels, none, seed=1)
    assert (found.reshape(30, 3) == found.reshape(30, 3)[:, :1]).all()
    # What is random cannot be foreseen, but for one who has seen the same text.
    assert np.mean((found > 0) == labels) < 0.7


def test_a_run_that_goes_on_has_met_the_earlier_ones_texts(run, tmp_path) -> None:
    """They are no test of it either, and its figures of them are said to be too good."""
    own, given, _ = run
    more = Examples(
        (
            *given.train.texts[:20],
            "a new snack",
            "a stale one",
            *(f"it is new {n}" for n in range(18)),
        ),
        np.array([*given.train.labels[:20], *([0, 1] * 10)], np.int8),
        classes=given.train.classes,
    )
    options = TrainOptions(
        output=tmp_path / "again", data="more.csv", start=str(own.folder), label_column="label"
    )
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgernn.training.prepare.check_source", lambda *_: None)
        patch.setattr("edgernn.training.train.describe", lambda _: {"kind": "file"})
        train(options, splits=Splits(more, None, None), say=said.append)
    seen = read_seen_texts(tmp_path / "again")
    assert seen is not None
    assert not seen.find([*given.train.texts, *more.texts]).new.any()
    assert any("has met 20 of the 40 texts in its own training" in line for line in said)
