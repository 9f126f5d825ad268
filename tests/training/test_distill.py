"""Layers and n-grams: what the n-grams are fitted to, and how both are added."""

import dataclasses
import math
from contextlib import nullcontext

import numpy as np
import pytest
from four_texts import ENCODER, TEXTS, soft_of
from toy import IDS, RECIPE, encoded

from edgernn.data import Examples
from edgernn.data.batches import Encoded
from edgernn.distillation.ngram_table import NgramFit, NgramTable, ngram_sums
from edgernn.errors import DataError
from edgernn.recipes.recipe import Dense, Embedding, Ngrams, Pool, Recurrent
from edgernn.training import distill
from edgernn.training.blend import Blend, add_ngrams, assemble, fit_blend
from edgernn.training.distill import Distillation
from edgernn.training.models import NGRAMS, build, logits

keras = pytest.importorskip("keras")

BUCKETS = 509
WIDE = dataclasses.replace(
    RECIPE,
    layers=(Embedding(4), Recurrent(3, sequences=True), Pool(), Dense(1)),
    ngrams=Ngrams(BUCKETS, 2),
)
SEED = 6
PAIRS, ALL = Ngrams(BUCKETS, 2), NgramFit(min_count=1)


def test_blend_finds_planted_factors():
    """Where labels are drawn from a weighted sum, its factors come back."""
    rng = np.random.default_rng(1)
    layers, ngrams = rng.normal(size=(2, 20_000)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(0.7 * layers + 2 * ngrams - 0.5)))
    found = fit_blend(layers, ngrams, (rng.random(20_000) < chance).astype(np.int8))
    assert found.layers == pytest.approx(0.7, abs=0.06)
    assert found.ngrams == pytest.approx(2, abs=0.1)
    assert found.constant == pytest.approx(-0.5, abs=0.06)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_blend_of_few_texts_is_no_surer_than_they_can_tell(class_weight):
    """All told apart: a label is as likely as its smoothed count, not certain."""
    labels = np.array([1] * 6 + [0] * 18, np.int8)
    ngrams = np.where(labels == 1, 5, -5) + np.random.default_rng(2).normal(size=24)
    found = fit_blend(np.zeros(24, np.float32), ngrams, labels, class_weight)
    chance = 1 / (1 + np.exp(-(found.ngrams * ngrams + found.constant)))
    assert chance[labels == 1].mean() == pytest.approx(7 / 8, abs=0.02)
    assert chance[labels == 0].mean() == pytest.approx(1 / 20, abs=0.02)


def test_a_constant_that_is_held_back_is_found_by_many_texts_only():
    """A few dozen texts more of one label do not move the threshold of layers that are right."""
    rng = np.random.default_rng(7)

    def constant(number: int, **options: float) -> float:
        layers, ngrams = 3 * rng.normal(size=(2, number)).astype(np.float32)
        chance = 1 / (1 + np.exp(-(layers + ngrams + 1)))
        labels = (rng.random(number) < chance).astype(np.int8)
        return fit_blend(layers, ngrams, labels, **options).constant

    few = [(constant(40, constant_spread=0.3), constant(40)) for _ in range(20)]
    held_back, free = np.abs(few).mean(axis=0)
    assert held_back < 0.5 * free
    assert constant(20_000, constant_spread=0.3) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("spread", [math.inf, 0.3])
def test_neither_half_counts_against_what_it_says(spread):
    """However a handful of texts lie; the other half is found as if it were alone."""
    rng = np.random.default_rng(8)
    labels = np.array([0, 1, 1] * 8, np.int8)
    against = (rng.normal(size=24) - 2 * labels).astype(np.float32)
    towards = (rng.normal(size=24) + 2 * labels - 1).astype(np.float32)
    alone = fit_blend(towards, np.zeros(24, np.float32), labels, constant_spread=spread)
    found = fit_blend(towards, against, labels, constant_spread=spread)
    assert found.ngrams == 0
    assert found.layers == pytest.approx(alone.layers, rel=0.01)
    assert found.constant == pytest.approx(alone.constant, abs=0.01)
    assert fit_blend(against, towards, labels, constant_spread=spread).layers == 0
    bounded = fit_blend(towards, against, labels, constant_spread=spread, least=(0.0, 0.5))
    assert bounded.ngrams == 0.5
    assert bounded.layers > found.layers


def trained_layers():
    """The layers of `WIDE` with random weights."""
    keras.utils.set_random_seed(3)
    layers = build(dataclasses.replace(WIDE, ngrams=None), IDS)
    rng = np.random.default_rng(4)
    layers.set_weights([rng.normal(0, 2, w.shape) for w in layers.get_weights()])
    return layers


def some_table() -> NgramTable:
    from matching_checks import matching_checks

    checks = matching_checks(encoded(40, 2).ids, BUCKETS, 2)
    return NgramTable(np.random.default_rng(5).normal(size=BUCKETS).astype(np.float32), checks, 2)


def test_assembling_adds_both():
    """The whole model is the layers' logit and the n-grams' sum, each times its factor."""
    layers, table, ids = trained_layers(), some_table(), encoded(40, 2).ids
    model = build(WIDE, IDS)
    assemble(model, layers, table, Blend(0.4, -1.7, 0.25))
    expected = 0.4 * logits(layers, ids) - 1.7 * ngram_sums(ids, table) + 0.25
    assert np.allclose(logits(model, ids), expected, atol=1e-5)
    assert np.std(0.4 * logits(layers, ids)) > 0.1
    numbers, checks = model.get_layer(NGRAMS).get_weights()
    assert np.allclose(numbers, -1.7 * table.numbers)
    assert np.array_equal(checks, table.checks)


def test_the_whole_model():
    """What is said of it is what it does; both parts are measured by themselves too."""
    layers, table, texts = trained_layers(), some_table(), encoded(60, 2)
    # Labels that follow the n-grams, with a few that do not.
    labels = (ngram_sums(texts.ids, table) > 0.1).astype(np.int8)
    labels[::9] = 1 - labels[::9]
    measured = Encoded(texts.ids, labels)
    nothing = Encoded((), np.zeros(0, np.float32))
    distilled = Distillation(table, table, 0.9, (), nothing)
    model, found, sums = add_ngrams(WIDE, IDS, layers, distilled, measured)
    given = logits(model, texts.ids).astype(np.float64)
    assert found["validation_accuracy"] == np.mean((given > 0) == labels) > 0.6
    chance = np.where(labels == 1, 1 / (1 + np.exp(-given)), 1 / (1 + np.exp(given)))
    assert found["validation_loss"] == pytest.approx(-np.log(chance).mean(), abs=1e-5)
    assert found["layers_validation_accuracy"] == np.mean((logits(layers, texts.ids) > 0) == labels)
    alone = ngram_sums(texts.ids, table)
    assert found["ngrams_validation_accuracy"] == np.mean((alone > 0) == labels)
    assert found["teacher_accuracy"] == 0.9
    factors = Blend(**found["blend"])
    expected = (
        factors.layers * logits(layers, texts.ids) + factors.ngrams * alone + factors.constant
    )
    assert np.allclose(given, expected, atol=1e-5)
    assert np.allclose(sums, expected, atol=1e-5)
    assert factors.ngrams > abs(factors.layers)

    other = dataclasses.replace(table, numbers=-table.numbers)
    distilled = Distillation(table, other, 0.9, (), nothing)
    model, same, same_sums = add_ngrams(WIDE, IDS, layers, distilled, measured)
    assert same == found
    # Not those of the last table, which has seen the texts.
    assert np.array_equal(same_sums, sums)
    assert np.allclose(logits(model, texts.ids), given - 2 * factors.ngrams * alone, atol=1e-5)


def learn(cache, ngrams=PAIRS, seed=SEED, settings=ALL, held_out=None):
    """Learn from the four texts, two of them labelled."""
    return distill.distill(
        ngrams,
        ENCODER,
        Examples(TEXTS[:2], np.array([0, 1], np.int8)),
        TEXTS[2:],
        np.ones((4, 2), np.float32),
        seed=seed,
        cache=cache,
        busy=lambda title: nullcontext(),
        settings=settings,
        held_out=held_out,
    )


@pytest.fixture
def taught(monkeypatch):
    """A teacher of four texts, and how often n-grams were fitted to it."""
    fitted = []
    fit = distill.fit_ngrams
    monkeypatch.setattr(distill, "train_teacher", lambda *_, **__: soft_of(TEXTS))
    monkeypatch.setattr(distill, "fit_ngrams", lambda *given: fitted.append(1) or fit(*given))
    return fitted


def test_the_table_is_kept(taught, tmp_path):
    """It is read again as it was; for other settings it is fitted anew."""
    first = learn(tmp_path)
    again = learn(tmp_path)
    assert len(taught) == 1
    assert np.any(first.table.numbers)
    assert np.array_equal(first.table.numbers, again.table.numbers)
    assert np.array_equal(first.table.checks, again.table.checks)
    assert (again.table.numbers.dtype, again.table.checks.dtype) == (np.float32, np.int32)
    assert (again.table.longest, again.teacher_accuracy, len(again.ids)) == (2, 0.75, 4)
    assert len(again.layer_targets) == 8
    assert np.array_equal(again.layer_targets.labels, first.layer_targets.labels)
    changed = ({"seed": SEED + 1}, {"ngrams": Ngrams(503, 2)}, {"settings": NgramFit(min_count=2)})
    for changes in changed:
        learn(tmp_path)
        before = len(taught)
        learn(tmp_path, **changes)
        assert len(taught) == before + 1


def test_the_last_table_learns_the_held_out_labels(taught, tmp_path):
    """It alone: each text is on its label's side more than before; an empty text is left out."""
    texts = ENCODER.encode_batch(["Good film. I loved it.", "A waste of time.", ""])
    for labels in (np.array([1, 0, 1], np.int8), np.array([0, 1, 1], np.int8)):
        distilled = learn(tmp_path, held_out=Encoded(texts, labels))
        plain = learn(tmp_path / "plain")
        assert np.array_equal(distilled.table.numbers, plain.table.numbers)
        assert np.array_equal(plain.final_table.numbers, plain.table.numbers)
        gained = ngram_sums(texts[:2], distilled.final_table) - ngram_sums(
            texts[:2], distilled.table
        )
        assert np.all(gained * (2 * labels[:2] - 1) > 0)
        before = len(taught)
        again = learn(tmp_path, held_out=Encoded(texts, labels))
        assert np.array_equal(again.final_table.numbers, distilled.final_table.numbers)
        assert len(taught) == before


def test_a_broken_table(taught, tmp_path):
    """It is named, in one line that says what to do."""
    learn(tmp_path)
    path = tmp_path / "ngrams.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError) as caught:
        learn(tmp_path)
    assert str(caught.value) == f"{path} is broken: remove it and train again"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_not_added(bad) -> None:
    """The numbers that the search begins with would pass for what it found."""
    logits = np.array([1, bad, -1], np.float32)
    with pytest.raises(ValueError, match="no finite numbers"):
        fit_blend(logits, np.ones(3, np.float32), np.array([1, 0, 0], np.int8))
