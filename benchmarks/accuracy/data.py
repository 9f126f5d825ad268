"""The texts that everything here is measured on: film reviews, and sentences of three sites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.near_duplicates import TESTS, kept_tests
from edgernn.data import Examples, describe, load_split
from edgernn.errors import DataError

__all__ = ["SHORT_SETS", "MeasuredTexts", "load_measured_texts", "load_sentences"]

SHORT_SETS = {"amazon": "amazon*.txt", "yelp": "yelp*.txt", "imdb": "imdb*.txt"}
"""Files of Kotzias et al., From Group to Individual Labels using Deep Features, KDD 2015."""
SHORT_NOTES = {"imdb": "almost all of its sentences stand in reviews of the test split"}


@dataclass(frozen=True)
class MeasuredTexts:
    """The test split, which of it has no near-duplicate in training, and the short texts."""

    tests: Examples
    kept: npt.NDArray[np.bool_]
    """bool [tests]: false where a near-duplicate stands among the training reviews."""
    short: dict[str, Examples]
    description: dict[str, Any]
    """Of the data, for a result file."""


def load_measured_texts(data: str, short: Path, places: Path = TESTS) -> MeasuredTexts:
    """Read what models and peers are measured on.

    Args:
        data: the archive of the Large Movie Review Dataset, or its folder.
        short: the folder of the files of sentences.
        places: the file of test reviews with near-duplicates.

    Raises:
        DataError: a file is missing or damaged, or the near-duplicates are not of this data.
    """
    tests = load_split(data, "test")
    kept = kept_tests(places)
    if len(kept) != len(tests.texts):
        raise DataError(f"{places}: lists places of {len(kept):,} tests, {data} has others")
    return MeasuredTexts(
        tests,
        kept,
        {name: load_sentences(short, pattern) for name, pattern in SHORT_SETS.items()},
        dict(describe(data)),
    )


def load_sentences(folder: Path, pattern: str) -> Examples:
    """Read the one file of `folder` that fits `pattern`: a sentence, a tab and 0 or 1 a line.

    Raises:
        DataError: there is no such file, or several, or a line is not of that form.
    """
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"--short {folder}: holds {len(found)} files {pattern}, not one")
    texts, labels = [], []
    # Only \n ends a line: str.splitlines would cut sentences at other characters, too.
    for number, line in enumerate(found[0].read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        text, _, label = line.rstrip("\r").rpartition("\t")
        if label.strip() not in ("0", "1") or not text.strip():
            raise DataError(f"{found[0]}, line {number}: not a sentence, a tab and 0 or 1")
        texts.append(text.strip())
        labels.append(int(label))
    return Examples(tuple(texts), np.array(labels, np.int8))
