"""Rows and their scores as a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from edgernn.cli.score_file import PartialFile
from edgernn.cli.score_lines import Columns, Result, cell
from edgernn.cli.score_pipeline import Item
from edgernn.cli.score_target import Target
from edgernn.errors import DataError, MissingPackageError

__all__ = ["ParquetFile"]

_BATCH_ROWS = 1024
_GROUP_BYTES = 32 << 20
"""A row group ends with the chunk of rows that reaches this."""


class ParquetFile(PartialFile):
    """A Parquet file, written in row groups."""

    def __init__(
        self,
        target: Target,
        columns: Columns,
        copied: Sequence[str | os.PathLike[str]] | None,
        warn: Callable[[str], None],
    ) -> None:
        """Name the file.

        Args:
            target: where.
            columns: of the output.
            copied: Parquet files of one schema whose columns are copied as they are, row for row;
                None takes the values of the rows.
            warn: told once of values that have no column.

        Raises:
            MissingPackageError: pyarrow is not installed.
        """
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as exc:
            raise MissingPackageError("pyarrow", "writing Parquet files", "data") from exc
        super().__init__(target)
        self._arrow: Any = pyarrow
        self._columns = columns
        self._warn: Callable[[str], None] | None = warn
        self._source = None if copied is None else _Batches(copied)
        self._schema: Any = None
        self._writer: Any = None
        self._group: list[Any] = []
        self._group_bytes = 0

    def write(self, chunk: Sequence[Item], results: Sequence[Result]) -> None:
        """Put rows behind those that are there.

        Raises:
            DataError: a value does not fit its column, or a file has changed while it was read.
        """
        source = self._source
        tables = [self._table(chunk)] if source is None else source.take(len(chunk))
        cuts = [0]
        for table in tables:
            cuts.append(cuts[-1] + table.num_rows)
        for table, (start, end) in zip(tables, pairwise(cuts), strict=True):
            self._put(table, results[start:end])
        self.rows += len(chunk)

    def _put(self, table: Any, results: Sequence[Result]) -> None:
        arrow = self._arrow
        ours = self._columns.results
        nothing = [None] * len(ours.names)
        rows = [nothing if score is None else ours.values(score) for score, _ in results]
        kinds = {"string": arrow.string(), "number": arrow.float64()}
        columns: list[tuple[list[Any], Any]] = [
            ([row[i] for row in rows], kinds[kind]) for i, kind in enumerate(ours.kinds)
        ]
        columns.append(([error for _, error in results], arrow.string()))
        for name, (column, kind) in zip(self._columns.own, columns, strict=True):
            # A lone surrogate cannot be written; a text format would write its escape.
            if kind == arrow.string():
                column = [_written(value) for value in column]
            table = table.append_column(arrow.field(name, kind), arrow.array(column, kind))
        if self._writer is None:
            from pyarrow import parquet

            self._schema = table.schema
            self._writer = parquet.ParquetWriter(self.file, self._schema)
        self._group.append(table)
        self._group_bytes += table.nbytes
        if self._group_bytes >= _GROUP_BYTES:
            self._flush()

    def _table(self, chunk: Sequence[Item]) -> Any:
        """Return the rows' own columns; their types are those of the first chunk."""
        arrow = self._arrow
        arrays = []
        names = self._columns.kept
        for place, name in enumerate(names):
            if self._columns.bare:
                values: list[object] = [item.text for item in chunk]
            else:
                values = [item.row.fields.get(name) for item in chunk]
            if self._schema is None:
                array = _of_any_type(arrow, values)
            else:
                array = self._of_type(values, self._schema.field(place))
            arrays.append(array)
        if self._warn is not None and not self._columns.bare:
            known = frozenset(names)
            more = [name for item in chunk for name in item.row.fields if name not in known]
            if more:
                self._warn(
                    f"{more[0]!r} and other keys that the first records lack have no column in the "
                    "output and are left out; a .jsonl file keeps them"
                )
                self._warn = None
        return arrow.Table.from_arrays(arrays, names=list(names))

    def _of_type(self, values: list[object], field: Any) -> Any:
        arrow = self._arrow
        if field.type == arrow.string():
            return arrow.array([_text(value) for value in values], arrow.string())
        problem: Exception | None = None
        try:
            array = arrow.array(values, field.type)
        except (arrow.ArrowException, TypeError, ValueError, OverflowError) as exc:
            problem = exc
        else:
            # Arrow cuts fractions off, and leaves out what a struct has no place for.
            if all(a == b or a != a for a, b in zip(values, array.to_pylist(), strict=True)):
                return array
        raise DataError(
            f"column {field.name!r} holds {field.type} in the first rows, and something else "
            f"after row {self.rows:,}; write a .jsonl file, which takes both"
        ) from problem

    def _flush(self) -> None:
        if self._group:
            with self._all_or_nothing():
                self._writer.write_table(self._arrow.concat_tables(self._group))
        self._group, self._group_bytes = [], 0

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Give the file up where it cannot be written: without its end no row can be read."""
        try:
            yield
        except OSError:
            # It would write its end when it is collected.
            self._writer.is_open = False
            self._writer, self._group, self.rows = None, [], 0
            raise

    def finish(self) -> None:
        """Write what is left and give the file its name."""
        self._close()
        super().finish()

    def _close(self) -> None:
        if self._writer is not None:
            self._flush()
            with self._all_or_nothing():
                self._writer.close()
            self._writer = None

    def __exit__(self, *left_by: Any) -> None:
        # So that the rows that are there can be read.
        if not self.file.closed:
            self._close()
        super().__exit__(*left_by)


class _Batches:
    """The rows of Parquet files, a few at a time."""

    def __init__(self, files: Sequence[str | os.PathLike[str]]) -> None:
        self._batches = self._read(files)
        self._left: Any = None

    def _read(self, files: Sequence[str | os.PathLike[str]]) -> Iterator[Any]:
        import pyarrow
        from pyarrow import parquet

        for file in files:
            with parquet.ParquetFile(file) as opened:
                for batch in opened.iter_batches(batch_size=_BATCH_ROWS):
                    yield pyarrow.Table.from_batches([batch])

    def take(self, rows: int) -> list[Any]:
        """Return the next rows as tables."""
        found = []
        while rows:
            if self._left is None:
                self._left = next(self._batches, None)
                if self._left is None:
                    raise DataError("the input has changed while it was read")
            found.append(self._left.slice(0, rows))
            rest = self._left.num_rows - rows
            self._left = self._left.slice(rows) if rest > 0 else None
            rows -= found[-1].num_rows
        return found


def _of_any_type(arrow: Any, values: list[object]) -> Any:
    """Return values as an array of the type that they have.

    Where they have several they become text, and so do objects, whose keys come and go.
    """
    if not any(map(_is_text, values)):
        try:
            array = arrow.array(values)
        except (arrow.ArrowException, TypeError, ValueError, OverflowError):
            pass
        else:
            if array.type != arrow.null():
                return array
    return arrow.array([_text(value) for value in values], arrow.string())


def _is_text(value: object) -> bool:
    return isinstance(value, str | dict) or (isinstance(value, list) and any(map(_is_dict, value)))


def _is_dict(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_is_dict, value)))


def _text(value: object) -> str | None:
    return None if value is None else _written(cell(value))


def _written(text: str | None) -> str | None:
    return text and text.encode("utf-8", "backslashreplace").decode()
