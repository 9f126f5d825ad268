"""fastText: averaged vectors of words and word pairs, and a linear classifier of them.

Source: Joulin et al., Bag of Tricks for Efficient Text Classification, EACL 2017; quantized files:
Joulin et al., FastText.zip, 2016.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.plain_text import spaced

__all__ = ["FastText"]

_LABELS = ("__label__negative", "__label__positive")


class FastText:
    """The supervised classifier of the fastText package with pairs of words."""

    packages = ("fasttext-numpy2", "numpy")
    """The package `fasttext` at version 0.9.3 has no wheels, and its `predict` fails on NumPy 2."""
    threshold = 0.5

    def __init__(self, *, quantized: bool, tutorial: bool) -> None:
        """Choose what to train.

        Args:
            quantized: compress the model afterwards, as its documentation does.
            tutorial: take the learning rate and the epochs of its tutorial, not its defaults.
        """
        import fasttext

        self._fasttext = fasttext
        self._quantized = quantized
        self._training = _PAIRS | (_TUTORIAL if tutorial else _DEFAULTS)
        self._model: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked for beside the defaults."""
        settings: dict[str, Any] = {
            "train_supervised": self._training,
            "text": "one line, lower case, spaces around punctuation, <br /> becomes a space",
        }
        if self._quantized:
            settings["quantize"] = _QUANTIZING
        return settings

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Train on one thread, so that the same texts give the same model."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "train.txt"
            # fastText goes through the file in its order: one class after the other teaches it
            # little.
            order = np.random.default_rng(0).permutation(len(texts))
            lines = [f"{_LABELS[int(labels[i])]} {spaced(texts[i])}\n" for i in order]
            file.write_text("".join(lines), "utf-8")
            self._model = self._fasttext.train_supervised(
                str(file), thread=1, verbose=0, **self._training
            )
            if self._quantized:
                self._model.quantize(input=str(file), thread=1, verbose=0, **_QUANTIZING)

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: the probability of the positive class."""
        labels, found = self._model.predict([spaced(text) for text in texts], k=2)
        return np.array(
            [
                float(row[list(names).index(_LABELS[1])])
                for names, row in zip(labels, found, strict=True)
            ],
            np.float64,
        )

    def save(self, folder: Path) -> None:
        """Write the model file."""
        self._model.save_model(str(folder / ("model.ftz" if self._quantized else "model.bin")))


_PAIRS = {"wordNgrams": 2}
_DEFAULTS = {"lr": 0.1, "epoch": 5}
_TUTORIAL = {"lr": 1.0, "epoch": 25}
"""Of the tutorial on text classification in its documentation; not chosen on these reviews."""
_QUANTIZING = {"qnorm": True, "retrain": True, "cutoff": 100_000}
"""As in the documentation of `fasttext quantize`."""
