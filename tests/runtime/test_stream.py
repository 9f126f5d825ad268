"""Chunks in threads: in order, in bounded room, and an error is raised, never waited for."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from edgernn.runtime.stream import Stream

Step = Callable[[int], object]

SOON = 20.0
"""Seconds after which a test takes it that something waits for ever."""


def nothing(number: int) -> None:
    """Do nothing before a batch."""


class Chunk:
    """Numbers, each a batch's answer; `before` is called with the first number of a batch."""

    def __init__(self, *numbers: int, before: Step = nothing, pieces: int = 0) -> None:
        self.numbers = list(numbers) if not pieces else []
        self.found: dict[int, float] = {}
        self.pieces = pieces
        self._given = numbers
        self._before = before

    def prepare(self, piece: int) -> None:
        """Take a part of the numbers; `before` is called with a negative number."""
        self._before(-piece - 1)
        self.numbers.extend(self._given[piece :: self.pieces])

    def plan(self) -> list[list[int]]:
        """Make each number a batch."""
        return [[number] for number in sorted(self.numbers)]

    def run(self, batch: list[int]) -> None:
        """Answer with half of it."""
        self._before(batch[0])
        self.found[batch[0]] = batch[0] / 2


def no_thread_is_left() -> bool:
    return not any(thread.name == "edgernn" for thread in threading.enumerate())


@pytest.mark.parametrize("pieces", [0, 1, 5])
@pytest.mark.parametrize("workers", [1, 3])
def test_order(workers: int, pieces: int) -> None:
    """The first chunks take longest; all come out whole, as they went in."""

    def wait(number: int) -> None:
        time.sleep(0.02 if 0 <= number < 4 or -3 < number < 0 else 0)

    chunks = [Chunk(n, n + 100, n + 200, before=wait, pieces=pieces) for n in range(10)]
    with Stream[Chunk](workers) as stream:
        for chunk in chunks:
            stream.put(chunk)
        stream.close()
        assert list(stream) == chunks
    for n, chunk in enumerate(chunks):
        assert chunk.found == {n: n / 2, n + 100: (n + 100) / 2, n + 200: (n + 200) / 2}
    assert no_thread_is_left()


def test_nothing() -> None:
    """No chunks, and chunks without batches, with pieces and without."""
    for pieces in (0, 2):
        with Stream[Chunk](2) as stream:
            empty = Chunk(pieces=pieces)
            stream.put(empty)
            stream.close()
            assert list(stream) == [empty]
        assert no_thread_is_left()
    with Stream[Chunk](2) as stream:
        stream.close()
        assert list(stream) == []


def test_pieces_and_batches_take_turns() -> None:
    """One worker does not prepare all that there is before it runs what is prepared."""
    seen: list[int] = []
    all_are_put = threading.Event()

    def step(number: int) -> None:
        assert all_are_put.wait(SOON)
        seen.append(number)

    with Stream[Chunk](1) as stream:
        stream.put(Chunk(1, 2, 3, before=step, pieces=1))
        stream.put(Chunk(4, before=step, pieces=9))
        stream.close()
        all_are_put.set()
        assert len(list(stream)) == 2
    assert seen[0] == -1
    assert [number for number in seen if number > 0] == [1, 2, 3, 4]
    places = [seen.index(number) for number in (1, 2, 3)]
    assert places[0] > 0
    assert [b - a for a, b in itertools.pairwise(places)] == [2, 2]


@pytest.mark.parametrize("failing", [2, -1])
@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3)])
def test_a_failing_step(error: BaseException, failing: int) -> None:
    """Its error is raised where chunks are taken and where they are put."""
    all_are_put = threading.Event()

    def fail(number: int) -> None:
        assert all_are_put.wait(SOON)
        if number == failing:
            raise error

    with Stream[Chunk](2) as stream:
        for number in range(3):
            stream.put(Chunk(number, before=fail, pieces=1))
        all_are_put.set()
        with pytest.raises(type(error)) as raised:
            list(stream)
        assert raised.value is error
        with pytest.raises(type(error)):
            stream.put(Chunk(9))
    assert no_thread_is_left()


def test_room() -> None:
    """`put` waits until a chunk is taken out; one chunk alone may be larger than the room."""
    with Stream[Chunk](1, room=10) as stream:
        first = Chunk(0)
        stream.put(first, size=50)
        waiting = threading.Thread(target=stream.put, args=(Chunk(1), 5))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        assert next(iter(stream)) is first
        waiting.join(SOON)
        assert not waiting.is_alive()


def test_a_failure_ends_the_waiting_for_room() -> None:
    """The reader of rows is told, although nothing is taken out any more."""
    with Stream[Chunk](1, room=1) as stream:
        stream.put(Chunk(0), size=1)
        threading.Timer(0.05, stream.fail, [OSError("disk full")]).start()
        with pytest.raises(OSError, match="disk full"):
            stream.put(Chunk(1), size=1)


@pytest.mark.parametrize("pieces", [0, 50])
def test_leaving_early(pieces: int) -> None:
    """What was not begun is not run, and the threads are gone."""
    begun: list[int] = []

    def wait(number: int) -> None:
        begun.append(number)
        time.sleep(0.02)

    with Stream[Chunk](2) as stream:
        stream.put(Chunk(*range(100), before=wait, pieces=pieces))
    assert len(begun) < 10
    assert no_thread_is_left()


def test_batches_run_at_once() -> None:
    """Two batches that wait for each other both end."""
    meeting = threading.Barrier(2)
    with Stream[Chunk](2) as stream:
        stream.put(Chunk(1, 2, before=lambda number: meeting.wait(SOON) and None))
        stream.close()
        (chunk,) = stream
    assert chunk.found == {1: 0.5, 2: 1}


def test_a_worker_waits_for_what_another_prepares() -> None:
    """It does not end while batches may still come, although no more chunks do."""
    meeting = threading.Barrier(2)

    def step(number: int) -> None:
        if number < 0:
            time.sleep(0.1)
        else:
            meeting.wait(SOON)

    with Stream[Chunk](2) as stream:
        stream.put(Chunk(1, 2, before=step, pieces=1))
        stream.close()
        (chunk,) = stream
    assert chunk.found == {1: 0.5, 2: 1}
