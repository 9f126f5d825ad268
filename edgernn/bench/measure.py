"""Measuring rows in turn, so that a machine that drifts moves them all.

Each step may be broken off: what was measured until then is kept.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bench.cold_start import FirstScore, Started, start
from edgernn.bench.results import Accuracy, BenchRow, Latency, Settings, Throughput
from edgernn.bench.reviews import Reviews
from edgernn.bench.scorers import Parts, Scorer
from edgernn.bench.statistics import FEWEST, interval_percent, percentile
from edgernn.bench.subjects import Subject
from edgernn.bench.texts import text_of_tokens
from edgernn.data.model_labels import as_labels_of
from edgernn.errors import DataError, EdgernnError

__all__ = [
    "ENOUGH_CALLS",
    "PASSES",
    "STARTS",
    "Measured",
    "finish",
    "measure_latency",
    "measure_starts",
    "measure_throughput",
    "open_rows",
]

ENOUGH_CALLS = 100
"""Fewer leave the 99th percentile to the slowest call; more only where the median takes them."""
_WARM_UP_CYCLES = 3
_WARM_UP_SECONDS = 0.1
_VISIT_SECONDS = 0.02
"""How long a row is at work before the next has its turn: long enough to have its own caches."""
_MOST_CYCLES = 8
PASSES = 3
_WARM_UP_REVIEWS = 64
STARTS = 5


@dataclass
class Measured:
    """A row and what was measured of it so far."""

    subject: Subject
    scorer: Scorer | None = None
    problem: str | None = None
    device: str | None = None
    texts: list[tuple[int, str]] = field(default_factory=list)
    """Number of tokens, and a text that has them."""
    times: list[list[float]] = field(default_factory=list)
    """Seconds of each counted call, for each text."""
    spent: float = 0.0
    """Seconds that the row had its turn."""
    is_done: bool = False
    passes: list[float] = field(default_factory=list)
    """Seconds of scoring all reviews."""
    parts: Parts | None = None
    reviews: int = 0
    labels: npt.NDArray[Any] | None = None
    """Of the reviews, as numbers of the model's labels; None where they are not known."""
    accuracy: float | None = None
    labelled: int = 0
    starts: list[Started] = field(default_factory=list)


def open_rows(
    subjects: Sequence[Subject], tokens: Sequence[int], say: Callable[[str], None]
) -> list[Measured]:
    """Load each row's model; one that cannot be loaded has a problem.

    Args:
        subjects: the rows.
        tokens: lengths to time; those that a model cuts off are left out, and said.
        say: gets such lines.
    """
    rows = []
    for subject in subjects:
        row = Measured(subject, problem=subject.problem)
        rows.append(row)
        if row.problem is not None:
            continue
        try:
            row.scorer = subject.open()
            row.device = row.scorer.device
        except EdgernnError as error:
            row.problem = str(error).removeprefix(f"{subject.first_score.path}: ")
            continue
        found = [(count, text_of_tokens(row.scorer.encoder, count)) for count in tokens]
        row.texts = [(count, text) for count, text in found if text is not None]
        row.times = [[] for _ in row.texts]
        left_out = [str(count) for count, text in found if text is None]
        if left_out:
            longest = row.scorer.encoder.contract.max_length
            say(
                f"{subject.model.name}: no latency at {', '.join(left_out)} tokens: it reads "
                f"{longest:,} at most"
            )
    return rows


def measure_latency(
    rows: Sequence[Measured],
    settings: Settings,
    advance: Callable[[float], None],
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Time single reviews, row after row and round after round.

    A row's turn is a cycle over its lengths that is not counted, then up to eight that are, so that
    it meets its own caches as a program that scores with it alone; every call is of another length
    than the one before, as reviews are.

    Args:
        rows: those without a scorer are passed over.
        settings: when a row is done.
        advance: is told the seconds of each turn; `seconds_per_row` for each row in all.
        clock: seconds.
    """
    waiting = [row for row in rows if row.scorer is not None and row.texts]
    for row in waiting:
        _warm_up(row, clock)
    while waiting:
        for row in waiting:
            left = max(0.0, settings.seconds_per_row - row.spent)
            with _uninterrupted_by_collections():
                _take_turn(row, clock)
            row.is_done = _is_done(row, settings)
            advance(left if row.is_done else min(left, row.spent - settings.seconds_per_row + left))
        waiting = [row for row in waiting if not row.is_done]


def measure_throughput(
    rows: Sequence[Measured],
    reviews: Reviews,
    seconds: float,
    advance: Callable[[int], None],
    clock: Callable[[], float] = time.perf_counter,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Score all reviews up to three times, row after row.

    Args:
        rows: those without a scorer are passed over.
        reviews: at least one text.
        seconds: a row that has spent so many begins no further pass.
        advance: is told 1 for each pass that was made or left out; three a row.
        clock: seconds.
        say: gets a line for a row whose model has other labels than the reviews.
    """
    running = [row for row in rows if row.scorer is not None]
    for row in running:
        _label(row, reviews, say)
    spent = {id(row): 0.0 for row in running}
    for number in range(PASSES):
        for row in running:
            if spent[id(row)] < seconds:
                started = clock()
                _pass_over(row, reviews, not number, clock)
                spent[id(row)] += clock() - started
            advance(1)


def measure_starts(
    rows: Sequence[Measured],
    seconds: float,
    advance: Callable[[int], None],
    say: Callable[[str], None],
    begin: Callable[[FirstScore, str], Started] = start,
) -> None:
    """Start up to five processes for each row, row after row; the first finds the files on disk.

    Args:
        rows: those without a scorer are passed over.
        seconds: a row whose processes took so many gets no more.
        advance: is told 1 for each process that was started or left out; five a row.
        say: gets a line for a row whose process fails.
        begin: starts one.
    """
    running = [row for row in rows if row.scorer is not None and row.texts]
    failed: set[int] = set()
    for _ in range(STARTS):
        for row in running:
            took = sum(one.milliseconds for one in row.starts) / 1000
            if took < seconds and id(row) not in failed:
                try:
                    row.starts.append(begin(row.subject.first_score, row.texts[0][1]))
                except EdgernnError as error:
                    failed.add(id(row))
                    say(f"warning: {row.subject.model.name}: no cold start: {error}")
            advance(1)


def finish(row: Measured) -> BenchRow:
    """Return a row with what was measured until now."""
    subject = row.subject
    peaks = [one.peak_bytes for one in row.starts if one.peak_bytes is not None]
    return BenchRow(
        runtime=subject.runtime,
        runtime_version=subject.runtime_version,
        options=subject.options,
        requested_device=subject.requested_device,
        device=row.device,
        threads=subject.threads,
        model=subject.model,
        problem=row.problem,
        latency=tuple(
            _latency(tokens, times)
            for (tokens, _), times in zip(row.texts, row.times, strict=True)
            if len(times) >= FEWEST
        ),
        throughput=_throughput(row),
        cold_start_ms=_rounded(float(np.median([one.milliseconds for one in row.starts])))
        if row.starts
        else None,
        peak_memory_bytes=int(np.median(peaks)) if peaks else None,
        accuracy=None if row.accuracy is None else Accuracy(row.labelled, round(row.accuracy, 6)),
    )


def _warm_up(row: Measured, clock: Callable[[], float]) -> None:
    started = clock()
    cycles = 0
    while cycles < _WARM_UP_CYCLES or clock() - started < _WARM_UP_SECONDS:
        _cycle(row, clock)
        cycles += 1


def _take_turn(row: Measured, clock: Callable[[], float]) -> None:
    started = clock()
    lead = sum(_cycle(row, clock))
    counted = min(max(int(_VISIT_SECONDS / max(lead, 1e-9)), 1), _MOST_CYCLES)
    for _ in range(counted):
        for times, seconds in zip(row.times, _cycle(row, clock), strict=True):
            times.append(seconds)
    row.spent += clock() - started


def _cycle(row: Measured, clock: Callable[[], float]) -> list[float]:
    """Score a text of each length once; return the seconds of each."""
    assert row.scorer is not None
    score_one = row.scorer.score_one
    found = []
    for _, text in row.texts:
        started = clock()
        score_one(text)
        found.append(clock() - started)
    return found


def _is_done(row: Measured, settings: Settings) -> bool:
    calls = len(row.times[0])
    if calls < FEWEST:
        return False
    if row.spent >= settings.seconds_per_row:
        return True
    return calls >= ENOUGH_CALLS and all(
        interval_percent(_ordered(times)) <= settings.precision_percent for times in row.times
    )


def _pass_over(row: Measured, reviews: Reviews, is_first: bool, clock: Callable[[], float]) -> None:
    assert row.scorer is not None
    if is_first:
        row.scorer.score_all(reviews.texts[:_WARM_UP_REVIEWS])
    started = clock()
    found = row.scorer.score_all(reviews.texts)
    seconds = clock() - started
    if is_first:
        row.parts = row.scorer.parts(reviews.texts)
        row.reviews = len(reviews.texts)
        if row.labels is not None:
            # A text without a token has no score, and is wrong.
            right = row.scorer.encoder.contract.decides.right(found, row.labels)
            row.accuracy, row.labelled = float(right.mean()), len(right)
    row.passes.append(seconds)


def _label(row: Measured, reviews: Reviews, say: Callable[[str], None]) -> None:
    examples = reviews.examples
    if examples is None or row.scorer is None:
        return
    try:
        contract = row.scorer.encoder.contract
        row.labels = as_labels_of(contract, examples, reviews.name or "the reviews").labels
    except DataError as error:
        say(f"{row.subject.model.name}: no accuracy: {error}")


def _throughput(row: Measured) -> Throughput | None:
    if not row.passes or row.parts is None:
        return None
    seconds = float(np.median(row.passes))
    return Throughput(
        reviews=row.reviews,
        reviews_per_second=_rounded(row.reviews / seconds),
        encode_seconds=_rounded(row.parts.encode),
        batch_seconds=_rounded(max(row.parts.batch, 0.0)),
        infer_seconds=_rounded(row.parts.infer),
    )


def _latency(tokens: int, times: Sequence[float]) -> Latency:
    ordered = _ordered(times)
    return Latency(
        tokens=tokens,
        p50_ms=_rounded(1e3 * float(np.median(ordered))),
        p95_ms=_rounded(1e3 * percentile(ordered, 95)),
        p99_ms=_rounded(1e3 * percentile(ordered, 99)),
        calls=len(ordered),
        interval_percent=round(interval_percent(ordered), 2),
    )


def _ordered(times: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.sort(np.array(times, np.float64))


def _rounded(value: float) -> float:
    """Five digits: more than any clock is good for."""
    return float(f"{value:.5g}")


@contextmanager
def _uninterrupted_by_collections() -> Iterator[None]:
    """Keep Python from collecting garbage in the midst of a call that is timed."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
