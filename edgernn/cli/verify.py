"""`edgernn verify`: a file's golden vectors, and real texts, on every runtime of this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edgernn.bundle.golden import FEWEST
from edgernn.bundle.messages import one_line
from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, say, write_line
from edgernn.data.options import option_of
from edgernn.errors import UsageError
from edgernn.evaluation.verification import RealTexts, verify
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.answers import RuntimeAnswers
from edgernn.runtime.data_check import OTHERS_SECONDS, DataCheck
from edgernn.runtime.engines import NOT_INSTALLED
from edgernn.runtime.replay import Replay

__all__ = ["run_verification", "run_verify"]

_TEXT_SHOWN = 60
_REASON_SHOWN = 120
_FEWER = (
    f"runtimes that edgernn does not score with take texts one by one, for {OTHERS_SECONDS:g} "
    "seconds each at most"
)
_MARKS = {True: "\u2713", False: "\u2717", None: "-"}


def run_verify(
    path: Path | None, options: RealTexts, answers: Path | None, folder: Path | None, as_json: bool
) -> None:
    """Verify a model file; where `answers` or `folder` is given, see `_run_on_corpus`."""
    if answers is None and folder is None:
        run_verification(path, options, as_json)
    else:
        _run_on_corpus(answers, folder, path, options, as_json)


def run_verification(path: Path | None, options: RealTexts, as_json: bool) -> None:
    """Replay a file's golden vectors, compare on data where asked to, and print both."""
    found = verify(SHIPPED_MODEL if path is None else path, options, say=say, busy=busy)
    if as_json:
        write_line(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        for line in _replay_table(found.file, found.golden):
            write_line(line)
        for line in [] if found.data is None else ["", *_data_table(found.data)]:
            write_line(line)
    sys.stdout.flush()
    found.require()


def _run_on_corpus(
    answers: Path | None, folder: Path | None, path: Path | None, options: RealTexts, as_json: bool
) -> None:
    """Compare answers with the conformance corpus, or write the corpus into a folder.

    Raises:
        UsageError: something is given that is about a model file, or both are asked for.
    """
    from edgernn.cli.conformance import run_conformance, write_corpus

    name = "--conformance-texts" if answers is None else "--conformance"
    if given := [option_of(one) for one in options.set_fields()] or ([str(path)] if path else []):
        raise UsageError(f"{name} is not about a model file: leave out {given[0]}")
    if answers is not None and folder is not None:
        raise UsageError("--conformance-texts writes the corpus alone: leave out --conformance")
    if folder is not None and as_json:
        raise UsageError("--conformance-texts writes the corpus alone: leave out --json")
    if folder is not None:
        write_corpus(folder)
    if answers is not None:
        run_conformance(answers, as_json)


def _replay_table(path: Path, found: Replay) -> list[str]:
    ids = found.ids
    wrong = "" if ids.first is None else f", {ids.mismatches} do not: {_shown(ids.first)}"
    few = "" if ids.texts >= FEWEST else f" ({FEWEST} is usual: the model is sure of few texts)"
    header = (
        *("runtime", "version", "device", "vectors", "off one by one", "in a batch"),
        *("label flips", ""),
    )
    here = [row for row in found.runtimes if row.reason != NOT_INSTALLED]
    return [
        f"{path}: {ids.texts} golden vectors{few}, tolerance {found.tolerance:g}",
        f"{_MARKS[ids.passed]} texts become the ids that they became at export{wrong}",
        *(_table(header, here, _replay_cells) if here else []),
        *_tally(found.runtimes),
    ]


def _tally(rows: Sequence[RuntimeAnswers]) -> Iterator[str]:
    """Say in a line who is right, and in another who is not here."""
    named = {
        "wrong": [r.runtime for r in rows if r.passed is False and not r.only_in_a_batch],
        "wrong in a batch alone": [row.runtime for row in rows if row.only_in_a_batch],
        "refused by": [row.runtime for row in rows if row.refused],
    }
    right = sum(row.passed is True for row in rows)
    parts = [f"{what} {_listed(names)}" for what, names in named.items() if names]
    yield "; ".join([f"right in {right} of {sum(r.texts > 0 for r in rows)} that ran", *parts])
    missing = [row.runtime for row in rows if row.reason == NOT_INSTALLED]
    if missing:
        yield f"not installed: {_listed(missing)}"


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) if any("," in name for name in names) else ", ".join(names)


def _data_table(found: DataCheck) -> list[str]:
    header = (
        *("runtime", "version", "device", "texts", "largest difference", "label flips"),
        *("accuracy", ""),
    )
    accuracy = "" if found.reference_accuracy is None else f" ({found.reference_accuracy:.4f})"
    limits = f"allowed {found.limits.difference:g} and {found.limits.flips:.1%} flips"
    here = [row for row in found.runtimes if row.reason != NOT_INSTALLED]
    scored = [row.texts for row in here if row.texts]
    fewer = len(set(scored)) > 1
    return [
        f"against {found.reference or 'nothing'}{accuracy}, {limits}",
        *(_table(header, here, _data_cells) if here else []),
        *([_FEWER] if fewer else []),
    ]


def _table(header: tuple[str, ...], rows: Sequence[RuntimeAnswers], cells: Any) -> list[str]:
    lines = aligned([header, *map(cells, rows)], left=3)
    return [lines[0], *(_noted(line, row) for line, row in zip(lines[1:], rows, strict=True))]


def _noted(line: str, row: RuntimeAnswers) -> str:
    """Put behind a line why its runtime did not run or pass, and on which text."""
    if row.reason is None:
        return line
    text = f": text {row.row}, {_shown(row.text)}" if row.text is not None else ""
    what = "refuses the file: " if row.refused else "in a batch: " if row.only_in_a_batch else ""
    return f"{line}  {what}{_cut(row.reason, _REASON_SHOWN)}{text}"


def _cells(row: RuntimeAnswers) -> tuple[str, ...]:
    return (
        row.runtime,
        row.version or "-",
        row.device or "-",
        f"{row.texts:,}" if row.texts else "-",
        "-" if row.largest_difference is None else f"{row.largest_difference:.1e}",
        "-" if row.label_flips is None else str(row.label_flips),
        _MARKS[row.passed],
    )


def _replay_cells(row: RuntimeAnswers) -> tuple[str, ...]:
    runtime, version, device, texts, _, flips, mark = _cells(row)
    alone, batch = (
        "-" if one is None else f"{one:.1e}" for one in (row.alone_difference, row.batch_difference)
    )
    return (runtime, version, device, texts, alone, batch, flips, mark)


def _data_cells(row: RuntimeAnswers) -> tuple[str, ...]:
    *cells, mark = _cells(row)
    if row.label_flips is not None:
        cells[-1] = f"{row.label_flips} ({row.label_flips / row.texts:.2%})"
    return (*cells, "-" if row.accuracy is None else f"{row.accuracy:.4f}", mark)


def _shown(text: str) -> str:
    return repr(_cut(one_line(text), _TEXT_SHOWN))


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else f"{line[:most]}\u2026"
