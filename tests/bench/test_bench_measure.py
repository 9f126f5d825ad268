"""Rows take turns, and go on until they are known well enough or their time is spent."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from bench_samples import FakeClock, FakeScorer, measured

from edgernn.bench.cold_start import FirstScore, Started
from edgernn.bench.measure import (
    ENOUGH_CALLS,
    Measured,
    finish,
    measure_latency,
    measure_starts,
    measure_throughput,
    open_rows,
)
from edgernn.bench.results import Settings
from edgernn.bench.reviews import Reviews
from edgernn.bench.scorers import Scorer
from edgernn.bench.statistics import FEWEST
from edgernn.errors import EdgernnError, ModelFileError

Log = list[Any]


def settings(seconds: float = 1000.0, precision: float = 5.0) -> Settings:
    return Settings((10, 50), precision, seconds, None, None)


class Jumping(FakeScorer):
    """Takes now this long, now that, so that its median is never known well."""

    _chance = random.Random(1)

    def score_one(self, text: str) -> None:
        """Take the time of one."""
        super().score_one(text)
        self.seconds = self._chance.choice([0.001, 0.010])


def rows_of(*scorers: FakeScorer) -> list[Measured]:
    return [measured(scorer) for scorer in scorers]


def test_turns() -> None:
    """Rows follow each other in short turns, and within a turn lengths do."""
    clock, log = FakeClock(), []
    rows = rows_of(*(FakeScorer(name, clock, 0.001, log) for name in "abc"))
    measure_latency(rows, settings(), lambda seconds: None, clock)
    # A tenth of a second of warming up, 50 cycles of two calls, for each row.
    counted = log[3 * 100 :]
    assert {name for name, _ in log[:100]} == {"a"}
    assert [text for _, text in log] == ["10 tokens", "50 tokens"] * (len(log) // 2)
    # One cycle that is not counted, and eight that are.
    turn = 2 * 9
    names = [name for name, _ in counted]
    for start in range(0, len(names) - 3 * turn + 1, 3 * turn):
        found = names[start : start + 3 * turn]
        assert found == ["a"] * turn + ["b"] * turn + ["c"] * turn
    assert all(len(times) == 13 * 8 for row in rows for times in row.times)


def test_slow_rows_take_short_turns() -> None:
    """A row whose cycle takes long is counted once a turn, so that the others wait less."""
    clock, log = FakeClock(), []
    rows = rows_of(FakeScorer("a", clock, 1.0, log), FakeScorer("b", clock, 1.0, log))
    measure_latency(rows, settings(1e9), lambda seconds: None, clock)
    counted = [name for name, _ in log][2 * 3 * 2 :]
    assert counted[:8] == ["a"] * 4 + ["b"] * 4
    assert len(rows[0].times[0]) == ENOUGH_CALLS


def test_until_the_median_is_known() -> None:
    """A steady row is done with a hundred calls; one that jumps goes on until its time is spent."""
    clock, log = FakeClock(), []
    rows = rows_of(FakeScorer("steady", clock, 0.001, log), Jumping("jumping", clock, 0.001, log))
    measure_latency(rows, settings(20.0), lambda seconds: None, clock)
    steady, jumping = map(finish, rows)
    assert [latency.calls for latency in steady.latency] == [104, 104]
    assert [latency.interval_percent for latency in steady.latency] == [0, 0]
    assert rows[1].spent >= 20
    assert jumping.latency[0].calls > 1000
    assert jumping.latency[0].interval_percent > 5


def test_slow_rows_have_an_interval() -> None:
    """However little time there is, there are as many calls as an interval takes."""
    clock = FakeClock()
    (row,) = rows_of(FakeScorer("a", clock, 60.0, []))
    advanced: list[float] = []
    measure_latency([row], settings(0.1), advanced.append, clock)
    assert [latency.calls for latency in finish(row).latency] == [FEWEST, FEWEST]
    assert sum(advanced) == pytest.approx(0.1)


def test_progress_adds_up() -> None:
    """The bar comes to its end, whether a row took all its time or little of it."""
    clock = FakeClock()
    rows = rows_of(FakeScorer("a", clock, 0.001, []), Jumping("b", clock, 0.001, []))
    advanced: list[float] = []
    measure_latency(rows, settings(5.0), advanced.append, clock)
    assert sum(advanced) == pytest.approx(10.0)
    assert min(advanced) >= 0


def test_figures() -> None:
    """Medians and percentiles of the calls, in milliseconds."""
    (row,) = rows_of(FakeScorer("a", FakeClock(), 0.0, []))
    row.times = [[i / 1000 for i in range(200, 0, -1)], [0.001] * (FEWEST - 1)]
    # The second length has too few calls for an interval.
    (latency,) = finish(row).latency
    assert (latency.tokens, latency.calls) == (10, 200)
    assert (latency.p50_ms, latency.p95_ms, latency.p99_ms) == (100.5, 190.0, 198.0)


def test_interrupted() -> None:
    """What Ctrl-C leaves is figures of what was measured."""

    class Ends(FakeScorer):
        def score_one(self, text: str) -> None:
            super().score_one(text)
            if self.clock.now > 2:
                raise KeyboardInterrupt

    clock = FakeClock()
    row = measured(Ends("a", clock, 0.01, []))
    with pytest.raises(KeyboardInterrupt):
        measure_latency([row], settings(), lambda seconds: None, clock)
    found = finish(row)
    assert found.latency[0].calls >= FEWEST
    assert (found.throughput, found.cold_start_ms, found.problem) == (None, None, None)
    assert finish(measured(Ends("b", clock, 0.01, []))).latency == ()


def reviews(count: int, labels: list[bool] | None = None) -> Reviews:
    known = None if labels is None else np.array(labels)
    return Reviews(["text"] * count, known, None)


def test_passes() -> None:
    """All rows make a pass before one makes its second; the rate is that of the median pass."""
    clock, log = FakeClock(), []
    rows = rows_of(*(FakeScorer(name, clock, 0.5, log) for name in "ab"))
    advanced: list[int] = []
    measure_throughput(rows, reviews(100), 1e6, advanced.append, clock)
    whole = [name for name, count in log if count == 100]
    assert whole == list("ababab")
    # Before the first, a few for warming up.
    assert [count for _, count in log[:2]] == [64, 100]
    found = finish(rows[0])
    assert found.throughput is not None
    assert found.throughput.reviews_per_second == 2.0
    assert (found.throughput.encode_seconds, found.throughput.infer_seconds) == (1.0, 3.0)
    assert found.accuracy is None
    assert sum(advanced) == 6


def test_slow_passes() -> None:
    """A row whose time is spent makes no second pass; the first is always made."""
    clock, log = FakeClock(), []
    (row,) = rows_of(FakeScorer("a", clock, 0.5, log))
    measure_throughput([row], reviews(100), 10, lambda more: None, clock)
    assert len(row.passes) == 1


def test_accuracy() -> None:
    """The share of right labels; a text without a score is wrong, whichever label it has."""
    scorer = FakeScorer("a", FakeClock(), 0.5, [])
    scorer.probabilities = [0.9, 0.1, 0.9, 0.1, np.nan, np.nan]
    row = measured(scorer)
    labels = [True, False, False, False, True, False]
    measure_throughput([row], reviews(6, labels), 10, lambda more: None, scorer.clock)
    accuracy = finish(row).accuracy
    assert accuracy is not None
    assert (accuracy.reviews, accuracy.accuracy) == (6, 0.5)


def test_other_labels() -> None:
    """A model that has other labels than the reviews has no accuracy, and it is said why."""
    scorer = FakeScorer("a", FakeClock(), 0.5, [])
    scorer.probabilities = [0.9, 0.1, 0.9]
    row = measured(scorer)
    stars = Reviews(["text"] * 3, np.array([0, 1, 2]), "stars.csv", classes=("1", "2", "3"))
    said: list[str] = []
    measure_throughput([row], stars, 10, lambda more: None, scorer.clock, said.append)
    assert finish(row).accuracy is None
    (line,) = said
    assert line.startswith("a.onnx: no accuracy: stars.csv: 1 (1), 2 (1), 3 (1) are none of the")


def test_starts() -> None:
    """Rows take turns; the medians count; a row that fails once is left in peace, and said."""
    clock = FakeClock()
    rows = rows_of(*(FakeScorer(name, clock, 1.0, []) for name in "abc"))
    begun: list[str] = []
    said: list[str] = []
    times = iter([900.0, 1.0, 500.0, 2.0, 500.0, 3.0, 500.0, 4.0, 500.0, 5.0])

    def begin(what: FirstScore, text: str) -> Started:
        assert text == "10 tokens"
        begun.append(what.path)
        if what.path == "b":
            raise EdgernnError("a fresh process failed: no memory")
        return Started(next(times), 7)

    advanced: list[int] = []
    measure_starts(rows, 100.0, advanced.append, said.append, begin)
    assert begun == list("abc" + "ac" * 4)
    a, b, c = map(finish, rows)
    assert (a.cold_start_ms, a.peak_memory_bytes) == (500.0, 7)
    assert (b.cold_start_ms, b.peak_memory_bytes) == (None, None)
    assert c.cold_start_ms == 3.0
    assert said == ["warning: b.onnx: no cold start: a fresh process failed: no memory"]
    assert sum(advanced) == 15


def test_slow_starts() -> None:
    """A row whose processes took its time gets no more."""
    (row,) = rows_of(FakeScorer("a", FakeClock(), 1.0, []))
    measure_starts([row], 2.0, lambda more: None, print, lambda what, text: Started(1500.0, None))
    assert len(row.starts) == 2
    assert finish(row).peak_memory_bytes is None


def test_opening() -> None:
    """A row that has a problem, or fails to load, keeps its place; long lengths are left out."""
    scorer = FakeScorer("a", FakeClock(), 1.0, [])
    subject = measured(scorer).subject

    def fail() -> Scorer:
        raise ModelFileError("a: the graph is broken")

    changes = subject.__dict__
    subjects = [
        subject,
        type(subject)(**{**changes, "problem": "not installed"}),
        type(subject)(**{**changes, "open": fail}),
    ]
    said: list[str] = []
    found = open_rows(subjects, (10, 65536), said.append)
    assert [row.problem for row in found] == [None, "not installed", "the graph is broken"]
    assert [[tokens for tokens, _ in row.texts] for row in found] == [[10], [], []]
    longest = scorer.encoder.contract.max_length
    assert said == [f"a.onnx: no latency at 65536 tokens: it reads {longest:,} at most"]
    measure_latency(found[1:], settings(), lambda seconds: None)
    assert [finish(row).problem for row in found[1:]] == ["not installed", "the graph is broken"]
