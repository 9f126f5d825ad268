"""Measures of three labels or more, of several a text, and of texts that get none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from edgernn.evaluation.calibration import confidence_bins, expected_calibration_error
from edgernn.evaluation.lengths import answer_buckets
from edgernn.evaluation.many_metrics import (
    Answered,
    ConfusedPair,
    by_label,
    measure_choice,
    measure_several,
    of_each_label,
)
from edgernn.evaluation.measured import measured
from edgernn.evaluation.metrics import Metrics
from edgernn.text import NO_LABEL, Decision
from edgernn.training.label_figures import wilson_interval

LABELS = ("bad", "fair", "good")
LARGEST = Decision(None, "largest")
SCORES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]],
    np.float32,
)
TRUE = np.array([0, 1, 2, 2, 1], np.int16)
"""Given are 0, 1, 1, 2, 0: the third and the last text are wrong."""


def choice(scores=SCORES, labels=TRUE, decision=LARGEST):
    return measure_choice(of_each_label(scores), labels, decision)


def test_three_labels_by_hand():
    """Every figure of five texts."""
    found = choice()
    assert (found.examples, found.accuracy, found.larger_class) == (5, 0.6, 0.4)
    assert found.accuracy_interval == wilson_interval(3, 5)
    assert found.confusion == ((1, 0, 0), (1, 1, 0), (0, 1, 1))
    assert found.balanced_accuracy == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    f1 = (2 / 3, 2 / 4, 2 / 3)
    assert found.macro_f1 == pytest.approx(sum(f1) / 3)
    assert found.weighted_f1 == pytest.approx((f1[0] + 2 * f1[1] + 2 * f1[2]) / 5)
    logs = [math.log(p) for p in (0.7, 0.8, 0.3, 0.4, 0.3)]
    assert found.log_loss == pytest.approx(-sum(logs) / 5, rel=1e-6)
    # Of the likeliest labels 0.7 and 0.8 are right, 0.5 is wrong, 0.4 right, 0.6 wrong.
    assert found.expected_calibration_error == pytest.approx((0.3 + 0.2 + 0.5 + 0.6 + 0.6) / 5)
    assert (found.answered, found.roc_auc) == (None, None)
    assert found.confused(LABELS) == [
        ConfusedPair("fair", "bad", 1, 0.5),
        ConfusedPair("good", "fair", 1, 0.5),
    ]


def test_texts_without_an_answer():
    """They are not right, have a column of their own, and are told beside the others."""
    found = choice(decision=Decision(None, "largest", none_below=0.55))
    assert found.confusion == ((1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 0, 2))
    assert found.accuracy == 0.4
    assert found.answered == Answered(0.55, 3, 0.6, 2 / 3, wilson_interval(2, 3), 0.6)
    assert [pair.given for pair in found.confused(LABELS)] == ["bad"]
    assert [row["given"] for row in by_label(found, LABELS)] == [2, 1, 0]
    assert by_label(found, LABELS)[2]["precision"] is None
    nothing = choice(decision=Decision(None, "largest", none_below=0.99)).answered
    assert (nothing.coverage, nothing.accuracy, nothing.accuracy_interval) == (0.0, None, None)


def test_two_labels_of_which_none_may_be_given():
    """The curve is that of two labels; an answer is none on either side of the threshold."""
    scores = np.array([0.9, 0.6, 0.2, 0.45], np.float32)
    labels = np.array([1, 1, 0, 1], np.int8)
    found = choice(scores, labels, Decision(0.5, none_below=0.7))
    assert found.confusion == ((1, 0, 0), (0, 1, 2))
    assert found.roc_auc == 1.0
    assert (found.answered.coverage, found.answered.accuracy) == (0.5, 1.0)
    assert found.answered.accuracy_of_likeliest == 0.75
    assert choice(scores, np.ones(4, np.int8), Decision(0.5, none_below=0.7)).roc_auc is None


def test_json():
    """A row a label, the pairs, the matrix where it is wanted; only what JSON can hold."""
    found = choice().to_json(LABELS)
    assert found["decision"] == "largest"
    assert found["by_label"][1] == {
        **{"label": "fair", "texts": 2, "given": 2, "right": 1},
        **{"precision": 0.5, "recall": 0.5, "f1": 0.5},
    }
    assert found["confused"][0] == {"true": "fair", "given": "bad", "texts": 1, "share": 0.5}
    assert found["confusion"] == ((1, 0, 0), (1, 1, 0), (0, 1, 1))
    assert "counts" not in found
    assert set(found) - set(choice().to_json(LABELS, confusion=False)) == {"confusion"}


EACH = Decision(None, "each", thresholds=(0.5, 0.3, 0.6))
SEVERAL = np.array([[0.9, 0.4, 0.1], [0.2, 0.2, 0.7], [0.6, 0.1, 0.5], [0.1, 0.1, 0.1]], np.float32)
TRUE_SETS = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]], bool)
"""Given are bad and fair, good, bad, and none: the third text is wrong."""


def test_several_labels_by_hand():
    """Every figure of four texts, of which one has no label and gets none."""
    found = measure_several(of_each_label(SEVERAL), TRUE_SETS, EACH)
    assert (found.examples, found.accuracy, found.larger_class) == (4, 0.75, 0.5)
    assert found.hamming_loss == pytest.approx(2 / 12)
    assert (found.labels_of_a_text, found.labels_given, found.without_label) == (1.0, 1.0, 1)
    assert found.micro_f1 == pytest.approx(2 * 3 / (4 + 4))
    f1 = (2 / 3, 1.0, 2 / 3)
    assert found.macro_f1 == pytest.approx(sum(f1) / 3)
    assert found.weighted_f1 == pytest.approx((f1[0] + f1[1] + 2 * f1[2]) / 4)
    assert found.average_precision == pytest.approx((1.0, 1.0, 1.0))
    assert found.mean_average_precision == pytest.approx(1.0)
    right = [0.9, 0.4, 0.9, 0.8, 0.8, 0.7, 0.4, 0.9, 0.5, 0.9, 0.9, 0.9]
    assert found.log_loss == pytest.approx(-sum(map(math.log, right)) / 12, rel=1e-6)
    rows = found.to_json(LABELS)["by_label"]
    assert [row["threshold"] for row in rows] == [0.5, 0.3, 0.6]
    assert rows[1] == {
        **{"label": "fair", "texts": 1, "given": 1, "right": 1, "precision": 1.0, "recall": 1.0},
        **{"f1": 1.0, "average_precision": 1.0, "threshold": 0.3},
    }


def test_labels_that_no_text_has():
    """What they do not say is None, in no traceback."""
    found = measure_several(of_each_label(SEVERAL), np.zeros((4, 3), bool), EACH)
    assert found.average_precision == (None, None, None)
    assert (found.mean_average_precision, found.weighted_f1) == (None, None)
    assert (found.micro_f1, found.macro_f1) == (0.0, 0.0)
    one = choice(labels=np.zeros(5, np.int16))
    assert (one.balanced_accuracy, one.larger_class) == (0.4, 1.0)


texts = st.integers(1, 30)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(3, 6), texts)
def test_against_scikit_learn(data, number, count):
    """F1, recall and confusion are what it computes of the same answers."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scores = rng.dirichlet(np.ones(number), count).astype(np.float32)
    labels = rng.integers(0, number, count).astype(np.int16)
    found = choice(scores, labels)
    given = scores.argmax(axis=1)
    f1 = sklearn_metrics.f1_score(labels, given, average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(f1)
    f1 = sklearn_metrics.f1_score(labels, given, average="weighted", zero_division=0)
    assert found.weighted_f1 == pytest.approx(f1)
    expected = sklearn_metrics.confusion_matrix(labels, given, labels=range(number))
    assert found.confusion == tuple(map(tuple, expected.tolist()))

    sets = rng.random((count, number)) < 0.3
    several = measure_several(of_each_label(scores), sets, Decision(None, "each", (0.3,) * number))
    answers = scores.astype(np.float64) >= 0.3
    assert several.accuracy == pytest.approx(sklearn_metrics.accuracy_score(sets, answers))
    for average in ("micro", "weighted"):
        f1 = sklearn_metrics.f1_score(sets, answers, average=average, zero_division=0)
        assert (getattr(several, f"{average}_f1") or 0.0) == pytest.approx(f1)


def test_rows_that_sum_to_1_roughly():
    """As those of a quantized graph do: no warning, and a log loss of probabilities."""
    found = choice(SCORES * np.float32(1.0009))
    assert found.log_loss == pytest.approx(choice().log_loss, rel=1e-5)


def test_confidence_bins():
    """A certain label counts in the last bin; the error is that of the likeliest label."""
    bins = confidence_bins(np.array([1.0, 0.5, 0.52]), np.array([True, False, True]))
    assert (bins[14].examples, bins[14].mean_confidence, bins[14].right) == (1, 1.0, 1.0)
    assert (bins[7].examples, bins[7].right) == (2, 0.5)
    assert expected_calibration_error(bins) == pytest.approx(2 / 3 * (0.51 - 0.5))


def test_by_length():
    """Accuracy, share of answers and confidence of short texts and long ones."""
    tokens = np.array([2, 3, 4, 500, 600], np.int64)
    short, *middle, long = answer_buckets(
        tokens, SCORES, TRUE, Decision(None, "largest", none_below=0.55)
    )
    assert (short.examples, short.accuracy) == (3, pytest.approx(2 / 3))
    assert short.answered == pytest.approx(2 / 3)
    assert short.mean_confidence == pytest.approx(2 / 3)
    assert (long.accuracy, long.answered, long.name) == (0.0, 0.5, "over 400")
    assert {bucket.accuracy for bucket in middle} == {None}
    several, *_ = answer_buckets(np.ones(4, np.int64), SEVERAL, TRUE_SETS, EACH)
    assert (several.accuracy, several.answered) == (0.75, 0.75)


def test_what_is_measured_of_which_decision():
    """Two labels of which each text gets one stay what they were."""
    tokens = np.ones(5, np.int64)
    binary = measured(SCORES[:, 0], TRUE == 0, tokens, Decision(0.5))
    assert isinstance(binary.metrics, Metrics)
    assert binary.lengths[0].called_positive == 0.4
    several = measured(SEVERAL, TRUE_SETS, tokens[:4], EACH)
    assert sum(one.examples for one in several.calibration) == 12
    unsure = measured(SCORES, TRUE, tokens, Decision(None, "largest", none_below=0.55))
    answers = Decision(None, "largest", none_below=0.55).answers(SCORES)
    assert unsure.metrics.answered.texts == np.count_nonzero(answers != NO_LABEL)
    assert sum(one.examples for one in unsure.calibration) == 5
