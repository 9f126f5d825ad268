"""Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from edgernn.errors import DataError, MissingPackageError
from edgernn.rows.columns import unique
from edgernn.rows.options import ReadOptions
from edgernn.rows.packing import Content
from edgernn.rows.row import Row, Table

_BATCH = 1024
_SAMPLE = 20


def read_parquet(content: Content, name: str, options: ReadOptions) -> Table:
    """Read Parquet by batches of rows; needs pyarrow and a file that can seek."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as exc:
        raise MissingPackageError("pyarrow", "reading Parquet files", "data") from exc
    if content.packed:
        raise DataError(
            f"{name}: Parquet files compress themselves and are not read from an archive; "
            "unpack it first"
        )
    stream = content.stream
    if content.waits:
        raise DataError(
            f"{name} cannot seek, and Parquet is read from its end; write it to a file first"
        )
    if stream.seek(0, os.SEEK_END) == 0:
        raise DataError(f"{name} is empty")
    try:
        table = parquet.ParquetFile(stream)
    except (pyarrow.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{name} cannot be read as Parquet: {_first_line(exc)}") from exc
    schema = table.schema_arrow
    names = tuple(schema.names)
    if not names:
        raise DataError(f"{name} has no columns")
    columns = unique(names)
    rows = _rows(table, columns, name)
    # Only a column with columns of its own needs a look at its values.
    nested = any(pyarrow.types.is_nested(field.type) for field in schema)
    head = list(islice(rows, _SAMPLE)) if nested else []
    sample = [row.fields for row in head]
    return Table(columns, chain(head, rows), names, sample, schema)


def check_text_column(table: Table, column: str, name: str) -> None:
    """Raise a DataError if a column of a Parquet file holds something else than text."""
    if table.schema is None or column not in table.columns:
        return
    import pyarrow

    types = pyarrow.types
    kind = table.schema.field(table.columns.index(column)).type
    inner = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(inner) or types.is_large_string(inner) or types.is_null(inner)):
        view = getattr(types, "is_string_view", None)
        if view is None or not view(inner):
            raise DataError(f"column {column!r} of {name} holds {kind}, not text")


def _rows(table: Any, columns: tuple[str, ...], name: str) -> Iterator[Row]:
    import pyarrow

    number = 0
    try:
        for batch in table.iter_batches(batch_size=_BATCH):
            for values in zip(*(_values(column) for column in batch.columns), strict=True):
                number += 1
                bad = [c for c, v in zip(columns, values, strict=True) if isinstance(v, _NotUtf8)]
                if bad:
                    yield Row(number, {}, f"column {bad[0]!r} is not UTF-8 text")
                else:
                    yield Row(number, dict(zip(columns, values, strict=True)))
    except (pyarrow.ArrowException, OSError) as exc:
        raise DataError(f"{name} is damaged after row {number}: {_first_line(exc)}") from exc


class _NotUtf8:
    """Stands for a Parquet string that cannot be decoded."""


def _values(column: Any) -> list[object]:
    import pyarrow

    try:
        if column.type == pyarrow.time64("ns"):
            # Python's times have microseconds, and Arrow cuts the rest off.
            column = column.cast(pyarrow.string())
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return [_value(value) for value in column]


def _value(value: Any) -> object:
    """Return a value; as text where Python has none, as for nanoseconds and the year 10000."""
    import pyarrow

    try:
        return value.as_py()
    except UnicodeDecodeError:
        return _NotUtf8()
    except (ValueError, OverflowError):
        kind = value.type
        if pyarrow.types.is_struct(kind):
            return {kind.field(i).name: _value(value[i]) for i in range(kind.num_fields)}
        if pyarrow.types.is_nested(kind):
            return [_value(inner) for inner in value.values]
        if pyarrow.types.is_timestamp(kind):
            text = str(value.cast(pyarrow.string()).as_py())
            if text[:1].isdigit():
                return text.replace(" ", "T", 1)
        # A duration, or a time that no calendar has.
        return f"{value.value} {kind.unit}"


def _first_line(exc: BaseException) -> str:
    return str(exc).strip().partition("\n")[0]
