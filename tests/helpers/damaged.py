"""Files that arrive damaged."""

from __future__ import annotations

from collections.abc import Iterable


def flipped(data: bytes, bits: Iterable[int]) -> bytes:
    """The bytes with these bits flipped, counted from the first byte's lowest."""
    damaged = bytearray(data)
    for bit in bits:
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)
