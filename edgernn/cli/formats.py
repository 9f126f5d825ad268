"""`edgernn formats`: what can be exported, cell by cell, and why not where it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgernn.cli.console import write_line
from edgernn.errors import UsageError
from exporters.rules import FORMATS, FormatRules

__all__ = ["MEASURED", "reason_of", "run_formats"]

MEASURED = Path(__file__).parent.parent / "models" / "formats.json"
"""What an export of each trained recipe gave; `benchmarks/exports.py` wrote it."""


def run_formats(recipe: str | None, as_json: bool) -> None:
    """Print each recipe's export to each format and precision, with the reason of a refusal."""
    cells = json.loads(MEASURED.read_text("utf-8"))["cells"]
    if recipe is not None:
        names = list(dict.fromkeys(cell["recipe"] for cell in cells))
        cells = [cell for cell in cells if cell["recipe"] == recipe]
        if not cells:
            raise UsageError(f"--recipe {recipe}: there are {', '.join(names)}")
    if as_json:
        formats = {
            name: {precision.name: precision.summary for precision in rules.precisions.values()}
            for name, rules in FORMATS.items()
        }
        write_line(json.dumps({"formats": formats, "cells": cells}, ensure_ascii=False))
        return
    for rules in FORMATS.values():
        _print_format(rules, [cell for cell in cells if cell["format"] == rules.name])


def reason_of(cell: Mapping[str, Any]) -> str:
    """Return the precision of a cell that was refused, and why, without naming the format."""
    name = f"{cell['format']} {cell['precision']}: "
    return f"{cell['precision']}: {cell['reason'].removeprefix(name)}"


def _print_format(rules: FormatRules, cells: list[dict[str, Any]]) -> None:
    """Print a format's precisions, a row for each recipe, and below it the reasons."""
    write_line(f"{rules.name} (allowed difference from the trained model in brackets)")
    width = max(len(name) for name in rules.precisions)
    for precision in rules.precisions.values():
        write_line(f"  {precision.name:<{width}}  {precision.summary} [{precision.tolerance:g}]")
    names = list(dict.fromkeys(cell["recipe"] for cell in cells))
    found = {(cell["recipe"], cell["precision"]): cell for cell in cells}
    first = max(len(name) for name in ("bytes", *names))
    # Ten million bytes are ten characters.
    columns = [max(len(name), 10) for name in rules.precisions]
    reasons: dict[str, int] = {}

    def row(head: str, values: list[str]) -> None:
        joined = "  ".join(f"{v:>{size}}" for v, size in zip(values, columns, strict=True))
        write_line(f"  {head:<{first}}  {joined}".rstrip())

    write_line("")
    row("bytes", list(rules.precisions))
    for name in names:
        values = []
        for column in rules.precisions:
            cell = found[name, column]
            if cell["written"]:
                values.append(f"{cell['bytes']:,}")
            else:
                number = reasons.setdefault(reason_of(cell), len(reasons))
                values.append(f"no [{number + 1}]")
        row(name, values)
    for reason, number in reasons.items():
        write_line(f"  [{number + 1}] {reason}")
    write_line("")
