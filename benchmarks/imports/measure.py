"""Import every case, export it to both formats, and compare with what Keras said."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

import edgernn
from benchmarks.imports.cases import Case, expected_scores
from edgernn.bundle import CONTAINERS
from edgernn.cli.main import app
from edgernn.errors import EdgernnError


def measure(folder: Path, work: Path) -> dict[str, Any]:
    """Return what came of one case.

    Args:
        folder: the case's.
        work: an empty folder to work in.

    Returns:
        `kind`, `group`, `keras` and `file` of the case, and either `difference` from Keras's
        predict by format, the largest of all texts, or `sentence`, that of the refusal.
    """
    case = Case.read(folder)
    row: dict[str, Any] = {
        "kind": case.kind,
        "group": case.group,
        "keras": case.keras,
        "file": case.model,
    }
    run = work / "run"
    refusal = _command(
        *("import", str(folder / case.model), "--tokenizer", str(folder / case.vocabulary)),
        *("--output", str(run), *case.options),
    )
    if refusal is not None:
        return {**row, "sentence": refusal.replace(f"{folder}/", "")}
    expected = expected_scores(folder)
    found: dict[str, float] = {}
    for name in CONTAINERS:
        file = work / f"model.{name}"
        refusal = _command(
            *("export", "--run", str(run), "--format", name),
            *("--precision", "float32", "--output", str(file)),
        )
        if refusal is not None:
            return {**row, "sentence": refusal.replace(f"{work}/", "")}
        found[name] = _difference(file, expected)
    return {**row, "difference": found}


def failures(rows: Sequence[dict[str, Any]], cases: Sequence[Case]) -> list[str]:
    """Return a line for each case that did not go as it must."""
    found = []
    for row, case in zip(rows, cases, strict=True):
        name = f"{case.kind} ({case.keras}, {case.model})"
        if case.refused != ("sentence" in row):
            found.append(f"{name}: {row.get('sentence', 'must be refused, and is not')}")
        for format, difference in row.get("difference", {}).items():
            if not difference <= case.tolerance:
                found.append(f"{name}: {format} is {difference:.2g} off")
    return found


def measure_all(folders: Sequence[Path], work: Path) -> list[dict[str, Any]]:
    """Measure cases one after the other."""
    rows = []
    for folder in folders:
        inside = work / folder.name
        inside.mkdir()
        rows.append(measure(folder, inside))
        shutil.rmtree(inside)
    return rows


def _command(*arguments: str) -> str | None:
    """Run a command of edgernn; return the sentence that it refuses with, or None."""
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, EdgernnError):
        return " ".join(str(result.exception).split())
    if isinstance(result.exception, Exception):
        raise result.exception
    if result.exit_code:
        raise RuntimeError(f"edgernn {' '.join(arguments)}: {result.stderr}")
    return None


def _difference(file: Path, expected: Sequence[dict[str, Any]]) -> float:
    """Return how far a file's scores are from Keras's, at most, one by one and in one batch."""
    texts = [row["text"] for row in expected]
    wanted = np.array([row["score"] for row in expected])
    classifier = edgernn.load(file)

    def given(score: edgernn.Score) -> Sequence[float | None]:
        return [score.probability] if wanted.shape[1] == 1 else list(score.probabilities or ())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scored = [
            classifier.score(texts),
            [score for text in texts for score in classifier.score([text])],
        ]
    return max(
        float(np.abs(np.array(list(map(given, scores)), np.float64) - wanted).max())
        for scores in scored
    )
