"""Which format a text has that has no name to tell it, such as standard input."""

from __future__ import annotations

import json
from collections.abc import Sequence

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, folded
from edgernn.rows.delimited import head_lines
from edgernn.rows.dialect import Dialect, dialect_of
from edgernn.rows.encodings import Text
from edgernn.rows.fields import profile_of
from edgernn.rows.header import seems_data
from edgernn.rows.options import ReadOptions

_CONSISTENT = 0.9
_NAME_WORDS = 3


def sniffed(text: Text, options: ReadOptions) -> str:
    """Return the name of the format that `text` has by the way it begins.

    Raises:
        DataError: it may be a table or plain text; the message says what to give for which.
    """
    lines, cut = head_lines(text)
    first = next((line for line in lines if line.strip()), "")
    bare = first.strip()
    if _is_array(lines):
        return "json"
    if bare.startswith("{"):
        if _is_object(bare):
            return "jsonl"
        if len(bare) < 2 or bare[1:].lstrip().startswith('"'):
            raise DataError(
                f"{text.name} may be JSON, but its first line is not an object by itself; give "
                "--format jsonl for an object a line, or --format txt for a text a line"
            )
    if options.delimiter is not None or not options.header:
        return "csv"
    try:
        read = dialect_of(lines, text.name, cut=cut, usual=",", quoting=options.quoting)
    except DataError:
        # Two delimiters would do, so that it is a table by either.
        read = dialect_of(lines, text.name, cut=cut, usual=",", delimiter=",")
    return _by_rows(text.name, read, options.text_column)


def _by_rows(name: str, read: Dialect, asked: str | None) -> str:
    form = "tsv" if read.delimiter == "\t" else "csv"
    header = read.rows[0] if read.rows else [""]
    if read.skipped or (asked is not None and asked in header):
        return form
    if len(header) == 1:
        if not _is_header(header):
            return "txt"
        raise DataError(
            f"{name} may be a table of the column {header[0]!r}, or plain text; give --format csv "
            "or --format txt"
        )
    if _is_header(header):
        return form
    if read.share < _CONSISTENT or (len(read.rows) == 1 and not _are_names(header)):
        return "txt"
    # What stands after a comma in a text begins with a space.
    profile = profile_of(read.rows, len(header), read.delimiter)
    if read.delimiter != "\t" and not profile.close - {0}:
        return "txt"
    column = f"--text-column {_most_words(read.rows)}"
    if seems_data(header):
        how = f"--format {form} --no-header {column}"
    else:
        how = f"--format {form} {column}, with --no-header if its first row is data"
    raise DataError(
        f"{name} may be a table of {len(header)} columns, or plain text; give {how}; or give "
        "--format txt for a text a line"
    )


def _are_names(cells: Sequence[str]) -> bool:
    return all(len(cell.split()) <= _NAME_WORDS and not cell.startswith(" ") for cell in cells)


def _is_header(cells: Sequence[str]) -> bool:
    usual = {folded(column) for column in TEXT_COLUMNS}
    return _are_names(cells) and any(folded(cell) in usual for cell in cells)


def _most_words(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of the column that has the most words, from 1 on."""
    words = [sum(len(row[i].split()) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    return words.index(max(words)) + 1


def _is_array(lines: Sequence[str]) -> bool:
    start = "".join(lines[:100]).lstrip()
    return start.startswith("[") and start[1:].lstrip().startswith("{")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def check_plain(text: Text) -> None:
    """Raise a DataError if a file that is named as plain text is certainly something else."""
    lines, cut = head_lines(text)
    first = next((line for line in lines if line.strip()), "").strip()
    if first.startswith("{") and _is_object(first):
        raise DataError(_not_plain(text.name, "JSON objects", "jsonl"))
    if _is_array(lines):
        raise DataError(_not_plain(text.name, "a JSON array", "json"))
    try:
        read = dialect_of(lines, text.name, cut=cut, usual=",")
    except DataError:
        # Two delimiters would do, as in a text.
        return
    if len(read.rows) < 2 or len(read.rows[0]) < 2 or read.share < _CONSISTENT:
        return
    form = "tsv" if read.delimiter == "\t" else "csv"
    if _is_header(read.rows[0]):
        raise DataError(_not_plain(text.name, "a table", form))
    if form == "tsv" and read.share == 1:
        column = _most_words(read.rows)
        options = f"tsv --no-header --text-column {column}"
        raise DataError(_not_plain(text.name, "columns separated by tabs", options))


def _not_plain(name: str, what: str, form: str) -> str:
    return f"{name} holds {what}; give --format {form}, or --format txt to read a text a line"
