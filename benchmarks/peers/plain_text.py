"""Texts as programs want them that know nothing of HTML."""

from __future__ import annotations

import re

__all__ = ["spaced", "without_breaks"]

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PUNCTUATION = re.compile(r"([.!?,'/()])")


def without_breaks(text: str) -> str:
    """Return a text with a space for each `<br />`."""
    return _BREAK.sub(" ", text)


def spaced(text: str) -> str:
    """Return a text on one line, in lower case, with spaces around punctuation.

    fastText splits at white space alone; its tutorial on classification prepares texts with
    lower case and spaces around these characters.
    """
    return " ".join(_PUNCTUATION.sub(r" \1 ", without_breaks(text).lower()).split())
