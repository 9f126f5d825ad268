"""What a case is on disk, and the texts that all are scored on; needs nothing but Python.

To add a kind: write a builder, and put it under its name into `NETWORKS` of `networks.py`, or into
`VOCABULARIES` of `vocabularies.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CASE = "case.json"
EXPECTED = "expected.jsonl"
MAX_LENGTH = 12

_WORDS = (
    "the a and of it film was good bad plot acting not very great boring loved hated music story "
    "actors end funny dull lovely slow but in is this never"
)
WORDS = _WORDS.split()
"""Ids 1 to 30 of the vocabulary of the network cases."""

TEXTS = (
    "a good film",
    "boring",
    "the acting was bad and the plot was dull",
    "it was not very good but the music was lovely",
    "i loved the story",
    "never a dull end in this very funny and great story of the good and the bad",
    "the film is slow and the actors hated it",
    "great great great great great great great great great great great great",
    "this is a lovely lovely lovely film",
    "bad bad acting",
    "music",
    "the end of the story was not funny it was boring",
    "A GOOD film, very good indeed!",
    "It's not bad (and the plot isn't dull): a well-made, lovely story...",
)
"""Texts of one word up to more than `MAX_LENGTH`, one of them exactly as long; with words that no
vocabulary here has, capitals and punctuation."""

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""Default `filters` of Keras's `Tokenizer`."""


@dataclass(frozen=True)
class Case:
    """One model with its vocabulary, as it lies in a folder."""

    kind: str
    """What is special about it, as the table names it."""
    group: str
    """`network` or `vocabulary`: which table it stands in."""
    keras: str
    """The package and version that made it."""
    model: str
    vocabulary: str
    options: list[str] = field(default_factory=list)
    """Options of `edgernn import` beside the model, the vocabulary, the output and the name."""
    refused: bool = False
    """Whether it must be refused, by a sentence."""
    tolerance: float = 1e-5
    """Largest difference from Keras's predict allowed, in probability."""

    def write(self, folder: Path, expected: list[dict[str, Any]]) -> None:
        """Write the case; `expected` has `text`, `ids` and the units' `score` of each text."""
        (folder / CASE).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        lines = "".join(json.dumps(row) + "\n" for row in expected)
        (folder / EXPECTED).write_text(lines, "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Case:
        """Read the case of a folder."""
        return cls(**json.loads((folder / CASE).read_text("utf-8")))


def expected_scores(folder: Path) -> list[dict[str, Any]]:
    """Return `text`, `ids` and `score` of each text of a case."""
    lines = (folder / EXPECTED).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def tokens(text: str) -> list[str]:
    """Return the words of a text as Keras's `Tokenizer` splits it."""
    return text.lower().translate({ord(c): " " for c in FILTERS}).split(" ")


def word_ids(text: str) -> list[int]:
    """Return the ids of the words of `WORDS`, the others left out."""
    return [1 + WORDS.index(word) for word in tokens(text) if word in WORDS]


def padded(ids: list[int], padding: str = "pre", length: int = MAX_LENGTH) -> list[int]:
    """Cut and pad ids as `pad_sequences(padding=..., truncating="pre")` does."""
    kept = ids[-length:]
    zeros = [0] * (length - len(kept))
    return zeros + kept if padding == "pre" else kept + zeros
