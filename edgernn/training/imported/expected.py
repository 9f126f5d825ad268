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
_SUM_OF_MANY = 2e-2
"""A softmax of mixed precision rounds each of them."""


@dataclass(frozen=True)
class ExpectedText:
    """One text, and what a person's program gives for it."""

    where: str
    """File and row, for messages."""
    text: str
    ids: tuple[int, ...] | None
    """What it feeds to the model, padded or not."""
    scores: tuple[float, ...] | None
    """What the model gives: of two classes with one number between them a probability of the
    second, or a logit; otherwise those of all labels."""


@dataclass(frozen=True)
class Expected:
    """The texts of a file."""

    path: Path
    texts: tuple[ExpectedText, ...]
    """At least one; at most 10,000."""
    sums_differ: bool = False
    """Whether scores of all classes do not sum to 1, which those of a softmax do."""

    @property
    def logits(self) -> bool:
        """Whether scores are logits: probabilities do not lie outside of [0, 1]."""
        return self.sums_differ or any(
            not 0 <= score <= 1 for text in self.texts for score in text.scores or ()
        )


def read_expected(path: Path, labels: int | None = None, *, softmax: bool = True) -> Expected:
    """Read a file of rows with a text and ids, scores or both.

    Args:
        path: the file.
        labels: how many labels the model gives a score of their own; None: one score says which of
            two it is, or there is one of each.
        softmax: whether probabilities of several labels sum to 1.

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
            found.append((text, _scores(where, row.fields, score, labels)))
            if len(found) == _MOST:
                break
    if not found:
        raise DataError(f"{path}: holds no rows")
    # Two probabilities, or two logits as a model without a softmax gives them; or of more.
    nearly = _SUM if labels is None else _SUM_OF_MANY
    sums_differ = softmax and any(
        len(scores) > 1 and abs(sum(scores) - 1) > nearly for _, scores in found
    )
    texts = []
    for text, scores in found:
        if labels is None and len(scores) == 2:
            scores = [scores[1] - scores[0]] if sums_differ else scores[1:]
        texts.append(dataclasses.replace(text, scores=tuple(scores) or None))
    return Expected(path, tuple(texts), sums_differ)


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


def _scores(
    where: str, fields: Mapping[str, object], column: str | None, labels: int | None
) -> list[float]:
    """Return one number, or one for each class; none where nothing is given."""
    if column is None or fields.get(column) is None:
        return []
    values = _flat(where, column, fields[column])
    if len(values) in ((1, 2) if labels is None else (labels,)):
        return values
    raise DataError(
        f"{where}: {column} holds {len(values)} numbers; it must be "
        + ("one, or those of two classes" if labels is None else f"{labels}, one for each label")
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
