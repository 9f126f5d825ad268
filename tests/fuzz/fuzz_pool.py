"""Runs model files in a child process that is started again when one of them ends it."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Outcome", "Worker"]

_SCRIPT = Path(__file__).with_name("fuzz_worker.py")
_START_SECONDS = 120.0
_HANG_SECONDS = 20.0
"""Wall time after which a file is given up; the bound that is tested is on processor time, which a
busy machine does not lengthen."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    status: str
    """`loaded`, `refused` (an EdgernnError), `error` (any other), `crash` or `hang`."""
    kind: str = ""
    """The class of the error."""
    message: str = ""
    probabilities: tuple[float, ...] = ()
    seconds: float = 0.0
    """Processor time."""
    memory: int = 0
    """Bytes that the process grew by at most, its file included."""
    touched: tuple[str, ...] = ()
    """What was opened, listed, written or started besides the file itself."""


class Worker:
    """One child process; a context manager."""

    def __init__(self, sound: Sequence[Path], folder: Path, script: Path = _SCRIPT) -> None:
        """Take sound files to warm up with, and the folder that the child works in."""
        self._script = script
        self._sound = sound
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def ask(self, path: Path) -> Outcome:
        """Load and score one file."""
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        answer = self._answer(process, _HANG_SECONDS)
        if answer is None:
            code = process.poll()
            self._stop()
            if code is None:
                return Outcome("hang", seconds=_HANG_SECONDS)
            return Outcome("crash", message=f"exit code {code}")
        for name in ("probabilities", "touched"):
            answer[name] = tuple(answer.get(name, ()))
        return Outcome(**answer)

    def _start(self) -> subprocess.Popen[str]:
        self._process = process = subprocess.Popen(
            [sys.executable, self._script, *self._sound],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._folder,
            text=True,
        )
        if self._answer(process, _START_SECONDS) is None:
            self._stop()
            raise RuntimeError("the child process did not score the sound files")
        return process

    def _answer(self, process: subprocess.Popen[str], seconds: float) -> dict[str, Any] | None:
        """Return a line that the child wrote, or None when it ends or takes too long."""
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return None
        line = process.stdout.readline()
        if not line:
            process.wait(10)
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
