"""The numbers of a recipe's n-grams: a linear model fitted to a teacher's soft labels.

More n-grams are met than a small table has buckets, so the ones that matter most are chosen: a
first fit with every n-gram that is met often enough tells how much each contributes, each bucket
keeps the n-gram that contributes most and its check, and a second fit finds the numbers of those
kept. The first is a ridge regression on the teacher's logits (LSQR, Paige and Saunders, 1982), the
second a logistic regression on its probabilities (L-BFGS, Liu and Nocedal, 1989), in which a text
that is sure already hardly counts. In both, n-grams that tell the classes apart are held back less,
by the root of their naive Bayes log-count ratio (after Wang and Manning, 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.distillation.ngram_counts import NgramCounts, count_ngrams
from edgernn.errors import DataError, MissingPackageError
from edgernn.ngrams import (
    FLOAT32,
    HASHES,
    NO_CHECK,
    HashName,
    ngram_buckets,
    ngram_checks,
    preceding,
)
from edgernn.recipes.recipe import Ngrams

__all__ = [
    "DEFAULT_FIT",
    "MOST_SURE",
    "NgramFit",
    "NgramTable",
    "count_ratios",
    "fit_ngrams",
    "ngram_sums",
    "ridge",
]

_ITERATIONS, _LOGISTIC_ITERATIONS = 40, 60
MOST_SURE = 5.0
"""Targets beyond it, in logits, are pulled in: how sure the teacher is says little there."""


@dataclass(frozen=True)
class NgramFit:
    """How a table is fitted; the values were chosen on held-out texts: benchmarks/accuracy."""

    min_count: int = 4
    """N-grams that are met less often are left out."""
    damp: float = 0.5
    """How much large numbers are held back where n-grams are chosen."""
    logistic_damp: float = 0.01
    """How much they are where the numbers of those that were chosen are found."""
    ratio_power: float = 0.5
    """Power of the log-count ratio that an n-gram's column is multiplied by; 0: none."""
    own_label: float = 1.0
    """Share of a labelled text's own label in what it is to score; the teacher's is the rest."""
    crop_weight: float = 0.5
    """How much an error on a crop counts beside one on a whole text; 0: there are no crops."""


DEFAULT_FIT = NgramFit()


@dataclass(frozen=True, eq=False)
class NgramTable:
    """A number and a check for each bucket."""

    numbers: npt.NDArray[np.float32]
    """float32 [buckets]; 0 in an empty bucket."""
    checks: npt.NDArray[np.int32]
    """int32 [buckets], the check of the n-gram that the number is of, or `NO_CHECK`."""
    longest: int
    """Ids in the longest n-grams."""
    hash: HashName = FLOAT32.name
    """What they are hashed with."""


def fit_ngrams(
    texts: Sequence[npt.NDArray[np.int32]],
    logits: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    ngrams: Ngrams,
    settings: NgramFit = DEFAULT_FIT,
) -> NgramTable:
    """Fit the table of n-grams to logits.

    Args:
        texts: encoded texts, one int32 array [tokens] each, none of them empty.
        logits: float32 [texts], what the sums should be.
        weights: float32 [texts], what each error is multiplied by before it is squared.
        ngrams: number of buckets, and ids in the longest n-grams.
        settings: which n-grams count, and how much they are held back.

    Raises:
        DataError: no n-gram is met often enough.
        MissingPackageError: SciPy is not installed.
    """
    target = np.clip(logits, -MOST_SURE, MOST_SURE)
    met = count_ngrams(texts, ngrams, settings.min_count)
    if not len(met.counts):
        raise DataError(f"no n-gram is met {settings.min_count} times: there is nothing to fit")
    rows = _rows(texts, met, ngrams.longest)
    freedom = count_ratios(rows, 1 / (1 + np.exp(-target))) ** settings.ratio_power
    first = ridge(rows, target, weights, freedom, settings.damp)
    share = np.abs(first) * np.sqrt(met.counts)
    order = np.lexsort((-share, met.buckets))
    kept = np.sort(order[np.flatnonzero(np.diff(met.buckets[order], prepend=-1))])
    numbers = np.zeros(ngrams.buckets, np.float32)
    checks = np.full(ngrams.buckets, NO_CHECK, np.int32)
    numbers[met.buckets[kept]] = _logistic(
        rows[:, kept], target, weights, freedom[kept], settings.logistic_damp, first[kept]
    )
    checks[met.buckets[kept]] = met.checks[kept]
    return NgramTable(numbers, checks, ngrams.longest, ngrams.hash)


def ngram_sums(
    texts: Sequence[npt.NDArray[np.int32]], table: NgramTable
) -> npt.NDArray[np.float32]:
    """Return what the layer of n-grams gives for each text, float32 [texts]."""
    sums = np.zeros(len(texts), np.float32)
    buckets, hash = len(table.numbers), HASHES[table.hash]
    for row, ids in enumerate(texts):
        before = preceding(ids, table.longest)
        at = ngram_buckets(before, buckets, hash)
        same = table.checks[at] == ngram_checks(before, hash)
        sums[row] = table.numbers[at[same]].sum() / np.sqrt(max(1, table.longest * len(ids)))
    return sums


def _rows(texts: Sequence[npt.NDArray[np.int32]], met: NgramCounts, longest: int) -> Any:
    """Return how often each n-gram is in which text, sparse float32, over the root of how many."""
    from scipy import sparse

    shape = (len(texts), len(met.counts))
    ones = np.ones(len(met.numbers), np.float32)
    counted = sparse.csr_matrix((ones, (met.owners, met.numbers)), shape=shape)
    lengths = np.array([len(ids) for ids in texts])
    norms = (1 / np.sqrt(longest * np.maximum(lengths, 1))).astype(np.float32)
    return (sparse.diags(norms) @ counted).tocsr()


def ridge(
    rows: Any,
    target: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    freedom: npt.NDArray[np.float64],
    damp: float,
) -> npt.NDArray[np.float64]:
    """Return the number of each column whose weighted sums over a row come nearest to a target.

    Args:
        rows: sparse float32 [texts, columns].
        target: float32 [texts].
        weights: float32 [texts], what each error is multiplied by before it is squared.
        freedom: float64 [columns]; the larger, the less a column's number is held back.
        damp: how much all numbers are held back.

    Returns:
        float64 [columns].

    Raises:
        MissingPackageError: SciPy is not installed.
    """
    try:
        from scipy.sparse.linalg import lsqr
    except ImportError as error:
        raise MissingPackageError("scipy", "fitting n-grams", "train") from error
    from scipy import sparse

    scaled = sparse.diags(weights) @ rows @ sparse.diags(freedom.astype(np.float32))
    found: npt.NDArray[np.float64] = lsqr(
        scaled, weights * target, damp=damp, iter_lim=_ITERATIONS
    )[0]
    return found * freedom


def _logistic(
    rows: Any,
    target: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    freedom: npt.NDArray[np.float64],
    damp: float,
    start: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the number of each column by whose sums a row is as likely positive as its target.

    Args:
        rows: see `ridge`.
        target: float32 [texts], logits.
        weights: float32 [texts], whose squares each text's cross-entropy is multiplied by.
        freedom: see `ridge`.
        damp: likewise.
        start: float64 [columns], the numbers to begin from.

    Returns:
        float64 [columns].
    """
    from scipy import sparse
    from scipy.optimize import minimize
    from scipy.special import expit

    scaled = (rows @ sparse.diags(freedom.astype(np.float32))).tocsr()
    turned, likely, counts = scaled.T.tocsr(), expit(target), np.square(weights)

    def loss(numbers: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        sums = scaled @ numbers.astype(np.float32)
        losses = counts * (np.logaddexp(0, sums) - likely * sums)
        errors = turned @ (counts * (expit(sums) - likely))
        total = float(losses.sum(dtype=np.float64)) + damp / 2 * float(numbers @ numbers)
        return total, errors + damp * numbers

    found = minimize(
        loss,
        start / np.where(freedom > 0, freedom, 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _LOGISTIC_ITERATIONS},
    )
    return np.asarray(found.x * freedom)


def count_ratios(rows: Any, positive: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each column's log-count ratio, without its sign, of root mean square 1.

    Args:
        rows: sparse [texts, columns], not 0 where a text has the column's n-gram.
        positive: float64 [texts], how far a text counts for the positive class, from 0 to 1.
    """
    present = rows.copy()
    present.data[:] = 1
    one, other = present.T @ positive + 1, present.T @ (1 - positive) + 1
    ratios = np.abs(np.log((one / one.sum()) / (other / other.sum())))
    size = np.sqrt(np.mean(ratios**2))
    # Where nothing tells the classes apart, all columns are alike.
    return np.asarray(ratios / size) if size else np.ones_like(ratios)
