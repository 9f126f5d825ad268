"""The options of labelled files, which five commands have: declared once, read once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from edgernn.cli.options import (
    DataFormatOption,
    DelimiterOption,
    Drop,
    EncodingOption,
    GroupColumn,
    LabelColumn,
    LabelColumns,
    Labels,
    LabelSeparator,
    LabelsFrom,
    Negative,
    NoHeader,
    Positive,
    QuotingOption,
    SearchDataFormat,
    SheetOption,
    Strict,
    TextColumn,
)

if TYPE_CHECKING:
    from edgernn.data import DataOptions

__all__ = [
    "LabelledData",
    "SearchData",
    "TestData",
    "TrainingData",
    "data_options",
    "data_values",
    "with_data_options",
]

_COLUMNS = {"text_column": TextColumn, "label_column": LabelColumn}
_LABELS = {
    "positive": Positive,
    "negative": Negative,
    "drop": Drop,
    "labels": Labels,
    "label_separator": LabelSeparator,
    "label_columns": LabelColumns,
    "labels_from": LabelsFrom,
}
_FORMAT = {
    "encoding": EncodingOption,
    "delimiter": DelimiterOption,
    "quoting": QuotingOption,
    "no_header": NoHeader,
    "sheet": SheetOption,
}
_LABELLED = _COLUMNS | _LABELS | {"format": DataFormatOption} | _FORMAT
_TEST = _COLUMNS | _LABELS | {"strict": Strict, "format": DataFormatOption} | _FORMAT
_GROUPED = _COLUMNS | _LABELS | {"group_column": GroupColumn, "strict": Strict}

_Given = Mapping[str, Any]
LabelledData = Annotated[_Given, _LABELLED]
TestData = Annotated[_Given, _TEST]
TrainingData = Annotated[_Given, _GROUPED | {"format": DataFormatOption} | _FORMAT]
SearchData = Annotated[_Given, _GROUPED | {"data_format": SearchDataFormat} | _FORMAT]
"""A command's parameter `reading` of such a type stands for these options; see
`with_data_options`."""


def with_data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command as Typer takes it, with options in place of its parameter `reading`.

    The command gets what they were given as a mapping, by the names of the options.

    Args:
        command: a function whose parameter `reading`, if it has one, is of a type of this module.
    """
    if "reading" not in command.__annotations__:
        return command
    signature = inspect.signature(command, eval_str=True)
    options: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        if parameter.name != "reading":
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        (options,) = parameter.annotation.__metadata__
        parameters += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=False if annotation in (NoHeader, Strict) else None,
                annotation=annotation,
            )
            for name, annotation in options.items()
        ]

    @functools.wraps(command)
    def expanded(**given: Any) -> None:
        command(reading={name: given.pop(name) for name in options}, **given)

    expanded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return expanded


def data_values(
    *,
    no_header: bool = False,
    positive: list[str] | None = None,
    negative: list[str] | None = None,
    drop: list[str] | None = None,
    labels: list[str] | None = None,
    label_columns: list[str] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return the fields of `DataOptions` by their names.

    Raises:
        UsageError: values of a label are not separated by commas.
    """
    from edgernn.data.label_options import parse_names, parse_values

    if "data_format" in others:
        others["format"] = others.pop("data_format")
    return {
        **others,
        "header": not no_header,
        "positive": parse_values(positive or ()),
        "negative": parse_values(negative or ()),
        "drop": parse_values(drop or ()),
        "labels": parse_names(labels or (), "--labels"),
        "label_columns": parse_names(label_columns or (), "--label-columns"),
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
