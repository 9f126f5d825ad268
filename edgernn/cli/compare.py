"""`edgernn compare`: runs side by side, in a table and in a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edgernn.cli.console import say, write_line
from edgernn.evaluation.comparison import ComparedRun, ExportedFile, differences, missing, read_runs
from edgernn.evaluation.comparison_plot import plot_comparison
from edgernn.pictures import picture_format

__all__ = ["aligned", "run_comparison"]

_HEADER = (
    *("run", "recipe", "parameters", "epochs", "validation", "test", "minutes"),
    *("onnx bytes", "tflite bytes"),
)
_MACRO_F1 = _HEADER.index("minutes")
"""Where the column of that name stands if there are not just two labels."""


def run_comparison(folders: list[Path], plot: Path, as_json: bool) -> None:
    """Print a row a run, and draw them all into one picture."""
    picture_format(plot)
    runs = read_runs(folders)
    plot_comparison(runs, plot)
    if as_json:
        for run in runs:
            write_line(json.dumps(run.as_row(), ensure_ascii=False))
    else:
        rows = [list(_HEADER), *map(_cells, runs)]
        if not runs[0].has_two_labels:
            for row, cell in zip(rows, ["macro F1", *map(_macro_f1, runs)], strict=True):
                row.insert(_MACRO_F1, cell)
        for line in aligned(rows, left=2):
            write_line(line)
    sys.stdout.flush()
    for run in runs:
        if run.history.interrupted:
            say(f"warning: {run.name} was interrupted after {len(run.history.epochs)} epochs")
    for line in differences(runs):
        say(f"warning: {line}")
    for line in missing(runs):
        say(line)
    say(f"wrote {plot}")


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as lines with aligned columns; the first `left` are words, the others numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cells(run: ComparedRun) -> list[str]:
    return [
        run.name,
        f"{run.recipe}, published" if run.published else run.recipe,
        f"{run.parameters:,}",
        f"{run.selected.epoch}/{len(run.history.epochs)}",
        f"{run.validation[0]:.4f}",
        "-" if run.test is None else f"{run.test.accuracy:.4f}",
        f"{run.minutes:.1f}",
        *map(_size, run.files.values()),
    ]


def _macro_f1(run: ComparedRun) -> str:
    return "-" if run.test_macro_f1 is None else f"{run.test_macro_f1:.4f}"


def _size(file: ExportedFile | None) -> str:
    if file is None:
        return "-"
    return f"{file.bytes:,} {file.precision}" if file.precision else f"{file.bytes:,}"
