"""A linear model of words, pairs of words and how words are spelled, for any number of labels.

TF-IDF of words, pairs of words and characters under a linear SVM is hard to beat where data is
small: by its characters a word that was seen once counts for others that are spelled like it. All
that such a model knows of a word is a sum over the word's characters, so when it is fitted that sum
can be added to the word's own weight. What is left is one weight an n-gram and label, which is what
a recipe's table of n-grams holds (`edgernn.distillation.vector_table`).

Where ids are pieces of words, characters run on from one piece into the next, and over the ends of
words. Those that begin in the first piece of an n-gram and end in its last one are that n-gram's,
so that a text's n-grams together have all its characters once.

Of two labels those n-grams are held back less that one of them has more often, by the root of their
naive Bayes log-count ratio (after Wang and Manning, 2012): of 500 long texts that is worth two
points, of 10,000 one. Of many labels it costs a point or two.

Source: the L2-loss support vector machine, one label against the others, by Newton steps on those
texts whose margin is too small, with conjugate gradients inside: "A modified finite Newton method
for fast solution of large scale linear SVMs" (Keerthi and DeCoste, 2005), here for all labels at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.distillation.ngram_counts import count_ngrams
from edgernn.distillation.ngram_table import count_ratios
from edgernn.errors import DataError, MissingPackageError
from edgernn.recipes.recipe import Ngrams, NgramVectors

__all__ = ["LinearModel", "TextFeatures", "margins_of", "solve"]

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_DAMP = 0.5
"""How much weights are held back: that of scikit-learn's LinearSVC with C=1."""
_NEWTON_STEPS, _ITERATIONS = 5, 8
_SHORTEST, _LONGEST = 2, 5
"""Characters of the n-grams of a word, with a space before and behind it."""
_PIECES = 0.7
"""Length of a text's n-grams of pieces, where that of its characters is 1: with few texts a label
(1,000 of banking77, 1,500 of clinc150) 0.5 to 0.7 was better than 1, on further training texts."""
_LONG, _SPELLING_OF_LONG = 60, 0.3
"""Likewise of texts that have so many tokens on average, and the length of their characters: there
are words enough (2,500 and 10,000 of IMDB's reviews, on further training texts)."""
_FEW, _SPELLING_OF_FEW = 1000, 0.6
"""Likewise of long texts up to so many (500 of those reviews: 81.1 % against 80.5 % with 0.3)."""
_TOGETHER = 1000
"""Texts of which the characters are in memory at once."""


class TextFeatures:
    """Encoded texts as the columns of a linear model: n-grams, and the characters of words."""

    def __init__(
        self,
        texts: Sequence[Ids],
        words: Sequence[str | None],
        ngrams: Ngrams | NgramVectors,
        are_pieces: bool = False,
    ) -> None:
        """Count them.

        Args:
            texts: one int32 array [tokens] each.
            words: of each id; None of one that stands for no word.
            ngrams: how long n-grams are, and how they are hashed.
            are_pieces: whether `words` are pieces of words, with the spaces that they hold.

        Raises:
            DataError: no text has a token.
            MissingPackageError: scikit-learn is not installed.
        """
        try:
            from scipy import sparse
            from sklearn.feature_extraction.text import CountVectorizer
        except ImportError as error:
            raise MissingPackageError("scikit-learn", "a linear model", "train") from error

        if not any(map(len, texts)):
            raise DataError("no text has a word of the vocabulary: there is nothing to fit")
        self.texts, self.ngrams = texts, ngrams
        self.met = count_ngrams(texts, ngrams, 1)
        lengths = np.array([len(ids) for ids in texts])
        over = sparse.diags(_norms(lengths, ngrams.longest))
        counted = sparse.csr_matrix(
            (np.ones(len(self.met.numbers), np.float32), (self.met.owners, self.met.numbers)),
            shape=(len(texts), len(self.met.counts)),
        )
        tokens = np.repeat(np.arange(len(texts)), lengths), np.concatenate(texts)
        shape = (len(texts), len(words))
        once = sparse.csr_matrix((np.ones(len(tokens[0]), np.float32), tokens), shape=shape)
        self.met_in = np.bincount(counted.indices, minlength=counted.shape[1])
        """int64 [n-grams]: how many of the texts hold each."""
        rare = _inverse_frequency(self.met_in, len(texts))
        columns = over @ counted @ sparse.diags(rare)
        length = _PIECES if are_pieces else 1
        size = np.float32(length / np.sqrt(max(_mean_square(columns), 1e-12)))
        self.freedom: Floats = rare * size
        """float32 [n-grams]: what the column of each is multiplied by, so that a text's are of
        length 1 on average, or `_PIECES`."""
        self.columns = (columns * size).tocsr()
        self.once = (over @ once).tocsr()
        """Sparse float32 [texts, ids]."""
        form = "{}" if are_pieces else " {} "
        spelled = [(form.format(word),) if word else () for word in words]
        joined: list[tuple[str, ...]] = []
        if are_pieces:
            joined = [
                tuple(words[number] or "" for number in ids[:length][::-1]) if length > 1 else ()
                for ids, length in zip(self.met.ids.T, self.met.lengths, strict=True)
            ]
        counter = CountVectorizer(analyzer=_spans, lowercase=False, dtype=np.float32)
        characters = counter.fit_transform([*spelled, *joined])
        of_ids, of_ngrams = characters[: len(words)], characters[len(words) :]
        holders = np.zeros(characters.shape[1], np.int64)
        for start in range(0, len(texts), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            held = once[some] @ of_ids
            if are_pieces:
                held = held + counted[some] @ of_ngrams
            holders += np.bincount(held.indices, minlength=characters.shape[1])
        # What no text holds says nothing; the constant keeps its column.
        rare = np.where(holders > 0, _inverse_frequency(holders, len(texts)), 0)
        characters = (characters @ sparse.diags(rare.astype(np.float32))).tocsr()
        of_ids, of_ngrams = characters[: len(words)], characters[len(words) :]
        some = slice(None, None, max(1, len(texts) // _TOGETHER))
        held = self.once[some] @ of_ids
        if are_pieces:
            held = held + (over @ counted).tocsr()[some] @ of_ngrams
        square = _mean_square(held)
        length = 1
        if lengths.mean() >= _LONG and not are_pieces:
            length = _SPELLING_OF_FEW if len(texts) <= _FEW else _SPELLING_OF_LONG
        size = np.float32(length / np.sqrt(square) if square else 1)
        self.spelled = of_ids * size
        """Sparse float32 [ids, characters], of length 1 on average, or less where texts are
        long."""
        self.across = sparse.diags(1 / self.freedom) @ of_ngrams * size if are_pieces else None
        """Sparse float32 [n-grams, characters]: those that run through all pieces of an n-gram, as
        often as its column has it; None where there are none."""

    def sums(self, model: LinearModel, rows: Rows) -> Floats:
        """Return what a model of these columns says of some of the texts, float32 [rows, labels].

        The constant is not in it.
        """
        weights = model.of_ngrams / self.freedom[:, None]
        return np.asarray(self.columns[rows] @ weights + self.once[rows] @ model.of_ids)


@dataclass(frozen=True, eq=False)
class LinearModel:
    """What a text's n-grams add up to, over the root of how many it has, and a constant."""

    of_ngrams: Floats
    """float32 [n-grams, labels], in the order of `TextFeatures.met`; with the characters that run
    through all pieces of one, where ids are pieces."""
    of_ids: Floats
    """float32 [ids, labels]: what the characters of each id's word add to its n-gram."""
    constant: Floats
    """float32 [labels]."""


def margins_of(labels: npt.NDArray[Any], count: int | None) -> Floats:
    """Return -1 and 1 for what a linear model learns.

    Args:
        labels: numbers [texts]; bool [texts, labels] where a text has several.
        count: how many labels have a sum of their own; None: two labels, and one sum.

    Returns:
        float32 [texts, count or 1].
    """
    if labels.ndim == 2:
        has = labels.astype(bool)
    elif count is None:
        has = (labels > 0)[:, None]
    else:
        has = labels[:, None] == np.arange(count)
    return np.where(has, 1, -1).astype(np.float32)


def solve(
    features: TextFeatures,
    rows: Rows,
    margins: Floats,
    *,
    damp: float = _DAMP,
    weights: Floats | None = None,
    offset: Floats | None = None,
) -> LinearModel:
    """Return the linear model of some of the texts.

    Args:
        features: of all texts.
        rows: int64, the texts that are learned from.
        margins: float32 [rows, labels], -1 or 1; see `margins_of`.
        damp: how much weights are held back.
        weights: float32 [rows] or [rows, labels], how much each counts; None: all alike.
        offset: float32 [rows, labels], what another model says, which this one adds to.
    """
    columns, once, freedom = features.columns[rows], features.once[rows], features.freedom
    if margins.shape[1] == 1 and features.across is None:
        from scipy import sparse

        telling = _telling(columns, margins[:, 0] > 0)
        columns, freedom = (columns @ sparse.diags(telling)).tocsr(), freedom * telling
    turned, back_to_ids = columns.T.tocsr(), once.T.tocsr()
    to_characters, across = features.spelled.T.tocsr(), features.across
    back_across = None if across is None else across.T.tocsr()
    count = columns.shape[1]
    start = np.float32(0) if offset is None else offset
    each: Floats = (
        np.ones((1, 1), np.float32) if weights is None else weights.reshape(len(rows), -1)
    )

    def of_columns(found: Floats) -> Floats:
        if across is None:
            return found[:count]
        return np.asarray(found[:count] + across @ found[count:-1])

    def forward(found: Floats) -> Floats:
        spelled = once @ (features.spelled @ found[count:-1])
        return np.asarray(columns @ of_columns(found) + spelled + found[-1])

    def back(errors: Floats) -> Floats:
        ngrams = turned @ errors
        spelled = to_characters @ (back_to_ids @ errors)
        if back_across is not None:
            spelled = spelled + back_across @ ngrams
        return np.concatenate([ngrams, spelled, errors.sum(axis=0, keepdims=True)])

    found = np.zeros((count + len(to_characters.indptr), margins.shape[1]), np.float32)
    for _ in range(_NEWTON_STEPS):
        short = margins - start - forward(found)
        counted = np.where(margins * short > 0, each, np.float32(0))
        left = np.asarray(back(np.multiply(counted, short)) - damp * found, np.float32)
        along: Floats = left.copy()
        size = np.square(left).sum(axis=0)
        for _ in range(_ITERATIONS):
            applied = back(np.multiply(counted, forward(along))) + damp * along
            step = size / np.maximum((along * applied).sum(axis=0), 1e-12)
            found += step * along
            left -= step * applied
            smaller = np.square(left).sum(axis=0)
            along = np.asarray(left + smaller / np.maximum(size, 1e-12) * along, np.float32)
            size = smaller
    return LinearModel(
        of_ngrams=freedom[:, None] * of_columns(found),
        of_ids=np.asarray(features.spelled @ found[count:-1]),
        constant=found[-1],
    )


def _telling(columns: Any, has: npt.NDArray[np.bool_]) -> Floats:
    """Return how freely the weight of each n-gram may grow: by how unevenly two labels have it.

    Args:
        columns: sparse [texts, n-grams].
        has: bool [texts], of which label each is.

    Returns:
        float32 [n-grams], by which a text is as long as before on average.
    """
    squares = np.asarray(columns.multiply(columns).sum(axis=0)).ravel()
    ratios = count_ratios(columns, has.astype(np.float64))
    ratios *= squares.sum() / max(float(squares @ ratios), 1e-12)
    return np.sqrt(ratios).astype(np.float32)


def _spans(pieces: tuple[str, ...]) -> Iterator[str]:
    """Return the n-grams of characters that begin in the first piece and end in the last one."""
    whole = "".join(pieces)
    inside = len(whole) - len(pieces[-1]) if pieces else 0
    for start in range(len(pieces[0]) if pieces else 0):
        first = max(start + _SHORTEST, inside + 1)
        for end in range(first, min(start + _LONGEST, len(whole)) + 1):
            yield whole[start:end]


def _norms(lengths: npt.NDArray[np.int64], longest: int) -> Floats:
    """Return what a text's sum is multiplied by, as `HashedNgramVectors` does."""
    return (1 / np.sqrt(np.maximum(longest * lengths, 1))).astype(np.float32)


def _inverse_frequency(holders: npt.NDArray[np.int64], texts: int) -> Floats:
    """Return the inverse document frequency of each column, as scikit-learn smooths it."""
    return np.asarray(np.log((1 + texts) / (1 + holders)) + 1, np.float32)


def _mean_square(rows: Any) -> float:
    """Return the mean square of the length of a row."""
    total = float(np.square(rows.data).sum())
    return total / max(1, int(rows.shape[0]))
