"""A hash table from 16-byte keys to entry numbers that is searched for many keys at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Indices", "KeyTable", "Keys"]

Keys = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.intp]

# Any odd numbers with well mixed bits will do; these are from SplitMix64.
_LOW_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HIGH_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_MOST_PROBES = 64


class KeyTable:
    """Numbers the keys put in from 1 on; open addressing with linear probing in numpy arrays.

    A key is a pair of uint64 `(low, high)` with `high` not 0. Both are compared, so that an answer
    is certain. A table that is full, or would have to probe too long, refuses new keys.
    """

    def __init__(self, bits: int, slot_bits: int = 1) -> None:
        """Make an empty table for up to `2**bits` keys, with `2**slot_bits` slots for each."""
        self.capacity = 1 << bits
        self.count = 0
        """Keys put in so far; their entry numbers are 1 to `count`."""
        slots = 1 << bits + slot_bits
        self._shift = np.uint64(64 - bits - slot_bits)
        self._slot_mask = slots - 1
        self._entries = np.zeros(slots, np.int32)  # By slot; 0: free.
        self._keys = np.zeros((self.capacity + 1, 2), np.uint64)  # By entry number.

    def clear(self) -> None:
        """Take all keys out."""
        self._entries.fill(0)
        self.count = 0

    def find(self, keys: Keys) -> Indices:
        """Return the entry number of each key, shape [n]; 0 for a key that is not there.

        Args:
            keys: uint64 [n, 2].
        """
        return self._search(keys, insert=False)[0]

    def insert(self, keys: Keys) -> tuple[Indices, Indices]:
        """Find keys and put in those that are not there.

        Args:
            keys: uint64 [n, 2].

        Returns:
            The entry number of each key, shape [n], 0 for one that was refused or has 0 as `high`;
            and for each new entry, in the order of the numbers, the index of its key.
        """
        return self._search(keys, insert=True)

    def _search(self, keys: Keys, *, insert: bool) -> tuple[Indices, Indices]:
        hashes = keys[:, 0] * _LOW_FACTOR
        hashes ^= keys[:, 1] * _HIGH_FACTOR
        hashes >>= self._shift
        slots = hashes.astype(np.intp)
        found = self._entries.take(slots).astype(np.intp)
        missed = ~self._are(found, keys)
        pending = np.flatnonzero(missed & (keys[:, 1] != 0) if insert else missed & (found != 0))
        found *= ~missed
        fresh = [pending[:0]]
        for _ in range(_MOST_PROBES):
            if not pending.size:
                break
            at = slots[pending]
            if insert:
                fresh.append(self._claim(at, pending, keys))
            there = self._entries[at]
            same = self._are(there, keys[pending])
            found[pending[same]] = there[same]
            taken = ~same & (there != 0)
            pending = pending[taken]
            slots[pending] = (at[taken] + 1) & self._slot_mask
        return found, np.concatenate(fresh)

    def _are(self, entries: npt.NDArray[np.integer], keys: Keys) -> npt.NDArray[np.bool_]:
        """Return whether entries have these keys; the entry 0 has (0, 0)."""
        low_and_high = self._keys.take(entries, axis=0) == keys
        same: npt.NDArray[np.bool_] = low_and_high[:, 0] & low_and_high[:, 1]
        return same

    def _claim(self, at: Indices, places: Indices, keys: Keys) -> Indices:
        """Put one key into each slot that is free; return the places of the keys put in."""
        free = self._entries[at] == 0
        at, places = at[free], places[free]
        # Several keys may want one slot. The first gets it: the most frequent of a vocabulary.
        self._entries[at[::-1]] = places[::-1]
        won = self._entries[at] == places
        self._entries[at] = 0
        room = self.capacity - self.count
        at, places = at[won][:room], places[won][:room]
        numbers = np.arange(self.count + 1, self.count + 1 + places.size)
        self._entries[at] = numbers
        self._keys[numbers] = keys[places]
        self.count += places.size
        return places
