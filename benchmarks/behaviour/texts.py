"""The texts: written for this measurement, used for no training."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CONTROL", "TEXTS", "Text", "measures", "read_texts"]

TEXTS = Path(__file__).with_name("texts.csv")
CONTROL = "plain"
"""The kind of texts that say it plainly: they stand beside the others and count in no total."""
_POSITIVE = "positive"


class Text(NamedTuple):
    """A row of the file."""

    kind: str
    is_positive: bool
    pair: str
    """The same for a plain text and its negation; empty where there is no other half."""
    text: str


def read_texts(path: Path = TEXTS) -> list[Text]:
    """Read the file, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Text(row["kind"], row["label"] == _POSITIVE, row["pair"], row["text"])
            for row in csv.DictReader(file)
        ]


def measures(texts: Sequence[Text], positive: Sequence[float]) -> dict[str, Any]:
    """Return what a model reached.

    Args:
        texts: all of them.
        positive: for each, the probability that the model gives to `positive`; above one half is
            its answer.

    Returns:
        `accuracy` and `share_positive` over all texts but the plain ones, `pairs`, the share of
        pairs whose negation moves the probability the right way, and `kinds`, the accuracy of each
        kind.
    """
    is_right = [text.is_positive == (p > 0.5) for text, p in zip(texts, positive, strict=True)]
    counted = [i for i, text in enumerate(texts) if text.kind != CONTROL]
    kinds: dict[str, list[bool]] = {}
    for text, right in zip(texts, is_right, strict=True):
        kinds.setdefault(text.kind, []).append(right)
    moved = _moved(texts, positive)
    return {
        "texts": len(counted),
        "accuracy": _mean([is_right[i] for i in counted]),
        "share_positive": _mean([positive[i] > 0.5 for i in counted]),
        "pairs": _mean(list(moved.values())),
        "kinds": {kind: _mean(right) for kind, right in kinds.items()},
    }


def _moved(texts: Sequence[Text], positive: Sequence[float]) -> Mapping[str, bool]:
    """Say of each pair whether its positive half has the higher probability."""
    halves: dict[str, dict[bool, float]] = {}
    for text, p in zip(texts, positive, strict=True):
        if text.pair:
            halves.setdefault(text.pair, {})[text.is_positive] = p
    return {pair: half[True] > half[False] for pair, half in halves.items()}


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values)
