"""A block of bytes whose pieces are read as keys of a `KeyTable`, many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgernn.text.key_table import Indices, Keys

__all__ = ["KEY_BYTES", "ByteBlock"]

KEY_BYTES = 15
"""Most bytes of a piece that has a key: the last of its 16 bytes holds the length."""

# By the length of a piece: what keeps its bytes, and its last byte. The last row is for any longer
# piece, whose key becomes (0, 0).
_NUMBER = np.dtype("<u8")
_MASKS = np.array(
    [list(bytes([255]) * n + bytes(16 - n)) for n in range(KEY_BYTES + 1)] + [[0] * 16], np.uint8
).view(_NUMBER)
_LENGTH_BYTE = np.array([n << 56 for n in range(KEY_BYTES + 1)] + [0], np.uint64)


class ByteBlock:
    """Bytes whose pieces can be read as keys."""

    def __init__(self, data: bytes) -> None:
        """Copy the bytes."""
        self.bytes = np.frombuffer(data + bytes(16), np.uint8).copy()
        """uint8 [bytes + 16], zeros behind."""
        # The two bytes from each position on as one number, and the sixteen as they are.
        self._twos = np.ndarray(len(data) + 1, np.dtype("<u2"), self.bytes, 0, (1,))
        self._sixteens = np.ndarray(len(data) + 1, np.dtype("V16"), self.bytes, 0, (1,))

    def pairs(self, starts: Indices) -> npt.NDArray[np.uint16]:
        """Return two bytes from each start on as one number."""
        return self._twos[starts]

    def keys(self, starts: Indices, lengths: Indices) -> Keys:
        """Return the keys of pieces, uint64 [pieces, 2]; (0, 0) for one that is too long."""
        keys = self._sixteens[starts].view(_NUMBER).reshape(-1, 2)
        keys &= _MASKS.take(lengths, axis=0, mode="clip")
        keys[:, 1] |= _LENGTH_BYTE.take(lengths, mode="clip")
        return keys
