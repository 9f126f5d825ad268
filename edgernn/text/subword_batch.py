"""Subword ids of many texts at once, the same as `SubwordEncoder.encode` gives, with numpy.

Texts are joined into one block of UTF-8 bytes, which is cut into units (a word with the one space
behind it, or a run of others) by comparing neighbours. A unit of up to 15 bytes is a key of two
64-bit words, and a table of the units met so far gives its ids. New units are cut into subwords
all in step. What is rare goes through the scalar encoder: longer units; texts that are huge, or
hold an underscore or a reserved subword.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgernn.text.byte_block import KEY_BYTES, ByteBlock
from edgernn.text.key_table import Indices, KeyTable
from edgernn.text.normalize import well_formed

__all__ = ["BatchEncoder", "Ids", "ScalarEncoder", "stand_in"]

Ids = npt.NDArray[np.int32]

_TAKEN_SPACE = 0xFF  # A space that belongs to the word before it; no byte of UTF-8.
_BLOCK_BYTES = 1 << 18  # A block ends with the text that reaches this; its arrays fit caches.
_LONGEST_TEXT = 1 << 18  # Characters; a block needs up to 80 bytes of memory for each.
_UNIT_BITS = 18

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_IS_WORD = bytes(chr(i).isalnum() or chr(i) == "_" for i in range(128)) + bytes(128)


class ScalarEncoder(Protocol):
    """What encodes one text after the other: `SubwordEncoder`."""

    @property
    def subwords(self) -> tuple[str, ...]:
        """The subwords in the order of their ids, the first of which is 1."""

    @property
    def vocab_size(self) -> int:
        """Number of ids; the last 256 are those of bytes."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""

    def encode_unit(self, unit: str) -> tuple[int, ...]:
        """Return the ids of a word with or without one space behind it, or of a run of others."""

    def holds_reserved(self, text: str) -> bool:
        """Tell whether a text holds a subword that is kept whole wherever it stands."""


class BatchEncoder:
    """Encodes texts block by block and remembers the units met, up to a fixed number."""

    def __init__(self, encoder: ScalarEncoder, *, unit_bits: int = _UNIT_BITS) -> None:
        """Prepare the vocabulary; at most `2**unit_bits` units are remembered."""
        self._encoder = encoder
        self._lock = threading.Lock()
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
            elif len(piece) <= KEY_BYTES:
                pieces.append(piece)
                ids.append(i)
        lengths = np.array([len(piece) for piece in pieces], np.intp)
        starts = np.cumsum(lengths) - lengths
        block = ByteBlock(b"".join(pieces))
        self._subwords = KeyTable(len(pieces).bit_length())
        found, _ = self._subwords.insert(block.keys(starts, lengths))
        self._subword_ids = np.zeros(len(pieces) + 1, np.int32)
        self._subword_ids[found] = ids
        # Length of the longest subword that begins with two given bytes.
        self._reach = np.ones(1 << 16, np.intp)
        np.maximum.at(self._reach, block.pairs(starts), lengths)

        self._units = KeyTable(unit_bits)
        # The ids of the unit with entry number n are pool[ends[n - 1] : ends[n]].
        self._ends = np.zeros(self._units.capacity + 1, np.intp)
        self._pool = np.zeros(1 << 10, np.int32)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text, int32 of shape [number of its ids], views of larger arrays.

        Surrogates are read as UTF-16 does. Threads may share an encoder; they take turns.
        """
        result: list[Ids] = [np.zeros(0, np.int32)] * len(texts)
        rows: list[int] = []
        parts: list[bytes] = []
        classes: list[bytes] = []
        size = 0
        for row, text in enumerate(texts):
            text = well_formed(text)
            if self._is_rare(text):
                result[row] = np.array(self._encoder.encode(text), np.int32)
            elif text:
                part = text.encode()
                rows.append(row)
                parts.append(part)
                classes.append(part if len(part) == len(text) else stand_in(text))
                size += len(part)
            if rows and (size >= _BLOCK_BYTES or row == len(texts) - 1):
                with self._lock:
                    found = self._encode_block(parts, classes)
                for at, ids in zip(rows, found, strict=True):
                    result[at] = ids
                rows, parts, classes, size = [], [], [], 0
        return result

    def _is_rare(self, text: str) -> bool:
        return len(text) > _LONGEST_TEXT or "_" in text or self._encoder.holds_reserved(text)

    def _encode_block(self, texts: list[bytes], classes: list[bytes]) -> list[Ids]:
        """Encode texts, none empty; `classes` are ASCII texts with the same word characters."""
        data = b"".join(texts)
        block = ByteBlock(data)
        limits = np.cumsum([0, *map(len, texts)])
        word = np.frombuffer(b"".join(classes).translate(_IS_WORD), np.bool_)
        border = np.empty(len(data) + 1, np.bool_)
        np.not_equal(word[1:], word[:-1], out=border[1:-1])
        border[limits] = True
        taken = (block.bytes[: len(data)] == ord(" ")) & border[:-1] & border[1:]
        taken[limits[:-1]] = False
        border[:-1] ^= taken
        block.bytes[: len(data)][taken] = _TAKEN_SPACE
        borders = np.flatnonzero(border)
        ids, ends = self._encode_units(data, block, borders[:-1], np.diff(borders))
        cuts = np.concatenate(([0], ends))[np.searchsorted(borders, limits)].tolist()
        return [ids[start:end] for start, end in pairwise(cuts)]

    def _encode_units(
        self, data: bytes, block: ByteBlock, starts: Indices, lengths: Indices
    ) -> tuple[Ids, Indices]:
        """Return the ids of all units in a row, and where those of each unit end."""
        units = self._units
        if units.count == units.capacity:
            units.clear()
        entries, fresh = units.insert(block.keys(starts, lengths))
        if fresh.size:
            ids, counts = self._cut(block, starts[fresh], lengths[fresh])
            first = units.count - fresh.size
            self._ends[first + 1 : units.count + 1] = self._ends[first] + np.cumsum(counts)
            self._store(ids, int(self._ends[first]))
        begins, ends = self._ends.take(entries - 1, mode="clip"), self._ends.take(entries)
        counts = ends - begins
        others: dict[int, tuple[int, ...]] = {}
        for i in np.flatnonzero(entries == 0).tolist():
            unit = data[starts[i] : starts[i] + lengths[i]].decode()
            others[i] = self._encoder.encode_unit(unit)
            counts[i] = len(others[i])
        totals = np.cumsum(counts)
        index = np.repeat(ends - totals, counts)
        index += np.arange(index.size)
        ids = self._pool.take(index, mode="clip")
        for i, other in others.items():
            ids[totals[i] - len(other) : totals[i]] = other
        return ids, totals

    def _store(self, ids: Ids, at: int) -> None:
        if at + ids.size > self._pool.size:
            more = np.zeros(max(self._pool.size, ids.size), np.int32)
            self._pool = np.concatenate((self._pool, more))
        self._pool[at : at + ids.size] = ids

    def _cut(self, block: ByteBlock, starts: Indices, lengths: Indices) -> tuple[Ids, Indices]:
        """Cut units greedily into the longest subwords; return all ids and the count of each."""
        columns: list[Ids] = []  # The first id of each unit, the second, ...; 0 after its last.
        left, at, stop = np.arange(starts.size), starts, starts + lengths
        while left.size:
            ids = self._byte_ids[block.bytes[at]]
            steps = np.ones(left.size, np.intp)
            tries = np.minimum(stop - at, self._reach[block.pairs(at)]) - 1
            who = np.repeat(np.arange(left.size), tries)
            length = np.arange(who.size) + np.repeat(tries - np.cumsum(tries), tries) + 2
            found = self._subwords.find(block.keys(at[who], length))
            hit = np.flatnonzero(found)
            # Lengths go upwards and the last assignment counts: the longest subword.
            ids[who[hit]] = self._subword_ids[found[hit]]
            steps[who[hit]] = length[hit]
            column = np.zeros(starts.size, np.int32)
            column[left] = ids
            columns.append(column)
            at = at + steps
            more = at < stop
            left, at, stop = left[more], at[more], stop[more]
        table = np.stack(columns, axis=1)
        return table[table > 0], np.count_nonzero(table, axis=1)


def stand_in(text: str) -> bytes:
    """Return ASCII as long as the text in UTF-8, with word characters in the same places."""
    return _NON_ASCII.sub(
        lambda found: ("a" if found[0].isalnum() else "-") * len(found[0].encode()), text
    ).encode()
