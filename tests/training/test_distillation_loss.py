"""The loss of labels and soft labels together: its value, and training that resumes with it."""

import dataclasses

import numpy as np
import pytest
from toy import IDS, SETTINGS, Interrupt

from edgernn.data.batches import Encoded
from edgernn.data.soft_targets import SoftTargets
from edgernn.training.distillation_loss import distillation_loss
from edgernn.training.fit import fit
from edgernn.training.models import logits, scores_of
from edgernn.training.teaching import teach

keras = pytest.importorskip("keras")

LABELS = 3
ROWS = np.arange(4)
RULES = ("threshold", "largest", "each")
LOGITS = np.array([[0.5, -1, 2], [3, 0, 0], [-2, 1, 1], [0, 0, 0.1]], np.float32)
SOFT = np.array([[0.2, 0.3, 0.5], [0.9, 0.1, 0], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]], np.float32)
SHARES = np.array([0.3, 1, 0, 0.5], np.float32)


def of(rule):
    """Logits, labels and soft labels as a rule has them."""
    if rule == "threshold":
        two = np.stack([1 - SOFT[:, 2], SOFT[:, 2]], axis=1)
        return LOGITS[:, :1], np.array([1, 0, 0, 1], np.int8), two
    if rule == "largest":
        return LOGITS, np.array([2, 0, 0, 1], np.int16), SOFT
    return LOGITS, np.array([[1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]], bool), SOFT


def cross_entropy(expected, logits, rule):
    """Mean over the labels of what `expected`, probabilities, costs; a softmax's for `largest`."""
    if rule == "largest":
        return -(expected * (logits - np.logaddexp.reduce(logits, axis=1)[:, None])).sum(axis=1)
    costs = expected * np.logaddexp(0, -logits) + (1 - expected) * np.logaddexp(0, logits)
    return costs.mean(axis=1)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("rule", RULES)
def test_the_loss(rule, temperature):
    """It is that of Hinton, Vinyals and Dean, written out; a text's share is its own."""
    raw, labels, soft = of(rule)
    targets = SoftTargets(soft, SHARES, temperature).of(labels, ROWS, rule)
    found = distillation_loss(rule, temperature).call(targets, keras.ops.convert_to_tensor(raw))
    wide = raw.astype(np.float64)
    if rule == "largest":
        hard = np.eye(LABELS)[labels]
        powers = soft.astype(np.float64) ** (1 / temperature)
        cooled = powers / powers.sum(axis=1, keepdims=True)
    else:
        positive = soft[:, 1:] if rule == "threshold" else soft
        hard = labels.reshape(len(raw), -1).astype(float)
        with np.errstate(divide="ignore"):
            odds = np.log(positive) - np.log1p(-positive)
        cooled = 1 / (1 + np.exp(-odds / temperature))
    own = cross_entropy(hard, wide, rule)
    taught = temperature**2 * cross_entropy(cooled, wide / temperature, rule)
    assert np.asarray(found) == pytest.approx(SHARES * own + (1 - SHARES) * taught, rel=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_labels_alone(rule):
    """With all of the share it is the loss of labels, whatever the temperature."""
    raw, labels, soft = of(rule)
    targets = SoftTargets(soft, np.ones(4, np.float32), 3.0).of(labels, ROWS, rule)
    alone = SoftTargets.without_teacher(4, soft.shape[1], 3.0).of(labels, ROWS, rule)
    assert np.array_equal(targets, alone)
    found = distillation_loss(rule, 3.0).call(targets, keras.ops.convert_to_tensor(raw))
    hard = np.eye(LABELS)[labels] if rule == "largest" else labels.reshape(4, -1).astype(float)
    assert np.asarray(found) == pytest.approx(cross_entropy(hard, raw, rule), rel=1e-5)


def taught(rule, count=60, unlabelled=60):
    """Texts of 3 to 9 ids of which one tells the label, which a teacher knows."""
    rng = np.random.default_rng(3)
    labels = 2 if rule == "threshold" else LABELS
    numbers = np.arange(count + unlabelled) % labels
    ids = []
    for number in numbers:
        text = rng.integers(LABELS + 1, IDS, rng.integers(3, 10)).astype(np.int32)
        text[rng.integers(len(text))] = number + 1
        ids.append(text)
    soft = np.full((len(ids), labels), 0.1, np.float32)
    soft[np.arange(len(ids)), numbers] = 1 - 0.1 * (labels - 1)
    given = np.eye(labels, dtype=bool)[numbers] if rule == "each" else numbers.astype(np.int8)
    soft[1] = np.nan
    labelled = Encoded(ids[:count], given[:count])
    others = ids[count:], soft[count:]
    return teach(labelled, soft[:count], *others, rule, temperature=2.0), labelled


def train(checkpoint, rule, **more):
    keras.utils.set_random_seed(4)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(IDS, 8, mask_zero=True),
            layers.Dropout(0.1),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1 if rule == "threshold" else LABELS),
        ]
    )
    found, labelled = taught(rule)
    settings = {"token_dropout": 0.0, "crops": 0.0, "epochs": 3, "learning_rate": 0.1}
    return fit(
        model,
        dataclasses.replace(SETTINGS, **settings, class_weight="balanced"),
        found.texts,
        labelled,
        seed=4,
        checkpoint=checkpoint,
        rule=rule,
        **more,
    )


@pytest.mark.parametrize("rule", RULES)
def test_it_learns_and_resumes(tmp_path, rule):
    """A run that was cut off ends as one that was not, its loss with its temperature among it."""
    whole, expected = train(tmp_path / "whole", rule)
    _, history = train(tmp_path / "cut", rule, watcher=Interrupt(2))
    assert history.interrupted
    model, again = train(tmp_path / "cut", rule, resume=True)
    for one, other in zip(again.epochs, expected.epochs, strict=True):
        assert dataclasses.replace(one, seconds=0) == dataclasses.replace(other, seconds=0)
    pairs = zip(model.get_weights(), whole.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    assert expected.epochs[-1].accuracy > 0.8
    _, labelled = taught(rule)
    # What is measured is the labels alone, of texts as they are.
    scores = scores_of(logits(model, labelled.ids), rule)
    right = scores.argmax(1) if rule == "largest" else scores >= 0.5
    share = np.mean(np.asarray(right == labelled.labels).reshape(len(right), -1).all(axis=1))
    assert share == pytest.approx(expected.selected.validation_accuracy, abs=1e-6)
    if rule == "threshold":
        assert expected.selected.validation_recall is not None


def test_what_is_said_of_a_teacher():
    """How often it is right, and a warning where it is as good as a guess."""
    found, labelled = taught("largest")
    assert (found.accuracy, found.told, found.labelled) == (1.0, 59, 60)
    assert found.texts.soft.hard_shares.tolist() == [
        pytest.approx(0.3), 1.0, *[pytest.approx(0.3)] * 58, *[0.0] * 60]  # fmt: skip
    (line,) = found.lines("soft.csv")
    assert line == (
        "soft.csv: the teacher's likeliest label is that of 100.0% of 59 labelled texts; 60 "
        "unlabelled texts are learned from it alone; temperature 2, share of labels 0.3"
    )
    soft = np.tile([[0.9, 0.05, 0.05]], (60, 1)).astype(np.float32)
    doubtful = teach(labelled, soft, [], None, "largest", temperature=4.0, hard_share=0.5)
    _, warning = doubtful.lines("soft.csv")
    assert warning.startswith("warning: soft.csv: its likeliest label is right no more often")
    assert doubtful.accuracy == doubtful.larger_class == pytest.approx(1 / 3)
