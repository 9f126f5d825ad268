"""What became worse since another benchmark was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgernn.bench.results import BenchRow, Report
from edgernn.errors import UsageError

__all__ = ["Comparison", "compare", "parse_percent"]

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)\s*%?")


@dataclass(frozen=True)
class Comparison:
    """Two benchmarks, row beside row."""

    compared: int
    """Rows that both have."""
    worse: tuple[str, ...]
    """A line for each figure that got worse by more than is allowed."""
    missing: tuple[str, ...]
    """Titles of the baseline's rows that were not measured now."""
    new: tuple[str, ...]
    """Titles of rows that the baseline lacks."""


@dataclass(frozen=True)
class _Figure:
    """A figure of a row, for people and to compare."""

    name: str
    value: float
    shown: str
    less_is_better: bool = True


def parse_percent(text: str) -> float:
    """Return the share that an option such as `10%` or `10` stands for.

    Raises:
        UsageError: it is no percentage.
    """
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--max-regression {text}: is not a percentage such as 10%")
    return float(found[1]) / 100


def compare(baseline: Report, now: Report, allowed: float) -> Comparison:
    """Compare the rows that both benchmarks have.

    Rows are the same where runtime, options, requested device, threads and machine are, and the
    file's name; what is left then, where recipe, format and precision are.

    Args:
        baseline: the older.
        now: the newer.
        allowed: share by which a time or a size may grow, and a rate may fall.
    """
    worse: list[str] = []
    pairs, missing, new = _matched(baseline.rows, now.rows)
    for old, row in pairs:
        worse += _fallen(old, row, allowed)
    return Comparison(
        len(pairs),
        tuple(worse),
        tuple(row.title for row in missing),
        tuple(row.title for row in new),
    )


def _matched(
    old: tuple[BenchRow, ...], new: tuple[BenchRow, ...]
) -> tuple[list[tuple[BenchRow, BenchRow]], list[BenchRow], list[BenchRow]]:
    pairs: list[tuple[BenchRow, BenchRow]] = []
    left, right = list(old), list(new)
    keys: tuple[Callable[[BenchRow], object], ...] = (_by_name, _by_recipe)
    for key in keys:
        by_key: dict[object, list[BenchRow]] = {}
        for row in left:
            by_key.setdefault(key(row), []).append(row)
        rest = []
        for row in right:
            found = by_key.get(key(row)) if key(row) is not None else None
            if found:
                pairs.append((found.pop(0), row))
            else:
                rest.append(row)
        taken = {id(one) for one, _ in pairs}
        left, right = [row for row in left if id(row) not in taken], rest
    return pairs, left, right


def _conditions(row: BenchRow) -> tuple[object, ...]:
    return row.runtime, row.options, row.requested_device, row.threads, row.machine


def _by_name(row: BenchRow) -> object:
    return (*_conditions(row), row.model.name)


def _by_recipe(row: BenchRow) -> object:
    model = row.model
    if model.recipe is None:
        return None
    return (*_conditions(row), model.recipe, model.format, model.precision)


def _fallen(old: BenchRow, new: BenchRow, allowed: float) -> Iterator[str]:
    if new.problem is not None:
        if old.problem is None:
            yield f"{new.title}: cannot run any more: {new.problem}"
        return
    before = {figure.name: figure for figure in _figures(old)}
    for figure in _figures(new):
        was = before.get(figure.name)
        if was is None:
            continue
        change = figure.value / was.value - 1
        if (change if figure.less_is_better else -change) > allowed:
            sign = "+" if figure.less_is_better else "-"
            yield (
                f"{new.title}: {figure.name} {figure.shown}, was {was.shown}: {change:+.1%}, "
                f"allowed {sign}{100 * allowed:.6g}%"
            )


def _figures(row: BenchRow) -> Iterator[_Figure]:
    for latency in row.latency:
        name = f"p50 at {latency.tokens} tokens"
        yield _Figure(name, latency.p50_ms, f"{latency.p50_ms:.4g} ms")
    if row.throughput is not None:
        rate = row.throughput.reviews_per_second
        yield _Figure("reviews/s", rate, f"{rate:,.1f}", less_is_better=False)
    yield _Figure("size", row.model.bytes, f"{row.model.bytes:,} bytes")
    if row.cold_start_ms is not None:
        yield _Figure("cold start", row.cold_start_ms, f"{row.cold_start_ms:.4g} ms")
