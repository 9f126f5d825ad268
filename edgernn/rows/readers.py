"""The file formats that rows are read from, as one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgernn.errors import DataError, UsageError
from edgernn.rows.delimited import read_csv, read_tsv
from edgernn.rows.encodings import Text
from edgernn.rows.json_lines import read_json
from edgernn.rows.options import ReadOptions
from edgernn.rows.packing import PACKED_SUFFIXES, Content, bare_name
from edgernn.rows.parquet import read_parquet
from edgernn.rows.plain import read_txt
from edgernn.rows.row import Table
from edgernn.rows.workbook import read_workbook

ReadText = Callable[[Text, ReadOptions], Table]
ReadBinary = Callable[[Content, str, ReadOptions], Table]


@dataclass(frozen=True, slots=True)
class Format:
    """A format that rows are read from."""

    name: str
    suffixes: tuple[str, ...]
    read: ReadText | None = None
    """Reads it if it is text, which may have any encoding, be packed, or come through a pipe."""
    read_binary: ReadBinary | None = None
    """Reads it if it is not; it has to be a file that can seek."""


FORMATS: tuple[Format, ...] = (
    Format("txt", (".txt",), read_txt),
    Format("csv", (".csv",), read_csv),
    Format("tsv", (".tsv", ".tab"), read_tsv),
    Format("jsonl", (".jsonl", ".ndjson"), read_json),
    Format("json", (".json",), read_json),
    Format("parquet", (".parquet", ".pq"), read_binary=read_parquet),
    Format("xlsx", (".xlsx", ".xlsm"), read_binary=read_workbook),
)


def format_named(name: str) -> Format:
    """Return the format called `name`; a UsageError lists the names that there are."""
    for form in FORMATS:
        if form.name == name:
            return form
    known = ", ".join(form.name for form in FORMATS)
    raise UsageError(f"there is no format {name!r}; choose one of {known}")


def suffix_of(name: str) -> str | None:
    """Return the suffix of `name` that tells a known format, without that of a packing.

    The bare name of a zip archive tells nothing, as the name of the file in it does; it counts as
    known. None if the suffix is not known.
    """
    bare = bare_name(name)
    suffixes = (suffix for form in FORMATS for suffix in form.suffixes)
    found = next((suffix for suffix in suffixes if bare.endswith(suffix)), None)
    return ".zip" if found is None and name.lower().endswith(".zip") else found


def format_of(name: str) -> Format:
    """Return the format that a file's name tells, whether or not it is packed, as in `.csv.gz`.

    Raises:
        DataError: the name ends in none of the known suffixes.
    """
    suffix = suffix_of(name)
    for form in FORMATS:
        if suffix in form.suffixes:
            return form
    known = ", ".join(suffix for form in FORMATS for suffix in form.suffixes)
    raise DataError(
        f"{name} is not of a known format; give --format, or a name that ends in one of {known} "
        f"(and {', '.join(PACKED_SUFFIXES)})"
    )
