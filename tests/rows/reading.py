"""Reading bytes as a file, for the tests of rows."""

import io
from typing import Any

from edgernn.rows import ReadOptions, Row, open_rows


def rows_of(content: bytes, form: str | None = "csv", **options: Any) -> list[Row]:
    """Return all rows."""
    return list(open_rows(io.BytesIO(content), ReadOptions(format=form, **options)))


def texts_of(content: bytes, form: str | None = "csv", **options: Any) -> list[str | None]:
    """Return the text of each row, None for a bad one."""
    rows = open_rows(io.BytesIO(content), ReadOptions(format=form, **options))
    return [rows.text(row) if row.error is None else None for row in rows]


def option_in(message: str) -> dict[str, Any]:
    """Return the options that a message proposes, as ReadOptions takes them."""
    words = message.replace("`", "").replace(";", " ").replace(",", " ").split()
    found: dict[str, Any] = {}
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word == "--no-header":
            found["header"] = False
        elif word.startswith("--"):
            found.setdefault(word[2:].replace("-", "_"), value)
    return found
