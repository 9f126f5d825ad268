"""Rows of several files, one file after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from edgernn.errors import DataError, UsageError
from edgernn.rows.columns import listed
from edgernn.rows.files import STDIN, reading
from edgernn.rows.options import DEFAULTS, ReadOptions
from edgernn.rows.readers import suffix_of
from edgernn.rows.row import Row, Table
from edgernn.rows.rows import RowSource, open_rows


def open_many(
    sources: Sequence[str | os.PathLike[str]], options: ReadOptions = DEFAULTS
) -> RowSource:
    """Open files, and the files of folders, as one source of rows.

    Each file is opened for its columns and opened again when its turn comes, so that any number of
    them takes one open file. A row's number is its number in its own file, which `where` names.

    Args:
        sources: files, folders, and at most once `-`, standard input. A folder stands for those of
            its files whose names end in the suffix of a format, in the order of their names; it
            is not searched for folders in it.
        options: for all of them.

    Returns:
        Their rows. The columns are those of all files, in the order in which they are first seen.
        The schema is that of the files if all are Parquet and have the same.

    Raises:
        DataError: as of `open_rows`; or a folder without a file to read; or the files have their
            text in columns of different names.
        UsageError: as of `open_rows`; or no source at all.
    """
    files = input_files(sources)
    if not files:
        raise UsageError("name a file or a folder to read")
    if sum(file == STDIN for file in files) > 1:
        raise UsageError("standard input can be read once")
    if len(files) == 1:
        return open_rows(files[0], options)
    with ExitStack() as stack:
        opened: dict[int, RowSource] = {}
        heads = []
        for i, file in enumerate(files):
            head = open_rows(file, options)
            heads.append(head)
            # A pipe cannot be opened again.
            if file == STDIN or not os.path.isfile(file):
                opened[i] = stack.enter_context(head)
            else:
                head.close()
        first = heads[0]
        for head in heads:
            if head.text_column != first.text_column:
                raise DataError(
                    f"{head.name} has its text in column {head.text_column!r}, {first.name} in "
                    f"{first.text_column!r}; read them one by one"
                )
        same = all(head.schema is not None and head.schema == first.schema for head in heads)
        formats = {head.format for head in heads}
        columns = tuple(dict.fromkeys(column for head in heads for column in head.columns))
        return RowSource(
            f"{first.name} and {len(files) - 1} more",
            first.format if len(formats) == 1 else "several",
            Table(
                columns,
                _rows(files, opened, options, first.text_column),
                columns,
                [fields for head in heads for fields in head.sample],
                first.schema if same else None,
                notes=tuple(note for head in heads for note in head.notes),
                if_empty=f"none of the {len(files)} files has a row",
            ),
            first.text_column,
            stack.pop_all(),
        )


def input_files(
    sources: Sequence[str | os.PathLike[str]], say: Callable[[str], None] = lambda line: None
) -> list[str | os.PathLike[str]]:
    """Return files, with those of folders in their place: see `open_many`.

    Args:
        sources: files and folders.
        say: called with a line on the files of a folder that are left out.

    Raises:
        DataError: a folder has no file to read.
    """
    return [file for source in sources for file in _files(source, say)]


def _rows(
    files: Sequence[str | os.PathLike[str]],
    opened: dict[int, RowSource],
    options: ReadOptions,
    text_column: str,
) -> Iterator[Row]:
    for i, file in enumerate(files):
        with opened.pop(i, None) or open_rows(file, options) as rows:
            name = rows.name
            if rows.text_column != text_column:
                raise DataError(f"{name} has changed while the files before it were read")
            for row in rows:
                yield row._replace(file=name)


def _files(
    source: str | os.PathLike[str], say: Callable[[str], None]
) -> list[str | os.PathLike[str]]:
    if source == STDIN or not os.path.isdir(source):
        return [source]
    name = os.fspath(source)
    with reading(name), os.scandir(source) as entries:
        found = sorted((entry.name, entry.is_file()) for entry in entries)
    known = [name for name, is_file in found if is_file and _is_known(name)]
    others = [name for name, _ in found if name not in known]
    if not known:
        raise DataError(f"{name} has no file of a known format; it has: {listed(others)}")
    if others:
        say(f"left out of {name}, not being files of a known format: {listed(others)}")
    return [Path(source, name) for name in known]


def _is_known(name: str) -> bool:
    return not name.startswith(".") and suffix_of(name) is not None
