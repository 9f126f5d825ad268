"""Commands read a model file once, so it may come through a pipe; and never without end."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from in_process import Command

from edgernn.bundle import model_file
from edgernn.runtime import SHIPPED_MODEL

watched: list[str] = []
"""The files whose opening is counted; a hook of the interpreter cannot be taken off again."""
opened: list[str] = []


def count(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and watched and isinstance(arguments[0], str | bytes | os.PathLike):
        name = os.fsdecode(arguments[0])
        opened.extend(path for path in watched if path == name)


sys.addaudithook(count)

REVIEWS = "text,label\n" + "A wonderful film,1\nA waste of time,0\n" * 4

COMMANDS: dict[str, Callable[[Path, Path], list[object]]] = {
    "audit": lambda model, folder: ["audit", model],
    "info": lambda model, folder: ["info", model],
    "score": lambda model, folder: ["score", "--model", model, "A wonderful film"],
    "score a file": lambda model, folder: [
        *("score", "--model", model, "--input", folder / "reviews.csv"),
        *("--output", folder / "scores.jsonl"),
    ],
    "verify": lambda model, folder: ["verify", model],
    "evaluate": lambda model, folder: [
        *("evaluate", "--model", model, "--data", folder / "reviews.csv"),
    ],
    "android": lambda model, folder: ["android", model, "--project", folder],
}


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process."""
    return Command(capfd)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the commands need beside the model."""
    (tmp_path / "reviews.csv").write_text(REVIEWS, encoding="utf-8")
    (tmp_path / "app" / "src" / "main").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_the_file_is_opened_once(command: Command, folder: Path, name: str) -> None:
    """Whatever a command does with a model, it asks the disk for it once."""
    model = folder / "model.onnx"
    shutil.copy(SHIPPED_MODEL, model)
    opened.clear()
    watched.append(str(model))
    try:
        done = command(*COMMANDS[name](model, folder))
    finally:
        watched.clear()
    assert done.code == 0, done.err
    assert opened == [str(model)]


@contextmanager
def pipe(path: Path, write: Callable[[int], None]) -> Iterator[None]:
    """A named pipe that `write` fills once; who opens it again waits, and then gets nothing."""
    os.mkfifo(path)
    ended = threading.Event()

    def serve() -> None:
        descriptor = os.open(path, os.O_WRONLY)
        with suppress(BrokenPipeError):
            write(descriptor)
        os.close(descriptor)
        if not ended.wait(60):
            # Whoever waits now would do so for ever; without a reader this is an error.
            with suppress(OSError):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield
    finally:
        ended.set()
        server.join(10)
        assert not server.is_alive()


posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@posix
@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe(command: Command, folder: Path, name: str) -> None:
    """As of `edgernn audit <(curl …)`: a file that can be read once."""

    def write(descriptor: int) -> None:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(SHIPPED_MODEL.read_bytes())

    model = folder / "model.onnx"
    with pipe(model, write):
        done = command(*COMMANDS[name](model, folder))
    assert done.code == 0, done.err


@posix
@pytest.mark.parametrize("name", ["audit", "score"])
def test_a_pipe_without_end(
    command: Command, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read up to the bound on a file's size, and refused."""
    most = 1 << 20
    monkeypatch.setattr(model_file, "MAX_MODEL_BYTES", most)
    written: list[int] = []

    def write(descriptor: int) -> None:
        while True:
            written.append(os.write(descriptor, bytes(1 << 16)))

    model = folder / "model.onnx"
    with pipe(model, write):
        done = command(*COMMANDS[name](model, folder))
    assert done.code == 1
    assert done.err.splitlines()[-1].endswith(f"{model}: larger than 1 MiB")
    # A pipe holds at most 1 MiB beside what was read; by default 64 KiB.
    assert most < sum(written) <= 2 * most + (1 << 16)
