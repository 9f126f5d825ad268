"""Plain text, one text a line."""

from __future__ import annotations

from collections.abc import Iterator

from edgernn.rows.encodings import Lines, Text, readable
from edgernn.rows.files import BadRowError
from edgernn.rows.options import ReadOptions
from edgernn.rows.row import Row, Table


def read_txt(text: Text, options: ReadOptions) -> Table:
    """Read one text a line; an empty line is an empty text."""
    return Table(("text",), _rows(text), ("text",))


def _rows(text: Text) -> Iterator[Row]:
    lines = Lines(text)
    for string, bad in decoded(lines):
        if bad is None:
            yield Row(lines.number, {"text": string.removesuffix("\n").removesuffix("\r")})
        else:
            yield bad


def decoded(lines: Lines) -> Iterator[tuple[str, Row | None]]:
    """Yield each line with its end, or beside an empty one the row that says why it is no text."""
    while True:
        try:
            line = next(lines)
            string = line.decode()
        except StopIteration:
            return
        except BadRowError as exc:
            yield "", Row(lines.number, {}, str(exc))
        except UnicodeDecodeError as exc:
            yield "", Row(lines.number, {}, lines.not_text(exc), readable(line))
        else:
            yield string, None
