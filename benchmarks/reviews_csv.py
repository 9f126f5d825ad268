"""Writes all 50,000 IMDB reviews as the one CSV file that is passed around.

    python -m benchmarks.reviews_csv aclImdb_v1.tar.gz reviews.csv

The file has the columns `review` and `sentiment` (positive, negative), and a column `split` that
puts a fifth of each class, drawn by a fixed seed, into the test split: the tutorial behind
`stopword-bilstm` splits so too, and not at the data set's own border.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from edgernn.data import load_split, stratified_split
from edgernn.files import new_file

__all__ = ["main"]

_TEST_FRACTION = 0.2
_SEED = 1
_LABELS = ("negative", "positive")


def main() -> None:
    """Read the archive, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    parts = [load_split(arguments.archive, split) for split in ("train", "test")]
    texts = [text for part in parts for text in part.texts]
    labels = np.concatenate([part.labels for part in parts])
    _, test = stratified_split(labels, _TEST_FRACTION, _SEED)
    tested = set(test.tolist())
    with (
        new_file(arguments.output) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment", "split"])
        for row, (text, label) in enumerate(zip(texts, labels.tolist(), strict=True)):
            writer.writerow([text, _LABELS[label], "test" if row in tested else "train"])


if __name__ == "__main__":
    main()
