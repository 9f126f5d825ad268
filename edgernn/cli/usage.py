"""Wrong usage that Typer finds, in one line, as all other errors are."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["usage_line"]

_REWORDED = (
    (r"^Invalid value for '([^']*)': ", r"\1: "),
    (r"^(Invalid|Missing|No|Got|Option|Could) ", lambda found: found[0].lower()),
    (r" is not a valid int(eger)?( range)?$", " is not a whole number"),
    (r" is not a valid float( range)?$", " is not a number"),
    (r"^got unexpected extra argument\(s\) \((.*)\)$", r"unexpected argument: \1"),
    (r"^no such option: (\S+) \(Possible options: (.*)\)$", r"no such option: \1; there is \2"),
    (r"[.,;]? Did you mean (.*)\?$", r"; there is \1"),
)
"""Typer's phrases, in the order in which they are replaced, and ours."""


def usage_line(error: Exception, command: str | None) -> str | None:
    """Return what is wrong and where to look; None where it is no error of Typer's.

    Args:
        error: any. Typer's are told by their method `format_message`: their base class has no
            public name in all versions of Typer that are supported.
        command: the one that was named; None where there is none.
    """
    format_message: Callable[[], str] | None = getattr(error, "format_message", None)
    if format_message is None:
        return None
    line = format_message().strip().removesuffix(".")
    for pattern, replacement in _REWORDED:
        line = re.sub(pattern, replacement, line)
    # An error has a context, in which the command is, only if it arose late enough.
    return f"{line}; see edgernn{f' {command}' if command else ''} --help"
