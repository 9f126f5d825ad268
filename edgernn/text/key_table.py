"""A hash table from 16-byte keys to entry numbers that is searched for many keys at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["KeyTable"]

Words = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.intp]

# Any odd numbers with well mixed bits will do; these are from SplitMix64.
_LOW_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HIGH_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_MOST_PROBES = 64


class KeyTable:
    """Numbers the keys put in from 1 on; open addressing with linear probing in numpy arrays.

    A key is a pair of uint64 `(low, high)` with `high` not 0. Both are compared, so an answer is
    never a mere likelihood. Keys that would not fit, or need too many probes, are not put in.
    """

    def __init__(self, bits: int) -> None:
        """Make an empty table for up to `2**bits` keys; memory is touched as it fills."""
        self.capacity = 1 << bits
        self.count = 0
        """Keys put in so far; their entry numbers are 1 to `count`."""
        self._shift = np.uint64(63 - bits)
        self._mask = 2 * self.capacity - 1
        self._entries = np.zeros(2 * self.capacity, np.int32)  # 0: free
        self._low = np.zeros(self.capacity + 1, np.uint64)
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
            The entry number of each key, shape [n], 0 for one that was refused or whose `high` is
            0; and for each new entry, in the order of the numbers, the index of its key.
        """
        return self._search(low, high, insert=True)

    def _search(self, low: Words, high: Words, *, insert: bool) -> tuple[Indices, Indices]:
        slots = ((low * _LOW_FACTOR ^ high * _HIGH_FACTOR) >> self._shift).astype(np.intp)
        found = self._entries.take(slots).astype(np.intp)
        missed = (self._low.take(found) != low) | (self._high.take(found) != high)
        if not insert:
            missed &= found != 0  # A free slot settles it.
        if insert:
            found[missed] = 0
            missed &= high != 0
        else:
            found[missed] = 0
        pending = np.flatnonzero(missed)
        fresh = []
        for _ in range(_MOST_PROBES):
            if not pending.size:
                break
            at = slots[pending]
            there = self._entries[at]
            same = (self._low[there] == low[pending]) & (self._high[there] == high[pending])
            found[pending[same]] = there[same]
            free = there == 0
            if insert:
                # Of the keys that want one free slot the last is put in; its rivals look again.
                rivals, wanted = pending[free], at[free]
                self._entries[wanted] = rivals
                winners = rivals[self._entries[wanted] == rivals]
                room = self.capacity - self.count
                self._entries[slots[winners[room:]]] = 0
                winners = winners[:room]
                numbers = np.arange(self.count + 1, self.count + 1 + winners.size)
                self._entries[slots[winners]] = found[winners] = numbers
                self._low[numbers], self._high[numbers] = low[winners], high[winners]
                self.count += winners.size
                fresh.append(winners)
                again = found[pending] == 0
                if self.count == self.capacity:
                    again &= ~free
            else:
                again = ~(same | free)
            slots[pending[again & ~free]] = (at[again & ~free] + 1) & self._mask
            pending = pending[again]
        return found, np.concatenate(fresh) if fresh else pending[:0]
