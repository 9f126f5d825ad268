"""`edgernn formats`: what can be exported, cell by cell, and why not where it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgernn.cli.console import write_line
from edgernn.errors import UsageError
from edgernn.measured import NOT_MEASURED, read_exports
from edgernn.recipes.catalogue import RECIPES
from exporters.rules import FORMATS, FormatRules

__all__ = ["reason_of", "run_formats"]


def run_formats(recipe: str | None, as_json: bool) -> None:
    """Print each recipe's export to each format and precision, with the reason of a refusal."""
    if recipe is not None and recipe not in RECIPES:
        raise UsageError(f"--recipe {recipe}: choose one of {', '.join(RECIPES)}")
    names = [recipe] if recipe is not None else list(RECIPES)
    cells = read_exports()
    if as_json:
        formats = {
            name: {precision.name: precision.summary for precision in rules.precisions.values()}
            for name, rules in FORMATS.items()
        }
        found = [
            cells.get(key, _not_measured(*key))
            for name in names
            for key in (
                (name, rules.name, precision)
                for rules in FORMATS.values()
                for precision in rules.precisions
            )
        ]
        write_line(json.dumps({"formats": formats, "cells": found}, ensure_ascii=False))
        return
    for rules in FORMATS.values():
        _print_format(rules, names, cells)


def reason_of(cell: Mapping[str, Any]) -> str:
    """Return the precision of a cell that was refused, and why, without naming the format."""
    name = f"{cell['format']} {cell['precision']}: "
    return f"{cell['precision']}: {cell['reason'].removeprefix(name)}"


def _not_measured(recipe: str, format: str, precision: str) -> dict[str, Any]:
    cell = {"recipe": recipe, "format": format, "precision": precision}
    return cell | {"written": None, "reason": NOT_MEASURED}


def _print_format(
    rules: FormatRules,
    names: Sequence[str],
    cells: Mapping[tuple[str, str, str], Mapping[str, Any]],
) -> None:
    """Print a format's precisions, a row for each recipe, and below it the reasons."""
    write_line(f"{rules.name} (allowed difference from the trained model in brackets)")
    width = max(len(name) for name in rules.precisions)
    for precision in rules.precisions.values():
        write_line(f"  {precision.name:<{width}}  {precision.summary} [{precision.tolerance:g}]")
    first = max(len(name) for name in ("bytes", *names))
    # Ten million bytes are ten characters.
    columns = [max(len(name), 10) for name in rules.precisions]
    reasons: dict[str, int] = {}
    rows: list[tuple[str, list[str]]] = [("bytes", list(rules.precisions))]
    for name in names:
        values = []
        for column in rules.precisions:
            cell = cells.get((name, rules.name, column))
            if cell is None:
                values.append(NOT_MEASURED)
            elif cell["written"]:
                values.append(f"{cell['bytes']:,}")
            else:
                number = reasons.setdefault(reason_of(cell), len(reasons))
                values.append(f"no [{number + 1}]")
        rows.append((name, values))
    for _, values in rows[1:]:
        columns = [max(size, len(v)) for size, v in zip(columns, values, strict=True)]
    write_line("")
    for head, values in rows:
        joined = "  ".join(f"{v:>{size}}" for v, size in zip(values, columns, strict=True))
        write_line(f"  {head:<{first}}  {joined}".rstrip())
    for reason, number in reasons.items():
        write_line(f"  [{number + 1}] {reason}")
    write_line("")
