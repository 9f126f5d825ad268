"""Written texts: they say what their rule says, and none is one that models are measured on."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from edgernn.distillation import contrast
from edgernn.distillation.contrast import Clauses, contrast_texts, digest_of, read_clauses

CLAUSES = Clauses(("I loved it",), ("the plot was thin",))
BEHAVIOUR = Path(__file__).parents[2] / "benchmarks/behaviour/texts.csv"


@pytest.fixture(scope="module")
def written():
    return contrast_texts(CLAUSES, 20_000, 1)


def test_half_are_positive_and_repeatable(written):
    """The same seed gives the same texts; slots are filled, and articles agree."""
    assert np.mean(written.logits > 0) == 0.5
    assert contrast_texts(CLAUSES, 20_000, 1).texts == written.texts
    assert contrast_texts(CLAUSES, 9, 2).texts != written.texts[:9]
    assert not any(set("{}") & set(text) for text in written.texts)
    assert not any(re.search(r"\b(a [aeiou]|an [^aeiouA])", text) for text in written.texts)
    assert len(set(written.texts)) > 14_000


@pytest.mark.parametrize(
    ("form", "positive"),
    [
        (r"^The \w+ is not (dull|awful|boring|stale|rude|weak)\W*$", True),
        (r"^The \w+ is not (great|good|tasty|funny|lovely|fine)\W*$", False),
        (r"^Although the plot was thin, ", True),
        (r"^Although I loved it, ", False),
        (r"I loved it, but ", False),
        (r"^The \w+ could have been \w+\W*$", False),
        (r"^I have seen worse than ", True),
        (r"^I have seen better than ", False),
        (r"^([89]|10) out of 10\b", True),
        (r"^[0-4] out of 10\b", False),
    ],
)
def test_what_they_say(form, positive, written):
    """By a few forms that can be told from outside."""
    found = [
        logit > 0
        for text, logit in zip(written.texts, written.logits, strict=True)
        if re.search(form, text)
    ]
    assert found
    assert all(value == positive for value in found)


def test_texts_of_the_measurement_are_kept_out(monkeypatch, written):
    """Whatever their case and marks; the list holds every one of them."""
    with BEHAVIOUR.open(encoding="utf-8", newline="") as file:
        kept_out = {digest_of(row["text"]) for row in csv.DictReader(file)}
    writer = contrast._Writer(CLAUSES, np.random.default_rng(1))
    assert writer._kept_out == kept_out
    monkeypatch.setattr(writer, "_kept_out", {digest_of("It was great")})
    assert all(digest_of(writer.write(True)[0]) != digest_of("it was GREAT!") for _ in range(3000))
    assert not {digest_of(text) for text in written.texts} & kept_out


def test_clauses_are_short_sure_sentences_that_do_not_turn():
    """Praise and blame, ready to stand behind a comma."""
    found = read_clauses(
        [
            "The plot was great.",
            "I loved it!",
            "A great film.",
            "It was not bad.",
            "It was good but long.",
            "It was dull.",
            "Great!",
            "The plot was so and so and so on and on.",
            "It was fine.",
        ],
        np.array([4, 4, 4, 4, 4, -4, 4, 4, 1]),
    )
    assert found == Clauses(("the plot was great", "I loved it", "a great film"), ("it was dull",))
