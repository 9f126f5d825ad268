"""The table of docs/accuracy.md."""

from __future__ import annotations

from typing import Any

from benchmarks.behaviour.texts import CONTROL

__all__ = ["behaviour_table"]


def behaviour_table(result: dict[str, Any]) -> str:
    """Return the table from its result file: a column for a model, a row for a kind."""
    rows = result["rows"]
    kinds = [kind for kind in rows[0]["kinds"] if kind != CONTROL]
    lines = [
        "| kind | " + " | ".join(row["model"] for row in rows) + " |",
        "| --- |" + " ---: |" * len(rows),
        *(_line(kind, [row["kinds"][kind] for row in rows]) for kind in kinds),
        _line(f"**all {rows[0]['texts']}**", [row["accuracy"] for row in rows]),
        _line("answered positive", [row["share_positive"] for row in rows]),
        _line("pairs moved the right way", [row["pairs"] for row in rows]),
        _line("said plainly, not counted", [row["kinds"][CONTROL] for row in rows]),
    ]
    versions = ", ".join(f"{k} {v}" for k, v in result["machine"]["versions"].items())
    return "\n".join([*lines, "", f"<sub>{versions}.</sub>", ""])


def _line(name: str, values: list[float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.1%}" for value in values) + " |"
