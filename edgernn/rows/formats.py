"""The file formats, as one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from edgernn.errors import DataError, UsageError
from edgernn.rows import readers


@dataclass(frozen=True, slots=True)
class Format:
    """A format that rows are read from."""

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[BinaryIO, str], readers.Table]
    lines: bool = True
    """Whether it is text, line by line: such a file may be gzipped, or come through a pipe."""


FORMATS: tuple[Format, ...] = (
    Format("txt", (".txt",), readers.read_txt),
    Format("csv", (".csv",), readers.read_csv),
    Format("tsv", (".tsv", ".tab"), readers.read_tsv),
    Format("jsonl", (".jsonl", ".ndjson"), readers.read_jsonl),
    Format("parquet", (".parquet", ".pq"), readers.read_parquet, lines=False),
)


def format_named(name: str) -> Format:
    """Return the format called `name`; a UsageError lists the names that there are."""
    for form in FORMATS:
        if form.name == name:
            return form
    known = ", ".join(form.name for form in FORMATS)
    raise UsageError(f"there is no format {name!r}; choose one of {known}")


def format_of(name: str) -> Format:
    """Return the format that a file's name tells, whether or not it ends in `.gz`.

    Raises:
        DataError: the name ends in none of the known suffixes.
    """
    bare = name.lower().removesuffix(".gz")
    for form in FORMATS:
        if bare.endswith(form.suffixes):
            if name.lower().endswith(".gz") and not form.lines:
                raise DataError(
                    f"{name}: {form.name} files compress themselves and are not read from gzip; "
                    "unpack it first"
                )
            return form
    known = ", ".join(suffix for form in FORMATS for suffix in form.suffixes)
    raise DataError(f"{name} is not of a known format; its name should end in one of {known}")


def suffix_of(name: str) -> str | None:
    """Return the suffix of `name` that tells a known format, without `.gz`; None if none does."""
    bare = name.lower().removesuffix(".gz")
    suffixes = (suffix for form in FORMATS for suffix in form.suffixes)
    return next((suffix for suffix in suffixes if bare.endswith(suffix)), None)
