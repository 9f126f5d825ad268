"""Which texts belong together, so that none of them is measured on what its like has taught."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.text.normalize import BREAK

__all__ = ["alike", "group"]

_NO_WORD = re.compile(r"[\W_]+")


def alike(text: str) -> str:
    """Return a form of a text that is the same for all that a model can hardly tell apart.

    Case, white space, line breaks of HTML, punctuation and Unicode's compatible forms do not count.
    """
    plain = unicodedata.normalize("NFKC", BREAK.sub(" ", text)).casefold()
    words = _NO_WORD.sub(" ", plain).strip()
    # Of a text of signs alone, such as smileys, the signs count.
    return words or " ".join(plain.split())


def group(texts: Sequence[str], named: Sequence[str] | None = None) -> npt.NDArray[np.int64] | None:
    """Number the groups of texts: those alike, and those of one name, and those of one of either.

    Args:
        texts: the texts.
        named: the group of each, as a person's column has it; a text of an empty name has none.

    Returns:
        int64 [texts], the number of each text's group; None where each text is for itself.
    """
    parents = list(range(len(texts)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    keys = [[("text", alike(text)) for text in texts]]
    if named is not None:
        keys.append([("name", name) for name in named])
    joined = False
    for column in keys:
        first: dict[tuple[str, str], int] = {}
        for row, key in enumerate(column):
            if not key[1]:
                continue
            other = root(first.setdefault(key, row))
            mine = root(row)
            if other != mine:
                # The smaller number, so that groups are numbered by their first text.
                parents[max(mine, other)] = min(mine, other)
                joined = True
    if not joined:
        return None
    return np.array([root(row) for row in range(len(texts))], np.int64)
