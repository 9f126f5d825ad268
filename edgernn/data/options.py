"""How a labelled file is read: its columns, what its labels mean, what is left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from edgernn.data.label_options import LabelRule
from edgernn.rows import ReadOptions

__all__ = ["DEFAULTS", "DataOptions", "option_of"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What a person says about a labelled file; the defaults leave it to what the file says."""

    text_column: str | None = None
    """This one and those up to `quoting` are the fields of `ReadOptions`."""
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    sheet: str | None = None
    quoting: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    """The column whose equal values are never on two sides of a split."""
    positive: tuple[str, ...] = ()
    """Values of the label column, as `label_values.fold` gives them; so in the next two."""
    negative: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """The labels that there are, as their names are to be spelled, in their order."""
    label_separator: str | None = None
    """What is between the labels of a cell, where a text may have several."""
    label_columns: tuple[str, ...] = ()
    """Columns that hold a label each, with 0 or 1, where a text may have several."""
    labels_from: str | None = None
    """Of the IMDB reviews: `sentiment`, as their folders have it, or `stars`."""
    strict: bool = False
    """Whether the first bad row is an error, instead of being left out."""
    soft_labels: str | None = None
    """The file of a teacher's soft labels, which may be the labelled file itself."""
    soft_key: str | None = None
    """The column by whose values rows of both files are matched; None: by their order."""
    keep_unlabelled: bool = False
    """Whether rows without a label are no fault, as they were none where soft labels were read."""

    @property
    def rows(self) -> ReadOptions:
        """How the rows of the file are read."""
        return ReadOptions(**{f.name: getattr(self, f.name) for f in fields(ReadOptions)})

    @property
    def label_rule(self) -> LabelRule:
        """What is said about the values of the label column.

        Raises:
            UsageError: a value is named twice, or labels cannot be.
        """
        return LabelRule(self.positive, self.negative, self.drop, self.labels)

    @property
    def takes_unlabelled(self) -> bool:
        """Whether rows without a label are kept apart instead of counted as faults."""
        return self.keep_unlabelled or self.soft_labels is not None

    def reading(self) -> DataOptions:
        """Return the options of reading alone, where more was added to them."""
        own = fields(DataOptions)
        return DataOptions(**{field.name: getattr(self, field.name) for field in own})

    def set_fields(self) -> list[str]:
        """Return the names of the fields that are not left to the file."""
        own = fields(DataOptions)
        return [field.name for field in own if getattr(self, field.name) != field.default]

    def to_json(self) -> dict[str, Any]:
        """Return what config.json keeps: all that decides which examples are read."""
        own = {field.name: getattr(self, field.name) for field in fields(DataOptions)}
        # What else a run keeps of soft labels has a place of its own: the examples are the same.
        own["keep_unlabelled"] = self.takes_unlabelled
        for name in ("strict", "soft_labels", "soft_key"):
            del own[name]
        for name in _LATER:
            value = own.pop(name)
            if value:
                own[_KEYS.get(name, name)] = value
        return {name: list(v) if isinstance(v, tuple) else v for name, v in own.items()}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> DataOptions:
        """Read what `to_json` gave; runs of earlier versions have columns alone.

        Raises:
            KeyError, TypeError: it is not.
        """
        keys = {field.name: _KEYS.get(field.name, field.name) for field in fields(DataOptions)}
        found = {name: values[key] for name, key in keys.items() if key in values}
        for name in _TUPLES:
            found[name] = tuple(map(str, found.get(name, ())))
        return DataOptions(**{"strict": False} | found)


_LATER = ("labels", "label_separator", "label_columns", "labels_from", "keep_unlabelled")
"""Fields that are kept only where they say something, as earlier versions do not know them."""
_TUPLES = ("positive", "negative", "drop", "labels", "label_columns")
_KEYS = {"labels": "label_names"}
"""Keys of config.json that are not the field's name: its `labels` are the rows of each label."""


def option_of(name: str) -> str:
    """Return the command line's option of a field of `DataOptions`."""
    return "--no-header" if name == "header" else f"--{name.replace('_', '-')}"


DEFAULTS = DataOptions()
"""Nothing said."""
