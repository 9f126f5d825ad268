"""From scores to labels: the threshold itself is the second label's, and all is in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text import EVEN, Decision, TextContract

SEVEN = Decision(0.7)
UNDER = np.float32(0.7)
"""The float32 nearest to 0.7 is a little less than the 0.7 of a contract."""


def test_a_contract_s_decision():
    """It has the contract's threshold; the contract written down is the same with and without."""
    contract = TextContract(
        vocabulary_sha256="0" * 64, vocabulary_size=9, max_length=5, cut="end", threshold=0.7
    )
    written = contract.to_json()
    assert contract.decision == SEVEN
    assert contract.to_json() == written


@pytest.mark.parametrize(
    ("threshold", "score", "label"),
    [(0.5, 0.5, 1), (0.5, np.nextafter(0.5, 0), 0), (0.7, 0.7, 1), (0.7, float(UNDER), 0)],
)
def test_the_threshold_is_the_second_label_s(threshold, score, label):
    """One text and many alike."""
    decision = Decision(threshold)
    assert decision.label(score) == label
    assert decision.called(np.array([score])).tolist() == [label == 1]


def test_float32_scores_are_not_rounded_to_the_threshold():
    """As float32, 0.7 and the score below it would be the same number."""
    scores = np.full(3, UNDER)
    assert not SEVEN.called(scores).any()
    above = np.full(3, np.nextafter(UNDER, np.float32(1)))
    assert SEVEN.called(above).all()
    assert SEVEN.flips(scores, above).all()
    assert not SEVEN.flips(scores, np.full(3, np.nextafter(UNDER, np.float32(0)))).any()


@given(st.floats(0.01, 0.99), st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_one_rule(threshold, values):
    """Labels of one text and of many, confidence and margin say the same."""
    decision, scores = Decision(threshold), np.array(values, np.float32)
    called = decision.called(scores).tolist()
    assert called == [decision.label(value) == 1 for value in values]
    assert called == (decision.margin(scores) >= 0).tolist()
    labels = [
        1.0 - value if not second else value for value, second in zip(values, called, strict=True)
    ]
    assert decision.confidence(scores).tolist() == labels
    assert decision.right(scores, np.array(called)).all()
    assert not decision.right(scores, ~np.array(called)).any()


def test_several_passes_over_the_same_texts():
    """The flips of each pass, against one expectation."""
    passes = np.array([[0.4, 0.6, 0.6], [0.6, 0.6, 0.4]], np.float32)
    expected = np.array([0.6, 0.6, 0.6])
    assert EVEN.flips(passes, expected).tolist() == [[True, False, False], [False, False, True]]


def test_no_number_is_never_right():
    """What is not a number is of neither label."""
    scores = np.array([math.nan, 0.9])
    assert EVEN.called(scores).tolist() == [False, True]
    for label in (0, 1):
        assert EVEN.right(scores, np.array([label, 1])).tolist() == [False, True]
        assert EVEN.right_logits(scores, np.array([label, 1])).tolist() == [False, True]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.2])
def test_logits(threshold):
    """A logit is called as its probability is; of one half, 0 itself is positive."""
    decision = Decision(threshold)
    logits = np.linspace(-3, 3, 100)
    probabilities = 1 / (1 + np.exp(-logits))
    assert (decision.called_logits(logits) == decision.called(probabilities)).all()
    assert EVEN.called_logits(np.array([-1e-30, 0.0])).tolist() == [False, True]
