"""Word ids of many texts at once, the same as `WordEncoder.encode` gives, with numpy.

Texts are joined into blocks of bytes, in which a space ends each word. A word of up to 15 bytes is
a key of two 64-bit numbers, and all words of a block are looked up in a table together; longer
ones are looked up one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

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
        self._ids = np.full(len(short) + 1, other, np.int32)
        self._ids[found] = [ids[word] for word in short]
        self._ids[0] = other
        # Too many keys of one hash, which no vocabulary has but one made for it.
        self._has_refused = not found.all()

    def look_up(self, texts: Iterable[bytes]) -> Iterator[Ids]:
        """Yield the ids of each text's words, int32 [words], views of larger arrays.

        Args:
            texts: bytes in which spaces, and they alone, end a word.
        """
        block: list[bytes] = []
        size = 0
        for text in texts:
            block.append(text)
            size += len(text)
            if size >= _BLOCK_BYTES:
                yield from self._of_block(block)
                block, size = [], 0
        if block:
            yield from self._of_block(block)

    def _of_block(self, texts: Sequence[bytes]) -> Iterator[Ids]:
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
            ids[i] = self._all.get(data[start : start + int(lengths[i])], self._other)
        limits = list(accumulate((len(text) + 1 for text in texts), initial=0))
        cuts = starts.searchsorted(limits).tolist()
        for start, end in pairwise(cuts):
            yield ids[start:end]
