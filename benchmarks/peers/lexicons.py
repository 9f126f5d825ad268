"""VADER and TextBlob: word lists and rules, which learn nothing from the reviews."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.plain_text import without_breaks

__all__ = ["TextBlobPolarity", "Vader"]


class Vader:
    """`SentimentIntensityAnalyzer` of vaderSentiment (Hutto and Gilbert, ICWSM 2014)."""

    packages: tuple[str, ...] = ("vaderSentiment",)
    threshold = 0.05
    """Of `compound`: the one that its authors call typical for positive texts."""

    def __init__(self) -> None:
        """Load the lexicon."""
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._analyzer = SentimentIntensityAnalyzer()

    @property
    def settings(self) -> dict[str, Any]:
        """How a text is called positive."""
        return {
            "positive": f"compound >= {self.threshold} for the whole text",
            "text": "<br /> becomes a space",
        }

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Do nothing: the lexicon is fixed."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: `compound`, in [-1, 1]."""
        found = [self._analyzer.polarity_scores(without_breaks(text)) for text in texts]
        return np.array([scores["compound"] for scores in found], np.float64)

    def save(self, folder: Path) -> None:
        """Copy its lexicons and its code."""
        import vaderSentiment

        source = Path(vaderSentiment.__file__).parent
        for name in ("vader_lexicon.txt", "emoji_utf8_lexicon.txt", "vaderSentiment.py"):
            shutil.copyfile(source / name, folder / name)


class TextBlobPolarity:
    """`TextBlob(text).sentiment.polarity` of textblob, which is the lexicon of Pattern."""

    packages: tuple[str, ...] = ("textblob", "nltk")
    threshold = float(np.nextafter(0.0, 1.0))
    """Above 0."""

    def __init__(self) -> None:
        """Load the package."""
        from textblob import TextBlob

        self._blob = TextBlob

    @property
    def settings(self) -> dict[str, Any]:
        """How a text is called positive."""
        return {
            "positive": "polarity > 0 for the whole text, default PatternAnalyzer",
            "text": "<br /> becomes a space",
        }

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Do nothing: the lexicon is fixed."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: `polarity`, in [-1, 1]."""
        found = [self._blob(without_breaks(text)).sentiment.polarity for text in texts]
        return np.array(found, np.float64)

    def save(self, folder: Path) -> None:
        """Copy its English lexicon and the code that reads it."""
        import textblob

        source = Path(textblob.__file__).parent
        for name in ("en/en-sentiment.xml", "en/sentiments.py", "_text.py"):
            shutil.copyfile(source / name, folder / Path(name).name)
