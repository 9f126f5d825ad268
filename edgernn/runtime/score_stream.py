"""Chunks of texts on their way to their scores, in the order put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

from edgernn.runtime.chunks import ScoredChunk
from edgernn.runtime.scores import Score, scores_of
from edgernn.runtime.stream import Stream
from edgernn.text import TextContract

__all__ = ["ScoreStream"]

T = TypeVar("T")


class ScoreStream(Generic[T]):
    """Texts on their way to their scores: put in by one thread, taken out by this or another.

    Use it in `with`: leaving the block stops what is still under way.
    """

    def __init__(
        self,
        contract: TextContract,
        make_chunk: Callable[[Sequence[str], T], ScoredChunk[T]],
        workers: int,
        room: int | None,
    ) -> None:
        """Start nothing yet; `LoadedModel.stream` makes one."""
        self._contract = contract
        self._make_chunk = make_chunk
        self._stream = Stream[ScoredChunk[T]](workers, room)

    def put(self, texts: Sequence[str], payload: T, size: int | None = None) -> None:
        """Hand over a chunk of texts, none blank; waits while more than `room` is under way.

        Args:
            texts: may be none.
            payload: given back with their scores.
            size: what both take of the room, in characters. Default: those of the texts.
        """
        work = self._make_chunk(texts, payload)
        self._stream.put(work, sum(map(len, texts)) if size is None else size)

    def close(self) -> None:
        """Say that no more chunks come."""
        self._stream.close()

    def fail(self, error: BaseException) -> None:
        """End all work: `put` and the iteration raise the error."""
        self._stream.fail(error)

    def __iter__(self) -> Iterator[tuple[T, list[Score]]]:
        """Yield each chunk's payload and scores, in order; no label for a text without tokens.

        Raises:
            ModelFileError: a batch failed.
        """
        for work in self._stream:
            yield work.payload, scores_of(self._contract, work.facts, work.found)

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, *left_by: Any) -> None:
        self._stream.__exit__(*left_by)
