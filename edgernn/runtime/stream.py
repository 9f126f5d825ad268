"""Chunks of texts on their way through the engine, in threads, taken out in the order put in.

An engine leaves Python's lock while it runs, so threads that each run a batch keep the cores busy
while the next chunk is read and encoded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from edgernn.runtime.batches import Ids

__all__ = ["Stream"]

T = TypeVar("T")
Probabilities = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Chunk(Generic[T]):
    payload: T
    ids: Sequence[Ids]
    found: Probabilities
    size: int
    left: int
    """Batches that were not run yet."""


class _StoppedError(Exception):
    """The stream was left before its end."""


class Stream(Generic[T]):
    """Use it in `with`; `put` and the iteration may stand in two threads.

    What a batch raises is raised in both. Leaving the block stops the threads and waits for them.
    """

    def __init__(
        self, run: Callable[[list[Ids]], Probabilities], workers: int, room: int | None = None
    ) -> None:
        """Start nothing yet.

        Args:
            run: scores one batch; called in several threads at once.
            workers: how many threads, at least one.
            room: the sum of sizes above which `put` waits for chunks to be taken out; None: never.
        """
        self._run = run
        self._workers = workers
        self._room = room
        self._size = 0
        self._change = threading.Condition()
        self._todo: deque[tuple[_Chunk[T], list[int]]] = deque()
        self._chunks: deque[_Chunk[T]] = deque()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._error: BaseException | None = None

    def put(
        self, ids: Sequence[Ids], batches: Sequence[list[int]], payload: T, size: int = 0
    ) -> None:
        """Add a chunk; waits while there is no room.

        Args:
            ids: the texts.
            batches: places in `ids` that are run together; each place at most once.
            payload: comes out beside the probabilities.
            size: what the chunk takes of the room.
        """
        chunk = _Chunk(payload, ids, np.zeros(len(ids), np.float32), size, len(batches))
        tasks = [(chunk, batch) for batch in batches]
        with self._change:
            while self._is_full(size):
                self._change.wait()
            self._raise_error()
            self._size += size
            # In this order: if Ctrl-C came between, a chunk would be lost, and none waited for.
            self._todo.extend(tasks)
            self._chunks.append(chunk)
            self._change.notify_all()
        while tasks and len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name="edgernn", daemon=True)
            thread.start()
            self._threads.append(thread)
            tasks.pop()

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
            self._todo.clear()
            self._change.notify_all()

    def __iter__(self) -> Iterator[tuple[T, Probabilities]]:
        """Yield payload and probabilities, float32 [texts], of each chunk, in order."""
        while (chunk := self._next()) is not None:
            yield chunk.payload, chunk.found

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

    def _next(self) -> _Chunk[T] | None:
        with self._change:
            while True:
                self._raise_error()
                if self._chunks and not self._chunks[0].left:
                    chunk = self._chunks.popleft()
                    self._size -= chunk.size
                    self._change.notify_all()
                    return chunk
                if self._closed and not self._chunks:
                    return None
                self._change.wait()

    def _work(self) -> None:
        while (task := self._next_task()) is not None:
            chunk, batch = task
            try:
                chunk.found[batch] = self._run([chunk.ids[place] for place in batch])
            except BaseException as error:  # noqa: BLE001 - it is raised where the chunks are taken
                self.fail(error)
                return
            with self._change:
                chunk.left -= 1
                if not chunk.left:
                    self._change.notify_all()

    def _next_task(self) -> tuple[_Chunk[T], list[int]] | None:
        with self._change:
            while not self._todo:
                if self._closed or self._error is not None:
                    return None
                self._change.wait()
            return self._todo.popleft()
