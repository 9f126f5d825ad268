"""What a person's own program gives for texts: ids, scores or both, a row each."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgernn.errors import DataError
from edgernn.rows import RowSource, open_rows
from edgernn.training.imported.settings import shown

__all__ = ["IDS_COLUMNS", "SCORE_COLUMNS", "Expected", "ExpectedText", "read_expected"]

IDS_COLUMNS = ("ids", "input_ids", "token_ids", "sequence", "sequences")
SCORE_COLUMNS = (
    *("score", "scores", "probability", "probabilities", "prediction", "predictions"),
    *("predict", "keras_predict", "output", "outputs", "logit", "logits"),
)

_MOST = 10_000
_SUM = 1e-3


@dataclass(frozen=True)
class ExpectedText:
    """One text, and what a person's program gives for it."""

    where: str
    """File and row, for messages."""
    text: str
    ids: tuple[int, ...] | None
    """What it feeds to the model, padded or not."""
    score: float | None
    """What the model gives: a probability of the second class, or a logit."""


@dataclass(frozen=True)
class Expected:
    """The texts of a file."""

    path: Path
    texts: tuple[ExpectedText, ...]
    """At least one; at most 10,000."""
    pairs: bool = False
    """Whether scores are differences of two logits."""

    @property
    def logits(self) -> bool:
        """Whether scores are logits: probabilities do not lie outside of [0, 1]."""
        return self.pairs or any(
            text.score is not None and not 0 <= text.score <= 1 for text in self.texts
        )


def read_expected(path: Path) -> Expected:
    """Read a file of rows with a text and ids, a score or both.

    Raises:
        DataError: it cannot be read, or a row of it is not as it should be; names file and row.
    """
    source = open_rows(path)
    ids = _column(source, IDS_COLUMNS)
    score = _column(source, SCORE_COLUMNS)
    if ids is None and score is None:
        raise DataError(
            f"{path}: rows need a text and what your program gives for it: ids, the list that the "
            "model gets, or score, the number that it gives"
        )
    found = []
    with source:
        for row in source:
            where = source.where(row)
            text = ExpectedText(where, source.text(row), _ids(where, row.fields, ids), None)
            found.append((text, _scores(where, row.fields, score)))
            if len(found) == _MOST:
                break
    if not found:
        raise DataError(f"{path}: holds no rows")
    # Two probabilities, or two logits as a model without a softmax gives them.
    pairs = any(len(scores) == 2 and abs(sum(scores) - 1) > _SUM for _, scores in found)
    texts = []
    for text, scores in found:
        value = scores[-1] if scores else None
        if value is not None and pairs and len(scores) == 2:
            value -= scores[0]
        texts.append(dataclasses.replace(text, score=value))
    return Expected(path, tuple(texts), pairs)


def _column(source: RowSource, names: tuple[str, ...]) -> str | None:
    by_name = {column.strip().casefold(): column for column in reversed(source.columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _ids(where: str, fields: Mapping[str, object], column: str | None) -> tuple[int, ...] | None:
    if column is None or fields.get(column) is None:
        return None
    values = _flat(where, column, fields[column])
    if not all(value == int(value) and value >= 0 for value in values):
        raise DataError(f"{where}: {column} holds {shown(fields[column])}, not a list of ids")
    return tuple(int(value) for value in values)


def _scores(where: str, fields: Mapping[str, object], column: str | None) -> list[float]:
    """Return one number, or those of two classes; none where nothing is given."""
    if column is None or fields.get(column) is None:
        return []
    values = _flat(where, column, fields[column])
    if len(values) in (1, 2):
        return values
    raise DataError(
        f"{where}: {column} holds {len(values)} numbers; it must be one, or those of two classes"
    )


def _flat(where: str, column: str, value: object) -> list[float]:
    """Return the numbers of a number, a list in any depth, or the JSON of one."""
    given = value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            try:
                value = [float(part) for part in str(value).replace(",", " ").split()]
            except ValueError:
                value = None
    pending, found = [value], []
    while pending:
        part = pending.pop()
        if isinstance(part, list | tuple):
            pending += reversed(part)
        elif isinstance(part, int | float) and type(part) is not bool and math.isfinite(part):
            found.append(float(part))
        else:
            raise DataError(f"{where}: {column} holds {shown(given)}, not numbers")
    return found
