"""Lines of a word and its id with a comma or another mark between, as spreadsheets write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgernn.errors import DataError
from edgernn.training.imported.settings import shown

__all__ = ["NOT_COUNTS", "separated"]

NOT_COUNTS = (
    "counts, such as a Tokenizer's word_counts, do not tell ids: save its word_index, or "
    "tokenizer.to_json(), instead"
)

_SEPARATORS = ",;|:=\t"
_FIELD = {
    c: re.compile(rf'( *"(?:[^"]|"")*" *|[^{re.escape(c)}]*){re.escape(c)}') for c in _SEPARATORS
}
_ID = re.compile(r'"?(-?\d{1,9})"?')
_NUMBER = re.compile(r'"?-?\d+(\.\d+)?"?')
_WORD_NAMES = frozenset(("", "word", "words", "token", "tokens", "term", "terms", "text", "key"))
_ID_NAMES = frozenset(
    ("id", "ids", "index", "idx", "word_id", "token_id", "word_index", "wordid", "value")
)
_COUNT_NAMES = frozenset(("count", "counts", "n", "freq", "frequency", "occurrences"))


def separated(path: Path, lines: Sequence[str]) -> list[tuple[int, str]] | None:
    """Read lines of a word and its id, or an id and its word; None where they are neither.

    A first line of column names, such as `word,id`, is left out.

    Raises:
        DataError: a line is not as the others, has other columns, or names counts.
    """
    for separator in _SEPARATORS:
        if len(lines) < 2 or not any(separator in line for line in lines[:2]):
            continue
        rows = [_fields(line, separator) for line in lines]
        like = _ID if separator == "\t" else _NUMBER  # pieces may have weights behind a tab
        for number, word in ((1, 0), (0, 1)):
            if _most(len(row) > 1 and like.fullmatch(row[number]) is not None for row in rows):
                return _pairs(path, lines, rows, number, word)
        if _most(len(row) > 2 and any(map(like.fullmatch, row)) for row in rows):
            raise _columns(path, lines, rows)
    return None


def _most(found: Iterable[bool]) -> bool:
    seen = list(found)
    return sum(seen) >= max(len(seen) / 2, 1)


def _pairs(
    path: Path, lines: Sequence[str], rows: Sequence[list[str]], number: int, word: int
) -> list[tuple[int, str]]:
    first = _header(path, lines[0], rows[0], number, word)
    if any(len(row) > 2 for row in rows):
        raise _columns(path, lines, rows)
    for place, row in enumerate(rows[first:], start=first):
        if len(row) < 2 or _ID.fullmatch(row[number]) is None:
            raise DataError(
                f"{path}, line {place + 1}: {shown(lines[place])} is not a word and its id, as the "
                "other lines are"
            )
    words = _unquoted(path, [row[word] for row in rows[first:]], first)
    ids = [int(row[number].strip('"')) for row in rows[first:]]
    return list(zip(ids, words, strict=True))


def _columns(path: Path, lines: Sequence[str], rows: Sequence[list[str]]) -> DataError:
    place = next(i for i, row in enumerate(rows) if len(row) > 2)
    return DataError(
        f"{path}, line {place + 1}: {shown(lines[place])} has {len(rows[place])} columns: a word "
        "and its id are two"
    )


def _header(path: Path, line: str, row: Sequence[str], number: int, word: int) -> int:
    """Return 1 if a line names the columns; one that does not is left to the caller."""
    names = [field.strip('"').casefold() for field in row]
    if len(names) != 2 or names[word] not in _WORD_NAMES:
        return 0
    if names[number] in _COUNT_NAMES:
        raise DataError(f"{path}: {shown(line)} names counts: {NOT_COUNTS}")
    return int(names[number] in _ID_NAMES)


def _fields(line: str, separator: str) -> list[str]:
    """Split at a separator outside of quotes; quotes stay."""
    if '"' not in line:
        return [field.strip() for field in line.split(separator)]
    return [field.strip() for field in _FIELD[separator].findall(line + separator)]


def _unquoted(path: Path, words: Sequence[str], skipped: int) -> list[str]:
    """Take off the quotes that a writer of CSV puts around words.

    Raises:
        DataError: a few words have quotes that they do not need, which may be part of them.
    """
    inner = [w[1:-1] if len(w) > 1 and w[0] == w[-1] == '"' else None for w in words]
    of_all = None not in inner
    found = []
    for place, (word, bare) in enumerate(zip(words, inner, strict=True), start=skipped + 1):
        if bare is None:
            found.append(word)
        elif of_all or not bare or '"' in bare or not set(bare).isdisjoint(_SEPARATORS):
            found.append(bare.replace('""', '"'))
        else:
            raise DataError(
                f"{path}, line {place}: {shown(word)}: quotes around one word and not around all "
                "may be part of it: save the words as JSON {word: id}"
            )
    return found
