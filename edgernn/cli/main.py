"""The command line: its commands, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from edgernn import __version__
from edgernn.cli import file_commands, run_commands
from edgernn.cli.console import say, show_warnings, write_line
from edgernn.cli.data_options import with_data_options
from edgernn.cli.garbage import look_as_usual
from edgernn.cli.options import debugging
from edgernn.cli.signals import ending_on_signals
from edgernn.cli.usage import usage_line
from edgernn.errors import EdgernnError

__all__ = ["app", "run"]

_COMMANDS = {**run_commands.COMMANDS, **file_commands.COMMANDS}


def _show_version(wanted: bool) -> None:
    if wanted:
        write_line(f"edgernn {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    # In place of the docstring, which would become the text of the help.
    pass


def _app(names: Iterable[str]) -> typer.Typer:
    made = typer.Typer(
        name="edgernn",
        help="Train a recurrent text classifier, export it with its vocabulary, score text "
        "offline.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # With one command alone Typer would take its name for an argument.
    made.callback()(_options)
    for name in names:
        made.command(name)(with_data_options(_COMMANDS[name]))
    return made


if TYPE_CHECKING:
    app: typer.Typer
    """All commands."""
else:

    def __getattr__(name: str) -> object:
        if name != "app":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()["app"] = made = _app(_COMMANDS)
        return made


def run() -> None:
    """Run the command line; what ends a command becomes one line, or a traceback with --debug."""
    show_warnings()
    # Only the command that is named is built: the others' options would cost a tenth of the time
    # to a first score.
    named = [name for name in sys.argv[1:2] if name in _COMMANDS]
    if named != ["score"]:
        look_as_usual()
    try:
        with ending_on_signals():
            # By itself Typer would frame what was asked wrongly; asked for nothing, it shows help.
            command = _app(named or _COMMANDS)
            sys.exit(command(standalone_mode=len(sys.argv) < 2))
    except BrokenPipeError:
        # The reader of our output, such as head, has had enough.
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        usage = usage_line(error, named[0] if named else None)
        if usage is None and debugging():
            raise
        say(f"error: {usage or _line(error)}")
        sys.exit(getattr(error, "exit_code", 1))


def _line(error: Exception) -> str:
    if isinstance(error, EdgernnError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        # A file is written under a temporary name and then renamed: the second name is the one.
        name = error.filename2 or error.filename
        return f"{name}: {error.strerror}" if name else error.strerror
    reason = str(error).strip().partition("\n")[0]
    return f"unexpected {type(error).__name__}: {reason}; --debug shows where"
