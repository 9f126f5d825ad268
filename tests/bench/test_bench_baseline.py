"""What fell back since the last benchmark: matching rows, and figures that became worse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench_samples import sample, sample_row

from edgernn.bench.baseline import Comparison, compare, parse_percent
from edgernn.bench.reading import parse_report
from edgernn.bench.results import Report
from edgernn.errors import UsageError

NAME = "model.onnx, onnxruntime, cpu, 1 thread"


def report(*rows: dict[str, Any]) -> Report:
    return parse_report(json.dumps(sample(*rows)).encode(), "x.json")


def compared(old: dict[str, Any], new: dict[str, Any], allowed: float = 0.1) -> Comparison:
    return compare(report(old), report(new), allowed)


def slower(row: dict[str, Any], factor: float) -> dict[str, Any]:
    """The row with the median at 200 tokens multiplied."""
    row["latency"][1]["p50_ms"] *= factor
    return row


def of_model(**changes: Any) -> dict[str, Any]:
    row = sample_row()
    row["model"] |= changes
    return row


def test_equal() -> None:
    """The same row has not fallen back, even if nothing is allowed."""
    assert compared(sample_row(), sample_row(), 0.0) == Comparison(1, (), (), ())


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (
            slower(sample_row(), 1.11),
            f"{NAME}: p50 at 200 tokens 2.22 ms, was 2 ms: +11.0%, allowed +10%",
        ),
        (slower(sample_row(), 1.09), None),
        (slower(sample_row(), 0.5), None),
        (
            sample_row(cold_start_ms=90.0),
            f"{NAME}: cold start 90 ms, was 60 ms: +50.0%, allowed +10%",
        ),
        (of_model(bytes=1200), f"{NAME}: size 1,200 bytes, was 1,000 bytes: +20.0%, allowed +10%"),
        (
            sample_row(throughput={**sample_row()["throughput"], "reviews_per_second": 2600.0}),
            f"{NAME}: reviews/s 2,600.0, was 3,000.0: -13.3%, allowed -10%",
        ),
        (sample_row(throughput={**sample_row()["throughput"], "reviews_per_second": 9e3}), None),
        # Figures that one side lacks are not compared.
        (sample_row(throughput=None, cold_start_ms=None, latency=[], accuracy=None), None),
        (sample_row(peak_memory_bytes=10**12), None),
    ],
)
def test_figures(new: dict[str, Any], line: str | None) -> None:
    """A figure is named with both values if it is worse by more than is allowed."""
    assert compared(sample_row(), new).worse == (() if line is None else (line,))


def test_cannot_run_any_more() -> None:
    """A row that ran and has a problem now has fallen back; one that never ran has not."""
    empty = dict.fromkeys(("throughput", "cold_start_ms", "peak_memory_bytes", "accuracy"))
    broken = sample_row(problem="no driver", latency=[], **empty)
    assert compared(sample_row(), broken).worse == (f"{NAME}: cannot run any more: no driver",)
    assert compared(broken, broken).worse == ()
    assert compared(broken, sample_row()).worse == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"runtime": "litert"},
        {"options": "XNNPACK"},
        {"requested_device": "auto"},
        {"threads": 2},
    ],
)
def test_other_rows(changes: dict[str, Any]) -> None:
    """Rows that ran otherwise are not compared, and named on either side."""
    other = slower(sample_row(**changes), 9)
    found = compare(report(sample_row()), report(other), 0.1)
    assert (found.compared, found.worse) == (0, ())
    assert found.missing == (NAME,)
    assert len(found.new) == 1


def test_names_and_recipes() -> None:
    """The name decides; then recipe, format and precision, for a file that was renamed."""
    renamed = slower(of_model(name="flagship-int8.onnx"), 2)
    assert len(compared(sample_row(), renamed).worse) == 1
    assert compared(sample_row(), slower(of_model(name="x.onnx", recipe=None), 2)).compared == 0
    assert compared(of_model(recipe=None), slower(of_model(name="x", recipe=None), 2)).compared == 0
    old = report(sample_row(), of_model(name="b.onnx"))
    new = report(of_model(name="b.onnx"), slower(of_model(name="c.onnx"), 2))
    found = compare(old, new, 0.1)
    assert found.compared == 2
    assert [line.partition(",")[0] for line in found.worse] == ["c.onnx"]


def test_rows_that_are_alike() -> None:
    """Two rows of one name are compared in their order, and none of them twice."""
    old = report(sample_row(), sample_row())
    new = report(sample_row(), slower(sample_row(), 2), sample_row())
    found = compare(old, new, 0.1)
    assert (found.compared, len(found.worse), len(found.new)) == (2, 1, 1)


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("10", 0.1), (" 2.5 %", 0.025)])
def test_percent(text: str, share: float) -> None:
    """With the sign or without."""
    assert parse_percent(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "ten", "-1%", "1e3", "nan%", "10%%"])
def test_no_percent(text: str) -> None:
    """All else is an error of the option."""
    with pytest.raises(UsageError, match="--max-regression"):
        parse_percent(text)
