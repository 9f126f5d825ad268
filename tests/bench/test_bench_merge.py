"""Rows of several machines in one file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench_samples import sample, sample_row

from edgernn.bench.merge import merge
from edgernn.bench.reading import parse_report
from edgernn.bench.results import Report
from edgernn.errors import UsageError


def parsed(value: dict[str, Any]) -> Report:
    return parse_report(json.dumps(value).encode(), "x.json")


def test_rows_have_their_machine() -> None:
    """Own rows come first and have none; the others' facts are kept."""
    phone = sample(sample_row(runtime="tflite"), name="Pixel")
    found = merge(parsed(sample()), [parsed(phone)])
    assert [(row.runtime, row.machine) for row in found.rows] == [
        ("onnxruntime", None),
        ("tflite", "Pixel"),
    ]
    assert [source.machine.name for source in found.merged] == ["Pixel"]
    assert found.rows[1].title == "model.onnx, tflite, cpu, 1 thread, Pixel"
    assert parsed(found.to_json()) == found


def test_machines_of_one_name() -> None:
    """They get numbers, whichever file they come from, also one that was merged before."""
    one = parsed(sample(name="Pixel"))
    twice = merge(one, [one, one])
    assert [row.machine for row in twice.rows] == [None, "Pixel (2)", "Pixel (3)"]
    again = merge(parsed(sample()), [twice])
    assert [row.machine for row in again.rows] == [None, "Pixel", "Pixel (2)", "Pixel (3)"]
    assert parsed(again.to_json()) == again


def test_too_many_rows() -> None:
    """A file may have a thousand."""
    many = parsed(sample(*[sample_row()] * 600))
    with pytest.raises(UsageError, match="1,200 rows in all; there may be 1,000"):
        merge(many, [many])


def test_nothing_to_merge() -> None:
    """The report stays as it is, without a list of machines."""
    own = parsed(sample())
    assert merge(own, []) == own
    assert "merged" not in own.to_json()
