"""The data sets, and which of their texts are learned from.

Amazon and Yelp sentences: Kotzias et al., From Group to Individual Labels using Deep Features, KDD
2015. banking77 and clinc150: see `benchmarks.labels.data`. IMDB: Maas et al., Learning Word Vectors
for Sentiment Analysis, ACL 2011.
"""

from __future__ import annotations

import functools
import re
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.labels.data import DATA_SETS

__all__ = ["TASKS", "Split", "Task"]

Row = tuple[str, str]
"""Text and label."""

_REVIEW = re.compile(r"aclImdb/(train|test)/(pos|neg)/(\d+)_\d+\.txt")
_RARE = 0.05
"""Share of the rarer label where labels are unequal."""


@dataclass(frozen=True)
class Split:
    """Rows to learn from, and rows to measure on."""

    train: list[Row]
    test: list[Row]


@dataclass(frozen=True)
class Task:
    """A data set in one size."""

    name: str
    rows: int | None
    """Learned from; None: all."""
    split: Callable[[Path, int | None, int], Split]
    """Of the folder with all data, the rows and the seed."""
    from_pretrained: bool = True
    """Whether the pretrained model may be started from; it has read IMDB's training reviews."""
    balanced: bool = False
    """Whether labels are unequal and count alike: the measure is balanced accuracy."""

    @property
    def key(self) -> str:
        """Its name in the result file."""
        return f"{self.name} {'all' if self.rows is None else self.rows}"


def _sentences(folder: Path, rows: int | None, seed: int) -> Split:
    """Hold out 500 of the 2,000 sentences, others for each seed."""
    found: list[Row] = []
    for name in ("amazon_cells", "yelp"):
        content = (folder / "short" / f"{name}_labelled.txt").read_text("utf-8")
        for line in filter(None, content.split("\n")):
            text, label = line.rsplit("\t", 1)
            found.append((text.strip(), "positive" if label.strip() == "1" else "negative"))
    order = _order(len(found), seed)
    return Split([found[i] for i in order[500:][:rows]], [found[i] for i in order[:500]])


@functools.cache
def _reviews(folder: Path) -> dict[str, list[Row]]:
    names = {"pos": "positive", "neg": "negative"}
    found: dict[str, list[tuple[str, str, int]]] = {"train": [], "test": []}
    with tarfile.open(folder / "aclImdb_v1.tar.gz") as archive:
        for member in archive:
            match = _REVIEW.fullmatch(member.name)
            file = archive.extractfile(member) if match else None
            if match and file:
                text = file.read().decode("utf-8")
                found[match[1]].append((text, names[match[2]], int(match[3])))
    # In an order that does not depend on that of the archive.
    return {
        split: [(text, label) for text, label, _ in sorted(rows, key=lambda row: row[1:])]
        for split, rows in found.items()
    }


def _imdb(folder: Path, rows: int | None, seed: int) -> Split:
    reviews = _reviews(folder)
    return Split(_some(reviews["train"], rows, seed), reviews["test"])


def _unequal(folder: Path, rows: int | None, seed: int) -> Split:
    """Leave the positive reviews at a twentieth of those that are learned from."""
    reviews = _reviews(folder)
    number = rows or 10_000
    rare = round(_RARE * number)
    shuffled = _some(reviews["train"], None, seed)
    parts = [
        [row for row in shuffled if row[1] == label][:count]
        for label, count in (("positive", rare), ("negative", number - rare))
    ]
    return Split(_some([*parts[0], *parts[1]], None, seed), reviews["test"])


def _intents(name: str, folder: Path, rows: int | None, seed: int) -> Split:
    """Take some of the texts that are no test texts, at least two of each label."""
    every = list(DATA_SETS[name].rows(folder))
    train = [(text, label) for text, label, split in every if split != "test"]
    test = [(text, label) for text, label, split in every if split == "test"]
    return Split(_some(train, rows, seed, least=2), test)


def _some(rows: Sequence[Row], number: int | None, seed: int, least: int = 0) -> list[Row]:
    """Return some rows in random order, `least` of each label first, if so many are wanted."""
    shuffled = [rows[i] for i in _order(len(rows), seed)]
    met: dict[str, int] = {}
    first: list[Row] = []
    others: list[Row] = []
    for row in shuffled:
        met[row[1]] = met.get(row[1], 0) + 1
        (first if met[row[1]] <= least else others).append(row)
    taken = [*first, *others][:number]
    return [taken[i] for i in _order(len(taken), seed)]


def _order(number: int, seed: int) -> list[int]:
    return list(map(int, np.random.Generator(np.random.PCG64([seed])).permutation(number)))


TASKS = (
    *(Task("Amazon + Yelp", rows, _sentences) for rows in (100, 500, 1500)),
    *(
        Task(name, rows, functools.partial(_intents, name))
        for name, some in (("banking77", 1000), ("clinc150", 1500))
        for rows in (some, None)
    ),
    *(Task("IMDB", rows, _imdb, from_pretrained=False) for rows in (500, 2500, 10_000)),
    Task("IMDB 95/5", 10_000, _unequal, from_pretrained=False, balanced=True),
)
