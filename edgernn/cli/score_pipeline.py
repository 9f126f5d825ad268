"""Scoring rows as they are read: reading and encoding, inference, and writing side by side.

Rows are read where the signals arrive, so that Ctrl-C breaks off a read that waits for more. They
are written by a thread of their own, so that what is scored does not wait for that read either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from edgernn.errors import DataError
from edgernn.runtime import Classifier, Score

__all__ = ["Item", "score_items"]

Item = tuple[str | None, str, str | None]
"""A text, where it stands, and what is wrong with its row."""

_FEW = 64
_CHUNK_TEXTS = 1024
"""Few enough that the first rows are soon written, also of a source that goes on slowly."""
_CHUNK_CHARACTERS = 1 << 20
_ROOM = 4 << 20
"""Characters under way, which bounds memory whatever the rows are; a row alone may have more."""


def score_items(
    classifier: Classifier,
    items: Iterable[Item],
    write: Callable[[Sequence[Item], Iterator[Score]], None],
) -> DataError | KeyboardInterrupt | None:
    """Score items and write them in order, in memory that does not grow with their number.

    Args:
        classifier: the model.
        items: read in the calling thread; a short list is scored and written there, too.
        write: called in another thread, with the items of a chunk and the scores of those that
            have a text and no problem.

    Returns:
        What ended the items early, if anything did: damaged input, or Ctrl-C. All items that were
        read before are written.

    Raises:
        ModelFileError: a batch failed.
        OSError: `write` failed.
    """
    if isinstance(items, list) and len(items) <= _FEW:
        texts = [text for text, _, problem in items if text and not problem]
        write(items, iter(classifier.score(texts)))
        return None
    chunks = _Chunks(items)
    with classifier.stream(_ROOM) as stream:

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
            for chunk in chunks:
                texts = [text for text, _, problem in chunk if text and not problem]
                stream.put(texts, chunk)
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

    def __iter__(self) -> Iterator[list[Item]]:
        chunk: list[Item] = []
        characters = 0
        try:
            for item in self._items:
                chunk.append(item)
                characters += len(item[0] or "")
                if len(chunk) == _CHUNK_TEXTS or characters >= _CHUNK_CHARACTERS:
                    full, chunk, characters = chunk, [], 0
                    yield full
        except (DataError, KeyboardInterrupt) as error:
            self.ended_by = error
        if chunk:
            yield chunk
