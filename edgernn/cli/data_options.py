"""From what the commands were given to how a labelled file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgernn.data import DataOptions

__all__ = ["data_options", "data_values"]


def data_values(
    *,
    no_header: bool = False,
    positive: list[str] | None = None,
    negative: list[str] | None = None,
    drop: list[str] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return the fields of `DataOptions` by their names.

    Raises:
        UsageError: values of a label are not separated by commas.
    """
    from edgernn.data.label_values import parse_values

    return {
        **others,
        "header": not no_header,
        "positive": parse_values(positive or ()),
        "negative": parse_values(negative or ()),
        "drop": parse_values(drop or ()),
    }


def data_options(**given: Any) -> DataOptions:
    """Return how a labelled file is read.

    Raises:
        UsageError: values of a label are not separated by commas, or one is named twice.
    """
    from edgernn.data import DataOptions

    options = DataOptions(**data_values(**given))
    _ = options.label_rule
    return options
