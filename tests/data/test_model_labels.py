"""Labels of some data as a model numbers its own: by their names, or told to be unknown."""

import dataclasses

import numpy as np
import pytest

from edgernn.data import Examples
from edgernn.data.model_labels import as_labels_of
from edgernn.errors import DataError
from edgernn.text import TextContract

TWO = TextContract(vocabulary_sha256="00", vocabulary_size=3, max_length=16, cut="end")
THREE = dataclasses.replace(
    TWO, labels=("bad", "fair", "good"), decision="largest", threshold=None, version=None
)
EACH = dataclasses.replace(THREE, decision="each", thresholds=(0.5, 0.5, 0.5))


def examples(labels, classes, dtype=np.int16):
    return Examples(
        tuple(f"text {i}" for i in range(len(labels))), np.array(labels, dtype), classes=classes
    )


def test_by_their_names():
    """Another order, and data that lack a label."""
    found = as_labels_of(THREE, examples([0, 1, 1], ("good", "bad")), "data.csv")
    assert found.labels.tolist() == [2, 0, 0]
    assert (found.classes, found.labels.dtype) == (THREE.labels, np.int16)
    # A class without a text need not be known.
    found = as_labels_of(THREE, examples([0, 1], ("good", "bad", "ugly")), "data.csv")
    assert found.labels.tolist() == [2, 0]


def test_two_labels_by_their_place():
    """Negative and positive are the first and the second, whatever the model calls them."""
    other = dataclasses.replace(TWO, labels=("ham", "spam"))
    given = examples([0, 1], ("negative", "positive"), np.int8)
    for contract in (TWO, other):
        assert as_labels_of(contract, given, "data.csv").labels.tolist() == [0, 1]
    turned = as_labels_of(other, examples([0, 1], ("spam", "ham"), np.int8), "data.csv")
    assert (turned.labels.tolist(), turned.labels.dtype) == ([1, 0], np.int8)
    with pytest.raises(DataError, match=r"^data\.csv: a \(1\), b \(1\) are none of the model's "):
        as_labels_of(other, examples([0, 1], ("a", "b"), np.int8), "data.csv")


def test_several_labels():
    """One label a text is a set of one; sets of one are labels."""
    sets = examples([[1, 0], [1, 1]], ("good", "bad"), bool)
    assert as_labels_of(EACH, sets, "data.csv").labels.tolist() == [
        [False, False, True],
        [True, False, True],
    ]
    one = as_labels_of(EACH, examples([0, 1], ("good", "bad")), "data.csv")
    assert one.labels.tolist() == [[False, False, True], [True, False, False]]
    with pytest.raises(DataError, match="1 of 2 texts have several labels or none"):
        as_labels_of(THREE, sets, "data.csv")
    assert as_labels_of(THREE, sets.at(np.array([0])), "data.csv").labels.tolist() == [2]


def test_unknown_labels():
    """In one line, with how many texts have them and what to do."""
    with pytest.raises(DataError) as caught:
        as_labels_of(THREE, examples([0, 0, 1, 2], ("ugly", "bad", "odd")), "data.csv")
    assert str(caught.value) == (
        "data.csv: ugly (2), odd (1) are none of the model's labels, bad, fair, good: leave these "
        "rows out with --drop, or measure a model that has them"
    )
