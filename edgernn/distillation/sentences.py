"""Sentences of a text, for labels finer than a whole review's."""

from __future__ import annotations

import re

__all__ = ["split_sentences"]

# A sentence ends behind a full stop, an exclamation or a question mark, or at a line break of HTML.
_END = re.compile(r"(?<=[.!?])\s+|\s*<br\s*/?>\s*", re.IGNORECASE)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, none of them empty.

    A rule of thumb: abbreviations end sentences too, which does no harm where a crop of one to
    three is read.
    """
    return [sentence for sentence in _END.split(text) if sentence and not sentence.isspace()]
