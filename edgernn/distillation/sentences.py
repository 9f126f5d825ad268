"""Sentences of a text, for labels finer than a whole review's."""

from __future__ import annotations

import re

from edgernn.text.code_points import as_class, ranges_of

__all__ = ["split_sentences", "words_apart"]

# A sentence ends behind a full stop, an exclamation or a question mark, or at a line break of HTML.
# Behind those of scripts without spaces there is none.
_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f\uff61])|\s*<br\s*/?>\s*", re.IGNORECASE)
_UNIT = re.compile(f"[{as_class(ranges_of('unspaced'))}][{as_class(ranges_of('unspaced_marks'))}]*")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, none of them empty.

    A rule of thumb: abbreviations end sentences too, which does no harm where a crop of one to
    three is read.
    """
    return [sentence for sentence in _END.split(text) if sentence and not sentence.isspace()]


def words_apart(text: str) -> str:
    """Return a text with spaces around each character of scripts that have none between words."""
    return text if text.isascii() else _UNIT.sub(r" \g<0> ", text)
