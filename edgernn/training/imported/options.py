"""What a person says about a vocabulary, and the error that asks for more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edgernn.errors import UsageError

__all__ = ["IdOption", "OpenQuestion", "Split", "WordOptions"]

IdOption = int | Literal["none"] | None
"""An id; `none`: there is none; None: nothing was said."""

Split = Literal["tokenizer", "whitespace", "vectorization"]
"""Where texts are split: at the default `filters` of Keras's `Tokenizer` and spaces, as
`str.split()` does, or as `TextVectorization` does by default, which deletes punctuation first."""


@dataclass(frozen=True, kw_only=True)
class WordOptions:
    """What a vocabulary file may leave open; None where nothing was asked for."""

    start_id: IdOption = None
    """Id in front of every text."""
    unknown_id: IdOption = None
    """Id of unknown words; without one they are left out."""
    padding_id: int | None = None
    """Id that fills up texts; 0 if nothing is said."""
    first_id: int | None = None
    """Id of the first word of a list."""
    index_from: int | None = None
    """Added to every number of a word index or line of a word list, which counts from 1."""
    num_words: int | None = None
    """Ids from this one on are not used."""
    lower: bool | None = None
    """Whether texts are lower-cased."""
    split: Split | None = None
    """Where texts are split."""

    def changed(self, **values: Any) -> WordOptions:
        """Return options with other values."""
        return dataclasses.replace(self, **values)


class OpenQuestion(UsageError):
    """Files and options leave something open; the message asks for it."""

    def __init__(self, question: str, answers: Sequence[WordOptions]) -> None:
        """Ask a question.

        Args:
            question: names what was seen, and what to do for each answer.
            answers: the options of each likely answer, for a program that can try them.
        """
        super().__init__(f"{question}; --expect FILE settles it, too")
        self.answers = tuple(answers)
