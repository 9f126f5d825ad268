"""The tables of docs/accuracy.md: the int8 files by seed, and the halves of the float models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.behaviour.texts import CONTROL

__all__ = ["columns_of", "flagship_table"]

_HALVES = {"layers": "recurrent half", "ngrams": "n-grams", "both": "both"}
_Column = dict[str, Any]
_Row = tuple[str, Callable[[_Column], float], str]
"""A title, where its value stands in a column, and how it is written."""

_TEST: tuple[_Row, ...] = (
    ("**IMDB, test split**", lambda c: c["test"]["accuracy"], ".2%"),
    ("without near-duplicates", lambda c: c["test"]["accuracy_without_near_duplicates"], ".2%"),
    ("calibration error (ECE)", lambda c: c["test"]["expected_calibration_error"], ".4f"),
    ("answered positive", lambda c: c["test"]["called_positive"], ".1%"),
)
_SITES: tuple[_Row, ...] = (
    ("Amazon", lambda c: c["amazon"]["accuracy"], ".2%"),
    ("Amazon, answered positive", lambda c: c["amazon"]["called_positive"], ".1%"),
    ("Yelp", lambda c: c["yelp"]["accuracy"], ".2%"),
    ("Yelp, answered positive", lambda c: c["yelp"]["called_positive"], ".1%"),
)
_BEHAVIOUR: tuple[_Row, ...] = (
    ("**behaviour**", lambda c: c["behaviour"]["accuracy"], ".1%"),
    ("pairs moved the right way", lambda c: c["behaviour"]["pairs"], ".1%"),
)
_SIZE: _Row = ("int8 file, bytes", lambda c: c["bytes"], ",.0f")


def columns_of(result: dict[str, Any]) -> list[tuple[str, _Column]]:
    """Return a result's columns with their names: each seed, the mean of several, what is beside.

    Args:
        result: what `benchmarks.flagship` writes.
    """
    columns = [(f"seed {run['seed']}", run) for run in result["runs"]]
    if len(columns) > 1:
        columns.append(("mean", result["mean"]))
    if "compared" in result:
        columns.append((f"`{result['compared']['name']}`", result["compared"]))
    return columns


def flagship_table(result: dict[str, Any]) -> str:
    """Return both tables from their result file."""
    columns = columns_of(result)
    kinds = [kind for kind in result["mean"]["behaviour"]["kinds"] if kind != CONTROL]
    rows: list[_Row] = [*(_TEST if "test" in result["mean"] else ()), *_SITES, *_BEHAVIOUR]
    rows += [(f"- {kind}", _of_kind(kind), ".1%") for kind in kinds]
    rows += [("said plainly, not counted", _of_kind(CONTROL), ".1%"), _SIZE]
    lines = [
        "| int8 ONNX file | " + " | ".join(name for name, _ in columns) + " |",
        "| --- |" + " ---: |" * len(columns),
        *(
            f"| {title} | " + " | ".join(f"{of(column):{form}}" for _, column in columns) + " |"
            for title, of, form in rows
        ),
        "",
    ]
    if "speed" in result:
        ratio = result["speed"]["own_tokens"]["ratio"]
        lines += [
            f"One review of 200 tokens takes {ratio:.2f} times as long as with "
            f"`{result['compared']['name']}`, in turns, one thread, the C engine.",
            "",
        ]
    lines += _halves(result)
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    at = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
    return "\n".join([*lines, f"<sub>{at}, {versions}.</sub>", ""])


def _halves(result: dict[str, Any]) -> list[str]:
    """Return the table of halves: the mean of all seeds, with the lowest and the highest."""
    groups = [("", result["runs"])]
    if "halves" in result.get("compared", {}):
        groups.append((f"`{result['compared']['name']}`: ", [result["compared"]]))
    titles = [f"{name}{title}" for name, _ in groups for title in _HALVES.values()]
    lines = [
        "| float model | " + " | ".join(titles) + " |",
        "| --- |" + " ---: |" * len(titles),
    ]

    def line(title: str, form: str, of: Callable[[_Column, str], float]) -> str:
        cells = [
            _spread([of(column, half) for column in columns], form)
            for _, columns in groups
            for half in _HALVES
        ]
        return f"| {title} | {' | '.join(cells)} |"

    held_out = f"held-out films, {result['runs'][0]['held_out_texts']:,} reviews"
    lines.append(line(held_out, ".2%", lambda column, half: float(column["held_out"][half])))
    for title, of, form in (*_BEHAVIOUR, *_SITES):
        lines.append(line(title, form, _of_half(of)))
    return [*lines, ""]


def _of_half(of: Callable[[_Column], float]) -> Callable[[_Column, str], float]:
    return lambda column, half: of(column["halves"][half])


def _spread(values: list[float], form: str) -> str:
    mean = f"{sum(values) / len(values):{form}}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):{form}} to {max(values):{form}})"


def _of_kind(kind: str) -> Callable[[_Column], float]:
    def value(column: _Column) -> float:
        found: float = column["behaviour"]["kinds"][kind]
        return found

    return value
