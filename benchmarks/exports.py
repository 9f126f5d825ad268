"""Every recipe exported to every format and precision: what is written, what is refused and why.

    python -m benchmarks.exports --data aclImdb_v1.tar.gz --csv reviews.csv --runs runs

Takes the run folders that `benchmarks.recipes` trained, exports each cell with the limits that
`edgernn export` has, on the run's validation texts, and writes the outcome to a JSON file, which
`edgernn formats` and docs/formats.md read. `--keep` keeps the cells that the file already has,
`--only` exports those of some recipes and keeps what the file says of the others.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from edgernn.cli.console import say
from edgernn.errors import ExportError
from edgernn.measured import FORMATS_FILE
from edgernn.recipes.catalogue import RECIPES
from edgernn.runtime.loaded_model import open_reference
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from exporters.export import TrainedModel, export, open_trained
from exporters.gate import Check
from exporters.rules import FORMATS, FormatRules

__all__ = ["main"]

_ON_CSV = "stopword-bilstm"


def main() -> None:
    """Export all cells and write the result after each recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--csv", required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], metavar="RECIPE")
    parser.add_argument("--output", type=Path, default=FORMATS_FILE)
    arguments = parser.parse_args()
    machine = describe_machine(EXPORT_PACKAGES)
    cells: list[dict[str, Any]] = []
    if arguments.keep or arguments.only:
        kept = json.loads(arguments.output.read_text("utf-8"))["cells"]
        cells = [cell for cell in kept if arguments.keep or cell["recipe"] not in arguments.only]
    for name in arguments.only or RECIPES:
        missing = [
            (rules, precision)
            for rules in FORMATS.values()
            for precision in rules.precisions
            if not any(_is(cell, name, rules, precision) for cell in cells)
        ]
        if not missing:
            continue
        data = arguments.csv if name == _ON_CSV else arguments.data
        run = Run.open(arguments.runs / name)
        examples = validation_examples(run.config, data, run.encoder)
        trained = open_trained(run, examples.texts, examples.labels)
        cells += [_cell(trained, name, rules, precision) for rules, precision in missing]
        write_result(arguments.output, {"machine": machine, "cells": cells})
    cells.sort(key=lambda cell: [*RECIPES].index(cell["recipe"]))
    write_result(arguments.output, {"machine": machine, "cells": cells})


def _is(cell: dict[str, Any], name: str, rules: FormatRules, precision: str) -> bool:
    return (cell["recipe"], cell["format"], cell["precision"]) == (name, rules.name, precision)


def _cell(trained: TrainedModel, name: str, rules: FormatRules, precision: str) -> dict[str, Any]:
    start = time.perf_counter()
    cell: dict[str, Any] = {"recipe": name, "format": rules.name, "precision": precision}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{rules.suffix}"
        try:
            checks = export(trained, rules, precision, path, open_reference)
        except ExportError as error:
            reason = str(error).removeprefix(f"{path} was not written: ")
            lines = [line.strip() for line in reason.strip().splitlines()]
            cell |= {"written": False, "reason": "; ".join(lines)}
        else:
            cell |= {"written": True, "bytes": path.stat().st_size, **_measured(checks)}
    say(f"{name} {rules.name} {precision}: {cell} ({time.perf_counter() - start:.0f} s)")
    return cell


def _measured(checks: Sequence[Check]) -> dict[str, float]:
    names = {
        "parity": "largest_difference",
        "label flips": "label_flips",
        "accuracy": "accuracy_points_lost",
    }
    return {
        names[check.name]: float(f"{check.value:.3g}")
        for check in checks
        if check.name in names and check.value is not None
    }


if __name__ == "__main__":
    main()
