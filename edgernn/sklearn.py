"""An estimator of scikit-learn; needs the extra `sklearn`. See `docs/sklearn.md`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from edgernn.api import export_model, train_model
from edgernn.data.label_spelling import fold, is_missing, spelled
from edgernn.errors import MissingPackageError
from edgernn.runtime import Classifier, load
from edgernn.runtime.scores import problem_of, texts_of

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import NotFittedError
    from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
except ImportError as error:
    raise MissingPackageError("scikit-learn", "edgernn.sklearn", "sklearn") from error

__all__ = ["EdgernnClassifier"]


class EdgernnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A model that `fit` trains, or a model file that is taken as it is.

    X is a column of strings; y has a label a text, or 0 or 1 for each, [texts, labels].

    Args:
        recipe: what is trained; None is what the data takes, see `docs/train.md`. This and the
            seven after `model` are as in `edgernn.train_model`.
        model: a classifier, or the path of a model file: `fit` learns nothing then.
        threads: that score, as in `edgernn.load`.
        random_state: as everywhere in scikit-learn; a number gives the same model each time.
    """

    def __init__(
        self,
        recipe: str | None = None,
        *,
        model: Classifier | str | Path | None = None,
        start: str | Path | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        class_weight: str | None = None,
        max_length: int | None = None,
        min_df: int | None = None,
        threads: int | None = None,
        random_state: Any = 1,
    ) -> None:
        """Set parameters; nothing is checked before `fit`."""
        self.recipe, self.model, self.threads = recipe, model, threads
        self.start = start
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.class_weight, self.max_length, self.min_df = class_weight, max_length, min_df
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train on texts and their labels; with a model, see that it has these labels.

        Raises:
            EdgernnError: as `edgernn.train_model` and `edgernn.export_model`.
            TypeError, ValueError: X is no column of strings, or y does not fit it.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        check_consistent_length(X := texts_of(X), y)
        check_classification_targets(y)
        if type_of_target(y) == "multilabel-indicator":
            given = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            classes, shares = np.arange(given.shape[1]), given.mean(axis=0)
        else:
            classes, given = np.unique(column_or_1d(y, warn=True), return_inverse=True)
            shares = np.bincount(given) / len(given)
        if len(classes) < 2:
            raise ValueError(f"y has one class alone, {classes[0]!r}: there must be two or more")
        if self.model is None:
            self.classifier_, self.classes_ = self._trained(X, given, classes), classes
            self._shares = shares
            return self
        self.__dict__.pop("classifier_", None)
        known = self._loaded().classes_
        if len(classes) != len(known) if given.ndim == 2 else not {*classes} <= {*known}:
            raise ValueError(f"y has other labels than the model: {', '.join(map(str, classes))}")
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest labels [texts], by thresholds; of several 0 or 1 [texts, labels]."""
        found = self.predict_proba(X)
        decision = self.classifier_.contract.decides
        if decision.rule == "each":
            return np.asarray(decision.answers(found), np.int64)
        labels = decision.likeliest(found[:, 1] if decision.is_binary else found)
        return np.asarray(self.classes_[labels])

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return float64 [texts, labels], the probabilities of `classes_`.

        A text that cannot be scored, such as an empty one, has the labels' shares of the fitted
        texts, or equal ones of a model file; a warning counts such texts.
        """
        scores = self._loaded().classifier_.score(X)
        bad = [place for place, score in enumerate(scores, start=1) if score.reason is not None]
        if bad:
            first = f"the first is number {bad[0]:,}: {scores[bad[0] - 1].reason}"
            line = f"{len(bad):,} texts cannot be scored, {first}; they get the labels' shares"
            warnings.warn(line, RuntimeWarning, stacklevel=2)
        rows = [self._shares if s.probabilities is None else s.probabilities for s in scores]
        return np.asarray(rows, np.float64).reshape(-1, len(self.classes_))

    def __sklearn_is_fitted__(self) -> bool:
        return self.model is not None or hasattr(self, "classifier_")

    def _loaded(self) -> Self:
        if not hasattr(self, "classifier_"):
            model = self.model
            if model is None:
                raise NotFittedError("this EdgernnClassifier is not fitted yet: call fit first")
            if not isinstance(model, Classifier):
                model = load(model, threads=self.threads)
            self.classifier_ = model
            self.classes_ = np.array(self.classifier_.labels)
            self._shares = np.full(len(self.classes_), 1 / len(self.classes_))
        return self

    def _trained(self, X: Any, given: npt.NDArray[Any], classes: npt.NDArray[Any]) -> Classifier:
        names = [spelled(value) for value in classes]
        keys = {*map(fold, names)}
        if len(keys) < len(names) or any(map(is_missing, keys)) or not "".join(names).isprintable():
            names = [str(number) for number in range(len(names))]
        with TemporaryDirectory(prefix="edgernn-") as folder:
            data = Path(folder, "fit.jsonl")
            with data.open("w", encoding="utf-8") as file:
                for place, (text, one) in enumerate(zip(X, given, strict=True), start=1):
                    if not isinstance(text, str) and problem_of(text) != problem_of(None):
                        raise TypeError(f"text {place}: {problem_of(text)}")
                    label = [names[n] for n in np.flatnonzero(one)] if np.ndim(one) else names[one]
                    row = {"text": text if isinstance(text, str) else None, "label": label}
                    file.write(json.dumps(row) + "\n")
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            options = self.get_params()
            del options["model"], options["threads"], options["random_state"]
            train_model(data, f"{folder}/run", seed=seed, labels=names, **options)
            model = export_model(f"{folder}/run", f"{folder}/model.onnx", precision="float32")
            return load(model.path, threads=self.threads)
