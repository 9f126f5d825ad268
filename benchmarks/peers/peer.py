"""What a peer is: something that calls texts positive or negative and can be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "FILE",
    "ONE",
    "LearnsTexts",
    "Peer",
    "Scorer",
    "Scores",
    "Setup",
    "SpeedPeer",
    "TextPeer",
]

Scores = npt.NDArray[np.float64]
"""float64 [texts]: higher for positive texts."""

FILE = "file"
"""Many reviews, all cores: reviews per second."""
ONE = "one"
"""One review a call, one thread: milliseconds."""


class LearnsTexts(Protocol):
    """Something that learns from labelled texts, or from none, and then scores texts."""

    @property
    def packages(self) -> tuple[str, ...]:
        """What computes, by the names of the distributions."""

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen, for the result file; complete after `fit`."""

    @property
    def threshold(self) -> float:
        """A text is called positive when its score is at least this."""

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Learn from texts with labels, int8 [texts]."""

    def score(self, texts: Sequence[str]) -> Scores:
        """Return float64 [texts]: higher for positive texts."""

    def save(self, folder: Path) -> None:
        """Write into an empty folder what scoring needs beside the installed packages."""


class Scorer(Protocol):
    """Something whose speed is measured: inputs are made ready beforehand, scoring is timed."""

    @property
    def packages(self) -> tuple[str, ...]:
        """What computes, by the names of the distributions."""

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen, for the result file; complete after `ready`."""

    def ready(self, texts: Sequence[str]) -> Any:
        """Return what `score` takes for these texts: themselves, or their ids. Not timed."""

    def score(self, inputs: Any) -> Scores:
        """Return float64 [texts], in the order of the texts. Timed."""


@dataclass(frozen=True)
class Setup:
    """What the speed of a peer is measured with."""

    part: str
    """`FILE` or `ONE`."""
    threads: int
    """How many it may compute with."""
    data: str
    """What learns reads its training reviews from this: the archive, or its folder."""
    folder: Path
    """An empty folder of its own, removed afterwards."""
    share: float = 1.0
    """Of the training reviews, and of its own, for a quick look."""


@dataclass(frozen=True)
class TextPeer:
    """A line of the registry: measured from text to score, accuracy and speed."""

    title: str
    """What stands in tables and in the plot."""
    what: str
    """What it is, with its source."""
    make: Callable[[], LearnsTexts]
    """Raises ImportError where its package is not installed."""
    learns: bool = True
    """Whether it learns from the training reviews."""
    reviews: int | None = None
    """How many it scores in a round of the comparison of speeds; None where it is not in it."""


@dataclass(frozen=True)
class SpeedPeer:
    """A line of the registry: speed alone is compared."""

    title: str
    """What stands in tables."""
    what: str
    """What it is."""
    open: Callable[[Setup], Scorer]
    """Raises ImportError where its package is not installed."""
    parts: tuple[str, ...] = (FILE,)
    """What it takes part in: `FILE`, `ONE`."""
    reviews: int | None = None
    """How many it scores in a round of `FILE`; None is all."""
    same_model: bool = True
    """Whether it computes what the shipped model computes, so that its scores can be compared."""


Peer = TextPeer | SpeedPeer
