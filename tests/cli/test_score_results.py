"""What a result holds, by the model's labels and by what is asked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from edgernn import Score
from edgernn.cli.score_lines import Columns, CsvLines, JsonLines
from edgernn.cli.score_pipeline import Item
from edgernn.cli.score_results import TWO_LABELS, for_people, result_columns
from edgernn.errors import UsageError
from edgernn.text import TextContract

FIELDS: Any = {
    "vocabulary_sha256": "0" * 64,
    "vocabulary_size": 9,
    "max_length": 5,
    "cut": "end",
}
TWO = TextContract(**FIELDS)
SURE = TextContract(**FIELDS, none_below=0.9)
LARGEST = TextContract(**FIELDS, labels=("a", "b", "c"), decision="largest", threshold=None)
EACH = TextContract(
    **FIELDS, labels=("a", "b", "c"), decision="each", threshold=None, thresholds=(0.5, 0.5, 0.25)
)


def score(contract: TextContract, *probabilities: float, given: tuple[str, ...]) -> Score:
    """Return what a model with the contract might say."""
    is_binary = contract.decision == "threshold"
    return Score(
        label=max(given, key=lambda name: probabilities[contract.labels.index(name)], default=None),
        confidence=max(probabilities),
        probability=probabilities[1] if is_binary else None,
        probabilities=probabilities,
        labels=contract.labels,
        known=1.0,
        truncated=False,
        reason=None,
        given=given,
    )


SCORES = {
    "two": (TWO, score(TWO, 0.25, 0.75, given=("positive",))),
    "not sure": (SURE, score(SURE, 0.25, 0.75, given=())),
    "largest": (LARGEST, score(LARGEST, 0.25, 0.25, 0.5, given=("c",))),
    "each": (EACH, score(EACH, 0.75, 0.25, 0.25, given=("a", "c"))),
    "none of each": (EACH, score(EACH, 0.25, 0.125, 0.125, given=())),
}


class Row(NamedTuple):
    """Where a text is from."""

    fields: Mapping[str, object]
    raw: str | None = None


ITEM = Item("x", None, Row({"text": "x"}))


def table(name: str, top: int | None, every: bool) -> dict[str, str]:
    """Return a result as a CSV file has it, without the text and without an error."""
    contract, found = SCORES[name]
    columns = Columns.only_scores(result_columns(contract, top=top, every=every))
    lines = CsvLines(columns, ",", print)
    (record,) = lines.records([ITEM], [(found, None)])
    (failed,) = lines.records([ITEM], [(None, "bad")])
    assert (lines.has_failed(record.encode()), lines.has_failed(failed.encode())) == (False, True)
    assert record.startswith(lines.start({}, "x"))
    assert failed.startswith(lines.start({}, "x"))
    header, good, bad = csv.reader([lines.header, record, failed])
    assert bad == ["x", *[""] * (len(header) - 2), "bad"]
    assert (good[0], good[-1]) == ("x", "")
    return dict(zip(header[1:-1], good[1:-1], strict=True))


def in_json(name: str, top: int | None, every: bool) -> dict[str, Any]:
    """Return a result as a line of JSON has it, without the text and without an error."""
    contract, found = SCORES[name]
    columns = Columns.only_scores(result_columns(contract, top=top, every=every, nested=True))
    lines = JsonLines(columns, print, strict=True)
    (record,) = lines.records([ITEM], [(found, None)])
    (failed,) = lines.records([ITEM], [(None, "bad")])
    assert (lines.has_failed(record.encode()), lines.has_failed(failed.encode())) == (False, True)
    good, bad = json.loads(record), json.loads(failed)
    assert list(good) == list(bad)
    assert (good.pop("text"), good.pop("error"), bad.pop("error")) == ("x", None, "bad")
    assert {*bad.values()} == {"x", None}
    return good


def test_what_is_given() -> None:
    """A label, several in one cell, or nothing; a probability where there are two labels."""
    assert table("two", None, False) == {
        "label": "positive",
        "confidence": "0.75",
        "probability": "0.75",
    }
    assert table("not sure", None, False)["label"] == ""
    assert table("largest", None, False) == {"label": "c", "confidence": "0.5"}
    assert table("each", None, False) == {"labels": "a;c", "confidence": "0.75"}
    assert table("none of each", None, False) == {"labels": "", "confidence": "0.25"}
    assert in_json("not sure", None, False) == {
        "label": None,
        "confidence": 0.75,
        "probability": 0.75,
    }
    assert in_json("largest", None, False) == {"label": "c", "confidence": 0.5}
    assert in_json("each", None, False) == {"labels": ["a", "c"], "confidence": 0.75}
    assert in_json("none of each", None, False)["labels"] == []
    assert result_columns(TWO) is TWO_LABELS


def test_the_likeliest() -> None:
    """As many as are asked for, equal ones in the model's order; never more than there are."""
    assert table("largest", 2, False) == {
        **table("largest", None, False),
        **{"top_1": "c", "top_1_probability": "0.5", "top_2": "a", "top_2_probability": "0.25"},
    }
    assert in_json("two", 2, False)["top"] == [
        {"label": "positive", "probability": 0.75},
        {"label": "negative", "probability": 0.25},
    ]
    assert len(in_json("each", 3, False)["top"]) == 3
    with pytest.raises(UsageError, match="--top 4: the model has 3 labels"):
        result_columns(LARGEST, top=4)


def test_the_probability_of_each_label() -> None:
    """A column each, or an object."""
    found = table("each", 1, True)
    assert list(found) == [
        *("labels", "confidence", "top_1", "top_1_probability"),
        *("probability_a", "probability_b", "probability_c"),
    ]
    assert found["probability_c"] == "0.25"
    assert in_json("each", None, True)["probabilities"] == {"a": 0.75, "b": 0.25, "c": 0.25}


def test_labels_with_the_separator() -> None:
    """What stands between labels is in none of them."""
    contract = TextContract(
        **FIELDS, labels=("a;b", "c"), decision="each", threshold=None, thresholds=(0.5, 0.5)
    )
    found = score(contract, 0.75, 0.75, given=("a;b", "c"))
    assert result_columns(contract).values(found) == ["a;b|c", 0.75]


def test_names_that_are_taken() -> None:
    """Ours give way, those that were asked for, too."""
    columns = Columns.of(["top_1", "text"], result_columns(LARGEST, top=1))
    assert columns.own == ("label", "confidence", "top_1_edgernn", "top_1_probability", "error")
    assert columns.renamed == {"top_1": "top_1_edgernn"}


def test_a_table_for_people() -> None:
    """What is given with how likely it is, or the likeliest."""
    assert for_people(SCORES["largest"][1], None, 4) == "c     0.5000"
    assert for_people(SCORES["each"][1], None, 4) == "a, c  0.7500"
    assert for_people(SCORES["none of each"][1], None, 3) == "(none)  0.2500"
    assert for_people(SCORES["each"][1], 2, 4) == "a 0.7500, b 0.2500"
