"""Signals end a command as Ctrl-C does: it cleans up its files and says what ended it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from edgernn.cli.console import INTERRUPTED, say

__all__ = ["Ended", "end", "ending_on_signals"]

_HEEDED = ("SIGINT", "SIGTERM", "SIGHUP")
_ONCE_WITHIN = 1.0
"""Seconds in which further signals change nothing: a terminal that closes sends SIGHUP twice, and
the second would break off the cleaning up."""


class Ended(SystemExit):
    """A command was ended by a signal, and has said so."""


class _Received:
    """The signal that ends the command, and when it came."""

    number: int | None = None
    at = 0.0


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block on Ctrl-C, SIGTERM and SIGHUP; end as they ask.

    A signal that is switched off, as by `nohup` or in the background of a shell, stays so. For the
    main thread.

    Raises:
        Ended: such a signal ended the block.
    """
    _Received.number = None
    before: dict[int, Any] = {}
    hook = sys.unraisablehook
    try:
        for name in _HEEDED:
            number = getattr(signal, name, None)  # Windows has no SIGHUP.
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, _interrupt)
        sys.unraisablehook = _unraisable
        yield
    except (Ended, OSError):
        raise
    except KeyboardInterrupt:
        end()
    except SystemExit as error:
        # Typer makes it of a KeyboardInterrupt that no command catches.
        if error.code == INTERRUPTED:
            end()
        raise
    except Exception:
        # Native code that is interrupted as it imports or calls Python raises what it likes.
        if _Received.number is not None:
            end()
        raise
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def end(note: str = "") -> NoReturn:
    """Say what ended the command, and `note`; exit with the code that shells give to it."""
    number = signal.SIGINT if _Received.number is None else _Received.number
    cause = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    say(f"{cause}{note}")
    raise Ended(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _Received.number is not None and now - _Received.at < _ONCE_WITHIN:
        return
    _Received.number, _Received.at = number, now
    raise KeyboardInterrupt


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Raise a KeyboardInterrupt again that came in a destructor or callback, where it is lost."""
    if not issubclass(lost.exc_type, KeyboardInterrupt) or _Received.number is None:
        sys.__unraisablehook__(lost)
        return
    number, _Received.number = _Received.number, None
    # A little later: raised here it would be lost again.
    threading.Timer(0.05, _send, (threading.get_ident(), number)).start()


def _send(thread: int, number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        # Another thread's signal would not wake one that waits.
        signal.pthread_kill(thread, number)
