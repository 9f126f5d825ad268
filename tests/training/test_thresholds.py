"""Thresholds of each label and below which an answer is none, and the figures of many labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, recall_score

from edgernn.text import Decision, TextContract
from edgernn.training.label_figures import counts_of, figures_of_many
from edgernn.training.thresholds import abstention, decide, thresholds_of_each

LARGEST = Decision(None, "largest")


def each(*thresholds: float) -> Decision:
    return Decision(None, "each", thresholds)


def one_label(scores, true):
    found = thresholds_of_each(np.array(scores, np.float32)[:, None], np.array(true, bool)[:, None])
    return found[0]


def test_a_threshold_of_the_highest_f1():
    """Halfway between the scores that it divides; no other threshold has a higher F1."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        true = rng.random(60) < 0.3
        scores = np.clip(np.round(0.3 * true + rng.normal(0.4, 0.2, 60), 2), 0, 1)
        chosen = one_label(scores, true)
        given = scores >= np.linspace(0, 1, 101)[:, None] - 1e-4
        f1 = 2 * (given & true).sum(axis=1) / (given.sum(axis=1) + true.sum())
        assert f1_score(true, scores.astype(np.float32) >= chosen) == pytest.approx(f1.max())
        assert chosen not in scores.astype(np.float32)
    # All between 0.2 and 0.9 are as good: the nearest to one half that lies halfway.
    assert one_label([0.9] * 6 + [0.2] * 6, [1] * 6 + [0] * 6) == pytest.approx(0.55)


@pytest.mark.parametrize("true", [[0] * 20, [1] * 20, [1] * 4 + [0] * 16, [0] * 4 + [1] * 16])
def test_a_label_of_few_texts_has_one_half(true):
    """Nothing can be chosen on four texts."""
    assert one_label(np.linspace(0.9, 0.1, 20), true) == 0.5


def test_equal_scores_of_all_texts():
    """A threshold of 0 is none: one half."""
    assert one_label([0.0] * 12, [1, 0] * 6) == 0.5


def test_answers_that_are_left_out():
    """As many answers as can be given; of those, the share asked for is right."""
    rng = np.random.default_rng(8)
    scores = rng.dirichlet([0.3] * 4, 400).astype(np.float32)
    labels = np.array([rng.choice(4, p=row / row.sum()) for row in scores.astype(np.float64)])
    for target in (0.7, 0.8, 0.9, 0.95):
        found = abstention(scores, labels, LARGEST, target)
        assert found.reached
        assert found.none_below is not None
        answers = dataclasses.replace(LARGEST, none_below=found.none_below).answers(scores)
        given = answers >= 0
        assert np.mean(given) == pytest.approx(found.answered)
        assert np.mean(answers[given] == labels[given]) == pytest.approx(found.precision)
        assert found.precision >= target
        # With any lower one the answers would not be right often enough.
        lower = np.sort(LARGEST.confidence(scores)[~given])
        for none_below in lower[-1:-60:-7]:
            decision = dataclasses.replace(LARGEST, none_below=float(none_below))
            more = decision.answers(scores)
            assert np.mean(more[more >= 0] == labels[more >= 0]) < target


def test_answers_of_two_labels_are_left_out():
    """The confidence is that of the label on whose side a score is."""
    scores = np.array([0.99] * 20 + [0.02] * 20 + [0.6, 0.45] * 5, np.float32)
    labels = np.array([1] * 20 + [0] * 20 + [0, 1] * 5)
    found = abstention(scores, labels, Decision(0.5), 0.95)
    assert (found.answered, found.precision, found.reached) == (0.8, 1.0, True)
    assert found.none_below == pytest.approx((0.98 + 0.6) / 2)


def test_a_precision_that_all_answers_have():
    """Then nothing is left out, and a contract says what it said before."""
    scores, labels = np.array([0.9, 0.2] * 10, np.float32), np.array([1, 0] * 10)
    found = abstention(scores, labels, Decision(0.5), 0.9)
    assert (found.none_below, found.answered, found.reached) == (None, 1.0, True)


@pytest.mark.parametrize("right", [9, 0])
def test_a_precision_that_is_not_reached(right):
    """Nine right answers do not show that nine of ten are right, and none shows nothing."""
    scores = np.array([0.99] * right + [0.6] * 20, np.float32)
    labels = np.array([1] * right + [0] * 20)
    found = abstention(scores, labels, Decision(0.5), 0.9)
    assert (found.none_below, found.answered, found.reached) == (None, 1.0, False)
    assert found.precision == pytest.approx(right / (right + 20))


def contract(rule, labels) -> TextContract:
    return TextContract(
        vocabulary_sha256="0" * 64,
        vocabulary_size=300,
        max_length=8,
        cut="end",
        labels=labels,
        decision=rule,
        threshold=0.5 if rule == "threshold" else None,
        thresholds=(0.5,) * len(labels) if rule == "each" else (),
    )


def test_what_is_written_into_the_contract():
    """Thresholds of each label, or what is too unlikely; and the figures with them."""
    said: list[str] = []
    rng = np.random.default_rng(2)
    truth = rng.random((80, 2)) < 0.4
    scores = np.clip(truth * 0.2 + rng.uniform(0, 0.5, (80, 2)), 0, 1).astype(np.float32)
    decided, measured = decide(contract("each", ("a", "b")), scores, truth, None, said.append)
    assert decided.thresholds == thresholds_of_each(scores, truth)
    assert measured["validation_accuracy"] == measured["held_out"]["accuracy"]
    assert measured["held_out"]["macro_f1"] > 0.7
    assert said == [
        "a threshold for each label, chosen on 80 held-out texts: "
        f"{min(decided.thresholds):.2f} to {max(decided.thresholds):.2f}"
    ]

    scores = rng.dirichlet([0.4] * 3, 200).astype(np.float32)
    truth = np.where(rng.random(200) < 0.8, scores.argmax(axis=1), 0)
    decided, measured = decide(
        contract("largest", ("a", "b", "c")), scores, truth, 0.9, said.append
    )
    assert decided.version == 2
    assert decided.none_below == measured["abstention"]["none_below"]
    assert "of 200 held-out texts" in said[-1]
    # The accuracy is that of the likeliest answer, whether it is given or not.
    assert measured["held_out"]["accuracy"] == np.mean(scores.argmax(axis=1) == truth)

    two = contract("threshold", ("negative", "positive"))
    sure, likely = np.array([0.9, 0.2] * 30, np.float32), np.array([1, 0] * 30)
    assert decide(two, sure, likely, None, said.append) == (two, {})
    assert decide(two, sure, likely, 0.9, said.append)[0] == two
    assert said[-1].endswith("are right already: every answer is given")
    assert decide(two, sure, 1 - likely, 0.9, said.append)[0] == two
    assert said[-1].startswith("warning: --target-precision 0.9: cannot be reached on the 60 held")


def test_figures_of_the_likeliest_label():
    """Those of scikit-learn; a label that no text has and none was given has no F1."""
    rng = np.random.default_rng(3)
    scores = rng.dirichlet([1.0] * 5, 300)
    scores[:, 4] = 0
    scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    labels = rng.integers(0, 4, 300)
    found = figures_of_many(scores, labels, LARGEST)
    given = scores.argmax(axis=1)
    assert found.accuracy == np.mean(given == labels)
    assert found.macro_f1 == pytest.approx(f1_score(labels, given, average="macro"))
    assert found.log_loss == pytest.approx(log_loss(labels, scores, labels=range(5)), abs=1e-5)
    assert found.larger_class == np.bincount(labels).max() / 300
    assert found.counts.f1_of_each[4] is None
    assert found.counts.macro_recall == pytest.approx(recall_score(labels, given, average="macro"))


def test_figures_of_several_labels_a_text():
    """Those of scikit-learn; a text is right where all of its labels are, and no other."""
    rng = np.random.default_rng(5)
    labels = rng.random((200, 3)) < 0.4
    scores = np.clip(labels * 0.4 + rng.uniform(0, 0.6, (200, 3)), 0, 1).astype(np.float32)
    found = figures_of_many(scores, labels, each(0.4, 0.5, 0.6))
    given = scores >= np.array([0.4, 0.5, 0.6])
    assert found.accuracy == np.mean((given == labels).all(axis=1))
    assert found.macro_f1 == pytest.approx(f1_score(labels, given, average="macro"))
    losses = [log_loss(labels[:, i], scores[:, i].astype(float)) for i in range(3)]
    assert found.log_loss == pytest.approx(np.mean(losses), abs=1e-4)
    sets = np.unique(labels, axis=0, return_counts=True)[1]
    assert found.larger_class == sets.max() / 200


def test_answers_that_are_none_count_for_no_label():
    """A text has its label all the same."""
    counts = counts_of(np.array([0, -1, 2, -1]), np.array([0, 0, 1, 2]), 3)
    assert (counts.true, counts.given, counts.right) == ((2, 1, 1), (1, 0, 1), (1, 0, 0))


def test_no_texts():
    """There is nothing to be said of none."""
    with pytest.raises(ValueError, match="no examples"):
        figures_of_many(np.zeros((0, 3), np.float32), np.zeros(0, int), LARGEST)
