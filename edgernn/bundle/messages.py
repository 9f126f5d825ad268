"""What an error may quote of a file or of an engine: one short line of printable characters."""

from __future__ import annotations

__all__ = ["one_line"]

_LONGEST = 400
"""Characters; a longer message loses its middle."""


def one_line(text: str) -> str:
    """Return a text fit for a terminal: what is not printable is escaped, what is long is cut.

    A name inside a hostile file may hold line breaks, escape sequences or megabytes.
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
