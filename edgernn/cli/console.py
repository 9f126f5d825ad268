"""What the commands say, on standard error: steps, warnings, errors, progress on a terminal.

Results go to standard output and nothing else does.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from edgernn.training.history import Epoch

__all__ = [
    "INTERRUPTED",
    "TrainingProgress",
    "busy",
    "done",
    "progress",
    "quoted",
    "say",
    "show_warnings",
    "write_line",
]

INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, by the shells' convention."""


def say(line: str) -> None:
    """Print a line for people."""
    _print(line)


def done(line: str) -> None:
    """Print a line about a check that holds."""
    _print(f"\u2713 {line}")


def quoted(word: object) -> str:
    """Return a word of a command that people copy into a shell."""
    import shlex

    return shlex.quote(str(word))


def write_line(line: str) -> None:
    """Print a line of the result to standard output, whatever characters it holds.

    A lone surrogate cannot be encoded; it becomes its escape, which JSON reads back.
    """
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")


def show_warnings() -> None:
    """Print Python's warnings as one line each."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        _print(f"warning: {message}")

    warnings.showwarning = show


@contextmanager
def busy(title: str) -> Iterator[None]:
    """Show that a long step is under way; a spinner with the time, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_rich(), transient=True) as bar:
        bar.add_task(title, total=None)
        yield


@contextmanager
def progress(title: str, total: int | None, *, shown: bool = True) -> Iterator[Any]:
    """Give a function that takes how much more is done; a bar, on a terminal only."""
    if not shown or not sys.stderr.isatty():
        yield lambda more: None
        return
    from rich.progress import Progress

    with Progress(console=_rich(), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda more: bar.advance(task, more)


class TrainingProgress:
    """Draws a bar for each epoch on a terminal, and prints a line when one ends."""

    def __init__(self, epochs: int) -> None:
        """Count towards `epochs`."""
        self._epochs = epochs
        self._bar: Any = None
        self._task: Any = None

    def on_batch(self, epoch: int, batch: int, batches: int, loss: float, accuracy: float) -> None:
        """Move the bar."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar, self._task = _training_bar()
        self._bar.update(
            self._task,
            completed=(epoch - 1) * batches + batch,
            total=self._epochs * batches,
            description=f"epoch {epoch}/{self._epochs}",
            measured=f"loss {loss:.4f}  accuracy {accuracy:.4f}",
        )

    def on_epoch(self, epoch: Epoch, selected: Epoch) -> None:
        """Print what the epoch measured."""
        mark = "  kept so far" if selected.epoch == epoch.epoch else ""
        left = (self._epochs - epoch.epoch) * epoch.seconds
        ahead = f", at most {max(1, round(left / 60))} min left" if left else ""
        say(
            f"epoch {epoch.epoch}/{self._epochs}: loss {epoch.loss:.4f}, accuracy "
            f"{epoch.accuracy:.4f}; validation loss {epoch.validation_loss:.4f}, accuracy "
            f"{epoch.validation_accuracy:.4f}; {epoch.seconds:.0f} s{ahead}{mark}"
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def _training_bar() -> tuple[Any, Any]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[measured]}"),
        TimeRemainingColumn(),
        console=_rich(),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task("", measured="")


def _rich() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _print(line: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stderr.flush()
