"""Scoring rows as they are read: reading and encoding, inference, and writing side by side.

Rows are read where the signals arrive, so that Ctrl-C breaks off a read that waits for more. They
are written by a thread of their own, so that what is scored does not wait for that read either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from edgernn.errors import DataError
from edgernn.runtime import LoadedModel, Score

__all__ = ["Item", "score_items"]


class Origin(Protocol):
    """The row that a text comes from."""

    @property
    def fields(self) -> Mapping[str, object]:
        """Its columns, as far as they are kept."""

    @property
    def raw(self) -> str | None:
        """What the file has in place of a row that cannot be split."""


class Item(NamedTuple):
    """A text on its way to its score."""

    text: str | None
    problem: str | None
    """What is wrong with its row; then it is not scored."""
    row: Origin


_FEW = 64
_CHUNK_TEXTS = 1024
"""Few enough that the first rows are soon written, also of a source that goes on slowly."""
_CHUNK_CHARACTERS = 1 << 20
_VALUE = 8
"""Stands for the characters of a value that is no text."""
_ROW = 256
"""Stands for what a row takes beside its characters, while it is under way."""
_ROOM = 4 << 20
"""Characters under way, which bounds memory whatever the rows are; a row alone may have more."""


def score_items(
    model: LoadedModel,
    items: Iterable[Item],
    write: Callable[[Sequence[Item], Iterator[Score]], None],
    skip: Callable[[Sequence[Item]], bool] | None = None,
) -> DataError | KeyboardInterrupt | None:
    """Score items and write them in order, in memory that does not grow with their number.

    Args:
        model: what scores them.
        items: read in the calling thread; a short list is scored and written there, too.
        write: called in another thread, with the items of a chunk and the scores of those that
            have a text and no problem.
        skip: tells of one chunk after the other whether it is done already, until one is not.

    Returns:
        What ended the items early, if anything did: damaged input, or Ctrl-C. All items that were
        read before are written.

    Raises:
        ModelFileError: a batch failed.
        OSError: `write` failed.
    """
    if isinstance(items, list) and len(items) <= _FEW:
        if items and not (skip and skip(items)):
            write(items, iter(model.score(_texts(items))))
        return None
    chunks = _Chunks(items)
    with model.stream(_ROOM) as stream:

        def write_all() -> None:
            try:
                for chunk, scores in stream:
                    write(chunk, iter(scores))
            except BaseException as error:  # noqa: BLE001 - it is raised in the calling thread
                failed.append(error)
                stream.fail(error)
            finally:
                is_written.set()

        failed: list[BaseException] = []
        # Python 3.11 takes a thread for ended once Ctrl-C has broken off a `join`.
        is_written = threading.Event()
        writer = threading.Thread(target=write_all, name="edgernn-writer", daemon=True)
        writer.start()
        try:
            for chunk, size in chunks:
                if skip is not None and skip(chunk):
                    continue
                skip = None
                stream.put(_texts(chunk), chunk, size + _ROW * len(chunk))
        except KeyboardInterrupt as interrupt:
            chunks.ended_by = interrupt
        finally:
            try:
                stream.close()
                is_written.wait()
            except KeyboardInterrupt as interrupt:
                # A second Ctrl-C ends this: what is not written by then is given up.
                if isinstance(chunks.ended_by, KeyboardInterrupt):
                    raise
                chunks.ended_by = interrupt
                stream.close()
                is_written.wait()
            writer.join()
        if failed:
            raise failed[0]
    return chunks.ended_by


class _Chunks:
    """Items in lists; what ends them early is kept for later, so that no row read is lost."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = items
        self.ended_by: DataError | KeyboardInterrupt | None = None

    def __iter__(self) -> Iterator[tuple[list[Item], int]]:
        """Yield chunks and their characters; the same items give the same chunks."""
        chunk: list[Item] = []
        characters = 0
        try:
            for item in self._items:
                chunk.append(item)
                fields = item.row.fields
                characters += _size(fields) if fields else len(item.text or "")
                if len(chunk) == _CHUNK_TEXTS or characters >= _CHUNK_CHARACTERS:
                    full, size, chunk, characters = chunk, characters, [], 0
                    yield full, size
        except (DataError, KeyboardInterrupt) as error:
            self.ended_by = error
        if chunk:
            yield chunk, characters


def _texts(items: Sequence[Item]) -> list[str]:
    return [text for text, problem, _ in items if text and not problem]


def _size(values: Mapping[str, object]) -> int:
    """Return about how many characters a row's values take."""
    total = 0
    pending: list[object] = []
    for value in values.values():
        # Nearly all are.
        if type(value) is str:
            total += len(value)
        else:
            pending.append(value)
    while pending:
        value = pending.pop()
        if isinstance(value, str | bytes):
            total += len(value)
        elif isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
        else:
            total += _VALUE
    return total
