"""The command line in this process: many small cases without the start of an interpreter each."""

from __future__ import annotations

import signal
import sys
import warnings
from typing import NamedTuple

import pytest

from edgernn.cli import main


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """`edgernn` with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(self, *arguments: object) -> Done:
        """Run to the end."""
        before = signal.getsignal(signal.SIGINT)
        code: object = 0
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["edgernn", *map(str, arguments)])
            patch.setattr(warnings, "showwarning", warnings.showwarning)
            try:
                main.run()
            except SystemExit as ended:
                code = ended.code
            finally:
                signal.signal(signal.SIGINT, before)
        out, err = self._capfd.readouterr()
        return Done(code if isinstance(code, int) else 0, out, err)
