"""One JSON object that is a whole table rather than a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Form(NamedTuple):
    """How an object holds a table."""

    title: str
    records: str | None = None
    """The key of its only list of objects, which are the records."""


def form_of(fields: Mapping[str, object], has_text: bool) -> Form | None:
    """Return how an object holds a table; None if it is a record.

    Args:
        fields: the object.
        has_text: whether it has a text column, by the options or a usual name.
    """
    values = list(fields.values())
    objects = [value for value in values if isinstance(value, dict)]
    if objects and len(objects) == len(values):
        keys = [set(value) for value in objects]
        if all(inner and all(map(str.isdigit, inner)) for inner in keys):
            return Form("a column for each of its keys")
        alike = len(keys) > 1 and bool(set.intersection(*keys))
        if all(map(str.isdigit, fields)) or alike:
            return Form("a record for each of its keys")
    is_list = len(values) == 1 and _are_records(values[0])
    if values and not is_list and all(isinstance(value, list) for value in values):
        return Form("a list for each of its keys")
    if has_text:
        return None
    lists = [key for key, value in fields.items() if _are_records(value)]
    if len(lists) > 1:
        return Form("with more than one list of records")
    return Form("around a list", lists[0]) if lists else None


def _are_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
