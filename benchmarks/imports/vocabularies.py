"""The kinds of vocabulary files: each written beside the same small network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.imports.cases import WORDS, word_ids


@dataclass(frozen=True)
class Vocabulary:
    """One kind of vocabulary."""

    write: Callable[[Path], str]
    """Writes the file into a folder and returns its name."""
    ids: Callable[[str], list[int]]
    """What the person's own program makes of a text, before it is cut and padded."""
    rows: int = len(WORDS) + 1
    """Rows of the embedding."""
    options: tuple[str, ...] = ()
    """Options of `edgernn import` that the person has to give."""
    refused: bool = False
    """Whether it must be refused, by a sentence."""


def _word_index(folder: Path) -> str:
    index = {word: number for number, word in enumerate(WORDS, start=1)}
    (folder / "word_index.json").write_text(json.dumps(index), "utf-8")
    return "word_index.json"


VOCABULARIES: dict[str, Vocabulary] = {
    "word index": Vocabulary(_word_index, word_ids),
}
"""By the name that the table has."""
