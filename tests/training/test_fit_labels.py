"""Training with more than two labels, and with several a text: it learns, resumes, weighs."""

import dataclasses

import numpy as np
import pytest
from toy import IDS, RECIPE, SETTINGS, Interrupt

from edgernn.data.batches import Encoded, balanced
from edgernn.errors import UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import Decision
from edgernn.training.fit import fit
from edgernn.training.history import Epoch, History
from edgernn.training.models import build, logits, probabilities, scores_of
from edgernn.training.validation import cross_entropy

keras = pytest.importorskip("keras")

SEED = 4
LABELS = 3
RULES = ("largest", "each")
DECISIONS = {"largest": Decision(None, "largest"), "each": Decision(None, "each", (0.5,) * LABELS)}


def texts(rule, count, seed):
    """Texts of 3 to 9 ids: the ids 1, 2 and 3 are one for each label."""
    rng = np.random.default_rng(seed)
    flags = rng.random((count, LABELS)) < 0.4
    numbers = np.arange(count) % LABELS
    ids = []
    for flag, number in zip(flags, numbers, strict=True):
        text = rng.integers(LABELS + 1, IDS, rng.integers(3, 10)).astype(np.int32)
        own = np.flatnonzero(flag) if rule == "each" else [number]
        text[: len(own)] = np.array(own) + 1
        ids.append(rng.permutation(text))
    return Encoded(ids, flags if rule == "each" else numbers.astype(np.int16))


def bag():
    """A model that is built and traced in a moment."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(IDS, 8, mask_zero=True),
            layers.Dropout(0.1),
            layers.GlobalAveragePooling1D(),
            layers.Dense(LABELS),
        ]
    )


def train(checkpoint, rule, *, train=None, resume=False, watcher=None, **settings):
    keras.utils.set_random_seed(SEED)
    return fit(
        bag(),
        dataclasses.replace(SETTINGS, **{"token_dropout": 0.0, "crops": 0.0, **settings}),
        texts(rule, 60, 1) if train is None else train,
        texts(rule, 30, 2),
        seed=SEED,
        checkpoint=checkpoint,
        rule=rule,
        resume=resume,
        watcher=watcher,
    )


def numbers(history):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in history.epochs]


@pytest.mark.parametrize("rule", RULES)
def test_it_learns(tmp_path, rule):
    """The words of the labels are found; what an epoch measured is what the model gives."""
    settings = {"epochs": 12, "patience": 12, "learning_rate": 0.2, "weight_average": 0.0}
    model, history = train(tmp_path, rule, **settings)
    held_out = texts(rule, 30, 2)
    found = probabilities(model, held_out.ids, DECISIONS[rule])
    assert found.dtype == np.float32
    assert found.shape == (30, LABELS)
    if rule == "largest":
        assert np.allclose(found.sum(axis=1), 1)
    best = history.best
    assert best.validation_accuracy > 0.9
    right = DECISIONS[rule].right(found, held_out.labels)
    assert np.mean(right) == pytest.approx(best.validation_accuracy)
    losses = cross_entropy(logits(model, held_out.ids), held_out.labels, rule)
    assert losses.mean() == pytest.approx(best.validation_loss, abs=1e-6)
    # Keras counts the training texts as we do the others.
    last = history.epochs[-1]
    assert last.loss < history.epochs[0].loss / 3
    assert last.accuracy > 0.9
    assert best.validation_recall is best.validation_specificity is None
    assert best.balanced_accuracy == best.validation_macro_recall > 0.9
    header = history.to_csv().partition("\n")[0]
    assert header.endswith("seconds,validation_macro_f1,validation_macro_recall")


@pytest.mark.parametrize("rule", RULES)
def test_the_loss_is_that_of_keras(tmp_path, rule):
    """The first epoch, of one batch without dropout, has the loss of the first weights."""
    data = texts(rule, 20, 3)
    keras.utils.set_random_seed(SEED)
    first = bag()
    settings = {"epochs": 1, "batch_size": 20, "learning_rate": 1e-9}
    keras.utils.set_random_seed(SEED)
    model, history = train(tmp_path, rule, train=data, **settings)
    expected = cross_entropy(logits(first, data.ids), data.labels, rule).mean()
    # Dropout of a tenth of so small embeddings moves it a little.
    assert history.epochs[0].loss == pytest.approx(expected, rel=0.02)
    assert logits(model, data.ids) == pytest.approx(logits(first, data.ids), abs=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_interrupted_and_resumed(tmp_path, rule):
    """A run that was cut off ends as one that was not, weights of the labels among it."""
    settings = {"class_weight": "balanced", "epochs": 3}
    whole, expected = train(tmp_path / "whole", rule, **settings)
    _, history = train(tmp_path / "cut", rule, watcher=Interrupt(2), **settings)
    assert history.interrupted
    assert history.balanced
    model, again = train(tmp_path / "cut", rule, resume=True, **settings)
    assert numbers(again) == numbers(expected)
    pairs = zip(model.get_weights(), whole.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_class_weights_of_many():
    """Every label counts alike, and a text 1 on average."""
    labels = np.array([0] * 6 + [1] * 3 + [3], np.int16)
    weighed = balanced(Encoded([np.ones(1, np.int32)] * 10, labels), "largest")
    assert weighed.weights is not None
    assert [weighed.weights[labels == n].sum() for n in (0, 1, 3)] == pytest.approx([10 / 3] * 3)
    assert weighed.weights.mean() == pytest.approx(1)
    assert np.array_equal(weighed.labels, labels)


def test_class_weights_of_each():
    """Having a label counts as much as not having it; a label that all have is not weighed."""
    flags = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 1]], bool)
    weighed = balanced(Encoded([np.ones(1, np.int32)] * 4, flags), "each")
    assert weighed.weights is not None
    assert weighed.weights[:, 0] == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3])
    assert weighed.weights[:, 1] == pytest.approx([1, 1, 1, 1])
    assert weighed.weights[:, 2] == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])


def test_the_best_epoch_of_many_labels():
    """It is that of the lowest loss, which is weighed where the labels are."""
    epochs = [
        Epoch(1, 0.1, 0.9, 0.5, 0.9, 1, validation_macro_f1=0.9, validation_macro_recall=0.9),
        Epoch(2, 0.1, 0.9, 0.4, 0.8, 1, validation_macro_f1=0.8, validation_macro_recall=0.8),
        Epoch(3, 0.1, 0.9, 0.6, 0.9, 1, validation_macro_f1=0.9, validation_macro_recall=0.9),
    ]
    assert History(epochs).best.epoch == 2
    assert History(epochs, balanced=True).best.epoch == 2


@pytest.mark.parametrize("labels", [2, 3, 150])
def test_a_recipe_of_many_labels(labels):
    """Its last layer has a unit for each; the others are as they were."""
    model, two = build(RECIPE, IDS, labels), build(RECIPE, IDS)
    assert model.output_shape == (None, labels)
    shapes = [[array.shape for array in one.get_weights()] for one in (model, two)]
    assert shapes[0][:-2] == shapes[1][:-2]
    assert shapes[0][-2:] == [(3, labels), (labels,)]


def test_n_grams_tell_two_labels_apart():
    """More are refused in a line that names another recipe."""
    with pytest.raises(
        UsageError,
        match=r"^--recipe flagship: its n-grams .* --recipe linear-bilstm takes any number$",
    ):
        build(RECIPES["flagship"], 100, 3)


def test_scores_of_logits():
    """A softmax and sigmoids in float32, far out too; logits of another decision are refused."""
    wide = np.array([[0.0, 1.0, 2.0], [-2000.0, 0.0, 2000.0]], np.float32)
    powers = np.exp([0.0, 1.0, 2.0])
    largest = scores_of(wide, "largest")
    assert largest.dtype == np.float32
    assert largest[0] == pytest.approx(powers / powers.sum())
    assert largest[1].tolist() == [0, 0, 1]
    assert scores_of(wide, "each")[1].tolist() == [0, 0.5, 1]
    assert scores_of(np.zeros(2, np.float32), "threshold").tolist() == [0.5, 0.5]
    for rule, shape in (("threshold", (2, 3)), ("largest", (2,)), ("each", (2,))):
        with pytest.raises(ValueError, match="are not for the decision"):
            scores_of(np.zeros(shape, np.float32), rule)
