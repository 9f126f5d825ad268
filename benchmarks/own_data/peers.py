"""What people otherwise train: TF-IDF under linear models, fastText, and the model as it is."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import edgernn
from benchmarks.own_data.data import Row

__all__ = ["PEERS", "Labels", "missing", "share_of_right"]

Labels = npt.NDArray[np.str_]

_PENALTIES = {"svm": (0.1, 1.0), "lr": (1.0, 10.0)}
"""Of which the better on a tenth of the training texts is taken; then all of them are learned
from."""
_FASTTEXT = {"wordNgrams": 2, "minn": 2, "maxn": 5, "lr": 0.5, "bucket": 200_000}
_EPOCHS = (25, 100)
"""Of fastText: the better on a tenth of the training texts."""
_MANY = 2_500
"""Texts beyond which the fewer epochs are taken untried: of long texts more take an hour."""


def _tenth(number: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a random tenth of so many rows, to choose by, and the others."""
    order = np.random.default_rng(seed).permutation(number)
    held_out, learnt = np.split(order, [number // 10])
    return held_out, learnt


def _linear(kind: str, characters: bool) -> Callable[..., Labels]:
    def answers(train: Sequence[Row], texts: Sequence[str], seed: int, balanced: bool) -> Labels:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.svm import LinearSVC

        if characters:
            vectors = TfidfVectorizer(
                analyzer="char", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32
            )
        else:
            vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        rows = vectors.fit_transform([text for text, _ in train])
        labels = np.array([label for _, label in train])
        weight = "balanced" if balanced else None

        def fitted(penalty: float, some: npt.NDArray[np.int64]) -> Any:
            if kind == "svm":
                model = LinearSVC(C=penalty, class_weight=weight, random_state=seed)
            else:
                model = OneVsRestClassifier(
                    LogisticRegression(
                        C=penalty, class_weight=weight, solver="liblinear", random_state=seed
                    )
                )
            return model.fit(rows[some], labels[some])

        held_out, learnt = _tenth(len(train), seed)
        best = max(
            _PENALTIES[kind],
            key=lambda penalty: share_of_right(
                fitted(penalty, learnt).predict(rows[held_out]), labels[held_out], balanced
            ),
        )
        every = np.concatenate([held_out, learnt])
        return np.asarray(fitted(best, every).predict(vectors.transform(texts)))

    return answers


def _fasttext(train: Sequence[Row], texts: Sequence[str], seed: int, balanced: bool) -> Labels:
    epochs = _EPOCHS[0]
    if len(train) <= _MANY:
        held_out, learnt = ([train[row] for row in rows] for rows in _tenth(len(train), seed))
        labels = np.array([label for _, label in held_out])
        epochs = max(
            _EPOCHS,
            key=lambda epochs: share_of_right(
                _fasttext_answers(learnt, [text for text, _ in held_out], seed, epochs),
                labels,
                balanced,
            ),
        )
    return _fasttext_answers(train, texts, seed, epochs)


def _fasttext_answers(train: Sequence[Row], texts: Sequence[str], seed: int, epochs: int) -> Labels:
    import fasttext

    names = sorted({label for _, label in train})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "train.txt")
        lines = [f"__label__{names.index(label)} {_spaced(text)}\n" for text, label in train]
        file.write_text("".join(lines), "utf-8")
        model = fasttext.train_supervised(
            str(file), thread=1, verbose=0, seed=seed, dim=100, epoch=epochs, **_FASTTEXT
        )
    found, _ = model.predict([_spaced(text) for text in texts], k=1)
    return np.array([names[int(name[0].removeprefix("__label__"))] for name in found])


def _untouched(train: Sequence[Row], texts: Sequence[str], seed: int, balanced: bool) -> Labels:
    """Return what the shipped model says; a text that it cannot score is called negative."""
    with edgernn.load(threads=1) as model:
        return np.array([score.label or "negative" for score in model.score(list(texts))])


PEERS: dict[str, Callable[..., Labels]] = {
    "TF-IDF words, logistic regression": _linear("lr", characters=False),
    "TF-IDF words, SVM": _linear("svm", characters=False),
    "TF-IDF characters, SVM": _linear("svm", characters=True),
    "fastText with subwords": _fasttext,
    "pretrained, untouched": _untouched,
}


def share_of_right(given: Labels, labels: Labels, balanced: bool) -> float:
    """Return the accuracy, or the balanced one: the mean of each label's share of right answers."""
    if not balanced:
        return float(np.mean(given == labels))
    return float(np.mean([np.mean(given[labels == one] == one) for one in np.unique(labels)]))


def missing() -> str:
    """Return what is not installed, in words; empty where nothing is missing."""
    lacks = [name for name in ("sklearn", "fasttext") if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacks)}: install the extra peers" if lacks else ""


def _spaced(text: str) -> str:
    """Return a line of lower case with spaces around punctuation, as fastText's tutorial does."""
    plain = text.replace("<br />", " ").lower()
    return " ".join(re.sub(r"([.!?,'/()])", r" \1 ", plain).split())
