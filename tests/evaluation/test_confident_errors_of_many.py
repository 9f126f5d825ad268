"""The most confidently wrong texts where there are not just two labels."""

import numpy as np

from edgernn.data import Examples
from edgernn.evaluation.confident_errors import ConfidentChoiceError, ConfidentLabelError
from edgernn.evaluation.measured import most_confident
from edgernn.text import Decision

LABELS = ("bad", "fair", "good")


def examples(labels):
    texts = tuple(f"text {i}" for i in range(len(labels)))
    return Examples(texts, labels, classes=LABELS)


def test_one_label_of_several():
    """Surest first, with the probability of the right label; no answer is no error."""
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.4, 0.4], [0.8, 0.1, 0.1]], "f4")
    labels = np.array([1, 0, 0, 0], np.int16)
    tokens = np.array([3, 4, 5, 6], np.int64)
    surest, *more = most_confident(
        examples(labels), scores, tokens, LABELS, Decision(None, "largest"), 10
    )
    assert surest == ConfidentChoiceError(
        2, "bad", "good", float(scores[1, 2]), float(scores[1, 0]), 4, "text 1"
    )
    assert [(error.row, error.given) for error in more] == [(1, "bad"), (3, "fair")]
    unsure = Decision(None, "largest", none_below=0.45)
    found = most_confident(examples(labels), scores, tokens, LABELS, unsure, 10)
    assert [error.row for error in found] == [2, 1]
    assert len(most_confident(examples(labels), scores, tokens, LABELS, unsure, 1)) == 1


def test_several_labels():
    """The label that is most confidently wrong: given and not true, or true and not given."""
    decision = Decision(None, "each", thresholds=(0.5, 0.5, 0.5))
    scores = np.array([[0.93, 0.6, 0.1], [0.6, 0.4, 0.05], [0.9, 0.9, 0.9], [0.1, 0.1, 0.1]], "f4")
    labels = np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]], bool)
    tokens = np.ones(4, np.int64)
    found = most_confident(examples(labels), scores, tokens, LABELS, decision, 10)
    assert [(error.row, error.label) for error in found] == [(2, "good"), (1, "bad"), (4, "fair")]
    assert found[0] == ConfidentLabelError(
        2, ("bad", "good"), ("bad",), "good", float(scores[1, 2]), 1, "text 1"
    )
    assert (found[2].true, found[2].given) == (("fair",), ())
