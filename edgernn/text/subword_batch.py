"""Subword ids of many texts at once, equal to `SubwordEncoder.encode`, vectorised with numpy.

Texts are joined into one block of UTF-8 bytes, which is cut into units (a word with the one space
behind it, or a run of others) by comparing neighbours. A unit of up to 15 bytes is a key of two
64-bit words; a table of the units met so far gives its ids. New units are cut into subwords, all
of them in step. Whatever does not fit in here (longer units, texts with underscores or reserved
subwords) goes through the scalar encoder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgernn.text.key_table import Indices, KeyTable, Words
from edgernn.text.normalize import well_formed

if TYPE_CHECKING:
    from edgernn.text.subwords import SubwordEncoder

__all__ = ["BatchEncoder", "Ids"]

Ids = npt.NDArray[np.int32]

_KEY_BYTES = 15  # The last of the 16 bytes holds the length.
_TAKEN_SPACE = 0xFF  # Stands for a space that belongs to the word before it; not in UTF-8.
_BLOCK_BYTES = 1 << 17
_UNIT_BITS = 18

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_IS_WORD = bytes(chr(i).isalnum() or chr(i) == "_" for i in range(128)) + bytes(128)

# Masks that keep the first n bytes of a key, and n itself as the last byte; nothing for n > 15.
_LENGTHS = range(_KEY_BYTES + 1)
_LOW_MASK = np.array([(1 << 8 * min(n, 8)) - 1 for n in _LENGTHS] + [0], np.uint64)
_HIGH_MASK = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in _LENGTHS] + [0], np.uint64)
_LENGTH_BYTE = np.array([n << 56 for n in _LENGTHS] + [0], np.uint64)


class _Block:
    """Bytes whose pieces can be read as keys."""

    def __init__(self, data: bytes) -> None:
        self.bytes = np.frombuffer(data + bytes(16), np.uint8).copy()
        self._words = np.ndarray(len(data) + 9, np.dtype("<u8"), self.bytes, 0, (1,))

    def pairs(self, starts: Indices) -> npt.NDArray[np.uint16]:
        """Return two bytes from each start on as one number."""
        return self._words[starts].astype(np.uint16)

    def keys(self, starts: Indices, lengths: Indices) -> tuple[Words, Words]:
        """Return the keys of pieces, `high` being 0 where a piece is longer than a key."""
        low = self._words[starts]
        low &= _LOW_MASK.take(lengths, mode="clip")
        high = self._words[starts + 8]
        high &= _HIGH_MASK.take(lengths, mode="clip")
        high |= _LENGTH_BYTE.take(lengths, mode="clip")
        return low, high


class BatchEncoder:
    """Encodes texts in blocks and remembers the units met, up to a fixed number."""

    def __init__(self, encoder: SubwordEncoder, *, unit_bits: int = _UNIT_BITS) -> None:
        """Prepare the vocabulary; up to `2**unit_bits` units are remembered."""
        self._encoder = encoder
        first_byte_id = encoder.vocab_size - 256
        self._byte_ids = np.arange(first_byte_id, first_byte_id + 256, dtype=np.int32)
        self._byte_ids[_TAKEN_SPACE] = first_byte_id + ord(" ")
        pieces: list[bytes] = []
        ids: list[int] = []
        for i, subword in enumerate(encoder.subwords, start=1):
            piece = subword.encode("utf-8", "surrogatepass")
            if piece.endswith(b"_"):
                piece = piece[:-1] + bytes([_TAKEN_SPACE])
            if len(piece) == 1:
                self._byte_ids[piece[0]] = i
            elif len(piece) <= _KEY_BYTES:
                pieces.append(piece)
                ids.append(i)
        lengths = np.array([len(piece) for piece in pieces], np.intp)
        block = _Block(b"".join(pieces))
        starts = np.cumsum(lengths) - lengths
        self._subwords = KeyTable(len(pieces).bit_length())
        found, _ = self._subwords.insert(*block.keys(starts, lengths))
        self._subword_ids = np.zeros(len(pieces) + 1, np.int32)
        self._subword_ids[found] = ids
        # Length of the longest subword that starts with these two bytes.
        self._reach = np.ones(1 << 16, np.intp)
        np.maximum.at(self._reach, block.pairs(starts), lengths)
        self._units = KeyTable(unit_bits)
        # Ids of the unit with entry number n: pool[ends[n - 1] : ends[n]].
        self._ends = np.zeros(self._units.capacity + 1, np.intp)
        self._pool = np.zeros(1 << 10, np.int32)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text, int32 of shape [ids of that text]."""
        result: list[Ids] = [np.zeros(0, np.int32)] * len(texts)
        rows: list[int] = []
        parts: list[bytes] = []
        classes: list[bytes] = []
        size = 0
        for row, text in enumerate(texts):
            text = well_formed(text)
            if "_" in text or self._encoder.holds_reserved(text):
                result[row] = np.array(self._encoder.encode(text), np.int32)
            elif text:
                data = text.encode()
                rows.append(row)
                parts.append(data)
                classes.append(data if len(data) == len(text) else _stand_in(text))
                size += len(data)
            if rows and (size >= _BLOCK_BYTES or row == len(texts) - 1):
                for at, ids in zip(rows, self._encode_block(parts, classes), strict=True):
                    result[at] = ids
                rows, parts, classes, size = [], [], [], 0
        return result

    def _encode_block(self, texts: list[bytes], classes: list[bytes]) -> list[Ids]:
        data = b"".join(texts)
        size = len(data)
        block = _Block(data)
        firsts = np.cumsum([0, *map(len, texts)])
        word = np.frombuffer(b"".join(classes).translate(_IS_WORD), np.bool_)
        border = np.empty(size + 1, np.bool_)
        np.not_equal(word[1:], word[:-1], out=border[1:-1])
        border[firsts] = True
        taken = block.bytes[:size] == ord(" ")
        taken &= border[:-1]
        taken &= border[1:]
        taken[firsts[:-1]] = False
        border[:-1] ^= taken
        block.bytes[:size][taken] = _TAKEN_SPACE
        borders = np.flatnonzero(border)
        ids, ends = self._encode_units(data, block, borders[:-1], np.diff(borders))
        cuts = np.concatenate(([0], ends))[np.searchsorted(borders, firsts)].tolist()
        return [ids[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]

    def _encode_units(
        self, data: bytes, block: _Block, starts: Indices, lengths: Indices
    ) -> tuple[Ids, Indices]:
        """Return the ids of all units in a row, and where those of each unit end."""
        if self._units.count == self._units.capacity:
            self._units.clear()
        entries, fresh = self._units.insert(*block.keys(starts, lengths))
        if fresh.size:
            self._remember(*self._cut(block, starts[fresh], lengths[fresh]))
        used = int(self._ends[self._units.count])
        from_, to = self._ends.take(entries - 1, mode="clip"), self._ends.take(entries)
        others = np.flatnonzero(entries == 0)
        for i in others.tolist():
            unit = data[starts[i] : starts[i] + lengths[i]].decode()
            ids = np.array(self._encoder.encode_unit(unit), np.int32)
            from_[i], to[i] = used, used + ids.size
            self._put(ids, used)
            used += ids.size
        counts = to - from_
        ends = np.cumsum(counts)
        index = np.repeat(to - ends, counts)
        index += np.arange(index.size)
        return self._pool.take(index), ends

    def _cut(self, block: _Block, starts: Indices, lengths: Indices) -> tuple[Ids, Indices]:
        """Cut units greedily into the longest subwords; return all ids and the count of each."""
        starts, stops = starts.copy(), starts + lengths
        columns: list[Ids] = []
        left = np.arange(starts.size)
        while left.size:
            at = starts[left]
            tries = np.minimum(stops[left] - at, self._reach[block.pairs(at)]) - 1
            who = np.repeat(left, tries)
            length = np.arange(who.size) + np.repeat(2 + tries - np.cumsum(tries), tries)
            found = self._subwords.find(*block.keys(starts[who], length))
            hit = np.flatnonzero(found)
            column = np.zeros(starts.size, np.int32)
            column[left] = self._byte_ids[block.bytes[at]]
            starts[left] += 1
            # Lengths go upwards and the last assignment counts: the longest subword.
            column[who[hit]] = self._subword_ids[found[hit]]
            starts[who[hit]] = at[np.searchsorted(left, who[hit])] + length[hit]
            columns.append(column)
            left = left[starts[left] < stops[left]]
        table = np.stack(columns, axis=1)
        used = table > 0
        return table[used], used.sum(axis=1)

    def _remember(self, ids: Ids, counts: Indices) -> None:
        first = self._units.count - counts.size
        used = self._ends[first]
        self._ends[first + 1 : self._units.count + 1] = used + np.cumsum(counts)
        self._put(ids, used)

    def _put(self, ids: Ids, at: int) -> None:
        if at + ids.size > self._pool.size:
            more = np.zeros(max(self._pool.size, ids.size), np.int32)
            self._pool = np.concatenate((self._pool, more))
        self._pool[at : at + ids.size] = ids


def _stand_in(text: str) -> bytes:
    """Return ASCII of as many bytes as the text has in UTF-8, with word characters in place."""
    return _NON_ASCII.sub(
        lambda found: ("a" if found[0].isalnum() else "-") * len(found[0].encode()), text
    ).encode()
