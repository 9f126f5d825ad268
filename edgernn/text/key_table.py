"""A hash table from 16-byte keys to entry numbers that is searched for many keys at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Indices", "KeyTable", "Words"]

Words = npt.NDArray[np.uint64]
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

    def __init__(self, bits: int) -> None:
        """Make an empty table for up to `2**bits` keys."""
        self.capacity = 1 << bits
        self.count = 0
        """Keys put in so far; their entry numbers are 1 to `count`."""
        self._shift = np.uint64(63 - bits)
        self._slot_mask = 2 * self.capacity - 1
        self._entries = np.zeros(2 * self.capacity, np.int32)  # By slot; 0: free.
        self._low = np.zeros(self.capacity + 1, np.uint64)  # By entry number, as is the next.
        self._high = np.zeros(self.capacity + 1, np.uint64)

    def clear(self) -> None:
        """Take all keys out."""
        self._entries.fill(0)
        self.count = 0

    def find(self, low: Words, high: Words) -> Indices:
        """Return the entry number of each key, shape [n]; 0 for a key that is not there."""
        return self._search(low, high, insert=False)[0]

    def insert(self, low: Words, high: Words) -> tuple[Indices, Indices]:
        """Find keys and put in those that are not there.

        Returns:
            The entry number of each key, shape [n], 0 for one that was refused or has 0 as `high`;
            and for each new entry, in the order of the numbers, the index of its key.
        """
        return self._search(low, high, insert=True)

    def _search(self, low: Words, high: Words, *, insert: bool) -> tuple[Indices, Indices]:
        slots = ((low * _LOW_FACTOR ^ high * _HIGH_FACTOR) >> self._shift).astype(np.intp)
        found = self._entries.take(slots).astype(np.intp)
        missed = (self._low.take(found) != low) | (self._high.take(found) != high)
        pending = np.flatnonzero(missed & (high != 0) if insert else missed & (found != 0))
        found[missed] = 0
        fresh = [pending[:0]]
        for _ in range(_MOST_PROBES):
            if not pending.size:
                break
            at = slots[pending]
            if insert:
                fresh.append(self._claim(at, pending, low, high))
            there = self._entries[at]
            same = (self._low[there] == low[pending]) & (self._high[there] == high[pending])
            found[pending[same]] = there[same]
            taken = ~same & (there != 0)
            pending = pending[taken]
            slots[pending] = (at[taken] + 1) & self._slot_mask
        return found, np.concatenate(fresh)

    def _claim(self, at: Indices, keys: Indices, low: Words, high: Words) -> Indices:
        """Put one key into each slot that is free; return the indices of the keys put in."""
        free = self._entries[at] == 0
        at, keys = at[free], keys[free]
        # Several keys may want one slot: the last assignment counts.
        self._entries[at] = keys
        won = self._entries[at] == keys
        self._entries[at] = 0
        room = self.capacity - self.count
        at, keys = at[won][:room], keys[won][:room]
        numbers = np.arange(self.count + 1, self.count + 1 + keys.size)
        self._entries[at] = numbers
        self._low[numbers], self._high[numbers] = low[keys], high[keys]
        self.count += keys.size
        return keys
