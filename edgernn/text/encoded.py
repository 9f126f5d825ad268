"""What becomes of texts on their way to ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["EncodedTexts", "TextFacts"]


class TextFacts(NamedTuple):
    """What scores say of texts beside their probabilities; one place a text."""

    counts: list[int]
    """How many ids are scored."""
    known: list[float]
    """See `EncodedTexts`."""
    truncated: list[bool]
    """See `EncodedTexts`."""


class EncodedTexts(NamedTuple):
    """The ids of texts, and what they do not show; lists of the same length, one place a text."""

    ids: list[npt.NDArray[np.int32]]
    """int32 [ids kept] of each text; may be views of larger arrays."""
    known: list[float]
    """Share of the text's tokens that the vocabulary has, in [0, 1]; 0 where there is no token.

    Tokens that the cut takes away do not count, nor do stop words, padding and the start id. Of
    subwords, a letter or a character outside ASCII that has to be spelled in bytes is no token of
    the vocabulary; a single byte for a digit, a punctuation mark or white space is one.
    """
    truncated: list[bool]
    """Whether the text has more tokens than are kept."""

    @property
    def facts(self) -> TextFacts:
        """The same without ids."""
        return TextFacts(list(map(len, self.ids)), self.known, self.truncated)
