"""What of a contract makes ids of most texts, as tables of bytes: for an engine to do it faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ByteRules"]


@dataclass(frozen=True, kw_only=True)
class ByteRules:
    """The way from a text's bytes to ids, but for the cut and the padding of the contract."""

    tokens: Literal["words", "subwords"]
    encoding: Literal["ascii", "latin-1"]
    """Texts of these characters may be read by the table of bytes."""
    becomes: bytes
    """What becomes of each of the 256 bytes; of words, what ends one becomes a space."""
    deleted: bytes
    """Bytes that nothing becomes of."""
    breaks_are_spaces: bool
    """Whether `edgernn.text.normalize.BREAK` is one space before the table is looked at."""
    looked_at: str
    """A text with one of these characters is not for the table."""
    normal: Callable[[str], bytes | None]
    """The bytes of any text after normalization, UTF-8. Of words, spaces, and they alone, end one.
    Of subwords, as many bytes of ASCII follow, letters where a word's characters are; None for a
    text that only `TextEncoder` reads."""
    vocabulary: Mapping[bytes, int]
    """Words or subwords as they stand in such bytes; an id below 0 is a word that is left out."""
    unknown_id: int | None = None
    """Of words."""
    start_id: int | None = None
    """Of words."""
    first_byte_id: int = 0
    """Of subwords: the ids of single bytes are this one and the next 255."""
