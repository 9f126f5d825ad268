"""Rounds: every entry has its turn in each, one after the other: what slows one slows all.

A ratio is made within each round and the median taken of the ratios: a machine that is slower for
a minute changes all rates, and few ratios. Ours and the bare session, whose ratio is near 1, have
several turns in a round, one after the other: what a machine does for some seconds changes few.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import FILE, ONE, Peer, Setup, SpeedPeer
from benchmarks.peers.registry import BARE
from benchmarks.speed.ours import OURS
from benchmarks.speed.sample import stratified
from benchmarks.speed.worker import COMPARED, ENTRIES, Worker, WorkerError
from edgernn.cli.console import say

__all__ = ["measure_part", "names_of", "ratios", "spread"]

_TURNS = {FILE: 4, ONE: 16}
"""Turns of ours and of the bare session in a round, by part; their median counts."""
_PAUSE = 0.05
"""Seconds between two entries: the threads of the last one stop looking for work."""
_ONE_SECONDS = 0.4
"""How long an entry scores one review after the other in a round."""
_ONE_TURN_SECONDS = 0.05
"""The same for an entry that has several turns in a round, in each of them."""


def names_of(part: str) -> list[str]:
    """Return the entries that take part, ours first."""
    return [name for name, entry in ENTRIES.items() if part in _parts(entry)]


def measure_part(
    part: str,
    names: Sequence[str],
    texts: Sequence[str],
    data: str,
    threads: int,
    rounds: int,
    share: float = 1.0,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Measure entries side by side.

    Args:
        part: `FILE` or `ONE`.
        names: the entries; ours is always among them.
        texts: all reviews, or those that are scored one by one.
        data: where learners find their training reviews.
        threads: how many each entry may compute with.
        rounds: how often each is measured.
        share: of each entry's reviews, for a quick look, and of those that it learns from.

    Returns:
        The result of each entry that could be measured, and why the others could not be.
    """
    names = [OURS, *(name for name in names if name != OURS)]
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgernn-speed-")))
        workers: dict[str, Worker] = {}
        for name in names:
            (folder / name).mkdir()
            workers[name] = Worker(name, Setup(part, threads, data, folder / name, share))
            stack.callback(workers[name].close)
        _open_all(workers, failed)
        described: dict[str, Any] = {}
        scores: dict[str, dict[str, float]] = {}
        for name in [name for name in names if name not in failed]:
            chosen = _chosen(ENTRIES[name], texts, share) if part == FILE else list(texts)
            with _noting(name, failed):
                about, found = workers[name].take(chosen)
                say(f"{name}: warm, {len(chosen):,} reviews a round")
                described[name] = {**about, **_sizes(chosen)}
                scores[name] = dict(zip(chosen[:COMPARED], found.tolist(), strict=True))
        units = _time(part, workers, described, rounds, failed)
    results = {}
    for name, values in units.items():
        entry = ENTRIES[name]
        result = {"title": entry.title, "what": entry.what, **described[name], **values}
        if name != OURS and OURS in units:
            result["ours_times_as_fast"] = spread(
                ratios(part, units[OURS]["rounds"], values["rounds"])
            )
            both = scores[OURS].keys() & scores[name].keys()
            if isinstance(entry, SpeedPeer) and entry.same_model and both:
                differences = (abs(scores[OURS][text] - scores[name][text]) for text in both)
                result["largest_difference_from_ours"] = _rounded(max(differences))
        results[name] = result
    return results, failed


def ratios(part: str, ours: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return how many times as fast ours was in each round.

    Args:
        part: `FILE`, where values are reviews a second, or `ONE`, where they are milliseconds.
        ours: a value a round.
        other: likewise.
    """
    pairs = zip(ours, other, strict=True)
    return [a / b if part == FILE else b / a for a, b in pairs]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, minimum and maximum, each with four digits that count."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: _rounded(value) for name, value in found.items()}


def _rounded(value: float) -> float:
    return round(value, max(0, 3 - math.floor(math.log10(value)))) if value > 0 else value


def _parts(entry: Peer) -> tuple[str, ...]:
    if isinstance(entry, SpeedPeer):
        return entry.parts
    return () if entry.reviews is None else (FILE,)


def _chosen(entry: Peer, texts: Sequence[str], share: float) -> list[str]:
    count = max(1, round(share * (entry.reviews or len(texts))))
    return [texts[i] for i in stratified(texts, count)]


def _sizes(texts: Sequence[str]) -> dict[str, Any]:
    return {
        "reviews": len(texts),
        "mean_characters": round(statistics.fmean(map(len, texts)), 1),
    }


def _open_all(workers: Mapping[str, Worker], failed: dict[str, str]) -> None:
    """Open all, two at a time: this is not timed."""

    def open_one(name: str) -> None:
        start = time.perf_counter()
        with _noting(name, failed):
            workers[name].open()
            say(f"{name}: ready after {time.perf_counter() - start:.0f} s")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(open_one, workers))


def _time(
    part: str,
    workers: Mapping[str, Worker],
    described: Mapping[str, Any],
    rounds: int,
    failed: dict[str, str],
) -> dict[str, dict[str, Any]]:
    """Return what each entry reached in each round."""
    found: dict[str, list[float]] = {name: [] for name in described if name not in failed}
    calls = dict.fromkeys(found, 0)
    for number in range(1, rounds + 1):
        turns: dict[str, list[float]] = {name: [] for name in found}
        order = _order(part, list(found))
        for name in order:
            if name not in found:
                continue
            time.sleep(_PAUSE)
            with _noting(name, failed):
                if part == FILE:
                    reviews = described[name]["reviews"]
                    calls[name] += 1
                    turns[name].append(reviews / workers[name].time_all())
                    say(f"round {number}: {name}: {turns[name][-1]:,.1f} reviews/s")
                else:
                    once = order.count(name) == 1
                    seconds = workers[name].time_each(_ONE_SECONDS if once else _ONE_TURN_SECONDS)
                    calls[name] += len(seconds)
                    turns[name].append(1e3 * statistics.median(seconds))
                    say(f"round {number}: {name}: {turns[name][-1]:.3f} ms")
            if name in failed:
                del found[name]
        for name, values in found.items():
            values.append(statistics.median(turns[name]))
    unit = "reviews_per_second" if part == FILE else "milliseconds"
    return {
        name: {
            unit: spread(values),
            "rounds": [_rounded(value) for value in values],
            "calls": calls[name],
        }
        for name, values in found.items()
    }


def _order(part: str, names: Sequence[str]) -> list[str]:
    """Return the entries of a round in their order, some of them several times."""
    close = [name for name in (OURS, BARE) if name in names]
    if BARE not in close:
        return list(names)
    return [*close * _TURNS[part], *(name for name in names if name not in close)]


@contextmanager
def _noting(name: str, failed: dict[str, str]) -> Iterator[None]:
    """Note why an entry cannot be measured; the others go on."""
    try:
        yield
    except WorkerError as error:
        failed[name] = str(error)
        say(f"{name}: NOT measured: {error}")
