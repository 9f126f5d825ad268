"""The training job with more than two labels, and with several a text."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from toy import RECIPE, SETTINGS, VOCABULARY, Interrupt, write_reviews

from edgernn.data.examples import Examples, Splits
from edgernn.distillation.vector_table import VectorTable
from edgernn.errors import UsageError
from edgernn.ngrams import NO_CHECK, ngram_buckets, ngram_checks, preceding
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, NgramVectors, Pool
from edgernn.training.history import read_history
from edgernn.training.models import NGRAMS, deep_layers, embedding_of, logits, probabilities
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run
from edgernn.training.train import train
from edgernn.training.vocabulary import make_contract

pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

# Nothing recurrent, which takes seconds to trace.
LAYERS = (Embedding(4), Pool(), Dense(1))
CLASSES = ("bad", "film", "good")


@pytest.fixture(scope="module", autouse=True)
def toy():
    """A recipe small enough to train in a moment stands in the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "toy", dataclasses.replace(RECIPE, layers=LAYERS, fit=SETTINGS))
        yield


@pytest.fixture
def options(tmp_path):
    """Options for two epochs; the data of a test stands in for the file's."""
    write_reviews(tmp_path / "reviews.csv")
    (tmp_path / "toy.subwords").write_bytes(VOCABULARY)
    return TrainOptions(
        recipe="toy",
        output=tmp_path / "run",
        data=str(tmp_path / "reviews.csv"),
        label_column="sentiment",
        vocabulary=str(tmp_path / "toy.subwords"),
        epochs=2,
        batch_size=8,
        seed=3,
    )


def splits(rule) -> Splits:
    """Ninety texts of the words of their labels, a seventh of them wrongly labelled."""
    numbers = np.arange(90) % 3
    if rule == "largest":
        texts = [f"a {'very ' * (i % 4)}{CLASSES[n]} {i}" for i, n in enumerate(numbers)]
        labels = np.where(np.arange(90) % 7 == 0, (numbers + 1) % 3, numbers).astype(np.int16)
    else:
        flags = np.random.default_rng(1).random((90, 3)) < 0.5
        texts = [
            " ".join(["a", *(name for name, has in zip(CLASSES, row, strict=True) if has), str(i)])
            for i, row in enumerate(flags)
        ]
        labels = flags
    return Splits(Examples(tuple(texts), labels, classes=CLASSES))


def trained(options, rule, **changes):
    said: list[str] = []
    asked = dataclasses.replace(options, **changes)
    folder, history = train(asked, splits=splits(rule), say=said.append)
    return Run.open(folder), history, said


@pytest.mark.parametrize("rule", ["largest", "each"])
def test_a_run(options, rule):
    """Model, contract and figures are of the labels that the data has."""
    run, history, said = trained(options, rule)
    contract = run.contract
    assert (contract.labels, contract.decision, contract.version) == (CLASSES, rule, 2)
    assert (contract.threshold, contract.none_below) == (None, None)
    model = run.load_model()
    assert model.output_shape == (None, 3)
    texts = splits(rule).train.texts[:4]
    scores = probabilities(model, run.encoder.encode_batch(texts), contract.decides)
    assert scores.shape == (4, 3)
    held_out = run.metrics["held_out"]
    assert run.metrics["validation_accuracy"] == held_out["accuracy"]
    assert run.metrics["validation_loss"] == pytest.approx(held_out["log_loss"], abs=1e-5)
    assert held_out["examples"] == run.metrics["validation_examples"] >= 8
    assert set(held_out["counts"]) == {"true", "given", "right"}
    read = read_history(run.folder)
    assert read.epochs == history.epochs
    assert read.best.validation_macro_recall is not None
    if rule == "each":
        number = held_out["examples"]
        assert any(f"each label, chosen on {number} held-out texts" in line for line in said)
        assert len(contract.thresholds) == 3


def test_vectors_of_ngrams(options, monkeypatch):
    """They are trained with the layers: those of n-grams that two texts have, and no others."""
    wide = dataclasses.replace(RECIPES["toy"], ngrams=NgramVectors(1009, 4, 2))
    monkeypatch.setitem(RECIPES, "toy", wide)
    run, _, _ = trained(options, "largest")
    model = run.load_model()
    table, kernel, checks = model.get_layer(NGRAMS).get_weights()
    assert kernel.shape == (4, 3)
    held = checks != NO_CHECK
    assert table[held].any(axis=1).all()
    assert not table[~held].any()
    # All of these texts end in a number: `film` at the end of one is a token that none has.
    (ids,) = run.encoder.encode_batch(["a good film"])
    before = preceding(ids, 1)
    buckets, wanted = ngram_buckets(before, 1009)[0], ngram_checks(before)[0]
    assert (checks[buckets] == wanted).tolist() == [True, True, False]
    assert run.metrics["parameters"] == model.count_params()


@pytest.mark.parametrize("rule", ["largest", "each"])
def test_fitted_ngrams(options, monkeypatch, rule):
    """They are fitted before the layers, and both are added by what held-out texts say."""
    monkeypatch.setattr("edgernn.training.linear_ngrams._FEWEST", 1)
    wide = dataclasses.replace(RECIPES["toy"], ngrams=NgramVectors(2003, 4, 2, fitted=True))
    monkeypatch.setitem(RECIPES, "toy", wide)
    run, _, said = trained(options, rule)
    model, found = run.load_model(), run.metrics
    table, kernel, checks = model.get_layer(NGRAMS).get_weights()
    blend = found["blend"]
    assert np.allclose(kernel, blend["ngrams"] * np.eye(3), rtol=1e-5)
    held = checks != NO_CHECK
    assert held.any()
    assert not table[~held].any()
    # The toy reads subwords.
    fitted = "linear model of pieces of words, pairs of them and characters: "
    assert any(line.startswith(fitted) for line in said)
    assert any("held out: layers " in line for line in said)
    both, parts = found["validation_accuracy"], found["ngrams_validation_accuracy"]
    assert both >= 0.5
    assert both >= parts - 0.15
    # The model that is written has learned from the held-out texts, too.
    texts = splits(rule).train
    scores = probabilities(model, run.encoder.encode_batch(list(texts.texts)), run.contract.decides)
    assert np.mean(run.contract.decides.right(scores, texts.labels)) > 0.6


@pytest.mark.parametrize("held_out", [1, 100])
def test_layers_that_too_few_texts_can_judge(options, monkeypatch, held_out):
    """They are left out before they are trained, whatever nine held-out texts would say."""
    wide = dataclasses.replace(RECIPES["toy"], ngrams=NgramVectors(2003, 4, 2, fitted=True))
    monkeypatch.setitem(RECIPES, "toy", wide)
    monkeypatch.setattr("edgernn.training.linear_ngrams.is_better", lambda *_: True)
    monkeypatch.setattr("edgernn.training.linear_ngrams._FEWEST", held_out)
    run, history, said = trained(options, "largest")
    left_out = any("held-out texts cannot tell whether layers add" in line for line in said)
    assert left_out is (held_out == 100)
    assert any("held out: layers" in line for line in said) is not left_out
    assert len(history.epochs) == (1 if left_out else 2)
    assert embedding_of(run.load_model()).get_weights()[0].shape[1] == (2 if left_out else 4)
    assert (run.metrics["blend"]["layers"] == 0) is left_out


def test_ngrams_alone(options, monkeypatch):
    """Layers of which nothing is known to help are not in the model, but for a stand-in."""
    monkeypatch.setattr("edgernn.training.linear_ngrams._FEWEST", 1)
    wide = dataclasses.replace(RECIPES["toy"], ngrams=NgramVectors(2003, 4, 2, fitted=True))
    monkeypatch.setitem(RECIPES, "toy", wide)
    monkeypatch.setattr("edgernn.training.linear_ngrams.is_better", lambda *_: False)
    run, _, _ = trained(options, "largest", epochs=1)
    model = run.load_model()
    assert run.metrics["blend"]["layers"] == 0
    assert embedding_of(model).get_weights()[0].shape[1] == 2
    assert run.metrics["validation_accuracy"] == run.metrics["ngrams_validation_accuracy"]
    ids = run.encoder.encode_batch(["a good film", "a bad plot"])
    table, kernel, checks = model.get_layer(NGRAMS).get_weights()
    fitted = VectorTable(table, kernel, checks, NgramVectors(len(table), 3, 2))
    bias = deep_layers(model)[-1].get_weights()[1]
    assert np.allclose(logits(model, ids), fitted.sums(ids) + bias, atol=1e-5)


def test_answers_that_are_too_unlikely(options):
    """The contract has what was chosen, and the metrics say what it makes of the answers."""
    run, _, said = trained(options, "largest", target_precision=0.5, epochs=1)
    found = run.metrics["abstention"]
    assert found["target_precision"] == run.config["target_precision"] == 0.5
    assert run.contract.none_below == found["none_below"]
    assert any(
        line.removeprefix("warning: ").startswith("--target-precision 0.5: ") for line in said
    )


@pytest.mark.parametrize(
    ("rule", "changes", "said"),
    [
        ("largest", {"recipe": "flagship"}, "--recipe flagship: its n-grams tell two labels apart"),
        (
            "largest",
            {"recipe": "flagship", "start": "pretrained"},
            "--from pretrained: a model of two labels cannot be gone on with for 3; leave --from",
        ),
        (
            "each",
            {"recipe": "flagship", "start": "pretrained"},
            "--from pretrained: .* for 3, or several a text; leave --from out",
        ),
        ("each", {"target_precision": 0.9}, "--target-precision 0.9: is for one label a text"),
        ("largest", {"target_precision": 1.0}, "--target-precision 1: is the share of answers"),
    ],
)
def test_what_cannot_be(options, rule, changes, said):
    """Refused before anything is written."""
    with pytest.raises(UsageError, match=said) as caught:
        trained(options, rule, **changes)
    assert "\n" not in str(caught.value)
    assert not options.output.exists()


def test_interrupted_and_resumed(options):
    """A run that was cut off ends as one that was not, with its thresholds."""
    whole, expected, _ = trained(options, "each", target_precision=None)
    asked = dataclasses.replace(options, output=options.output.with_name("cut"))
    folder, history = train(asked, splits=splits("each"), watcher=Interrupt(2))
    assert history.interrupted
    assert Run.open(folder).contract.labels == CLASSES
    folder, history = train(asked, splits=splits("each"), resume=True)
    run = Run.open(folder)
    assert run.contract == whole.contract
    found, wanted = (
        [dataclasses.replace(epoch, seconds=0.0) for epoch in one.epochs]
        for one in (history, expected)
    )
    assert found == wanted
    assert run.metrics | {"minutes": 0} == whole.metrics | {"minutes": 0}


def test_a_contract_of_two_labels_is_as_it_was():
    """Not a byte of it says that there could be more."""
    written = make_contract(RECIPE.text, VOCABULARY).to_json()
    values = json.loads(written)
    assert values["version"] == 1
    assert "decision" not in values
    named = make_contract(RECIPE.text, VOCABULARY, ("ham", "spam")).to_json()
    assert named == written.replace("negative", "ham").replace("positive", "spam")
