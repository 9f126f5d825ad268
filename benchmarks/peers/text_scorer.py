"""A peer that takes texts, in the comparison of speeds: it learns first, then its call is timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.peers.peer import Scores, Setup, TextPeer

__all__ = ["TextScorer"]


class TextScorer:
    """Text in, score out."""

    def __init__(self, peer: TextPeer, setup: Setup) -> None:
        """Make the peer and let it learn.

        Raises:
            ImportError: its package is not installed.
            DataError: the training reviews cannot be read.
        """
        self._peer = peer.make()
        if peer.learns:
            from edgernn.data import load_split

            train = load_split(setup.data, "train")
            some = slice(None, None, round(1 / setup.share))
            self._peer.fit(train.texts[some], train.labels[some])

    @property
    def packages(self) -> tuple[str, ...]:
        """What computes."""
        return self._peer.packages

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen; none of these peers has threads of its own to score with."""
        return {**self._peer.settings, "threads": 1}

    def ready(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts."""
        return texts

    def score(self, inputs: Sequence[str]) -> Scores:
        """Return float64 [texts]."""
        return self._peer.score(inputs)
