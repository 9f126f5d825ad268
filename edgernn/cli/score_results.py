"""What a result of `edgernn score` has beside the columns of its row: see `docs/score.md`."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from edgernn.errors import UsageError
from edgernn.runtime import Score
from edgernn.runtime.columns import score_columns
from edgernn.text import TextContract

__all__ = ["TWO_LABELS", "Kind", "ResultColumns", "for_people", "result_columns"]

Kind = Literal["string", "number"]

_SEPARATORS = (";", "|", "/", "\n")
"""What stands between the labels of a text in a cell: the first that no label holds."""


@dataclass(frozen=True)
class ResultColumns:
    """The columns of a result, in their order, without the last one, `error`."""

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    """Of the values in a table; a nested one is none."""
    values: Callable[[Score], list[object]]
    """Return the values of a text that is scored, in the order of `names`."""


TWO_LABELS = ResultColumns(
    ("label", "confidence", "probability"),
    ("string", "number", "number"),
    lambda score: [score.label, score.confidence, score.probability],
)
"""Of a model of two labels, where no more is asked for."""


def result_columns(
    contract: TextContract, *, top: int | None = None, every: bool = False, nested: bool = False
) -> ResultColumns:
    """Return the columns of a model's results.

    Args:
        contract: of the model.
        top: also the likeliest so many labels with their probabilities.
        every: also the probability of each label.
        nested: whether a value may be a list or an object, as in JSON; otherwise each is a column.

    Raises:
        UsageError: the model has fewer labels than `top`.
    """
    count = len(contract.labels)
    if top is not None and top > count:
        raise UsageError(f"--top {top}: the model has {count:,} labels")
    parts = [_given(contract, nested)]
    if top:
        parts.append(_top(top, nested))
    if every:
        parts.append(_every(contract.labels, nested))
    if len(parts) == 1:
        return parts[0]
    return ResultColumns(
        tuple(name for part in parts for name in part.names),
        tuple(kind for part in parts for kind in part.kinds),
        lambda score: [value for part in parts for value in part.values(score)],
    )


def _given(contract: TextContract, nested: bool) -> ResultColumns:
    if contract.decision == "threshold":
        return TWO_LABELS
    columns = score_columns(contract)
    names = tuple(column.name for column in columns)
    kinds: tuple[Kind, ...] = ("string", "number")
    if nested or contract.decision == "largest":
        values = [column.value for column in columns]
        return ResultColumns(names, kinds, lambda score: [value(score) for value in values])
    between = next(s for s in _SEPARATORS if not any(s in label for label in contract.labels))
    return ResultColumns(
        names, kinds, lambda score: [between.join(score.given) or None, score.confidence]
    )


def _top(top: int, nested: bool) -> ResultColumns:
    if nested:

        def listed(score: Score) -> list[object]:
            return [[{"label": name, "probability": p} for name, p in _likeliest(score, top)]]

        return ResultColumns(("top",), (), listed)
    places = range(1, top + 1)
    kinds: tuple[Kind, ...] = ("string", "number")
    return ResultColumns(
        tuple(name for i in places for name in (f"top_{i}", f"top_{i}_probability")),
        kinds * top,
        lambda score: [value for pair in _likeliest(score, top) for value in pair],
    )


def _every(labels: Sequence[str], nested: bool) -> ResultColumns:
    if nested:

        def by_label(score: Score) -> list[object]:
            return [dict(zip(score.labels, score.probabilities or (), strict=True))]

        return ResultColumns(("probabilities",), (), by_label)
    kinds: tuple[Kind, ...] = ("number",)
    return ResultColumns(
        tuple(f"probability_{label}" for label in labels),
        kinds * len(labels),
        lambda score: list(score.probabilities or ()),
    )


def _likeliest(score: Score, count: int) -> list[tuple[str, float]]:
    """Return labels with their probabilities, the likeliest first and equal ones in order."""
    assert score.probabilities is not None
    numbers = heapq.nlargest(count, range(len(score.labels)), key=score.probabilities.__getitem__)
    return [(score.labels[i], score.probabilities[i]) for i in numbers]


def for_people(score: Score, top: int | None, width: int) -> str:
    """Return the start of a line of a table: what is said of a text, and how likely it is.

    Args:
        score: of a text that is scored.
        top: show so many of the likeliest labels; None shows those that are given.
        width: of the column of labels.
    """
    if top is not None:
        return ", ".join(f"{name} {p:.4f}" for name, p in _likeliest(score, top))
    return f"{', '.join(score.given) or '(none)':<{width}}  {score.confidence:.4f}"
