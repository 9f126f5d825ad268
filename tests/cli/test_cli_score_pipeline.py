"""Rows on their way through `edgernn score`: order, errors and Ctrl-C, without a process."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from edgernn import Score
from edgernn.bundle import read_model_file
from edgernn.cli import score_pipeline
from edgernn.cli.score_pipeline import Item, score_items
from edgernn.errors import DataError, ModelFileError
from edgernn.runtime import LoadedModel

Files = dict[tuple[str, str], Path]


class Engine:
    """Answers with the number of tokens in thousandths; breaks where it is told to."""

    name = "test"
    device = "cpu"
    batched = True
    batch_tokens = 100
    workers = 3

    def __init__(self) -> None:
        self.breaks_at: int | None = None

    def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Answer."""
        if self.breaks_at in map(len, batch):
            raise ModelFileError("m.onnx: broken")
        return np.array([len(text) / 1000 for text in batch], np.float32)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def scorer(tiny_files: Files, engine: Engine) -> LoadedModel:
    """A model whose engine is a stand-in."""
    return LoadedModel(read_model_file(tiny_files["onnx", "int8"]), engine)


class Written:
    """Takes what is written."""

    def __init__(self) -> None:
        self.rows: list[tuple[str | None, float | None]] = []

    def __call__(self, chunk: Sequence[Item], scores: Iterator[Score]) -> None:
        """Take a chunk."""
        for text, problem, _ in chunk:
            p = None if problem else next(scores).probability
            self.rows.append((text, None if p is None else round(p * 1000)))


class Row(NamedTuple):
    """What a text comes from, with no column kept."""

    fields: Mapping[str, object] = {}
    raw: str | None = None


def rows(count: int) -> Iterator[Item]:
    """Rows of one to thirty tokens, each seventh of them bad."""
    for number in range(count):
        text = "?" * (number % 30 + 1)
        yield Item(text, "bad" if number % 7 == 3 else None, Row())


def expected(scorer: LoadedModel, count: int) -> list[tuple[str | None, float | None]]:
    return [
        (text, None if problem else len(scorer.encoder.encode(text or "")))
        for text, problem, _ in rows(count)
    ]


def no_thread_is_left() -> bool:
    return not any(thread.name.startswith("edgernn") for thread in threading.enumerate())


@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("count", [0, 1, 40, 5000])
def test_order(scorer: LoadedModel, count: int, as_list: bool) -> None:
    """Good and bad rows are written as they came."""
    written = Written()
    items = list(rows(count)) if as_list else rows(count)
    assert score_items(scorer, items, written) is None
    assert written.rows == expected(scorer, count)
    assert no_thread_is_left()


@pytest.mark.parametrize("error", [DataError("cut short"), KeyboardInterrupt()])
def test_what_ends_the_rows(scorer: LoadedModel, error: BaseException) -> None:
    """All rows before it are written; it is given back."""

    def broken() -> Iterator[Item]:
        yield from rows(2500)
        raise error

    written = Written()
    assert score_items(scorer, broken(), written) is error
    assert written.rows == expected(scorer, 2500)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to a thread")
def test_ctrl_c_when_all_was_read(scorer: LoadedModel) -> None:
    """While the last rows are scored and written: they still are."""
    written, is_read = Written(), threading.Event()

    def items() -> Iterator[Item]:
        yield from rows(2500)
        is_read.set()

    def write(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
        if not written.rows:
            assert is_read.wait(20)
            # The last chunk is handed over after the end is met.
            time.sleep(0.2)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.2)
        written(chunk, scores)

    assert isinstance(score_items(scorer, items(), write), KeyboardInterrupt)
    assert written.rows == expected(scorer, 2500)
    assert no_thread_is_left()


def test_what_is_scored_does_not_wait_for_the_next_row(scorer: LoadedModel) -> None:
    """The first rows are written while the reading of more is stuck."""
    written = Written()

    def slow() -> Iterator[Item]:
        yield from rows(1500)
        deadline = time.monotonic() + 20
        while len(written.rows) < 1024 and time.monotonic() < deadline:
            time.sleep(0.01)
        reached.append(len(written.rows))

    reached: list[int] = []
    score_items(scorer, slow(), written)
    assert reached == [1024]
    assert len(written.rows) == 1500


def test_a_failing_engine(scorer: LoadedModel, engine: Engine) -> None:
    """Raised where the rows are read, which ends; nothing hangs."""
    engine.breaks_at = max(len(scorer.encoder.encode("?" * n)) for n in range(1, 31))
    with pytest.raises(ModelFileError, match="broken"):
        score_items(scorer, rows(100_000), Written())
    assert no_thread_is_left()


def test_a_failing_writer(scorer: LoadedModel) -> None:
    """A full disk, a closed pipe: the reading of millions of rows ends soon."""
    read = 0

    def counted() -> Iterator[Item]:
        nonlocal read
        for item in rows(10**9):
            read += 1
            yield item

    def write(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        score_items(scorer, counted(), write)
    assert read < 10**6
    assert no_thread_is_left()


def test_room(scorer: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing is slow, reading waits: memory does not grow with the rows."""
    monkeypatch.setattr(score_pipeline, "_ROOM", 10_000)
    read = 0
    ahead = 0
    written = Written()

    def counted() -> Iterator[Item]:
        nonlocal read
        for item in rows(20_000):
            read += 1
            yield item

    def write(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
        nonlocal ahead
        time.sleep(0.01)
        written(chunk, scores)
        ahead = max(ahead, read - len(written.rows))

    score_items(scorer, counted(), write)
    assert len(written.rows) == 20_000
    assert ahead <= 4 * 1024


def test_huge_rows_are_few_at_once(scorer: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk ends with the row that fills it, not after a thousand such rows."""
    monkeypatch.setattr(score_pipeline, "_CHUNK_CHARACTERS", 100)
    sizes = []

    def write(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
        sizes.append(len(chunk))

    score_items(scorer, (Item("?" * 60, None, Row()) for _ in range(100)), write)
    assert sizes == [2] * 50
    sizes.clear()
    wide = Row({"text": "?", "page": ["x" * 20, {"more": b"x" * 20}], "id": 7})
    score_items(scorer, (Item("?", None, wide) for _ in range(100)), write)
    assert sizes == [3] * 33 + [1]


def test_chunks_that_are_done(scorer: LoadedModel) -> None:
    """They are not scored; the first that is not ends the asking."""
    asked: list[int] = []
    written = Written()

    def skip(chunk: Sequence[Item]) -> bool:
        asked.append(len(chunk))
        return len(asked) < 3

    score_items(scorer, rows(5000), written, skip)
    assert asked == [1024] * 3
    assert written.rows == expected(scorer, 5000)[2048:]
    few = list(rows(3))
    written = Written()
    score_items(scorer, few, written, lambda chunk: len(chunk) == 3)
    assert written.rows == []
