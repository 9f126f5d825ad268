"""Signals: each ends a block with its own line and exit code, and no more than once."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from edgernn.cli.signals import Ended, end, ending_on_signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has these signals in name only")


def ends(block: Callable[[], None]) -> int:
    """Run what a signal ends; return the exit code."""
    with pytest.raises(Ended) as ended, ending_on_signals():
        block()
    return ended.value.code


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_each_signal(capsys, number, code, line):
    """Cleaning up is done, one line says what came, and the handlers of before are back."""
    before = signal.getsignal(number)
    steps = []

    def command():
        try:
            signal.raise_signal(number)
            steps.append("went on")
        finally:
            steps.append("cleaned up")

    assert ends(command) == code
    assert steps == ["cleaned up"]
    assert capsys.readouterr().err == f"{line}\n"
    assert signal.getsignal(number) == before


def test_a_command_that_says_more(capsys):
    """What it says stands behind the cause; nothing is said twice."""

    def command():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            end(" after 7 rows")

    assert ends(command) == 143
    assert capsys.readouterr().err == "ended by SIGTERM after 7 rows\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_switched_off(number):
    """As by `nohup`, or in the background of a shell: it stays so."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with ending_on_signals():
            signal.raise_signal(number)
            assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_twice_in_a_row():
    """The second does not break off the cleaning up; one that comes later does."""
    steps = []

    def command():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGHUP)
            steps.append("cleaned up")
            time.sleep(1.1)
            signal.raise_signal(signal.SIGTERM)
            steps.append("went on")

    assert ends(command) == 143
    assert steps == ["cleaned up"]


def test_in_a_destructor(capsys):
    """There Python loses exceptions; the command ends all the same."""

    class Destructor:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    def command():
        Destructor()
        time.sleep(60)

    started = time.monotonic()
    assert ends(command) == 143
    assert time.monotonic() < started + 30
    assert capsys.readouterr().err == "ended by SIGTERM\n"


def test_native_code_that_makes_another_error_of_it(capsys):
    """As extension modules do when they are interrupted while they are imported."""

    def command():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise ImportError("initialization failed") from error

    assert ends(command) == 143
    assert capsys.readouterr().err == "ended by SIGTERM\n"


def test_a_full_disk_in_cleaning_up():
    """That is told rather than the signal: what should have been kept is not."""

    def command():
        with ending_on_signals():
            try:
                signal.raise_signal(signal.SIGTERM)
            except KeyboardInterrupt:
                raise OSError(28, "No space left on device") from None

    with pytest.raises(OSError, match="No space left"):
        command()


@pytest.mark.parametrize("error", [ValueError("a"), SystemExit(2), SystemExit(0)])
def test_without_a_signal(capsys, error):
    """What a command raises by itself passes as it is."""
    with pytest.raises(type(error)) as caught, ending_on_signals():
        raise error
    assert caught.value is error
    assert capsys.readouterr().err == ""
