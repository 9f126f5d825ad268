"""Measures of a classifier, against numbers worked out by hand."""

import math

import numpy as np
import pytest

from edgernn.evaluation.metrics import measure
from edgernn.text import EVEN, Decision
from edgernn.training.label_figures import figures_of

PROBABILITIES = np.array([0.1, 0.6, 0.4, 0.9, 0.5, 0.2], np.float32)
LABELS = np.array([0, 0, 1, 1, 1, 0], np.int8)


def test_by_hand():
    """At 0.5: negatives 0.1 0.6 0.2 and positives 0.4 0.9 0.5, of which 0.6 and 0.4 are wrong."""
    found = measure(PROBABILITIES, LABELS, EVEN)
    assert found.examples == 6
    assert found.confusion == ((2, 1), (1, 2))
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    # Of the 9 pairs of a negative and a positive, (0.6, 0.4) and (0.6, 0.5) stand wrong.
    assert found.roc_auc == pytest.approx(7 / 9)
    likelihoods = (0.9, 0.4, 0.4, 0.9, 0.5, 0.8)
    assert found.log_loss == pytest.approx(-sum(map(math.log, likelihoods)) / 6, rel=1e-6)
    # Each probability is in a bin of its own, and off by what it lacks of its label.
    off = (0.1, 0.6, 0.6, 0.1, 0.5, 0.2)
    assert found.expected_calibration_error == pytest.approx(sum(off) / 6, rel=1e-6)


@pytest.mark.parametrize(
    ("threshold", "confusion"),
    [
        (0.05, ((0, 3), (0, 3))),
        (0.45, ((2, 1), (1, 2))),
        (0.5, ((2, 1), (1, 2))),
        (0.55, ((2, 1), (2, 1))),
        (0.95, ((3, 0), (3, 0))),
    ],
)
def test_the_threshold_counts_as_positive(threshold, confusion):
    """At least the threshold is positive; a class that is never given is counted all the same."""
    found = measure(PROBABILITIES, LABELS, Decision(threshold))
    assert found.confusion == confusion
    (right_negative, _), (_, right_positive) = confusion
    assert found.accuracy == pytest.approx((right_negative + right_positive) / 6)
    assert found.roc_auc == pytest.approx(7 / 9)


def test_a_certain_error_is_not_infinite():
    """Probabilities of exactly 0 and 1 give a finite log loss, in either direction."""
    wrong = measure(np.array([1.0, 0.0], np.float32), np.array([0, 1], np.int8), EVEN)
    right = measure(np.array([0.0, 1.0], np.float32), np.array([0, 1], np.int8), EVEN)
    assert 30 < wrong.log_loss < 40
    assert right.log_loss == pytest.approx(0, abs=1e-9)
    assert (wrong.roc_auc, right.roc_auc) == (0.0, 1.0)
    assert wrong.f1 == 0.0


def test_figures_of_each_label():
    """Of 8 negatives 6 are right, of 2 positives 1: worked out by hand."""
    found = figures_of(((6, 2), (1, 1)))
    assert found.accuracy == pytest.approx(0.7)
    assert found.larger_class == pytest.approx(0.8)
    assert found.balanced_accuracy == pytest.approx((6 / 8 + 1 / 2) / 2)
    assert found.f1_of_each == pytest.approx((2 * 6 / (8 + 7), 2 * 1 / (2 + 3)))
    low, high = found.accuracy_interval
    assert 0.39 < low < 0.7 < high < 0.9


def test_one_class_alone():
    """What it does not say is None, in no traceback: curve, mean over classes, F1 of the other."""
    found = measure(np.array([0.1, 0.2], np.float32), np.array([0, 0], np.int8), EVEN)
    assert (found.accuracy, found.larger_class) == (1.0, 1.0)
    assert (found.roc_auc, found.balanced_accuracy, found.f1) == (None, None, None)
    assert found.f1_of_each == (1.0, None)
    assert found.log_loss == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, rel=1e-6)
    with pytest.raises(ValueError, match="no examples"):
        figures_of(((0, 0), (0, 0)))
