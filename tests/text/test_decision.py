"""From scores to labels: the threshold itself is the second label's, and all is in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text import EVEN, NO_LABEL, Decision, TextContract

SEVEN = Decision(0.7)
UNDER = np.float32(0.7)
"""The float32 nearest to 0.7 is a little less than the 0.7 of a contract."""


def test_a_contract_s_decision():
    """It has the contract's fields; the contract written down is the same with and without."""
    contract = TextContract(
        vocabulary_sha256="0" * 64, vocabulary_size=9, max_length=5, cut="end", threshold=0.7
    )
    written = contract.to_json()
    assert contract.decides == SEVEN
    assert contract.to_json() == written


@pytest.mark.parametrize(
    ("threshold", "score", "label"),
    [(0.5, 0.5, 1), (0.5, np.nextafter(0.5, 0), 0), (0.7, 0.7, 1), (0.7, float(UNDER), 0)],
)
def test_the_threshold_is_the_second_label_s(threshold, score, label):
    """One text and many alike."""
    decision = Decision(threshold)
    assert decision.called(np.array([score])).tolist() == [label == 1]
    assert decision.answers(np.array([score])).tolist() == [label]


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
    assert called == [float(value) >= threshold for value in scores]
    assert decision.answers(scores).tolist() == called
    assert decision.margin(scores).tolist() == [abs(float(p) - threshold) for p in scores]
    labels = [
        1.0 - value if not second else value for value, second in zip(values, called, strict=True)
    ]
    assert decision.confidence(scores).tolist() == labels
    assert decision.right(scores, np.array(called)).all()
    assert not decision.right(scores, ~np.array(called)).any()


@given(
    st.sampled_from([Decision(0.6), Decision(0.25, none_below=0.7), Decision(0.5, none_below=1.0)]),
    st.lists(st.floats(0, 1, width=32) | st.just(math.nan)),
)
def test_numbers_of_python_s_own(decision, values):
    """A list of two labels' scores is decided as an array of float32 is."""
    scores = np.array(values, np.float32)
    called, answers = decision.told_apart(scores.tolist())
    assert called == decision.called(scores).tolist()
    assert answers == decision.answers(scores).tolist()


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


SHARES = st.floats(0, 1, width=32)
LARGEST = Decision(None, "largest")
UNSURE = Decision(None, "largest", none_below=0.5)
EACH = Decision(None, "each", (0.3, 0.5, 0.7))


def test_the_likeliest_label():
    """The first of equals; what is not a number gets no label."""
    scores = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.1, math.nan, 0.2]], np.float32)
    assert LARGEST.answers(scores).tolist() == [1, 0, NO_LABEL]
    assert LARGEST.right(scores, np.array([1, 0, 2])).tolist() == [True, True, False]
    assert LARGEST.right(scores, np.array([1, 2, NO_LABEL])).tolist()[:2] == [True, False]
    assert LARGEST.confidence(scores[:2]).tolist() == [0.5, float(np.float32(0.4))]
    assert LARGEST.margin(scores[:2]) == pytest.approx([0.1, 0.0])


def test_no_label_below_a_confidence():
    """The confidence itself is enough; of two labels that of the label on whose side a score is."""
    scores = np.array([[0.2, 0.5, 0.3], [0.2, np.nextafter(0.5, 0), 0.3]])
    assert UNSURE.answers(scores).tolist() == [1, NO_LABEL]
    assert UNSURE.right(scores, np.array([1, 1])).tolist() == [True, False]
    assert UNSURE.flips(scores, scores[::-1]).all()
    assert UNSURE.margin(scores) == pytest.approx([0.0, 0.0])
    two = Decision(0.5, none_below=0.75)
    scores = np.array([0.25, 0.4, 0.5, 0.75, np.nextafter(0.75, 0)])
    assert two.answers(scores).tolist() == [0, NO_LABEL, NO_LABEL, 1, NO_LABEL]
    assert two.called(scores).tolist() == [False, False, True, True, True]
    assert two.margin(scores) == pytest.approx([0.0, 0.1, 0.0, 0.0, 0.0])


def test_several_labels_a_text():
    """Each by its own threshold; right are exactly the true ones."""
    scores = np.array([[0.3, 0.2, 0.9], [0.2, 0.4, 0.6]])
    assert EACH.answers(scores).tolist() == [[True, False, True], [False, False, False]]
    true = np.array([[True, False, True], [True, False, False]])
    assert EACH.right(scores, true).tolist() == [True, False]
    assert not EACH.right(np.full((1, 3), math.nan), np.zeros((1, 3), np.bool_)).any()
    assert EACH.flips(scores, scores[::-1]).tolist() == [True, True]
    assert EACH.flips(np.stack([scores, scores[::-1]]), scores).tolist() == [
        [False, False],
        [True, True],
    ]
    assert EACH.margin(scores) == pytest.approx([0.0, 0.1])


@given(
    st.sampled_from([LARGEST, UNSURE, EACH, Decision(0.6), Decision(0.6, none_below=0.7)]),
    st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1, max_size=8),
    st.lists(st.floats(-1, 1), min_size=3, max_size=3),
)
def test_within_the_margin_no_answer_changes(decision, rows, moves):
    """However the scores of a text move."""
    scores = np.array(rows, np.float64)
    moved = np.array(moves)
    if decision.is_binary:
        scores, moved = scores[:, 0], moved[0]
    margins = decision.margin(scores)
    assert (margins >= 0).all()
    step = 0.999 * margins if decision.is_binary else 0.999 * margins[:, None]
    assert not decision.flips(scores + moved * step, scores).any()
