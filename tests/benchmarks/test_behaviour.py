"""The texts of negation and contrast, and what is counted over them."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.behaviour.texts import CONTROL, Text, measures, read_texts


def test_the_texts_are_enough_balanced_and_paired() -> None:
    """At least 400 that count, half of them positive, none twice; a pair has both halves."""
    texts = read_texts()
    counted = [text for text in texts if text.kind != CONTROL]
    assert len(counted) >= 400
    assert sum(text.is_positive for text in counted) * 2 == len(counted)
    assert len({text.text for text in texts}) == len(texts)
    pairs = Counter((text.pair, text.is_positive) for text in texts if text.pair)
    assert set(pairs.values()) == {1}
    assert len(pairs) == 2 * len({pair for pair, _ in pairs})


def test_measures_leave_plain_texts_out_of_the_total() -> None:
    """By hand: of three that count two are right; one pair of two moves the right way."""
    texts = [
        Text(CONTROL, True, "a", "good"),
        Text("negated good", False, "a", "not good"),
        Text(CONTROL, False, "b", "bad"),
        Text("negated bad", True, "b", "not bad"),
        Text("wish", False, "", "I wish it were good"),
    ]
    found = measures(texts, [0.9, 0.2, 0.4, 0.3, 0.1])
    assert found["texts"] == 3
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["share_positive"] == 0.0
    assert found["pairs"] == 0.5
    assert found["kinds"] == {CONTROL: 1.0, "negated good": 1.0, "negated bad": 0.0, "wish": 1.0}
