"""Word ids of many texts at once, the same as `WordEncoder.encode` gives, with numpy.

Texts are joined into blocks of bytes, in which a space ends each word. A word of up to 15 bytes is
a key of two 64-bit numbers, and all words of a block are looked up in a table together; longer
ones are looked up one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from edgernn.text.byte_block import KEY_BYTES, ByteBlock
from edgernn.text.key_table import KeyTable

__all__ = ["WordTable"]

Ids = npt.NDArray[np.int32]

_BLOCK_BYTES = 1 << 17
"""A block ends with the text that reaches this: its arrays fit a core's cache."""
_SLOT_BITS = 3
"""With so many slots hardly a word is looked for twice; those of rare words are in no cache."""
_SPACE = ord(" ")
_UNKNOWN = np.iinfo(np.int32).min
"""Stands for an id until the words without one are counted: `other` may be a word's, too."""


class WordTable:
    """The ids of words, looked up for many at once; threads may share one."""

    def __init__(self, ids: Mapping[bytes, int], other: int) -> None:
        """Take each word's id, and that of all others.

        Args:
            ids: words as they stand in a text's bytes.
            other: the id of a word that is not among them.
        """
        self._all = ids
        self._other = other
        short = [word for word in ids if 0 < len(word) <= KEY_BYTES]
        lengths = np.array([len(word) for word in short], np.intp)
        block = ByteBlock(b"".join(short))
        self._table = KeyTable(len(short).bit_length(), _SLOT_BITS)
        found, _ = self._table.insert(block.keys(np.cumsum(lengths) - lengths, lengths))
        self._ids = np.full(len(short) + 1, _UNKNOWN, np.int32)
        self._ids[found] = [ids[word] for word in short]
        self._ids[0] = _UNKNOWN
        # Too many keys of one hash, which no vocabulary has but one made for it.
        self._has_refused = not found.all()

    def look_up(
        self, texts: Iterable[bytes], window: slice = slice(None)
    ) -> Iterator[tuple[Ids, float, bool]]:
        """Yield for each text what its words are; see `EncodedTexts`.

        Args:
            texts: bytes in which spaces, and they alone, end a word.
            window: the words that are wanted: `[:n]`, `[-n:]` or all.

        Yields:
            The ids of the words kept, int32 [words], a view of a larger array; the share of them
            that is among the ids given; whether the text has more words.
        """
        block: list[bytes] = []
        size = 0
        for text in texts:
            block.append(text)
            size += len(text)
            if size >= _BLOCK_BYTES:
                yield from self._of_block(block, window)
                block, size = [], 0
        if block:
            yield from self._of_block(block, window)

    def _of_block(self, texts: Sequence[bytes], window: slice) -> Iterator[tuple[Ids, float, bool]]:
        # Spaces at both ends: each word has a border at its start and one at its end.
        data = b" ".join((b"", *texts, b""))
        block = ByteBlock(data)
        space = block.bytes[: len(data)] == _SPACE
        borders = np.flatnonzero(space[1:] != space[:-1]).reshape(-1, 2)
        lengths = borders[:, 1] - borders[:, 0]
        starts = borders[:, 0] + 1
        entries = self._table.find(block.keys(starts, lengths))
        ids = self._ids.take(entries)
        alone = entries == 0 if self._has_refused else lengths > KEY_BYTES
        for i in np.flatnonzero(alone).tolist():
            start = int(starts[i])
            ids[i] = self._all.get(data[start : start + int(lengths[i])], _UNKNOWN)
        unknown = np.flatnonzero(ids == _UNKNOWN)
        ids[unknown] = self._other
        limits = list(accumulate((len(text) + 1 for text in texts), initial=0))
        cuts = starts.searchsorted(limits)
        begins, ends = cuts[:-1], cuts[1:]
        if window.stop is not None:
            ends = np.minimum(ends, begins + window.stop)
        elif window.start is not None:
            begins = np.maximum(begins, ends + window.start)
        counts = ends - begins
        have_none = unknown.searchsorted(ends) - unknown.searchsorted(begins)
        known = (counts > 0) - have_none / np.maximum(counts, 1)
        truncated = counts < np.diff(cuts)
        for begin, end, share, more in zip(
            begins.tolist(), ends.tolist(), known.tolist(), truncated.tolist(), strict=True
        ):
            yield ids[begin:end], share, more
