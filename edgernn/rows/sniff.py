"""Which format a text has that has no name to tell it, such as standard input."""

from __future__ import annotations

import json

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, folded
from edgernn.rows.delimited import head_lines
from edgernn.rows.dialect import Dialect, dialect_of
from edgernn.rows.encodings import Text
from edgernn.rows.fields import profile_of, without_end
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
    if bare.startswith("["):
        rest = "".join(lines).lstrip()[1:].lstrip()
        if rest.startswith("{"):
            return "json"
    if bare.startswith("{"):
        if _is_object(bare):
            return "jsonl"
        if len(bare) < 2 or bare[1:].lstrip().startswith('"'):
            raise DataError(
                f"{text.name} may be JSON, but its first line is no object by itself; give "
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
    usual = {folded(column) for column in TEXT_COLUMNS}
    named = any(folded(cell) in usual for cell in header)
    if len(header) == 1:
        if not named:
            return "txt"
        raise DataError(
            f"{name} may be a table of the column {header[0]!r}, or plain text; give --format csv "
            "or --format txt"
        )
    places = range(len(header))
    names = all(len(cell.split()) <= _NAME_WORDS and not cell.startswith(" ") for cell in header)
    if named and names:
        return form
    if read.share < _CONSISTENT or (len(read.rows) == 1 and not names):
        return "txt"
    # What stands after a comma in a text begins with a space.
    profile = profile_of(read.rows, len(header), read.delimiter)
    if read.delimiter != "\t" and not profile.close - {0}:
        return "txt"
    words = [sum(len(row[i].split()) for row in read.rows if i < len(row)) for i in places]
    column = f"--text-column {words.index(max(words)) + 1}"
    if seems_data(header):
        how = f"--format {form} --no-header {column}"
    else:
        how = f"--format {form} {column}, with --no-header if its first row is data"
    raise DataError(
        f"{name} may be a table of {len(header)} columns, or plain text; give {how}; or give "
        "--format txt for a text a line"
    )


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def check_plain(text: Text) -> None:
    """Raise a DataError if a file that is named as plain text is certainly something else."""
    lines, _ = head_lines(text)
    first = next((line for line in lines if line.strip()), "").strip()
    if first.startswith("{") and _is_object(first):
        raise DataError(_not_plain(text.name, "JSON objects", "jsonl"))
    bare = [without_end(line) for line in lines if without_end(line)]
    tabs = {line.count("\t") for line in bare}
    if len(bare) > 1 and len(tabs) == 1 and tabs != {0}:
        rows = [line.split("\t") for line in bare]
        usual = {folded(column) for column in TEXT_COLUMNS}
        options = "tsv"
        if not any(folded(cell) in usual for cell in rows[0]):
            words = [sum(len(row[i].split()) for row in rows) for i in range(len(rows[0]))]
            options += f" --no-header --text-column {words.index(max(words)) + 1}"
        raise DataError(_not_plain(text.name, "columns separated by tabs", options))


def _not_plain(name: str, what: str, form: str) -> str:
    return f"{name} holds {what}; give --format {form}, or --format txt to read a text a line"
