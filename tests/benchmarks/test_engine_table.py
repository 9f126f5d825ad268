"""The table of the C engine beside the version before it."""

from __future__ import annotations

from typing import Any

from benchmarks.speed.engine_table import engine_table


def of(median: float) -> dict[str, float]:
    return {"median": median, "min": median - 0.5, "max": median + 0.5}


ROWS: dict[str, Any] = {
    "score": {"reviews": 25_000, "threads": 2, "times": {"avx512": of(4.25), "avx2": of(3.5)}},
    "recipes": {"each": {"a": {}, "b": {}}, "geometric_mean": {"avx512": 3, "avx2": 2.125}},
    "difference": {
        "reviews": 9,
        "largest_difference": {"avx512": 4e-7, "avx2": 5e-7},
        "flips": {"avx512": 0, "avx2": 0},
    },
}
MACHINE = {"processor": "A", "cores": 2, "python": "3.11", "versions": {"numpy": "2"}}


def test_the_table() -> None:
    """A row for each ratio that was measured, with its spread; what is no ratio is below."""
    rows = {name: {"load_average_before": 0.5, **row} for name, row in ROWS.items()}
    table, sentences, machine, *_ = engine_table({"rows": rows, "machine": MACHINE}).split("\n\n")
    assert table.splitlines()[2:] == [
        "| `Classifier.score`, 25,000 reviews, 2 threads "
        "| 4.25 [3.75 to 4.75] | 3.50 [3.00 to 4.00] |",
        "| int8 files of 2 recipes, geometric mean | 3.00 | 2.12 |",
    ]
    assert sentences.endswith("is 5.0e-07 on 9 reviews, and no labels are others.")
    assert machine.endswith("A, 2 cores, Python 3.11, numpy 2.</sub>\n")
