"""Measures of a classifier, against numbers worked out by hand."""

import math

import numpy as np
import pytest

from edgernn.training.metrics import measure

PROBABILITIES = np.array([0.1, 0.6, 0.4, 0.9, 0.5, 0.2], np.float32)
LABELS = np.array([0, 0, 1, 1, 1, 0], np.int8)


def test_by_hand():
    """At 0.5: negatives 0.1 0.6 0.2 and positives 0.4 0.9 0.5, of which 0.6 and 0.4 are wrong."""
    found = measure(PROBABILITIES, LABELS, 0.5)
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
    found = measure(PROBABILITIES, LABELS, threshold)
    assert found.confusion == confusion
    (right_negative, _), (_, right_positive) = confusion
    assert found.accuracy == pytest.approx((right_negative + right_positive) / 6)
    assert found.roc_auc == pytest.approx(7 / 9)


def test_a_certain_error_is_not_infinite():
    """Probabilities of exactly 0 and 1 give a finite log loss, in either direction."""
    wrong = measure(np.array([1.0, 0.0], np.float32), np.array([0, 1], np.int8), 0.5)
    right = measure(np.array([0.0, 1.0], np.float32), np.array([0, 1], np.int8), 0.5)
    assert 30 < wrong.log_loss < 40
    assert right.log_loss == pytest.approx(0, abs=1e-9)
    assert (wrong.roc_auc, right.roc_auc) == (0.0, 1.0)
    assert wrong.f1 == 0.0
