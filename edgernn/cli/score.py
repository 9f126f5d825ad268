"""`edgernn score`: texts or the rows of a file, in order, a result or an error for each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.cli.console import load_model, progress, say, write_line
from edgernn.cli.score_pipeline import Item, score_items
from edgernn.cli.signals import end
from edgernn.errors import DataError, UsageError
from edgernn.files import new_file
from edgernn.runtime import Classifier, Score

if TYPE_CHECKING:
    from edgernn.rows import Row, RowSource

__all__ = ["run_score"]

_ERRORS_SHOWN = 20

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
        items: list[Item] = [
            (text, f"text {number}", _problem(text)) for number, text in enumerate(texts, start=1)
        ]
        _score(load_model(model, device), items, output, as_json)
        return
    from edgernn.rows import ReadOptions, open_rows

    with open_rows(source, ReadOptions(text_column=text_column)) as rows:
        _score(load_model(model, device), map(partial(_item, rows), rows), output, as_json)


def _item(rows: RowSource, row: Row) -> Item:
    where = rows.where(row)
    if row.error is not None:
        return None, where, row.error
    text = rows.text(row)
    return text, where, _problem(text)


def _problem(text: str) -> str | None:
    return "the text is empty" if not text or text.isspace() else None


def _score(
    classifier: Classifier, items: Iterable[Item], output: Path | None, as_json: bool
) -> None:
    counts = _Counts()
    # A bar beside results on the same terminal would be drawn over them.
    bar = progress("scoring", None, shown=output is not None or not sys.stdout.isatty())
    with _writer(output, as_json, classifier) as write, bar as advance:

        def write_chunk(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
            for text, where, problem in chunk:
                score = None if problem else next(scores)
                if score is not None and score.reason is not None:
                    problem, score = score.reason, None
                if score is None:
                    problem = f"{where}: {problem}"
                    counts.failed += 1
                    if counts.failed <= _ERRORS_SHOWN:
                        say(f"error: {problem}")
                write(text, score, problem)
                counts.rows += 1
            advance(len(chunk))

        ended_by = score_items(classifier, items, write_chunk)
        sys.stdout.flush()
    rows, failed = counts.rows, counts.failed
    if failed:
        say(f"{failed:,} of {rows:,} rows could not be scored")
    if output is not None:
        written = _partial(output)
        if ended_by is None:
            os.replace(written, output)
            written = output
        say(f"wrote {rows:,} rows to {written}")
    if isinstance(ended_by, KeyboardInterrupt):
        end(f" after {rows:,} rows")
    if ended_by is not None:
        raise ended_by
    if failed and failed == rows:
        raise DataError("no row could be scored")


@dataclass
class _Counts:
    rows: int = 0
    failed: int = 0


@contextmanager
def _writer(output: Path | None, as_json: bool, classifier: Classifier) -> Iterator[Write]:
    if output is None:
        yield _json_lines(write_line, classifier) if as_json else _table(classifier)
        return
    if output.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"--output {output}: the name must end in .jsonl or .csv")
    if output.is_dir():
        raise UsageError(f"--output {output}: is a folder; name a file")
    if as_json and output.suffix != ".jsonl":
        raise UsageError(f"--output {output}: --json writes .jsonl files")
    with (
        new_file(_partial(output)) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        if output.suffix == ".jsonl":
            # One call a line, so that what breaks it off cannot leave half of one.
            yield _json_lines(lambda line: file.write(f"{line}\n"), classifier)
        else:
            import csv

            rows = csv.writer(file)
            rows.writerow(("text", "label", "probability", "error"))

            def write(text: str | None, score: Score | None, problem: str | None) -> None:
                label, probability = (score.label, score.probability) if score else (None, None)
                rows.writerow((text, label, probability, problem))

            yield write


def _partial(output: Path) -> Path:
    """Name the file that holds the rows until all are there, and keeps them if they never are."""
    return output.with_name(f"{output.stem}.partial{output.suffix}")


def _json_lines(print_line: Callable[[str], object], classifier: Classifier) -> Write:
    # json.dumps makes an encoder at every call, which takes longer than the line.
    quoted = json.encoder.encode_basestring
    labels = {label: quoted(label) for label in classifier.contract.labels}

    def write(text: str | None, score: Score | None, problem: str | None) -> None:
        if score is not None and score.label is not None and text is not None:
            label, probability = labels[score.label], repr(score.probability)
            print_line(
                f'{{"text": {quoted(text)}, "label": {label}, "probability": {probability}}}'
            )
            return
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
