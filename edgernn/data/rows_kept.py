"""The rows of a labelled source that can be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgernn.data.label_cells import LabelCells

__all__ = ["Rows"]


@dataclass
class Rows:
    """The rows of a source that can be used, column by column."""

    cells: LabelCells
    numbers: list[int] = field(default_factory=list)
    """Of each row in its file; none where there are no rows."""
    texts: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Of each row among all, from 0 on."""
    keys: list[str] = field(default_factory=list)
    """What matches rows to soft labels; none without a column for it."""
    total: int = 0
    unlabelled: Rows | None = None
    """Those without a label, where they are kept."""

    def keep(self, number: int | None, text: str, labels: tuple[str, ...]) -> None:
        """Take a row; its number is None where there are no rows."""
        if number is not None:
            self.numbers.append(number)
        self.texts.append(text)
        self.places.append(self.total - 1)
        self.cells.keep(labels)
