"""Test reviews that stand, word for word or nearly, among the reviews that models learn from.

    python -m benchmarks.accuracy.near_duplicates --data aclImdb_v1.tar.gz

Compares every test review with every labelled and unlabelled training review, and writes how many
have a double, and which: their places in the test split alone, never a text. `kept_tests` gives the
mask that leaves them out.

Reviews are compared by their sets of shingles, five words in a row (Broder, On the Resemblance and
Containment of Documents, 1997), without case, punctuation, white space and `<br />`. All pairs are
found that reach the threshold, not a sample: a review that shares a share t of its n shingles with
another shares one of any n - ceil(t n) + 1 of them, so its rarest ones find all candidates (the
prefix filter of Chaudhuri et al., A Primitive Operator for Similarity Joins, 2006).
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.environment import describe_machine, write_result
from edgernn.cli.console import say
from edgernn.data import describe, load_split, unlabelled_texts
from edgernn.errors import DataError

__all__ = ["KINDS", "TESTS", "Pairs", "find_pairs", "kept_tests", "main", "words"]

RESULT = Path("benchmarks/accuracy/results/near_duplicates.json")
TESTS = Path("benchmarks/accuracy/results/near_duplicate_tests.json")

SHINGLE = 5
"""Words in a row."""
KINDS = ("same", "near", "contained", "partly")
"""From the closest: the same words in the same order; Jaccard >= 0.8; containment >= 0.8; >= 0.5.
A pair, and a test review, counts as the first of them that it is."""
NEAR = 0.8
PARTLY = 0.5
FEWEST_SHARED = 20
"""Shingles that a pair must share unless all words are the same: a review of fifteen words may be
half stock phrases ("this is one of the worst movies I have ever seen")."""
CHOSEN = (
    "All pairs with a containment of at least 0.5 that are not the same were looked at. Those that "
    "share fewer than 20 shingles match by chance: 9 to 11 words in a row of stock phrases, in "
    "reviews of 14 and 16 words. Those that share more have 32 words in a row and more in common: "
    "one text sent in twice with changes, or one text for several films."
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of a test text and a source text that share at least the share asked for."""

    tests: Ints
    """int64 [pairs]: places among the test texts, rising."""
    sources: Ints
    """int64 [pairs]: places among the source texts."""
    shared: Ints
    """int64 [pairs]: shingles in both."""
    jaccard: npt.NDArray[np.float64]
    """float64 [pairs]: shingles in both, of those in either."""
    containment: npt.NDArray[np.float64]
    """float64 [pairs]: shingles in both, of those in the text that has fewer."""
    same: npt.NDArray[np.bool_]
    """bool [pairs]: whether the words are the same, in the same order."""

    def kinds(self) -> Ints:
        """Return int64 [pairs]: for each pair its first kind, a place in `KINDS`."""
        tests = [self.same, self.jaccard >= NEAR, self.containment >= NEAR]
        return np.select(tests, [0, 1, 2], 3).astype(np.int64)


def words(text: str) -> list[str]:
    """Return a text's words in lower case, without punctuation and line breaks."""
    return _WORD.findall(_BREAK.sub(" ", text).lower())


def find_pairs(tests: Sequence[str], sources: Iterable[str], threshold: float = PARTLY) -> Pairs:
    """Find all pairs of a test text and a source text with a containment of at least `threshold`.

    Pairs that are not the same share at least `FEWEST_SHARED` shingles. A text of fewer than five
    words is one shingle; one without a word is in no pair.
    """
    numbers: dict[str, int] = {}
    rows = [_shingles(text, numbers) for text in chain(tests, sources)]
    same_as = [key for _, key in rows]
    sizes = np.array([len(hashes) for hashes, _ in rows], np.int64)
    everything = np.concatenate([hashes for hashes, _ in rows])
    _, shingles = np.unique(everything, return_inverse=True)
    sets = np.split(shingles.astype(np.int64), np.cumsum(sizes)[:-1])
    count, border = int(shingles.max(initial=-1)) + 1, len(tests)
    test_sets, source_sets = _Sets(sets[:border], count), _Sets(sets[border:], count)
    found = np.concatenate(
        [
            _candidates(test_sets, source_sets, threshold),
            _candidates(source_sets, test_sets, threshold)[:, ::-1],
        ]
    )
    found = np.unique(found, axis=0)
    both = np.array(
        [
            len(np.intersect1d(test_sets.sets[test], source_sets.sets[source], assume_unique=True))
            for test, source in found
        ],
        np.int64,
    )
    mine, theirs = sizes[:border][found[:, 0]], sizes[border:][found[:, 1]]
    containment = both / np.minimum(mine, theirs)
    same = np.array([same_as[test] == same_as[border + source] for test, source in found], np.bool_)
    kept = (containment >= threshold) & ((both >= FEWEST_SHARED) | same)
    return Pairs(
        tests=found[kept, 0],
        sources=found[kept, 1],
        shared=both[kept],
        jaccard=(both / (mine + theirs - both))[kept],
        containment=containment[kept],
        same=same[kept],
    )


def kept_tests(path: Path = TESTS) -> npt.NDArray[np.bool_]:
    """Return bool [test reviews]: false for those with a near-duplicate among training reviews.

    Args:
        path: the file of places that this module's command writes.

    Raises:
        DataError: the file is not there.
    """
    try:
        listed = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): write it with "
            "python -m benchmarks.accuracy.near_duplicates --data aclImdb_v1.tar.gz"
        ) from error
    kept = np.ones(listed["tests"], np.bool_)
    for kinds in listed["places"].values():
        for places in kinds.values():
            kept[places] = False
    return kept


class _Sets:
    """Sets of shingle numbers, and which sets each shingle is in."""

    def __init__(self, sets: Sequence[Ints], count: int) -> None:
        """Index `sets`, each of distinct numbers below `count`."""
        self.sets = sets
        self.sizes = np.array([len(one) for one in sets], np.int64)
        self.flat = np.concatenate([*sets, np.zeros(0, np.int64)])
        self.owners = np.repeat(np.arange(len(sets)), self.sizes)
        self.frequency = np.bincount(self.flat, minlength=count)
        self.postings = self.owners[np.argsort(self.flat, kind="stable")]
        self.starts = np.concatenate([[0], np.cumsum(self.frequency)[:-1]]).astype(np.int64)


def _candidates(mine: _Sets, theirs: _Sets, threshold: float) -> Ints:
    """Return int64 [pairs, 2]: every set of mine with all sets that share one of its rarest."""
    frequency = theirs.frequency[mine.flat]
    order = np.lexsort((frequency, mine.owners))
    first = np.concatenate([[0], np.cumsum(mine.sizes)[:-1]]).astype(np.int64)
    rank = np.arange(len(order)) - np.repeat(first, mine.sizes)
    # A hair less, so that rounding cannot raise 0.8 * 5 above 4.
    needed = np.ceil(threshold * mine.sizes - 1e-9).astype(np.int64)
    prefix = np.repeat(mine.sizes - needed + 1, mine.sizes)
    chosen = order[rank < prefix]
    chosen = chosen[frequency[chosen] > 0]
    times = frequency[chosen]
    begin = np.repeat(theirs.starts[mine.flat[chosen]], times)
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    pairs = np.stack([np.repeat(mine.owners[chosen], times), theirs.postings[begin + within]], 1)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _shingles(text: str, numbers: dict[str, int]) -> tuple[npt.NDArray[np.uint64], int]:
    """Return a text's distinct shingles, hashed to 64 bits, and a key of its words in order."""
    found = words(text)
    ids = np.array([numbers.setdefault(word, len(numbers) + 1) for word in found], np.uint64)
    if not len(ids):
        return np.zeros(0, np.uint64), 0
    length = max(1, len(ids) - SHINGLE + 1)
    hashes = np.zeros(length, np.uint64)
    for place in range(min(SHINGLE, len(ids))):
        hashes = (hashes + ids[place : place + length]) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(29)
    return np.unique(hashes), hash(tuple(found))


def main() -> None:
    """Compare the reviews and write counts and places."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--tests", type=Path, default=TESTS)
    arguments = parser.parse_args()
    tests = load_split(arguments.data, "test").texts
    train = load_split(arguments.data, "train").texts
    unlabelled = list(unlabelled_texts(arguments.data))
    start = time.perf_counter()
    pairs = find_pairs(tests, chain(train, unlabelled))
    seconds = round(time.perf_counter() - start, 1)
    is_train = pairs.sources < len(train)
    places = {"train": _places(pairs, is_train), "unsup": _places(pairs, ~is_train)}
    data = describe(arguments.data)
    write_result(
        arguments.tests,
        {
            "what": "places in the test split (negative, then positive, each by file name)",
            "data": data,
            "tests": len(tests),
            "places": places,
        },
    )
    result = {
        "machine": describe_machine(("edgernn", "numpy")),
        "data": data,
        "seconds": seconds,
        "tests": len(tests),
        "sources": {"train": len(train), "unsup": len(unlabelled)},
        "rules": {
            "shingle": f"{SHINGLE} words",
            "same": "the same words in the same order",
            "near": f"Jaccard >= {NEAR}",
            "contained": f"containment in the longer >= {NEAR}",
            "partly": f"containment in the longer >= {PARTLY}",
            "fewest_shared_shingles": FEWEST_SHARED,
            "chosen": CHOSEN,
        },
        "pairs": {
            name: {kind: int((pairs.kinds()[mask] == i).sum()) for i, kind in enumerate(KINDS)}
            for name, mask in (("train", is_train), ("unsup", ~is_train))
        },
        "pairs_by_containment": _histogram(pairs.containment),
        "test_reviews": {
            name: {kind: len(found) for kind, found in kinds.items()}
            for name, kinds in places.items()
        },
        "test_reviews_with_any": int((~kept_tests(arguments.tests)).sum()),
    }
    write_result(arguments.output, result)
    say(f"{result['test_reviews']}, any: {result['test_reviews_with_any']}; {seconds} s")


def _places(pairs: Pairs, mask: npt.NDArray[np.bool_]) -> dict[str, list[int]]:
    """Return the places of test texts by the closest kind of pair that they are in."""
    closest: dict[int, int] = {}
    for test, kind in zip(pairs.tests[mask].tolist(), pairs.kinds()[mask].tolist(), strict=True):
        closest[test] = min(kind, closest.get(test, kind))
    return {
        name: sorted(test for test, kind in closest.items() if kind == i)
        for i, name in enumerate(KINDS)
    }


def _histogram(containment: npt.NDArray[np.float64]) -> Mapping[str, Any]:
    edges = [round(0.5 + 0.1 * i, 1) for i in range(6)]
    counts, _ = np.histogram(containment, bins=edges)
    return {f"{edges[i]}-{edges[i + 1]}": int(count) for i, count in enumerate(counts)}


if __name__ == "__main__":
    main()
