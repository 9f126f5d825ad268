"""Chunks of texts on their way through the engine, in threads, taken out in the order put in.

An engine leaves Python's lock while it runs, so threads that each run a batch keep the cores busy.
Python's own part of the work, encoding, is done by the same threads, a piece after a batch: a
thread of its own would hold the lock for as long as Python's switch interval, 5 ms, while batches
of 2 ms wait for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

__all__ = ["Stream", "Work"]


class Work(Protocol):
    """What is to be done for one chunk: pieces in any order, then a plan, then its batches."""

    @property
    def pieces(self) -> int:
        """How many pieces there are to prepare; there may be none."""

    def prepare(self, piece: int) -> None:
        """Do one piece; called in several threads at once."""

    def plan(self) -> Sequence[list[int]]:
        """Return the batches, when all pieces are done."""

    def run(self, batch: list[int]) -> None:
        """Run one batch; called in several threads at once."""


W = TypeVar("W", bound=Work)


@dataclass(slots=True, eq=False)
class _InFlight(Generic[W]):
    work: W
    size: int
    unprepared: int
    """Pieces that were not done yet."""
    left: int | None = None
    """Batches that were not run yet; None before they are planned."""


class _StoppedError(Exception):
    """The stream was left before its end."""


class Stream(Generic[W]):
    """Use it in `with`; `put` and the iteration may stand in two threads.

    What a chunk's work raises is raised in both. Leaving the block stops the threads and waits for
    them.
    """

    def __init__(self, workers: int, room: int | None = None) -> None:
        """Start nothing yet.

        Args:
            workers: how many threads, at least one.
            room: the sum of sizes above which `put` waits for chunks to be taken out; None: never.
        """
        self._workers = workers
        self._room = room
        self._size = 0
        self._change = threading.Condition()
        self._pieces: deque[tuple[_InFlight[W], int]] = deque()
        self._batches: deque[tuple[_InFlight[W], list[int]]] = deque()
        self._chunks: deque[_InFlight[W]] = deque()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._error: BaseException | None = None

    def put(self, work: W, size: int = 0) -> None:
        """Add a chunk; waits while there is no room.

        Args:
            work: what is to be done for it.
            size: what the chunk takes of the room.
        """
        pieces = work.pieces
        chunk = _InFlight(work, size, pieces)
        batches = [] if pieces else work.plan()
        with self._change:
            while self._is_full(size):
                self._change.wait()
            self._raise_error()
            self._size += size
            # In this order: if Ctrl-C came between, a chunk would be lost, and none waited for.
            if not pieces:
                self._add(chunk, batches)
            self._pieces.extend((chunk, piece) for piece in range(pieces))
            self._chunks.append(chunk)
            self._change.notify_all()
        tasks = self._workers if pieces else len(batches)
        for _ in range(min(tasks, self._workers - len(self._threads))):
            thread = threading.Thread(target=self._work, name="edgernn", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Say that no more chunks come: the iteration ends after the last."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def fail(self, error: BaseException) -> None:
        """End all work; `put` and the iteration raise the first such error."""
        with self._change:
            if self._error is None:
                self._error = error
            self._pieces.clear()
            self._batches.clear()
            self._change.notify_all()

    def __iter__(self) -> Iterator[W]:
        """Yield each chunk when all its batches were run, in the order put in."""
        while (chunk := self._next()) is not None:
            yield chunk.work

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.fail(_StoppedError("the stream was left"))
        for thread in self._threads:
            thread.join()

    def _is_full(self, size: int) -> bool:
        return (
            self._room is not None
            and bool(self._chunks)
            and self._size + size > self._room
            and self._error is None
        )

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _next(self) -> _InFlight[W] | None:
        with self._change:
            while True:
                self._raise_error()
                if self._chunks and self._chunks[0].left == 0:
                    chunk = self._chunks.popleft()
                    self._size -= chunk.size
                    self._change.notify_all()
                    return chunk
                if self._closed and not self._chunks:
                    return None
                self._change.wait()

    def _add(self, chunk: _InFlight[W], batches: Sequence[list[int]]) -> None:
        chunk.left = len(batches)
        self._batches.extend((chunk, batch) for batch in batches)

    def _work(self) -> None:
        has_prepared = False
        while (task := self._next_task(has_prepared)) is not None:
            chunk, job = task
            has_prepared = isinstance(job, int)
            try:
                if isinstance(job, int):
                    self._prepare(chunk, job)
                else:
                    self._run(chunk, job)
            except BaseException as error:  # noqa: BLE001 - it is raised where the chunks are taken
                self.fail(error)
                return

    def _prepare(self, chunk: _InFlight[W], piece: int) -> None:
        chunk.work.prepare(piece)
        with self._change:
            chunk.unprepared -= 1
            if chunk.unprepared:
                return
        batches = chunk.work.plan()
        with self._change:
            # After an error nothing more is begun.
            if self._error is None:
                self._add(chunk, batches)
            self._change.notify_all()

    def _run(self, chunk: _InFlight[W], batch: list[int]) -> None:
        chunk.work.run(batch)
        with self._change:
            assert chunk.left is not None
            chunk.left -= 1
            if not chunk.left:
                self._change.notify_all()

    def _next_task(self, has_prepared: bool) -> tuple[_InFlight[W], int | list[int]] | None:
        """Return a piece and a batch in turn, where there are both; None at the end."""
        with self._change:
            while not self._pieces and not self._batches:
                if self._error is not None or (self._closed and not self._is_planning()):
                    return None
                self._change.wait()
            if self._pieces and not (has_prepared and self._batches):
                return self._pieces.popleft()
            return self._batches.popleft()

    def _is_planning(self) -> bool:
        return any(chunk.left is None for chunk in self._chunks)
