"""Chunks in threads: in order, in bounded room, and an error is raised, never waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.runtime.stream import Stream

Ids = npt.NDArray[np.int32]
Run = Callable[[list[Ids]], npt.NDArray[np.float32]]

SOON = 20.0
"""Seconds after which a test takes it that something waits for ever."""


def first_ids(batch: list[Ids]) -> npt.NDArray[np.float32]:
    return np.array([ids[0] for ids in batch], np.float32)


def chunk(*firsts: int) -> list[Ids]:
    return [np.array([first], np.int32) for first in firsts]


def no_thread_is_left() -> bool:
    return not any(thread.name == "edgernn" for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 3])
def test_order(workers: int) -> None:
    """The first chunks take longest; all come out as they went in."""

    def run(batch: list[Ids]) -> npt.NDArray[np.float32]:
        time.sleep(0.02 if batch[0][0] < 4 else 0)
        return first_ids(batch)

    with Stream[int](run, workers) as stream:
        for number in range(10):
            stream.put(chunk(number, number + 100), [[1], [0]], number)
        stream.close()
        found = [(payload, values.tolist()) for payload, values in stream]
    assert found == [(number, [number, number + 100]) for number in range(10)]
    assert no_thread_is_left()


def test_nothing() -> None:
    """No chunks, and a chunk without batches: zeros, and no thread for them."""
    with Stream[str](first_ids, 2) as stream:
        stream.put(chunk(5), [], "left out")
        stream.close()
        assert [(name, values.tolist()) for name, values in stream] == [("left out", [0.0])]
        assert no_thread_is_left()


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3)])
def test_a_failing_batch(error: BaseException) -> None:
    """Its error is raised where chunks are taken and where they are put."""

    def run(batch: list[Ids]) -> npt.NDArray[np.float32]:
        if batch[0][0] == 2:
            raise error
        return first_ids(batch)

    with Stream[int](run, 2) as stream:
        for number in range(3):
            stream.put(chunk(number), [[0]], number)
        with pytest.raises(type(error)) as raised:
            list(stream)
        assert raised.value is error
        with pytest.raises(type(error)):
            stream.put(chunk(9), [[0]], 9)
    assert no_thread_is_left()


def test_room() -> None:
    """`put` waits until a chunk is taken out; one chunk alone may be larger than the room."""
    with Stream[int](first_ids, 1, room=10) as stream:
        stream.put(chunk(0), [[0]], 0, size=50)
        waiting = threading.Thread(target=stream.put, args=(chunk(1), [[0]], 1, 5))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        assert next(iter(stream))[0] == 0
        waiting.join(SOON)
        assert not waiting.is_alive()


def test_a_failure_ends_the_waiting_for_room() -> None:
    """The reader of rows is told, although nothing is taken out any more."""
    with Stream[int](first_ids, 1, room=1) as stream:
        stream.put(chunk(0), [[0]], 0, size=1)
        threading.Timer(0.05, stream.fail, [OSError("disk full")]).start()
        with pytest.raises(OSError, match="disk full"):
            stream.put(chunk(1), [[0]], 1, size=1)


def test_leaving_early() -> None:
    """What was not begun is not run, and the threads are gone."""
    begun = []

    def run(batch: list[Ids]) -> npt.NDArray[np.float32]:
        begun.append(int(batch[0][0]))
        time.sleep(0.02)
        return first_ids(batch)

    with Stream[int](run, 2) as stream:
        stream.put(chunk(*range(100)), [[place] for place in range(100)], 0)
    assert len(begun) < 10
    assert no_thread_is_left()


def test_batches_run_at_once() -> None:
    """Two batches that wait for each other both end."""
    meeting = threading.Barrier(2)

    def run(batch: list[Ids]) -> npt.NDArray[np.float32]:
        meeting.wait(SOON)
        return first_ids(batch)

    with Stream[None](run, 2) as stream:
        stream.put(chunk(1, 2), [[0], [1]], None)
        stream.close()
        ((_, found),) = stream
    assert found.tolist() == [1, 2]
