"""The data sets of many labels, each written as one CSV file with a column `split`.

banking77: Casanueva et al., Efficient Intent Detection with Dual Sentence Encoders, 2020. clinc150:
Larson et al., An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction, EMNLP
2019. The stars are those in the file names of the Large Movie Review Dataset: 1 to 4 and 7 to 10.
"""

from __future__ import annotations

import csv
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgernn.errors import DataError
from edgernn.files import new_file

__all__ = ["DATA_SETS", "DataSet", "Row", "out_of_scope", "short_texts", "write_rows"]

Row = tuple[str, str, str]
"""Text, label and split: `train`, `validation` or `test`."""

_REVIEW = re.compile(r"aclImdb/(train|test)/(?:pos|neg)/\d+_(\d+)\.txt")
_CLINC = "clinc150/data_full.json"


@dataclass(frozen=True)
class DataSet:
    """A data set, and how long it is trained on."""

    rows: Callable[[Path], Iterator[Row]]
    """Reads it from the folder that has all of them."""
    labels: int
    epochs: int | None = None
    """None: the recipe's own number, which is for some thousand short texts."""
    learning_rate: float | None = None


def _banking77(folder: Path) -> Iterator[Row]:
    for split in ("train", "test"):
        with (folder / "banking77" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["text"], row["category"], split


def _clinc150(folder: Path) -> Iterator[Row]:
    content = json.loads((folder / _CLINC).read_text("utf-8"))
    for part, split in (("train", "train"), ("val", "validation"), ("test", "test")):
        for text, label in content[part]:
            yield text, label, split


def _imdb_stars(folder: Path) -> Iterator[Row]:
    with tarfile.open(folder / "aclImdb_v1.tar.gz") as archive:
        for member in archive:
            found = _REVIEW.fullmatch(member.name)
            file = archive.extractfile(member) if found else None
            if found and file:
                yield file.read().decode("utf-8"), found[2], found[1]


DATA_SETS = {
    "banking77": DataSet(_banking77, 77),
    "clinc150": DataSet(_clinc150, 150),
    "imdb-stars": DataSet(_imdb_stars, 8, epochs=4, learning_rate=2e-3),
}


def out_of_scope(folder: Path) -> list[str]:
    """Return the questions of clinc150's test part that have none of its labels."""
    content = json.loads((folder / _CLINC).read_text("utf-8"))
    return [text for text, _ in content["oos_test"]]


def short_texts(folder: Path) -> list[str]:
    """Return 500 questions of clinc150's test part, of all its labels."""
    content = json.loads((folder / _CLINC).read_text("utf-8"))
    return [text for text, _ in content["test"][::9]]


def write_rows(name: str, folder: Path, output: Path) -> list[Row]:
    """Write a data set as a CSV file, and return its rows.

    Raises:
        DataError: it is not there, or not as it was published.
    """
    data_set = DATA_SETS[name]
    try:
        rows = list(data_set.rows(folder))
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise DataError(f"--data {folder}: {name} cannot be read: {error}") from error
    labels = {label for _, label, _ in rows}
    if len(labels) != data_set.labels:
        raise DataError(f"--data {folder}: {name} has {len(labels)} labels, not {data_set.labels}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with new_file(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "split"])
        writer.writerows(rows)
    return rows
