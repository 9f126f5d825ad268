"""NB-SVM: n-grams weighted by naive Bayes, and a linear classifier of them, with scikit-learn.

Sources: Wang and Manning, Baselines and Bigrams, ACL 2012; with logistic regression and up to
trigrams as Mesnil et al., Ensemble of Generative and Discriminative Techniques for Sentiment
Analysis of Movie Reviews, 2015, who publish 91.87 % on the same test split.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NbSvm"]


class NbSvm:
    """Binary word uni-, bi- and trigrams, log-count ratios, rows of length 1, logistic loss."""

    packages = ("scikit-learn", "scipy", "numpy")
    threshold = 0.5
    longest = 3
    token = r"\w+|[^\w\s]"
    penalty = 30.0
    """C of the logistic regression."""
    smoothing = 1.0
    """Alpha of Wang and Manning."""

    def __init__(self, min_df: int) -> None:
        """Use n-grams that at least `min_df` training texts hold."""
        # Where it is missing, that is known before any text is read.
        import sklearn  # noqa: F401

        self._min_df = min_df
        self._vectorizer: Any = None
        self._ratios = np.zeros(0, np.float32)
        self._model: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen, and how many features came of it."""
        return {
            "n_grams": f"1 to {self.longest} tokens, in lower case",
            "token": self.token,
            "min_df": self._min_df,
            "alpha": self.smoothing,
            "rows": "L2 length 1 after weighting",
            "classifier": f"LogisticRegression(solver='liblinear', dual=True, C={self.penalty:g})",
            "features": len(self._ratios),
            "stored": "the n-grams as lines of text; ratio and weight of each as float32",
        }

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Learn n-grams, ratios and weights."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression

        self._vectorizer = CountVectorizer(
            ngram_range=(1, self.longest),
            token_pattern=self.token,
            binary=True,
            min_df=self._min_df,
            dtype=np.float32,
        )
        counts = self._vectorizer.fit_transform(texts)
        positive = labels == 1
        p = self.smoothing + np.asarray(counts[positive].sum(axis=0)).ravel().astype(np.float64)
        q = self.smoothing + np.asarray(counts[~positive].sum(axis=0)).ravel().astype(np.float64)
        self._ratios = np.log((p / p.sum()) / (q / q.sum())).astype(np.float32)
        self._model = LogisticRegression(
            solver="liblinear", dual=True, C=self.penalty, random_state=0
        )
        self._model.fit(self._weighted(counts), positive)

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: the probability of the positive class."""
        weighted = self._weighted(self._vectorizer.transform(texts))
        return np.asarray(self._model.predict_proba(weighted)[:, 1], np.float64)

    def save(self, folder: Path) -> None:
        """Write what scoring needs: the n-grams, two float32 for each, and the intercept."""
        names = self._vectorizer.get_feature_names_out()
        (folder / "n_grams.txt").write_text("\n".join(names), "utf-8")
        weights = np.stack([self._ratios, self._model.coef_[0].astype(np.float32)])
        np.save(folder / "weights.npy", weights)
        np.save(folder / "intercept.npy", self._model.intercept_.astype(np.float32))

    def _weighted(self, counts: Any) -> Any:
        from scipy.sparse import diags_array
        from sklearn.preprocessing import normalize

        return normalize((counts @ diags_array(self._ratios)).tocsr(), copy=False)
