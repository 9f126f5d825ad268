"""What a vocabulary file says, whatever its kind; None where it is silent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgernn.errors import DataError
from edgernn.text.normalize import Case, UnicodeForm
from edgernn.training.imported.foreign_vocabularies import foreign_words
from edgernn.training.imported.settings import plain, shown

__all__ = ["Kind", "Side", "WordFile", "check_words", "read_json"]

Kind = Literal[
    "Keras Tokenizer",
    "word index",
    "index_word",
    "word list",
    "words with ids",
    "JSON list of words",
    "Hugging Face tokenizer",
    "TextVectorization",
    "SubwordTextEncoder",
]

Side = Literal["pre", "post"]
"""A side of a text as `keras.utils.pad_sequences` calls it."""


@dataclass(frozen=True, kw_only=True)
class WordFile:
    """What a file says about words and their ids."""

    path: Path
    kind: Kind
    sha256: str
    """SHA-256 of the file that was read."""
    words: tuple[tuple[int, str], ...]
    """Numbers and words; the numbers are ids, or places from 0 on if `placed`. None twice."""
    placed: bool = False
    """Whether the file has an order and no ids."""
    unicode_form: UnicodeForm = "none"
    case: Case | None = None
    separators: str | None = None
    deleted_characters: str = ""
    num_words: int | None = None
    unknown_id: int | None = None
    start_id: int | None = None
    complete: bool = False
    """Whether the file says which ids unknown words and the start have: none, where it is None."""
    padding: Side | Literal["none"] | None = None
    truncating: Side | None = None
    max_length: int | None = None
    notes: tuple[str, ...] = ()


def read_json(path: Path, text: str) -> Any:
    """Parse JSON in which no name stands twice.

    Raises:
        DataError: it is none.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error


def check_words(
    path: Path,
    pairs: Iterable[tuple[int, str]],
    locate: Callable[[int], str] | None = None,
) -> tuple[tuple[int, str], ...]:
    """Return numbers and words; none may stand there twice."""
    words: dict[str, int] = {}
    found = []
    for number, word in pairs:
        if words.setdefault(word, number) != number:
            first = words[word]
            where = (
                f", {locate(number)}: the word of {locate(first)} again"
                if locate is not None
                else f": {shown(word)} appears twice, with {first} and with {number}"
            )
            raise DataError(f"{path}{where}")
        found.append((number, word))
    refused = foreign_words(list(words))
    if refused is not None:
        raise DataError(f"{path}: {refused}")
    return tuple(found)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, count in names.items() if count > 1)
        raise ValueError(f"a name appears twice: {plain(twice)}")
    return dict(pairs)
