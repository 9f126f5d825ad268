"""The command line in this process: many small cases without the start of an interpreter each."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple
from unittest import mock

import pytest

from edgernn.cli import main, options

DROPPED = ("EDGERNN_DATA", "TF_CPP_MIN_LOG_LEVEL", "COLUMNS", "KERAS_BACKEND")
"""What a command does not see of our environment."""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """`edgernn` with arguments, under a test's own capture."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: object) -> Done:
        """Run to the end."""
        code = _run(arguments)
        out, err = self._capfd.readouterr()
        return Done(code, out, err)


class InProcess:
    """`edgernn` as the console script of the same arguments would end, for fixtures of any scope.

    What is written to descriptors 1 and 2, by native code too, is what the result holds.
    """

    uses = ("keras",)
    """Markers of tests that have it: some of the commands import TensorFlow."""

    def __call__(
        self, *arguments: object, stdin: bytes = b"", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; standard output and standard error come as text."""
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            files[0].write(stdin)
            files[0].seek(0)
            with _standing_in(files), nullcontext() if cwd is None else chdir(cwd):
                code = _run(arguments)
            written = []
            for file in files[1:]:
                file.seek(0)
                written.append(file.read().decode())
        return subprocess.CompletedProcess(["edgernn", *map(str, arguments)], code, *written)


def _run(arguments: tuple[object, ...]) -> int:
    before = signal.getsignal(signal.SIGINT)
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    with (
        mock.patch.object(sys, "argv", ["edgernn", *map(str, arguments)]),
        mock.patch.dict(os.environ, kept, clear=True),
        mock.patch.object(options, "_debug", False),
        warnings.catch_warnings(),
    ):
        _as_python_starts()
        try:
            main.run()
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
                return 1
            return ended.code or 0
        except Exception:  # noqa: BLE001
            # With --debug an error is Python's own to show.
            traceback.print_exc()
            return 1
        finally:
            signal.signal(signal.SIGINT, before)
    return 0


def _as_python_starts() -> None:
    """Show the warnings that Python shows where nothing asks for others."""
    warnings.resetwarnings()
    for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", hidden)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")


@contextmanager
def _standing_in(files: list[IO[bytes]]) -> Iterator[None]:
    """Put files in the place of the three standard streams, of Python and of native code."""
    sys.stdout.flush()
    sys.stderr.flush()
    real = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    streams = [
        io.TextIOWrapper(io.open(number, mode, closefd=False), "utf-8")  # noqa: SIM115, UP020
        for number, mode in enumerate(("rb", "wb", "wb"))
    ]
    try:
        with (
            mock.patch.object(sys, "stdin", streams[0]),
            mock.patch.object(sys, "stdout", streams[1]),
            mock.patch.object(sys, "stderr", streams[2]),
        ):
            yield
    finally:
        for stream in streams:
            stream.close()
        for number, descriptor in enumerate(real):
            os.dup2(descriptor, number)
            os.close(descriptor)
