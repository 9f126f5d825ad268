"""A process of its own for each entry, which stays alive and scores when it is told to.

So the thread pools and allocators of TensorFlow and of others never meet, and nobody loads or
learns while another is timed. Only one process works at a time.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import describe_machine
from benchmarks.peers.peer import FILE, Peer, Scorer, Scores, Setup, SpeedPeer
from benchmarks.peers.registry import PEERS
from benchmarks.peers.text_scorer import TextScorer
from benchmarks.peers.threads import set_threads
from benchmarks.speed.ours import OURS_ENTRIES

__all__ = ["COMPARED", "ENTRIES", "Worker", "WorkerError", "open_scorer"]

ENTRIES: dict[str, Peer] = {**OURS_ENTRIES, **PEERS}
"""Ours and the peers, by name."""

COMPARED = 256
"""Texts whose scores are compared with ours; scoring them is the warm-up, too."""
_LEAST_CALLS = 5


class WorkerError(Exception):
    """An entry that cannot be measured; the message is one line that says why."""


class Worker:
    """One entry in its own process."""

    def __init__(self, name: str, setup: Setup) -> None:
        """Start the process, with as many threads for its libraries as it may have."""
        self.name = name
        self._log = setup.folder / "log.txt"
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, name, setup, self._log), daemon=True
        )
        with set_threads(setup.threads):
            self._process.start()
        theirs.close()

    def open(self) -> None:
        """Import, load, convert, learn: whatever comes before texts. Raises WorkerError."""
        self._ask("open")

    def take(self, texts: Sequence[str]) -> tuple[dict[str, Any], Scores]:
        """Give it the texts of all rounds, and let it warm up.

        Returns:
            Versions and settings for the result file, and its scores of the first texts.

        Raises:
            WorkerError: it failed.
        """
        described, scores = self._ask("take", list(texts))
        return described, scores

    def time_all(self) -> float:
        """Return the seconds that all texts take. Raises WorkerError."""
        seconds: float = self._ask("time_all")
        return seconds

    def time_each(self, seconds: float) -> list[float]:
        """Return the seconds of calls with one text, for so long in all. Raises WorkerError."""
        found: list[float] = self._ask("time_each", seconds)
        return found

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _ask(self, what: str, *arguments: Any) -> Any:
        try:
            self._connection.send((what, arguments))
            problem, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            said = self._log.read_text("utf-8", "replace") if self._log.is_file() else ""
            last = ([line for line in said.splitlines() if line.strip()] or ["nothing"])[-1]
            raise WorkerError(f"the process ended; its last words: {last}") from error
        if problem is not None:
            raise WorkerError(problem)
        return answer


def open_scorer(name: str, setup: Setup) -> Scorer:
    """Make the scorer of an entry; what learns has learnt.

    Raises:
        ImportError: a package is not installed.
    """
    entry = ENTRIES[name]
    return entry.open(setup) if isinstance(entry, SpeedPeer) else TextScorer(entry, setup)


class _Serving:
    """What the process does when it is asked."""

    def __init__(self, name: str, setup: Setup) -> None:
        self._name, self._setup = name, setup
        self._scorer: Scorer | None = None
        self._inputs: Any = None
        self._next = 0

    def open(self) -> None:
        """Make the scorer."""
        self._scorer = open_scorer(self._name, self._setup)

    def take(self, texts: Sequence[str]) -> tuple[dict[str, Any], Scores]:
        """Make the texts' inputs ready, and score the first ones."""
        assert self._scorer is not None
        first = texts[:COMPARED]
        if self._setup.part == FILE:
            self._inputs = self._scorer.ready(texts)
            scores = self._scorer.score(self._scorer.ready(first))
        else:
            self._inputs = [self._scorer.ready([text]) for text in texts]
            scores = np.concatenate([self._scorer.score(one) for one in self._inputs[: len(first)]])
        described = {
            "versions": describe_machine(self._scorer.packages)["versions"],
            "settings": self._scorer.settings,
        }
        return described, scores

    def time_all(self) -> float:
        """Score all texts once."""
        assert self._scorer is not None
        gc.collect()
        start = time.perf_counter()
        self._scorer.score(self._inputs)
        return time.perf_counter() - start

    def time_each(self, seconds: float) -> list[float]:
        """Score one text after the other, going on where the last round ended."""
        assert self._scorer is not None
        gc.collect()
        # Others had the caches since the last round.
        self._scorer.score(self._inputs[self._next - 1])
        found: list[float] = []
        while sum(found) < seconds or len(found) < _LEAST_CALLS:
            inputs = self._inputs[self._next]
            self._next = (self._next + 1) % len(self._inputs)
            start = time.perf_counter()
            self._scorer.score(inputs)
            found.append(time.perf_counter() - start)
        return found


def _serve(connection: Connection, name: str, setup: Setup, log: Path) -> None:
    # Libraries talk to both; what an entry has to say goes through the pipe.
    with log.open("wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    serving = _Serving(name, setup)
    while True:
        try:
            what, arguments = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            answer = getattr(serving, what)(*arguments)
        except ImportError as error:
            connection.send((f"the package {error.name!r} is not installed", None))
        except KeyboardInterrupt:
            return
        # Whatever an entry's library raises: the others go on, and the result says why.
        except Exception as error:  # noqa: BLE001
            first = (str(error).strip().splitlines() or [""])[0]
            connection.send((f"{type(error).__name__}: {first}", None))
            print(error, file=sys.stderr)
        else:
            connection.send((None, answer))
