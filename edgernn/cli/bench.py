"""`edgernn bench`: model files on the runtimes of this machine, and against an older benchmark."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import util
from pathlib import Path
from typing import Any

from edgernn.bench.baseline import compare, parse_percent
from edgernn.bench.machine import describe_machine, differences
from edgernn.bench.measure import (
    PASSES,
    STARTS,
    Measured,
    finish,
    measure_latency,
    measure_starts,
    measure_throughput,
    open_rows,
)
from edgernn.bench.merge import merge
from edgernn.bench.page import page
from edgernn.bench.plots import check_matplotlib
from edgernn.bench.reading import read_report
from edgernn.bench.results import DEVICES, Report, Settings
from edgernn.bench.reviews import Reviews, read_reviews
from edgernn.bench.subjects import (
    NO_DELEGATE,
    XNNPACK,
    Subject,
    file_subjects,
    keras_subjects,
    prepare_keras,
)
from edgernn.bench.table import Table, file_table, latency_table
from edgernn.cli.bench_exports import export_all
from edgernn.cli.bench_labels import without_training_labels
from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, done, progress, say, write_line
from edgernn.cli.signals import end
from edgernn.data import DataOptions
from edgernn.errors import EdgernnError, UsageError
from edgernn.files import write_text
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.opening import ENGINE_NAMES
from edgernn.same_file import check_not_read

__all__ = ["BenchOptions", "run_bench"]

_PRECISION = 5.0
"""Percent that the median should be known to."""
_MOST_THREADS = 1024
_MOST_TOKENS = 65536
_MOST_VALUES = 16
_NARROW = 30
"""Columns of a terminal; where a row's name would have less, numbers are broken at spaces."""
_DELEGATES = {"on": (XNNPACK,), "off": (NO_DELEGATE,), "both": (XNNPACK, NO_DELEGATE)}


@dataclass(frozen=True)
class BenchOptions:
    """What is measured, on what, and where it goes."""

    models: Sequence[Path]
    run: Path | None
    export: bool
    precision: str | None
    keras: bool | None
    """None for the Keras model of a run that is named, or of the shipped one without files."""
    data: str | None
    reading: DataOptions
    reviews: int
    tokens: str
    threads: str
    time: float
    device: str | None
    """None for the CPU and CUDA."""
    xnnpack: str
    engine: str
    output: Path | None
    html: Path | None
    baseline: Path | None
    max_regression: str | None
    merge: Sequence[Path]


def run_bench(options: BenchOptions, as_json: bool) -> None:
    """Measure, print and write, and compare with a baseline."""
    _check(options)
    settings = Settings(
        tokens=_numbers("tokens", options.tokens, _MOST_TOKENS),
        precision_percent=_PRECISION,
        seconds_per_row=options.time,
        reviews=None,
        data=None,
    )
    threads = _numbers("threads", options.threads, _MOST_THREADS)
    # What can fail does so before minutes are spent.
    allowed = parse_percent(options.max_regression or "10%")
    baseline = None if options.baseline is None else read_report(options.baseline)
    others = [read_report(path) for path in options.merge]
    reviews = _reviews(options)
    if reviews is not None:
        settings = replace(settings, reviews=len(reviews.texts), data=reviews.name)
    with tempfile.TemporaryDirectory(prefix="edgernn-bench-") as folder:
        subjects = _subjects(options, threads, Path(folder))
        with _busy("loading models"):
            rows = open_rows(subjects, settings.tokens, say)
        interrupted = _measure(rows, settings, reviews)
    report = Report(
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        describe_machine(),
        settings,
        tuple(map(finish, rows)),
    )
    report = merge(report, others)
    # Files first: a reader of our output that has had enough, such as head, ends the command.
    _write(report, options, interrupted)
    _print(report, as_json)
    if interrupted:
        end(": what was measured until then is printed")
    if baseline is not None:
        _compare(baseline, report, allowed, str(options.baseline))


def _check(options: BenchOptions) -> None:
    if options.device not in (None, *DEVICES):
        raise UsageError(f"--device {options.device}: choose one of {', '.join(DEVICES)}")
    _engines(options.engine)
    if options.xnnpack not in _DELEGATES:
        raise UsageError(f"--xnnpack {options.xnnpack}: choose one of {', '.join(_DELEGATES)}")
    if options.max_regression is not None and options.baseline is None:
        raise UsageError("--max-regression: name what to compare with: --baseline FILE.json")
    if options.precision is not None and not (options.export or options.run):
        raise UsageError("--precision is about exported files: --export or --run makes them")
    if options.reviews == 1:
        raise UsageError("--reviews 1: there must be 2 or more, or 0 to leave them out")
    for name, path in (("output", options.output), ("html", options.html)):
        if path is not None and path.is_dir():
            raise UsageError(f"--{name} {path}: is a folder; name a file")
        check_not_read(f"--{name}", path, (options.data, *options.models, *options.merge))
    if options.html is not None:
        check_matplotlib()


def _numbers(option: str, text: str, most: int) -> tuple[int, ...]:
    """Read a list such as `10,50`; each number once, ascending for tokens."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        raise UsageError(f"--{option} {text}: give whole numbers, such as 1 or 1,2")
    found = list(dict.fromkeys(map(int, parts)))
    if not all(1 <= value <= most for value in found) or len(found) > _MOST_VALUES:
        raise UsageError(
            f"--{option} {text}: at most {_MOST_VALUES} numbers from 1 to {most:,} are allowed"
        )
    return tuple(sorted(found) if option == "tokens" else found)


def _reviews(options: BenchOptions) -> Reviews | None:
    if not options.reviews:
        if options.data is not None:
            raise UsageError("--reviews 0 leaves out what --data is for")
        return None
    with _busy("reading reviews"):
        found = read_reviews(options.data, options.reviews, options.reading, say)
    if found.left_out:
        say(f"{options.data}: {found.left_out:,} empty texts are left out")
    return without_training_labels(
        found, options.data, options.reading, options.run, options.models
    )


def _subjects(options: BenchOptions, threads: Sequence[int], folder: Path) -> list[Subject]:
    """Find all rows: files that were named, or the shipped one, and those of a run."""
    devices = ("cpu", "cuda") if options.device is None else (options.device,)
    exports = options.export or options.run is not None
    paths = list(options.models)
    if not paths and options.run is None:
        paths = [SHIPPED_MODEL]
    rows: list[Subject] = []
    # An export loads TensorFlow, too.
    prepare_keras(threads[0])
    wanted = options.keras
    if wanted is None:
        wanted = exports or not options.models
    run = SHIPPED_MODEL.parent if options.run is None else options.run
    if wanted and options.device != "cuda":
        rows += _keras(run, threads, is_asked=exports or options.keras is True)
    if exports:
        paths += export_all(run, folder, options.precision)
    for path in paths:
        delegates = _DELEGATES[options.xnnpack]
        rows += file_subjects(path, devices, threads, delegates, _engines(options.engine))
    return rows


def _engines(given: str) -> list[str]:
    engines = given.split(",")
    for engine in engines:
        if engine not in ("all", *ENGINE_NAMES):
            raise UsageError(f"--engine {engine}: choose of all, {', '.join(ENGINE_NAMES)}")
    return engines


def _keras(folder: Path, threads: Sequence[int], is_asked: bool) -> list[Subject]:
    from edgernn.training.run import MODEL, Run

    if not is_asked and not (folder / MODEL).is_file():
        return []
    return keras_subjects(Run.open(folder), threads)


def _measure(rows: Sequence[Measured], settings: Settings, reviews: Reviews | None) -> bool:
    """Measure one thing after the other; return whether Ctrl-C ended it."""
    running = [row for row in rows if row.scorer is not None]
    count, seconds = len(running), settings.seconds_per_row
    timed = sum(bool(row.texts) for row in running)
    say(
        f"measuring {count} of {len(rows)} rows, about {_duration(3 * count * seconds)} at most; "
        "Ctrl-C ends it and prints what there is"
    )
    try:
        with _progress("one review", timed * seconds) as advance:
            measure_latency(rows, settings, advance)
        if reviews is not None:
            with _progress("many reviews", PASSES * count) as advance:
                measure_throughput(rows, reviews, seconds, advance, say=say)
        with _progress("fresh processes", STARTS * timed) as advance:
            measure_starts(rows, seconds, advance, say)
    except KeyboardInterrupt:
        return True
    return False


def _write(report: Report, options: BenchOptions, interrupted: bool) -> None:
    """Write the files; what is not whole gets a name that says so."""

    def target(path: Path) -> Path:
        return path.with_suffix(f".partial{path.suffix}") if interrupted else path

    if options.output is not None:
        path = target(options.output)
        write_text(path, json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
        say(f"wrote {path}")
    if options.html is not None:
        path = target(options.html)
        write_text(path, page(report))
        say(f"wrote {path}")


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        write_line(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        tables = (latency_table(report), file_table(report))
        for number, table in enumerate(table for table in tables if table.rows):
            if number:
                write_line("")
            _print_table(table)
    sys.stdout.flush()


def _print_table(table: Table) -> None:
    if sys.stdout.isatty() and _has_rich():
        _print_rich(table)
        return
    write_line(table.title)
    lines = aligned([table.header, *table.rows], table.words)
    for line, note in zip(lines, (None, *table.notes), strict=True):
        write_line(line if note is None else f"{line}  {note}")


def _print_rich(table: Table) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(table.title),
        title_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )
    console = Console(file=sys.stdout)
    columns = list(zip(table.header, *table.rows, strict=True))[table.words :]
    room = console.width - sum(2 + max(map(len, cells)) for cells in columns)
    drawn.add_column("", overflow="fold")
    for name, *cells in columns:
        # Of a narrow terminal the words take less, the numbers stay whole.
        longest = max(len(part) for cell in (name, *cells) for part in cell.split())
        width = longest if room < _NARROW else None
        drawn.add_column(Text(name), justify="right", width=width)
    for title, row, note in zip(table.titles, table.rows, table.notes, strict=True):
        # Names come from files: nothing in them is markup.
        name = title if note is None else f"{title}: {note}"
        drawn.add_row(Text(name), *map(Text, row[table.words :]))
    console.print(drawn)


def _compare(baseline: Report, report: Report, allowed: float, name: str) -> None:
    """Say what changed, and raise an error if something fell back."""
    elsewhere = differences(report.machine, baseline.machine)
    if elsewhere:
        say(f"warning: {name} was measured on another machine: {'; '.join(elsewhere)}")
    found = compare(baseline, report, allowed)
    for title in found.missing:
        say(f"only in {name}: {title}")
    for title in found.new:
        say(f"not in {name}: {title}")
    if not found.compared:
        raise EdgernnError(f"{name}: has none of the measured rows")
    for line in found.worse:
        say(f"got worse: {line}")
    if found.worse:
        raise EdgernnError(
            f"{len(found.worse)} figure{'s' * (len(found.worse) > 1)} got worse by more than "
            f"{100 * allowed:g}% since {name}"
        )
    done(f"{found.compared} rows are within {100 * allowed:g}% of {name}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _has_rich() -> bool:
    return util.find_spec("rich") is not None


@contextmanager
def _busy(title: str) -> Iterator[None]:
    """Show a spinner where Rich is installed: measuring takes no extra."""
    if not _has_rich():
        yield
        return
    with busy(title):
        yield


@contextmanager
def _progress(title: str, total: float) -> Iterator[Any]:
    with progress(title, total, shown=_has_rich()) as advance:  # type: ignore[arg-type]
        yield advance
