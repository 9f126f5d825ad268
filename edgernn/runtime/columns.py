"""Scores as columns: what `edgernn score` and data engines write of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from edgernn.runtime.scores import Score
from edgernn.text import TextContract

__all__ = ["Column", "arrow_scores", "arrow_type", "free_names", "score_columns"]


class Column(NamedTuple):
    """One value of a score."""

    name: str
    kind: Literal["string", "strings", "number"]
    value: Callable[[Score], Any]


_LABEL = Column("label", "string", attrgetter("label"))
_LABELS = Column("labels", "strings", lambda score: list(score.given))
_CONFIDENCE = Column("confidence", "number", attrgetter("confidence"))
_PROBABILITY = Column("probability", "number", attrgetter("probability"))


def score_columns(contract: TextContract) -> tuple[Column, ...]:
    """Return what is told of a text that is scored, in order: see `docs/score.md`."""
    if contract.decision == "threshold":
        return _LABEL, _CONFIDENCE, _PROBABILITY
    return (_LABEL if contract.decision == "largest" else _LABELS), _CONFIDENCE


def free_names(names: Sequence[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Return names for columns beside others: `label`, or `label_edgernn`, `label_edgernn_2`."""
    taken = set(taken)
    found = []
    for name in names:
        free, number = name, 1
        while free in taken:
            free = f"{name}_edgernn" if number == 1 else f"{name}_edgernn_{number}"
            number += 1
        taken.add(free)
        found.append(free)
    return tuple(found)


def arrow_type(contract: TextContract) -> Any:
    """Return the type of `arrow_scores`: a struct of `score_columns`.

    Raises:
        ImportError: pyarrow is not installed.
    """
    import pyarrow as pa

    kinds = {"string": pa.string(), "strings": pa.list_(pa.string()), "number": pa.float64()}
    return pa.struct([(column.name, kinds[column.kind]) for column in score_columns(contract)])


def arrow_scores(contract: TextContract, scores: Sequence[Score]) -> Any:
    """Return scores as a `pyarrow.StructArray` of `arrow_type`.

    It is null where a text cannot be scored.
    """
    import pyarrow as pa

    fields = arrow_type(contract).fields
    columns = [
        pa.array(list(map(column.value, scores)), field.type)
        for column, field in zip(score_columns(contract), fields, strict=True)
    ]
    mask = pa.array([score.reason is not None for score in scores], pa.bool_())
    return pa.StructArray.from_arrays(columns, fields=fields, mask=mask)
