"""Encoded texts in batches of like length."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.soft_targets import SoftTargets
from edgernn.text.decision import DecisionRule

__all__ = ["Encoded", "balanced", "crop", "plan_training", "plan_validation", "thin"]

Ids = npt.NDArray[np.int32]

# Texts are sorted by length within this many batches: enough to leave little padding, few enough
# to keep the order random.
_BATCHES_SORTED_TOGETHER = 64

_SHORTEST_CROP, _LONGEST_CROP = 3, 40


@dataclass(frozen=True)
class Encoded:
    """Texts as ids with their labels."""

    ids: Sequence[Ids]
    """One int32 array [tokens] a text."""
    labels: npt.NDArray[Any]
    """int8 [texts], 1 is the positive class; or float32, how likely it is the text's. With the
    decision `largest` integers [texts], the label's number; with `each` bool [texts, labels]."""
    weights: npt.NDArray[np.float32] | None = None
    """float32 [texts], or with `each` [texts, labels], how much each counts in the loss, 1 on
    average; None: all alike."""
    soft: SoftTargets | None = None
    """What a teacher says of the texts, and how much it counts; None without one. A text without a
    label has any."""
    beside: npt.NDArray[np.float32] | None = None
    """float32 [texts], the logit of another model that the model's own is added to; None: there is
    no other."""

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.ids)


def balanced(texts: Encoded, rule: DecisionRule = "threshold") -> Encoded:
    """Weigh texts so that all labels count alike in the loss, however many texts each has.

    With `threshold`, of a text that is positive with probability p, p of it counts as a positive
    one and the rest as a negative one: its loss is
    `a p log(1/q) + b (1 - p) log(1/(1 - q))`, where the model says q, and a and b are half of the
    number of texts over the size of the class. That is a weight times the loss of another label,
    which are what is returned; a label of 0 or 1 stays. With `largest` a text weighs the number of
    texts over that of its label and the number of labels; with `each` every label of its own is
    weighed as two are, having it and having it not. With a teacher, what it says counts likewise.
    """
    if texts.soft is not None:
        return dataclasses.replace(texts, soft=texts.soft.balanced(texts.labels, rule))
    if rule == "largest":
        sizes = np.bincount(texts.labels)
        present = np.count_nonzero(sizes)
        weights = len(texts) / (present * sizes[texts.labels])
        return Encoded(texts.ids, texts.labels, weights.astype(np.float32))
    likely = texts.labels.astype(np.float64)
    positive = likely.sum(axis=0)
    negative = len(likely) - positive
    if rule == "each":
        # A label that all texts have, or none, has nothing to be weighed against.
        both = (positive > 0) & (negative > 0)
        shares = np.where(texts.labels, positive, negative)
        weights = np.where(both, len(likely) / (2 * shares), 1.0)
        return Encoded(texts.ids, texts.labels, weights.astype(np.float32))
    if not positive or not negative:
        return texts
    of_positive = likely * len(likely) / (2 * positive)
    of_negative = (1 - likely) * len(likely) / (2 * negative)
    weights = of_positive + of_negative
    labels = (of_positive / weights).astype(np.float32)
    return Encoded(texts.ids, labels, weights.astype(np.float32))


def plan_training(
    lengths: npt.NDArray[np.int64], batch_size: int, rng: np.random.Generator, *, sort: bool = True
) -> list[npt.NDArray[np.int64]]:
    """Return one epoch's batches as index arrays: random, of like length, in random order.

    Args:
        lengths: int64 [texts], in tokens.
        batch_size: texts a batch.
        rng: decides.
        sort: whether texts of like length share a batch.
    """
    order = rng.permutation(len(lengths))
    if not sort:
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    batches: list[npt.NDArray[np.int64]] = []
    stretch = batch_size * _BATCHES_SORTED_TOGETHER
    for start in range(0, len(order), stretch):
        part = order[start : start + stretch]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.extend(part[i : i + batch_size] for i in range(0, len(part), batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


def plan_validation(lengths: npt.NDArray[np.int64], batch_size: int) -> list[npt.NDArray[np.int64]]:
    """Return batches of like length that cover every text once, shortest first."""
    order = np.argsort(lengths, kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def crop(ids: Ids, rng: np.random.Generator) -> Ids:
    """Cut a short piece out of a training text: 3 to 40 tokens from anywhere in it."""
    length = int(rng.integers(_SHORTEST_CROP, _LONGEST_CROP, endpoint=True))
    start = int(rng.integers(0, max(1, len(ids) - length + 1)))
    return ids[start : start + length]


def thin(ids: Ids, rate: float, rng: np.random.Generator) -> Ids:
    """Leave out a share of the tokens of a training text; at least one stays.

    Word dropout of Iyyer et al., 2015 (deep averaging networks), by deletion.
    """
    kept: Ids = ids[rng.random(len(ids)) >= rate]
    return kept if len(kept) else ids
