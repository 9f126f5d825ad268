"""`edgernn score`: texts or the rows of a file, in order, a result or an error for each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.cli.console import progress, say, write_line
from edgernn.errors import DataError, UsageError
from edgernn.files import new_file
from edgernn.runtime import Classifier, Score, load

if TYPE_CHECKING:
    from edgernn.rows import Row, RowSource

__all__ = ["run_score"]

_ROWS_AT_ONCE = 1024
"""Rows in memory at a time: enough for batches of like length, few enough to stay small."""

_ERRORS_SHOWN = 20

Item = tuple[str | None, str | None]
"""A text, or what is wrong with its row."""
Write = Callable[[str | None, Score | None, str | None], None]
"""Takes text, score and error of one row."""


def run_score(
    texts: list[str],
    source: str | None,
    text_column: str | None,
    output: Path | None,
    model: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Score the texts or the rows of `source`, and write a line for each."""
    if bool(texts) == (source is not None):
        raise UsageError("give texts to score, or --input FILE (- is standard input)")
    if source is None:
        if text_column is not None:
            raise UsageError("--text-column goes with --input")
        items: Iterator[Item] = ((text, _problem(text)) for text in texts)
        _score(load(model, device), items, output, as_json)
        return
    from edgernn.rows import open_rows

    with open_rows(source, text_column=text_column) as rows:
        _score(load(model, device), map(partial(_item, rows), rows), output, as_json)


def _item(rows: RowSource, row: Row) -> Item:
    if row.error is not None:
        return None, f"{rows.where(row)}: {row.error}"
    text = rows.text(row)
    problem = _problem(text)
    return text, problem and f"{rows.where(row)}: {problem}"


def _problem(text: str) -> str | None:
    return None if text.strip() else "the text is empty"


def _score(
    classifier: Classifier, items: Iterable[Item], output: Path | None, as_json: bool
) -> None:
    items = iter(items)
    rows = failed = 0
    with _writer(output, as_json, classifier) as write, progress("scoring", None) as advance:
        while chunk := list(islice(items, _ROWS_AT_ONCE)):
            scores = iter(classifier.score([t for t, problem in chunk if t and not problem]))
            for text, problem in chunk:
                if problem is None:
                    write(text, next(scores), None)
                    continue
                write(text, None, problem)
                failed += 1
                if failed <= _ERRORS_SHOWN:
                    say(f"error: {problem}")
            rows += len(chunk)
            advance(len(chunk))
        sys.stdout.flush()
    if failed:
        say(f"{failed:,} of {rows:,} rows could not be scored")
        if failed == rows:
            raise DataError("no row could be scored")
    if output is not None:
        say(f"wrote {rows:,} rows to {output}")


@contextmanager
def _writer(output: Path | None, as_json: bool, classifier: Classifier) -> Iterator[Write]:
    if output is None:
        yield _json_lines(write_line) if as_json else _table(classifier)
        return
    if output.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"--output {output}: the name must end in .jsonl or .csv")
    if as_json and output.suffix != ".jsonl":
        raise UsageError(f"--output {output}: --json writes .jsonl files")
    with (
        new_file(output) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        if output.suffix == ".jsonl":
            yield _json_lines(lambda line: print(line, file=file))
        else:
            import csv

            rows = csv.writer(file)
            rows.writerow(("text", "label", "probability", "error"))

            def write(text: str | None, score: Score | None, problem: str | None) -> None:
                label, probability = (score.label, score.probability) if score else (None, None)
                rows.writerow((text, label, probability, problem))

            yield write


def _json_lines(print_line: Callable[[str], None]) -> Write:
    def write(text: str | None, score: Score | None, problem: str | None) -> None:
        if score is not None:
            result = {"text": text, "label": score.label, "probability": score.probability}
        else:
            result = {"text": text, "label": None, "probability": None, "error": problem}
        print_line(json.dumps(result, ensure_ascii=False))

    return write


def _table(classifier: Classifier) -> Write:
    import shutil

    width = max(map(len, classifier.contract.labels))
    room = max(20, shutil.get_terminal_size().columns - width - 10)

    def write(text: str | None, score: Score | None, problem: str | None) -> None:
        line = " ".join((text or "").split())
        line = line if len(line) <= room else line[: room - 1] + "\u2026"
        if score is None:
            write_line(f"{'-':<{width}}       -  {line}")
        else:
            write_line(f"{score.label:<{width}}  {score.probability:.4f}  {line}")

    return write
