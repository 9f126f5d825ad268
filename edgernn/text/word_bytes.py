"""Texts as bytes in which a space ends each word, and nothing else does.

`bytes.split`, or numpy on many texts at once, then finds the words. Characters outside ASCII have
bytes of their own in UTF-8, so a word rule of ASCII characters works on bytes as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

from edgernn.text.normalize import BREAK, Normalizer
from edgernn.text.word_rule import WordRule

__all__ = ["WordBytes"]

# `bytes.split` ends a word at these, whether or not the rule does; where it does not, they are
# carried through as bytes that UTF-8 never has.
_WHITE = b"\t\n\v\f\r"
_CARRIED = b"\xf8\xf9\xfa\xfb\xfc"

_WESTERN = ("latin-1", "cp1252")
"""Encodings of one byte a character, one of which most texts in Latin letters have."""


class WordBytes:
    """A word rule, and the normalization before it."""

    def __init__(self, normalizer: Normalizer, rule: WordRule) -> None:
        """Take the rules of a text contract."""
        self._normalizer = normalizer
        self._rule = rule
        self._carried = bytes.maketrans(_WHITE, _CARRIED)
        table = bytearray(self._carried)
        if rule.is_ascii:
            by_characters = rule.word_characters
            given = (by_characters or rule.separators).encode()
            for byte in set(range(256)).difference(given) if by_characters else set(given):
                table[byte] = ord(" ")
        self._table = bytes(table)
        # In Latin-1 no character composes with others or has a lower case that depends on them, so
        # what becomes of each, but for those of a break and a few more, can be known beforehand.
        # Where that is one byte, or none, or spaces, normalization and word rule are one table.
        bytes_of = [self._of_any(chr(i)) for i in range(256)]
        bytes_of = [b" " if not of.strip(b" ") else of for of in bytes_of]
        self._deleted = bytes(i for i in range(256) if not normalizer(chr(i)))
        has_latin = all(len(of) == 1 for of in bytes_of)
        self._encoding: Literal["ascii", "latin-1"] = "latin-1" if has_latin else "ascii"
        self._encoding_table = b"".join(bytes_of if has_latin else [*bytes_of[:128], bytes(128)])
        self._breaks_are_spaces = normalizer.html_breaks == "space"
        self._looked_at = normalizer.looked_at

    @cached_property
    def _western(self) -> dict[str, tuple[bytes, bytes]]:
        """The tables of `_WESTERN`, for the first text of other characters than `_encoding` has."""
        if self._encoding == "latin-1":
            return {}
        tables = {encoding: self._western_table(encoding) for encoding in _WESTERN}
        return {name: table for name, table in tables.items() if table is not None}

    def _western_table(self, encoding: str) -> tuple[bytes, bytes] | None:
        """Return what becomes of each character of one of `_WESTERN`, and those that are deleted.

        None where one becomes something else than one of them, or a space, or nothing: of them,
        too, none composes with others or has a lower case that depends on them.
        """
        table, deleted = bytearray(range(256)), bytearray()
        for code in range(256):
            try:
                normal = self._normalizer(bytes([code]).decode(encoding))
            except UnicodeDecodeError:
                continue  # Five bytes are no characters.
            if not normal:
                deleted.append(code)
            try:
                of = (self._rule.spaced(normal).strip(" ") or " ").encode(encoding)
            except UnicodeEncodeError:
                return None
            if len(of) > 1 or of in _WHITE:
                return None
            table[code] = of[0]
        return bytes(table), bytes(deleted)

    def of(self, text: str) -> bytes:
        """Return the bytes of a text as it was given."""
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError:
            return self._of_other(text)
        for character in self._looked_at:
            if character in text:
                return self._of_any(text)
        if self._breaks_are_spaces and b"<" in data:
            data = BREAK.sub(" ", text).encode(self._encoding)
        return data.translate(self._encoding_table, self._deleted)

    def rules(self) -> dict[str, Any]:
        """Return what `edgernn.text.byte_rules.ByteRules` has of words, but for their ids."""
        return {
            "tokens": "words",
            "encoding": self._encoding,
            "becomes": self._encoding_table,
            "deleted": self._deleted,
            "breaks_are_spaces": self._breaks_are_spaces,
            "looked_at": self._looked_at,
            "normal": self.of,
        }

    def _of_other(self, text: str) -> bytes:
        """Return the bytes of a text that is not of `_encoding`."""
        if any(character in text for character in self._looked_at):
            return self._of_any(text)
        for encoding, table in self._western.items():
            try:
                data = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            if self._breaks_are_spaces and b"<" in data:
                data = BREAK.sub(" ", text).encode(encoding)
            return data.translate(*table).decode(encoding).encode()
        return self._of_any(text)

    def _of_any(self, text: str) -> bytes:
        text = self._normalizer(text)
        if not self._rule.is_ascii:
            text = self._rule.spaced(text)
        return text.encode().translate(self._table)

    def keys(self, words: Sequence[str]) -> list[bytes]:
        """Return each word as it stands in a text's bytes; one that cannot, as what never does."""
        joined = "\n".join(words).encode("utf-8", "surrogatepass")
        keys = joined.split(b"\n")
        if len(keys) == len(words) and not any(byte in joined for byte in b"\t\v\f\r"):
            return keys
        carried = self._carried
        return [word.encode("utf-8", "surrogatepass").translate(carried) for word in words]
