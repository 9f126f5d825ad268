"""The most confidently wrong texts: which, and in what order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data import Examples
from edgernn.evaluation.confident_errors import ConfidentError, confident_errors
from edgernn.text import EVEN, Decision

NAMES = ("bad", "good")


def errors_of(probabilities, labels, count=10, threshold=0.5):
    examples = Examples(tuple(f"text {i}" for i in range(len(labels))), np.array(labels, np.int8))
    tokens = np.arange(len(labels), dtype=np.int64) + 3
    return confident_errors(
        examples, np.array(probabilities, np.float32), tokens, NAMES, Decision(threshold), count
    )


def test_what_is_said():
    """Row from 1, both labels by name, the probability of the positive class, tokens, text."""
    (found,) = errors_of([0.9, 0.25], [1, 1])
    assert found == ConfidentError(2, "good", "bad", 0.25, 4, "text 1")
    assert type(found.probability) is float


def test_the_order():
    """By the probability of the label given, on both sides; right answers are not there."""
    probabilities = [0.6, 0.02, 0.99, 0.95, 0.5, 0.4]
    labels = [0, 1, 1, 0, 0, 1]
    # Wrong are 0.6, 0.02 (0.98 bad), 0.95, 0.5 and 0.4 (0.6 bad).
    found = [(error.row, error.given) for error in errors_of(probabilities, labels)]
    assert found == [(2, "bad"), (4, "good"), (1, "good"), (6, "bad"), (5, "good")]


def test_ties():
    """The same confidence on either side: in the order of the data, the more confident first."""
    probabilities = [0.25, 0.75, 0.0, 1.0] * 500
    labels = [int(p < 0.5) for p in probabilities]
    rows = [error.row for error in errors_of(probabilities, labels, count=2000)]
    weak = [row for row in range(1, 2001) if row % 4 in (1, 2)]
    assert rows == [*(row for row in range(1, 2001) if row % 4 in (3, 0)), *weak]


def test_next_to_certain():
    """Two probabilities that differ only far behind the point are still told apart."""
    found = errors_of([2e-9, 1e-9], [1, 1])
    assert [error.row for error in found] == [2, 1]


def test_a_threshold_aside():
    """Given is what the threshold says; 0.7 is a weak `bad` where 0.8 is asked for."""
    found = errors_of([0.7, 0.7, 0.95, 0.1], [1, 0, 0, 1], threshold=0.8)
    assert [(e.row, e.given) for e in found] == [(3, "good"), (4, "bad"), (1, "bad")]


def test_no_more_than_asked_for():
    """The first of them; all if there are fewer; none where nothing is wrong."""
    probabilities, labels = [0.6, 0.7, 0.8], [0, 0, 0]
    assert [error.row for error in errors_of(probabilities, labels, 2)] == [3, 2]
    assert len(errors_of(probabilities, labels, 100)) == 3
    assert errors_of(probabilities, [1, 1, 1]) == ()


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), max_size=40),
    st.floats(0.01, 0.99),
)
def test_all_errors_and_nothing_else(texts, threshold):
    """Each wrong text once; the confidence never rises."""
    probabilities = [p for p, _ in texts]
    labels = [y for _, y in texts]
    found = errors_of(probabilities, labels, 40, threshold)
    wrong = {i + 1 for i, (p, y) in enumerate(texts) if (p >= threshold) != (y == 1)}
    assert {error.row for error in found} == wrong
    assert len(found) == len(wrong)
    confidence = [e.probability if e.given == "good" else 1 - e.probability for e in found]
    assert confidence == sorted(confidence, reverse=True)


def test_rows_of_a_file():
    """Where rows were left out, a text is told by its own number."""
    examples = Examples(("a", "b"), np.array([0, 1], np.int8), rows=np.array([3, 17], np.int64))
    probabilities = np.array([0.9, 0.8], np.float32)
    (error,) = confident_errors(
        examples, probabilities, np.array([1, 1], np.int64), ("bad", "good"), EVEN, 9
    )
    assert (error.row, error.text) == (3, "a")
