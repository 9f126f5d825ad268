"""Putting the rows of other machines' files beside those measured here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from edgernn.bench.results import MAX_ROWS, Report, Source
from edgernn.errors import UsageError

__all__ = ["merge"]


def merge(results: Report, others: Sequence[Report]) -> Report:
    """Return a report with the rows of all, each with its machine's name where it is another's.

    Two machines of one name, such as two phones of one kind, get numbers.

    Raises:
        UsageError: there would be more rows than a file may have.
    """
    names = {results.machine.name, *(source.machine.name for source in results.merged)}
    rows, merged = list(results.rows), list(results.merged)
    for other in others:
        first = Source(other.machine, other.created, other.settings)
        renamed: dict[str | None, str] = {}
        for key, source in [(None, first), *((s.machine.name, s) for s in other.merged)]:
            name = _unused(source.machine.name, names)
            names.add(name)
            renamed[key] = name
            machine = dataclasses.replace(source.machine, name=name)
            merged.append(dataclasses.replace(source, machine=machine))
        rows += [dataclasses.replace(row, machine=renamed[row.machine]) for row in other.rows]
    if len(rows) > MAX_ROWS:
        raise UsageError(f"--merge: {len(rows):,} rows in all; there may be {MAX_ROWS:,}")
    return dataclasses.replace(results, rows=tuple(rows), merged=tuple(merged))


def _unused(name: str, names: set[str]) -> str:
    number = 2
    found = name
    while found in names:
        found = f"{name} ({number})"
        number += 1
    return found
