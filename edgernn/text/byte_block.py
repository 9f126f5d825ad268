"""A block of bytes whose pieces are read as keys of a `KeyTable`, many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgernn.text.key_table import Indices, Words

__all__ = ["KEY_BYTES", "ByteBlock"]

KEY_BYTES = 15
"""Most bytes of a piece that has a key: the last of its 16 bytes holds the length."""

# By the length of a piece: what keeps its bytes, and its last byte. The last row is for any longer
# piece, whose key becomes (0, 0).
_LENGTHS = range(KEY_BYTES + 1)
_LOW_MASK = np.array([(1 << 8 * min(n, 8)) - 1 for n in _LENGTHS] + [0], np.uint64)
_HIGH_MASK = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in _LENGTHS] + [0], np.uint64)
_LENGTH_BYTE = np.array([n << 56 for n in _LENGTHS] + [0], np.uint64)


class ByteBlock:
    """Bytes whose pieces can be read as keys."""

    def __init__(self, data: bytes) -> None:
        """Copy the bytes."""
        self.bytes = np.frombuffer(data + bytes(16), np.uint8).copy()
        """uint8 [bytes + 16], zeros behind."""
        # The eight bytes from each position on, as one number.
        self._words = np.ndarray(len(data) + 9, np.dtype("<u8"), self.bytes, 0, (1,))

    def pairs(self, starts: Indices) -> npt.NDArray[np.uint16]:
        """Return two bytes from each start on as one number."""
        return self._words[starts].astype(np.uint16)

    def keys(self, starts: Indices, lengths: Indices) -> tuple[Words, Words]:
        """Return the keys of pieces; (0, 0) for one that is too long."""
        low = self._words[starts]
        low &= _LOW_MASK.take(lengths, mode="clip")
        high = self._words[starts + 8]
        high &= _HIGH_MASK.take(lengths, mode="clip")
        high |= _LENGTH_BYTE.take(lengths, mode="clip")
        return low, high
