"""A teacher: linear models over n-grams of words, whose probabilities a small network learns.

Three models are asked about every training text. One reads the whole text: an NB-SVM over binary
n-grams of one to three words (Wang and Manning, Baselines and bigrams, 2012). The second reads one
sentence at a time, is trained on sentences that carry their review's label, and so also says what a
short text means; a text's score is the sum of its sentences' over the root of their number. The
third is a logistic regression on the text's `document_vectors`. All are added by a logistic
regression, and a teacher that reads with them, where there is one: it errs elsewhere.

No text is scored by a model that has seen its label, but for the few numbers that add them:
labelled texts are scored out of fold, and unlabelled ones by the mean of all folds' models (Hinton,
Vinyals and Dean, Distilling the knowledge in a neural network, 2015).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.distillation.cached_arrays import add_texts, read_cached, write_cached
from edgernn.distillation.folds import stratified
from edgernn.distillation.min_count import scaled_min_count
from edgernn.distillation.sentences import split_sentences, words_apart
from edgernn.errors import DataError, MissingPackageError
from edgernn.progress import Busy
from edgernn.text import EVEN
from edgernn.text.code_points import as_class, ranges_of

__all__ = ["SoftLabels", "holds_folds", "train_teacher"]

Scores = npt.NDArray[np.float64]

FOLDS = 10
FEWEST_FOLDS = 2
_FOLD = "fold-{}.npz"
_ROUND = 3
"""Part of the cache's key: another number where the teacher changes."""

# Chosen by the out-of-fold accuracy on the training split: benchmarks/accuracy.
_TEXT_TOKENS = r"\w+|[^\w\s]"
_TEXT_MIN_COUNT = 3
_TEXT_C = 30.0
_SENTENCE_TOKENS = r"[a-z0-9']+|[!?]"
_OTHER_SENTENCE_TOKENS = rf"[\w']+|[!?]|[{as_class(ranges_of('symbols'))}]"
"""Of texts that are not in English alone, or have emoji for words."""
_SENTENCE_MIN_COUNT = 5
_SENTENCE_C = 1.0
_VECTOR_LENGTH = 10.0
_VECTOR_C = 10.0


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher says, as logits of the positive class; labelled texts come first."""

    texts: npt.NDArray[np.float32]
    """float32 [labelled + unlabelled]."""
    sentences: npt.NDArray[np.float32]
    """float32 [sentences of all texts], text after text."""
    accuracy: float
    """Share of the labelled texts that are right out of fold."""
    texts_accuracy: float
    """The same of the model of whole texts alone."""
    sentences_accuracy: float
    """The same of the model of sentences alone, whose scores are added up."""
    vectors_accuracy: float
    """The same of the model of document vectors alone."""
    reader_accuracy: float | None = None
    """The same of the teacher that reads; None without one."""


def train_teacher(
    known: Examples,
    unlabelled: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    seed: int,
    cache: Path,
    busy: Busy,
    any_script: bool = False,
    reader: npt.NDArray[np.float32] | None = None,
) -> SoftLabels:
    """Train the teacher and let it score the texts that it was trained on, out of fold.

    Each fold is written to `cache` as it is done, and read from there when the job is run again on
    the same texts.

    Args:
        known: texts with a label; those of one group are in one fold, where groups are known.
        unlabelled: texts without one; may be empty.
        vectors: float32 [labelled + unlabelled, dimensions], their `document_vectors`.
        seed: decides the folds.
        cache: a folder for what has been reached.
        busy: called with a title, gives a context to show that a long step is under way.
        any_script: whether words of sentences have letters besides a-z, may stand without
            spaces between them, and may be emoji.
        reader: float32 [labelled + unlabelled], the logits of a teacher that reads; of a labelled
            text by a model that has not seen its label.

    Raises:
        DataError: too few texts for the folds, no n-gram is frequent enough, or a file of `cache`
            is broken.
        MissingPackageError: scikit-learn is not installed.
    """
    labelled, labels = known.texts, known.labels
    folds = _folds(known, seed)
    key = _key(known, folds, unlabelled, vectors) + "-any-script-and-emoji" * any_script
    count = len(labelled) + len(unlabelled)
    sentences = [split_sentences(text) for text in (*labelled, *unlabelled)]
    owner = np.repeat(np.arange(count), [len(part) for part in sentences])
    shapes = {"texts": (count,), "sentences": (len(owner),), "vectors": (count,)}
    # Fewer texts give fewer folds.
    number = int(folds.max()) + 1
    found = [_scores(read_cached(cache / _FOLD.format(k + 1), key, shapes)) for k in range(number)]
    if any(scores is None for scores in found):
        with busy("teacher: n-grams of texts and sentences"):
            models = _Models(labelled, labels, unlabelled, sentences, owner, vectors, any_script)
        for k in range(number):
            if found[k] is None:
                with busy(f"teacher: fold {k + 1} of {number}"):
                    # Rounded as the file is: a teacher that was cut off ends as one that was not.
                    kept = {
                        name: scores.astype(np.float32)
                        for name, scores in zip(shapes, models.scores(folds != k), strict=True)
                    }
                    write_cached(cache / _FOLD.format(k + 1), key, **kept)
                    found[k] = _scores(kept)
    joined = _joined([scores for scores in found if scores is not None], folds, owner)
    return _combined(*joined, labels, owner, reader)


def _combined(
    texts: Scores,
    parts: Scores,
    vectors: Scores,
    labels: npt.NDArray[np.int8],
    owner: npt.NDArray[np.int64],
    reader: npt.NDArray[np.float32] | None,
) -> SoftLabels:
    """Add the models' scores by a logistic regression on the labelled texts."""
    from sklearn.linear_model import LogisticRegression

    number = np.bincount(owner, minlength=len(texts))
    summed = np.bincount(owner, parts, minlength=len(texts)) / np.sqrt(np.maximum(number, 1))
    scores = np.stack([texts, summed, vectors, *([] if reader is None else [reader])], axis=1)
    known = len(labels)

    def accuracy(scores: Scores) -> float:
        return float(np.mean(EVEN.right_logits(scores[:known], labels)))

    added = LogisticRegression(C=1e3).fit(scores[:known], labels).decision_function(scores)
    return SoftLabels(
        texts=added.astype(np.float32),
        sentences=parts.astype(np.float32),
        accuracy=accuracy(added),
        texts_accuracy=accuracy(texts),
        sentences_accuracy=accuracy(summed),
        vectors_accuracy=accuracy(vectors),
        reader_accuracy=None if reader is None else accuracy(reader.astype(np.float64)),
    )


def _joined(
    folds_scores: Sequence[tuple[Scores, Scores, Scores]],
    folds: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
) -> tuple[Scores, Scores, Scores]:
    """Take labelled texts' scores from their own fold's model, others' as the mean of all."""
    fold_of_text = np.full(len(folds_scores[0][0]), -1)
    fold_of_text[: len(folds)] = folds
    together = []
    for kind, fold in enumerate((fold_of_text, fold_of_text[owner], fold_of_text)):
        scores = np.mean([of_fold[kind] for of_fold in folds_scores], axis=0)
        for k, of_fold in enumerate(folds_scores):
            scores[fold == k] = of_fold[kind][fold == k]
        together.append(scores)
    return together[0], together[1], together[2]


def _folds(known: Examples, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each text, int64 in [0, FOLDS), each class spread evenly.

    Where a class has fewer texts than there are folds, there are as many folds as it has texts.
    """
    labels, groups = known.labels, known.groups
    units = np.arange(len(labels)) if groups is None else groups
    number = min(FOLDS, *(len(np.unique(units[labels == label])) for label in (0, 1)))
    if number < FEWEST_FOLDS:
        what = "texts" if groups is None else "groups of texts"
        raise DataError(
            f"the teacher needs {FEWEST_FOLDS} {what} of each class to learn from, at least; "
            "other recipes have none: --recipe bigru"
        )
    if groups is not None:
        try:
            from sklearn.model_selection import StratifiedGroupKFold
        except ImportError as error:
            raise MissingPackageError("scikit-learn", "the teacher", "train") from error
        spread = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
        folds = np.zeros(len(labels), np.int64)
        for fold, (_, rows) in enumerate(spread.split(labels, labels, groups)):
            folds[rows] = fold
        return folds
    return stratified(labels, number, np.random.Generator(np.random.PCG64([seed, FOLDS])))


class _Models:
    """The n-grams of all texts and sentences, and the models that are fitted on parts of them."""

    def __init__(
        self,
        labelled: Sequence[str],
        labels: npt.NDArray[np.int8],
        unlabelled: Sequence[str],
        sentences: Sequence[Sequence[str]],
        owner: npt.NDArray[np.int64],
        vectors: npt.NDArray[np.float32],
        any_script: bool = False,
    ) -> None:
        try:
            from sklearn.feature_extraction.text import CountVectorizer
        except ImportError as error:
            raise MissingPackageError("scikit-learn", "the teacher", "train") from error

        def vectorizer(tokens: str, min_count: int) -> Any:
            return CountVectorizer(
                ngram_range=(1, 3),
                binary=True,
                min_df=scaled_min_count(min_count, len(labelled)),
                token_pattern=tokens,
                dtype=np.float32,
            )

        self._labels = labels
        self._owner = owner
        # Of length 1 they would be held back too much.
        self._vectors = vectors * np.float32(_VECTOR_LENGTH)
        of_texts = vectorizer(_TEXT_TOKENS, _TEXT_MIN_COUNT)
        tokens = _OTHER_SENTENCE_TOKENS if any_script else _SENTENCE_TOKENS
        of_sentences = vectorizer(tokens, _SENTENCE_MIN_COUNT)
        if any_script:
            labelled = list(map(words_apart, labelled))
            unlabelled = list(map(words_apart, unlabelled))
            sentences = [list(map(words_apart, part)) for part in sentences]
        try:
            of_texts.fit(labelled)
            self._texts = of_texts.transform([*labelled, *unlabelled]).tocsr()
            self._sentences = of_sentences.fit_transform(
                [sentence for part in sentences for sentence in part]
            ).tocsr()
        except ValueError as error:
            raise DataError("the teacher finds no n-gram that is in several texts") from error

    def scores(self, train: npt.NDArray[np.bool_]) -> tuple[Scores, Scores, Scores]:
        """Fit the models on a part of the labelled texts; return their scores of everything.

        Args:
            train: bool [labelled], the texts whose labels may be read.

        Returns:
            float64 [texts], float64 [sentences] and float64 [texts], of the document vectors.
        """
        from sklearn.linear_model import LogisticRegression

        known = len(self._labels)
        rows = np.flatnonzero(train)
        texts = _nb_svm(
            self._texts[rows],
            self._labels[rows].astype(np.float64),
            np.ones(len(rows)),
            c=_TEXT_C,
            dual=True,
        )(self._texts)
        # An unlabelled text's sentences are trained on too, as far as the text's score is sure.
        label = EVEN.called_logits(texts).astype(np.float64)
        label[:known] = self._labels
        sure = np.abs(np.tanh(texts / 2))
        sure[:known] = train
        rows = np.flatnonzero(sure[self._owner] > 0)
        parts = _nb_svm(
            self._sentences[rows],
            label[self._owner[rows]],
            sure[self._owner[rows]],
            c=_SENTENCE_C,
            dual=False,
        )(self._sentences)
        rows = np.flatnonzero(train)
        model = LogisticRegression(C=_VECTOR_C, max_iter=500)
        model.fit(self._vectors[rows], self._labels[rows])
        return texts, parts, model.decision_function(self._vectors).astype(np.float64)


def _nb_svm(
    rows: Any, labels: Scores, weights: Scores, *, c: float, dual: bool
) -> Callable[[Any], Scores]:
    """Fit logistic regression on n-grams times their naive Bayes log-count ratio, rows of norm 1.

    Returns:
        A function from binary rows to their logits.
    """
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    positive = rows.T @ (weights * labels) + 1
    negative = rows.T @ (weights * (1 - labels)) + 1
    ratios = np.log((positive / positive.sum()) / (negative / negative.sum()))
    scale = sparse.diags(ratios.astype(np.float32))

    def prepared(binary: Any) -> Any:
        scaled = binary @ scale
        norms = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
        return sparse.diags((1 / np.maximum(norms, 1e-6)).astype(np.float32)) @ scaled

    model = LogisticRegression(
        C=c, solver="liblinear", dual=dual, max_iter=200, tol=1e-3, random_state=0
    )
    model.fit(prepared(rows), labels, sample_weight=weights)
    return lambda binary: model.decision_function(prepared(binary)).astype(np.float64)


def _key(
    known: Examples,
    folds: npt.NDArray[np.int64],
    unlabelled: Sequence[str],
    vectors: npt.NDArray[np.float32],
) -> str:
    """Return what tells one teacher's scores from another's."""
    digest = hashlib.sha256(f"{_ROUND} {len(known)} {len(unlabelled)}".encode())
    digest.update(known.labels.tobytes() + folds.tobytes() + vectors.tobytes())
    add_texts(digest, (*known.texts, *unlabelled))
    return digest.hexdigest()


def _scores(
    arrays: Mapping[str, npt.NDArray[Any]] | None,
) -> tuple[Scores, Scores, Scores] | None:
    if arrays is None:
        return None
    texts, parts, vectors = (
        arrays[name].astype(np.float64) for name in ("texts", "sentences", "vectors")
    )
    return texts, parts, vectors


def holds_folds(cache: Path) -> bool:
    """Tell whether a folder holds a fold that a teacher of the same texts need not do again."""
    return any((cache / _FOLD.format(k + 1)).exists() for k in range(FOLDS))
