"""The labels of each row: one value, a list of them, a cell with separators, a column for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgernn.data.label_options import LabelRule
from edgernn.data.label_spelling import fold, is_missing, shown, spelled
from edgernn.data.plain_labels import PLAIN
from edgernn.errors import DataError

__all__ = ["LabelCells", "flags_of"]


@dataclass
class LabelCells:
    """What stands where labels are, row by row: folded values, and how they were spelled."""

    rule: LabelRule
    separator: str | None = None
    """What is between the labels of a cell, where a person says so."""
    sets: list[tuple[str, ...]] = field(default_factory=list)
    """The folded labels of each row that was kept, each of them once."""
    _spellings: dict[str, Counter[str]] = field(default_factory=dict)

    def parse(self, cell: object) -> tuple[str, ...] | str:
        """Return the folded labels of a cell, or what is wrong with it in words."""
        if isinstance(cell, list | tuple):
            if any(isinstance(value, list | tuple | dict) for value in cell):
                return "a label in the list is no name"
            return self._folded(cell)
        if self.separator is not None and (cell is None or isinstance(cell, str)):
            # An empty cell is how such a file says that there is none.
            return self._folded((cell or "").split(self.separator))
        found = self._folded((cell,))
        return found or "the label is empty"

    def keep(self, labels: tuple[str, ...]) -> None:
        """Take a row with such labels."""
        self.sets.append(labels)

    def spell(self, name: str) -> None:
        """Take a label's name that stands above the rows."""
        self._spellings.setdefault(fold(name), Counter())[spelled(name)] += 1

    @property
    def names(self) -> dict[str, str]:
        """The most frequent spelling of each folded value."""
        return {value: found.most_common(1)[0][0] for value, found in self._spellings.items()}

    @property
    def are_several(self) -> bool:
        """Whether a row has more or less than one label."""
        return any(len(labels) != 1 for labels in self.sets)

    def first_of_several(self) -> int:
        """Return the index of the first row that has more or less than one."""
        return next(index for index, labels in enumerate(self.sets) if len(labels) != 1)

    def _folded(self, cells: Sequence[object]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for cell in cells:
            value = fold(cell)
            if is_missing(value) and not self.rule.names(value):
                continue
            found[value] = None
            self._spellings.setdefault(value, Counter())[spelled(cell)] += 1
        return tuple(found)


def flags_of(
    names: Sequence[str], value: Callable[[str], object], where: str
) -> tuple[str, ...] | str:
    """Return the folded names of the columns that say yes in a row, or what is wrong in words.

    Args:
        names: the columns.
        value: gives the row's value of a column.
        where: the row, for messages.

    Raises:
        DataError: a value says neither yes nor no.
    """
    found = []
    for name in names:
        flag = fold(value(name))
        if is_missing(flag):
            return f"the label {shown(name)} is empty"
        if flag not in PLAIN:
            raise DataError(
                f"{where}: column {shown(name)!r} of --label-columns holds {shown(flag)}, and may "
                "say 0 or 1, no or yes, false or true"
            )
        if PLAIN[flag]:
            found.append(fold(name))
    return tuple(found)
