"""Rows that cannot be used: counted by their fault, the first few named, their texts never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import Examples, check_classes
from edgernn.errors import DataError

__all__ = ["LeftOut", "rows_with_tokens"]

_NAMED = 5
"""Rows of a fault that are named."""
_FAULTS = 4
"""Faults that are told apart; a row that a reader cannot read may have one of its own."""


class LeftOut:
    """Collects rows that are left out, or stops at the first."""

    def __init__(self, name: str, *, strict: bool = False, unit: str = "row") -> None:
        """Collect for the source called `name`, which has rows or `unit`s.

        Where `strict` is set, `add` raises instead.
        """
        self._name = name
        self._unit = unit
        self._strict = strict
        self._rows: dict[str, list[int | str]] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many rows are left out."""
        return sum(self._counts.values())

    def add(self, row: int | str, fault: str, detail: str = "") -> None:
        """Leave out a row.

        Args:
            row: its number in the file, or its name.
            fault: what is wrong, the same for like rows.
            detail: more about this row; never a text.

        Raises:
            DataError: the first bad row is to end the job.
        """
        if self._strict:
            more = f": {detail}" if detail else ""
            raise DataError(f"{self._name}, {self._unit} {row}: {fault}{more}")
        self._counts[fault] = self._counts.get(fault, 0) + 1
        rows = self._rows.setdefault(fault, [])
        if len(rows) < _NAMED:
            rows.append(row)

    def line(self, total: int) -> str | None:
        """Say in a line how many of `total` rows are left out and why; None if there are none."""
        if not self._counts:
            return None
        faults = sorted(self._counts, key=lambda fault: -self._counts[fault])
        parts = [self._part(fault) for fault in faults[:_FAULTS]]
        rest = faults[_FAULTS:]
        if rest:
            parts.append(f"{sum(self._counts[fault] for fault in rest):,} with other faults")
        return (
            f"{self._name}: {len(self):,} of {total:,} {self._unit}s left out: {'; '.join(parts)}"
        )

    def check(self, total: int) -> None:
        """Make sure that most rows can be used.

        Raises:
            DataError: more than half of them cannot; the message says why.
        """
        if 2 * len(self) > total:
            raise DataError(f"{self.line(total)}; more than half of a file is no slip: check it")

    def to_json(self) -> Mapping[str, int]:
        """Return the number of rows of each fault."""
        return dict(self._counts)

    def _part(self, fault: str) -> str:
        rows, count = self._rows[fault], self._counts[fault]
        numbers = ", ".join(map(str, rows))
        more = f" and {count - len(rows):,} more" if count > len(rows) else ""
        return f"{fault} ({self._unit}{'' if count == 1 else 's'} {numbers}{more})"


def rows_with_tokens(
    examples: Examples,
    tokens: Sequence[int] | npt.NDArray[np.int64],
    name: str,
    *,
    say: Callable[[str], None],
    strict: bool = False,
) -> npt.NDArray[np.int64]:
    """Leave out the texts of which a model's text rules and vocabulary leave no token.

    Args:
        examples: the texts.
        tokens: how many tokens each has.
        name: what the texts come from, for messages.
        say: gets a line about what is left out.
        strict: whether the first such text is an error.

    Returns:
        The indices of the texts that have tokens, int64.

    Raises:
        DataError: more than half of the texts have none, or all of one of two classes.
    """
    left_out = LeftOut(name, strict=strict)
    filled = np.asarray(tokens) > 0
    for index in np.flatnonzero(~filled).tolist():
        row = index + 1 if examples.rows is None else int(examples.rows[index])
        left_out.add(row, "no token is left of the text")
    line = left_out.line(len(examples))
    if line is not None:
        left_out.check(len(examples))
        say(line)
        # Of many labels a test need not have each.
        if examples.decision == "threshold":
            check_classes(examples.at(np.flatnonzero(filled)), name, " has a token")
    return np.flatnonzero(filled)
