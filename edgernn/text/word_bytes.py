"""Texts as bytes in which a space ends each word, and nothing else does.

`bytes.split`, or numpy on many texts at once, then finds the words. Characters outside ASCII have
bytes of their own in UTF-8, so a word rule of ASCII characters works on bytes as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgernn.text.normalize import BREAK, Normalizer

__all__ = ["WordBytes"]

# `bytes.split` ends a word at these, whether or not the rule does; where it does not, they are
# carried through as bytes that UTF-8 never has.
_WHITE = b"\t\n\v\f\r"
_CARRIED = b"\xf8\xf9\xfa\xfb\xfc"


class WordBytes:
    """A word rule, and the normalization before it."""

    def __init__(self, normalizer: Normalizer, separators: str, word_characters: str) -> None:
        """Take the rules of a text contract.

        Args:
            normalizer: what is done to a text before.
            separators: characters that end a word, the space among them or not.
            word_characters: if any, all that words are made of, in place of `separators`.
        """
        self._normalizer = normalizer
        characters = word_characters or separators
        self.spaces: dict[int, str] = (
            _AllBut(word_characters)
            if word_characters
            else dict.fromkeys(map(ord, separators), " ")
        )
        """For `str.translate`: what ends a word becomes a space."""
        self._carried = bytes.maketrans(_WHITE, _CARRIED)
        table = bytearray(self._carried)
        self._is_ascii = characters.isascii()
        if self._is_ascii:
            given = characters.encode()
            for byte in set(range(256)).difference(given) if word_characters else set(given):
                table[byte] = ord(" ")
        self._table = bytes(table)
        # In Latin-1 no character composes with others or has a lower case that depends on them, so
        # what becomes of each, but for those of a break, can be known beforehand. Where that is
        # one byte, or spaces, normalization and word rule are one table.
        bytes_of = [self._of_any(chr(i)) for i in range(256)]
        bytes_of = [b" " if not of.strip(b" ") else of for of in bytes_of]
        has_latin = all(len(of) == 1 for of in bytes_of)
        self._encoding = "latin-1" if has_latin else "ascii"
        self._encoding_table = b"".join(bytes_of if has_latin else [*bytes_of[:128], bytes(128)])
        self._breaks_are_spaces = normalizer.html_breaks == "space"

    def of(self, text: str) -> bytes:
        """Return the bytes of a text as it was given."""
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError:
            return self._of_any(text)
        if self._breaks_are_spaces and b"<" in data:
            data = BREAK.sub(" ", text).encode(self._encoding)
        return data.translate(self._encoding_table)

    def _of_any(self, text: str) -> bytes:
        text = self._normalizer(text)
        if not self._is_ascii:
            text = text.translate(self.spaces)
        return text.encode().translate(self._table)

    def keys(self, words: Sequence[str]) -> list[bytes]:
        """Return each word as it stands in a text's bytes; one that cannot, as what never does."""
        joined = "\n".join(words).encode("utf-8", "surrogatepass")
        keys = joined.split(b"\n")
        if len(keys) == len(words) and not any(byte in joined for byte in b"\t\v\f\r"):
            return keys
        carried = self._carried
        return [word.encode("utf-8", "surrogatepass").translate(carried) for word in words]


class _AllBut(dict[int, str]):
    """A translation table that turns every character but the given ones into a space."""

    def __init__(self, characters: str) -> None:
        super().__init__((ord(character), character) for character in characters)

    def __missing__(self, character: int) -> str:
        return " "
