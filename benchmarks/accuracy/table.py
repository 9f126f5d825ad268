"""The table of docs/accuracy.md: accuracy, size and speed, from the result files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.collected import (
    FLAGSHIP,
    OURS,
    PEER,
    PUBLISHED,
    RECIPE,
    Collected,
    ModelRow,
    collect,
)

__all__ = ["accuracy_table"]

_KINDS = {
    FLAGSHIP: "ours",
    OURS: "ours",
    RECIPE: "ours",
    PEER: "measured here",
    PUBLISHED: "published",
}


def accuracy_table(collected: Collected | None = None) -> str:
    """Return the table as Markdown, with what it was measured on below.

    Args:
        collected: the rows; None reads the committed results.
    """
    found = collect() if collected is None else collected
    lines = [
        "| | model | accuracy | without near-duplicates | size, MB | reviews/s, one thread "
        "| Amazon | Yelp |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    marks: dict[str, str] = {}
    for row in found.rows:
        lines.append(f"| {' | '.join(_cells(row, marks))} |")
    lines += ["", *(f"{mark} {note}.<br>" for note, mark in marks.items())]
    if found.near_duplicates is not None:
        lines += ["", _near_duplicates(found.near_duplicates)]
    if found.machines:
        lines += ["", _machines(found)]
    return "\n".join([*lines, ""])


def _cells(row: ModelRow, marks: dict[str, str]) -> list[str]:
    title = f"`{row.title}`" if row.kind in (FLAGSHIP, OURS, RECIPE) else row.title
    if row.note:
        title += f" {marks.setdefault(row.note, f'<sup>{len(marks) + 1}</sup>')}"
    accuracy = _percent(row.accuracy)
    if len(row.accuracies) > 1:
        low, high = min(row.accuracies), max(row.accuracies)
        accuracy += f" ({low:.2%} to {high:.2%}, {len(row.accuracies)} seeds)"
    size = "-" if row.bytes is None else f"{row.bytes / 1e6:,.2f}"
    return [
        _KINDS[row.kind],
        title,
        f"**{accuracy}**" if row.kind == FLAGSHIP else accuracy,
        _percent(row.without_near_duplicates),
        f"about {row.bytes / 1e6:,.0f}" if row.estimated and row.bytes else size,
        "-" if row.reviews_per_second is None else f"{row.reviews_per_second:,.0f}",
        _percent(row.amazon),
        _percent(row.yelp),
    ]


def _near_duplicates(found: Mapping[str, Any]) -> str:
    counts = {name: sum(kinds.values()) for name, kinds in found["test_reviews"].items()}
    return (
        f"{found['test_reviews_with_any']:,} of the {found['tests']:,} test reviews stand nearly "
        f"or word for word among the training reviews, {counts['train']:,} among the labelled and "
        f"{counts['unsup']:,} among the unlabelled; the column beside accuracy leaves them out."
    )


def _machines(found: Collected) -> str:
    versions: dict[str, dict[str, None]] = {}
    for machine in found.machines:
        for name, version in machine["versions"].items():
            versions.setdefault(name, {})[version] = None
    listed = ", ".join(f"{name} {' and '.join(which)}" for name, which in versions.items())
    computers = dict.fromkeys(
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
        for machine in found.machines
    )
    return (
        "<sub>int8 ONNX files of ours; reviews/s from text to score, one thread, processor time, "
        f"load average {min(found.loads):.1f} to {max(found.loads):.1f} at the start; "
        f"{'; '.join(computers)}, {listed}.</sub>"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
