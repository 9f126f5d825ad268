"""A linear model's weights as a table of vectors by the hashes of n-grams, and a kernel.

Each bucket keeps the n-gram that contributes most. A vector has a number for each label: to bring
them down to fewer by a singular value decomposition costs more than to leave n-grams out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.distillation.linear_model import LinearModel, TextFeatures
from edgernn.errors import DataError
from edgernn.ngrams import HASHES, NO_CHECK, HashName, ngram_buckets, ngram_checks, preceding
from edgernn.recipes.recipe import NgramVectors

__all__ = [
    "Entries",
    "VectorTable",
    "best_buckets",
    "entries_of",
    "kept_of_each_bucket",
    "pulled_in",
    "vector_table",
]

_ROOM = 2.5
"""Buckets an n-gram, where the recipe has as many."""
_FEWEST, _MOST = 1021, 131_071
"""Buckets; the first a prime above all multipliers of the hash. Of 10,000 long texts with one sum
five times as many are no better."""
_TRIED = 24
"""Numbers of buckets of which the best is taken, see `best_buckets`."""
_LARGEST = 20.0
"""Times the root mean square of a label's weights: what is beyond is pulled in. A few weights are
so large that int8 would round all others twice as much; nothing measurable hangs on them."""
_STEPS = 127
"""Of int8 in either direction."""
_UNSEEN = 0.5
"""Times that a word of the vocabulary which no text holds counts as met."""


@dataclass(frozen=True, eq=False)
class Entries:
    """The n-grams that a linear model has weights for."""

    weights: npt.NDArray[np.float32]
    """float32 [n-grams, labels]; those of a single word hold what its characters say, too."""
    counts: npt.NDArray[np.float64]
    """float64 [n-grams]: in how many of the texts that were learned from each is."""
    ids: npt.NDArray[np.int32]
    """int32 [longest, n-grams], see `NgramCounts.ids`."""
    lengths: npt.NDArray[np.int64]
    """int64 [n-grams]: how many ids each has."""

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """How much each contributes, float64 [n-grams]."""
        size: npt.NDArray[np.float64] = np.sqrt(np.square(self.weights).sum(axis=1) * self.counts)
        return size

    def places(self, buckets: int, hash: HashName) -> npt.NDArray[np.int32]:
        """Return the bucket of each, int32 [n-grams]."""
        return self._own(ngram_buckets(self.ids, buckets, HASHES[hash]))

    def checks(self, hash: HashName) -> npt.NDArray[np.int32]:
        """Return the check of each, int32 [n-grams]."""
        return self._own(ngram_checks(self.ids, HASHES[hash]))

    def _own(self, of_each_length: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return of_each_length[self.lengths - 1, np.arange(len(self.lengths))]

    def at(self, rows: npt.NDArray[np.int64]) -> Entries:
        """Return some of them."""
        return Entries(self.weights[rows], self.counts[rows], self.ids[:, rows], self.lengths[rows])


@dataclass(frozen=True, eq=False)
class VectorTable:
    """A vector and a check for each bucket, and the kernel from a text's sum to the logits."""

    vectors: npt.NDArray[np.float32]
    """float32 [buckets, units]; 0 in an empty bucket."""
    kernel: npt.NDArray[np.float32]
    """float32 [units, labels]."""
    checks: npt.NDArray[np.int32]
    """int32 [buckets], the check of the n-gram that the vector is of, or `NO_CHECK`."""
    ngrams: NgramVectors
    """As the model has them."""

    def sums(self, texts: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
        """Return what the layer gives for each text, float32 [texts, labels]."""
        found = np.zeros((len(texts), self.kernel.shape[1]), np.float32)
        longest, hash = self.ngrams.longest, HASHES[self.ngrams.hash]
        for row, ids in enumerate(texts):
            before = preceding(ids, longest)
            at = ngram_buckets(before, len(self.vectors), hash)
            same = self.checks[at] == ngram_checks(before, hash)
            vector = self.vectors[at[same]].sum(axis=0) / np.sqrt(max(1, longest * len(ids)))
            found[row] = vector @ self.kernel
        return found


def entries_of(features: TextFeatures, model: LinearModel, first_word: int) -> Entries:
    """Return the n-grams of a linear model, and of the words that no text holds their spelling's.

    Args:
        features: what the model is of.
        model: the weights.
        first_word: the lowest id that is a word's.
    """
    met = features.met
    single = met.lengths == 1
    weights = model.of_ngrams.copy()
    weights[single] += model.of_ids[met.ids[0, single]]
    others = np.setdiff1d(np.arange(first_word, len(model.of_ids)), met.ids[0, single])
    ids = np.zeros((len(met.ids), len(others)), np.int32)
    ids[0] = others
    found = Entries(
        weights=np.concatenate([weights, model.of_ids[others]]),
        counts=np.concatenate([features.met_in, np.full(len(others), _UNSEEN)]),
        ids=np.concatenate([met.ids, ids], axis=1),
        lengths=np.concatenate([met.lengths, np.ones(len(others), np.int64)]),
    )
    return found.at(np.flatnonzero(found.shares))


def kept_of_each_bucket(
    entries: Entries, buckets: int, hash: HashName
) -> tuple[Entries, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return of the n-grams of each bucket the one that contributes most.

    Returns:
        Those n-grams, their buckets and their checks, int32 [n-grams].
    """
    at = entries.places(buckets, hash)
    order = np.lexsort((-entries.shares, at))
    kept = np.sort(order[np.flatnonzero(np.diff(at[order], prepend=-1))])
    found = entries.at(kept)
    return found, at[kept], found.checks(hash)


def best_buckets(entries: Entries, wanted: int, hash: HashName) -> int:
    """Return a number of buckets that is a prime, and about as many as wanted.

    What the hash makes of words' ids lies at even distances, and for some numbers of buckets words
    fall into few of them: of clinc150's validation texts 66 % were right with 5,281 buckets, 91 %
    with 5,273. So it is tried with which number the most is left.

    Args:
        entries: the n-grams.
        wanted: how many buckets there are to be; up to a sixteenth fewer are tried.
        hash: the recipe's.
    """
    # No two words share a bucket there; the hash of older models spreads ids otherwise.
    if wanted >= (HASHES[hash].modulus or 0):
        return next_prime(wanted)
    order = np.argsort(-entries.shares, kind="stable")
    squares = np.square(entries.shares[order])

    def left(buckets: int) -> float:
        at = entries.places(buckets, hash)[order]
        return float(squares[np.unique(at, return_index=True)[1]].sum())

    fewest = max(_FEWEST, wanted - wanted // 16)
    spread = np.linspace(wanted, fewest, _TRIED).astype(int)
    return max(sorted({next_prime(number) for number in spread.tolist()}, reverse=True), key=left)


def vector_table(entries: Entries, most: NgramVectors, spare: int = 0) -> VectorTable:
    """Return the table of a linear model.

    Args:
        entries: its n-grams.
        most: the recipe's n-grams. The table has as many numbers at most; a vector has one for
            each label, so that the more labels there are, the fewer n-grams are kept.
        spare: so many numbers more.

    Raises:
        DataError: no n-gram has a weight.
    """
    if not len(entries.counts):
        raise DataError(
            "the words of the texts tell nothing of their labels: nothing can be learned"
        )
    labels = entries.weights.shape[1]
    room = (most.buckets * most.units + spare) // labels
    wanted = min(room, _MOST, math.ceil(_ROOM * len(entries.counts)))
    buckets = best_buckets(entries, max(_FEWEST, wanted), most.hash)
    kept, at, checks = kept_of_each_bucket(entries, buckets, most.hash)
    table = np.zeros((buckets, labels), np.float32)
    table[at] = _in_steps(kept.weights)
    held = np.full(buckets, NO_CHECK, np.int32)
    held[at] = checks
    ngrams = dataclasses.replace(most, buckets=buckets, units=labels)
    return VectorTable(table, np.eye(labels, dtype=np.float32), held, ngrams)


def pulled_in(weights: npt.NDArray[np.float32], times: float) -> npt.NDArray[np.float32]:
    """Return weights of which none is larger than some times their root mean square.

    Args:
        weights: float32 [n-grams], or [n-grams, labels], each label for itself.
        times: how many.
    """
    largest = times * np.sqrt(np.mean(np.square(weights), axis=0))
    return np.clip(weights, -largest, largest)


def _in_steps(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return each label's weights, pulled in, as whole numbers of steps from -127 to 127.

    An export stores them in int8, with a scale for each label, which is then exact. What it would
    round a table of 77 labels and 1,000 texts by put scores 0.023 off.

    Args:
        weights: float32 [n-grams, labels].
    """
    clipped = pulled_in(weights, _LARGEST)
    step = np.abs(clipped).max(axis=0) / np.float32(_STEPS)
    step = np.where(step == 0, np.float32(1), step).astype(np.float32)
    return np.asarray(np.rint(clipped / step) * step, np.float32)


def next_prime(number: int) -> int:
    """Return the smallest prime that is not smaller."""
    while any(number % factor == 0 for factor in range(2, math.isqrt(number) + 1)):
        number += 1
    return number
