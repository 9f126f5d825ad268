"""The tables of a benchmark, as cells of text: the terminal and the page print the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgernn.bench.results import BenchRow, Latency, Report

__all__ = ["Table", "file_table", "latency_table", "shown_bytes", "shown_time"]


@dataclass(frozen=True)
class Table:
    """A heading and rows of as many cells."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    """So many columns from the left hold words, the others numbers."""
    notes: tuple[str | None, ...]
    """For each row, what is to be said of it, such as why it did not run."""
    titles: tuple[str, ...]
    """For each row, its number and what its words say, where there is little room."""


def latency_table(report: Report) -> Table:
    """Return the time of one review: the median, and behind it the 95th and 99th percentiles."""
    lengths = sorted({latency.tokens for row in report.rows for latency in row.latency})
    rows = []
    for number, row in enumerate(report.rows, 1):
        by_length = {latency.tokens: latency for latency in row.latency}
        cells = (_percentiles(by_length.get(length)) for length in lengths)
        rows.append((*_named(report, number, row), *cells))
    return Table(
        "one review, milliseconds: median / 95 % / 99 %",
        (*_names(report), *(f"{length} tokens" for length in lengths)),
        tuple(rows),
        len(_names(report)),
        tuple(row.problem for row in report.rows),
        tuple(f"{number} {row.title}" for number, row in enumerate(report.rows, 1)),
    )


def file_table(report: Report) -> Table:
    """Return what was measured of whole files, for the rows that ran."""
    rows = [
        (
            *_named(report, number, row),
            f"{row.model.bytes:,}",
            *_throughput(row),
            "-" if row.cold_start_ms is None else f"{row.cold_start_ms:,.0f}",
            shown_bytes(row.peak_memory_bytes),
            "-" if row.accuracy is None else f"{row.accuracy.accuracy:.4f}",
        )
        for number, row in enumerate(report.rows, 1)
        if row.problem is None
    ]
    return Table(
        "many reviews, a fresh process, the file",
        (
            *_names(report),
            *("bytes", "reviews/s", "encode / batch / infer", "cold start, ms", "peak memory"),
            "accuracy",
        ),
        tuple(rows),
        len(_names(report)),
        (None,) * len(rows),
        tuple(
            f"{number} {row.title}"
            for number, row in enumerate(report.rows, 1)
            if row.problem is None
        ),
    )


def shown_time(milliseconds: float) -> str:
    """Return three digits, without an exponent."""
    if milliseconds >= 100:
        return f"{milliseconds:,.0f}"
    digits = 1 if milliseconds >= 10 else 2 if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


def shown_bytes(count: int | None) -> str:
    """Return a size in MB."""
    return "-" if count is None else f"{count / 1e6:,.0f} MB"


def _names(report: Report) -> tuple[str, ...]:
    machine = ("machine",) if report.merged else ()
    return ("", "model", "runtime", "device", "threads", *machine)


def _named(report: Report, number: int, row: BenchRow) -> tuple[str, ...]:
    machine = (row.machine or report.machine.name,) if report.merged else ()
    device = row.device_title
    return (str(number), row.model.name, row.runtime_title, device, str(row.threads), *machine)


def _percentiles(latency: Latency | None) -> str:
    if latency is None:
        return "-"
    return " / ".join(map(shown_time, (latency.p50_ms, latency.p95_ms, latency.p99_ms)))


def _throughput(row: BenchRow) -> Sequence[str]:
    found = row.throughput
    if found is None:
        return "-", "-"
    parts = (found.encode_seconds, found.batch_seconds, found.infer_seconds)
    total = sum(parts)
    shares = " / ".join(f"{part / total:.0%}" for part in parts) if total else "-"
    return f"{found.reviews_per_second:,.0f}", shares
