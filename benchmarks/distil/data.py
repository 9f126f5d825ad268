"""Data sets of which few texts have a label, written as the example script reads them.

sentences: Amazon and Yelp sentences of Kotzias et al., From group to individual labels using deep
features, KDD 2015. banking77: Casanueva et al., Efficient Intent Detection with Dual Sentence
Encoders, 2020.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["DATA_SETS", "PARTS", "DataSet", "read", "write_parts"]

Row = tuple[str, str]
"""Text and label."""

PARTS = ("labelled", "unlabelled", "dev", "test")


@dataclass(frozen=True)
class DataSet:
    """A data set, and how it is divided."""

    train: Callable[[Path], Iterator[Row]]
    """Reads it from the folder that has all of them."""
    test: Callable[[Path], Iterator[Row]] | None
    """Its own test part; None where one is taken at random."""
    labelled: int
    unlabelled: int
    dev: int
    """Texts on which settings are chosen; neither model learns from them."""


def _sentences(folder: Path) -> Iterator[Row]:
    for name in ("amazon_cells_labelled.txt", "yelp_labelled.txt"):
        for line in (folder / "short" / name).read_text("utf-8").split("\n"):
            text, tab, label = line.rpartition("\t")
            if tab:
                yield text.strip(), ("negative", "positive")[int(label)]


def _banking(split: str) -> Callable[[Path], Iterator[Row]]:
    def rows(folder: Path) -> Iterator[Row]:
        with (folder / "banking77" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["text"], row["category"]

    return rows


DATA_SETS = {
    "sentences": DataSet(_sentences, None, 500, 700, 300),
    "banking77": DataSet(_banking("train"), _banking("test"), 1000, 4000, 1000),
}


def write_parts(name: str, data: Path, folder: Path, seed: int) -> None:
    """Divide a data set, each label in proportion, and write a CSV file a part.

    Args:
        name: of `DATA_SETS`.
        data: the folder that has all of them.
        folder: where the files of `PARTS` go.
        seed: decides which texts; each text is in one part.
    """
    chosen = DATA_SETS[name]
    # A text that is there twice would be in two parts.
    rows = list(dict(chosen.train(data)).items())
    random = np.random.default_rng(seed)
    labels = np.unique([label for _, label in rows], return_inverse=True)[1]
    # By how far a text is through its label's own random order, all labels advance alike.
    place = np.zeros(len(rows))
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    order = iter(np.argsort(place, kind="stable"))
    sizes = {"labelled": chosen.labelled, "dev": chosen.dev, "unlabelled": chosen.unlabelled}
    parts = {part: [rows[next(order)] for _ in range(size)] for part, size in sizes.items()}
    if chosen.test is None:
        parts["test"] = [rows[row] for row in order]
    else:
        taken = {text for part in parts.values() for text, _ in part}
        parts["test"] = [row for row in chosen.test(data) if row[0] not in taken]
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        _write(folder / f"{part}.csv", parts[part])


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file of `write_parts`."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _write(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("text", "label"))
        out.writerows(rows)
