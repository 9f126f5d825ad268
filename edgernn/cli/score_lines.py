"""Rows and their scores as lines of JSON, CSV and TSV: see `docs/score.md`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from edgernn.cli.score_pipeline import Item
from edgernn.cli.score_results import TWO_LABELS, ResultColumns
from edgernn.runtime import Score
from edgernn.runtime.columns import free_names

__all__ = ["Columns", "CsvLines", "JsonLines", "Lines", "Result", "cell"]

Result = tuple[Score | None, str | None]
"""The score of a row, or what is wrong with it."""

_ERROR = "error"
"""The last column of a result."""

_KEYS_KEPT = 1 << 12

_quoted_ascii = json.encoder.encode_basestring_ascii
_quoted_any = json.encoder.encode_basestring


class Columns(NamedTuple):
    """The columns of an output."""

    kept: tuple[str, ...]
    """Those of the input."""
    own: tuple[str, ...]
    """Names for those of `results`, and for the error behind them."""
    bare: bool
    """Whether `kept` is the text alone, whatever the input calls it."""
    results: ResultColumns = TWO_LABELS

    @classmethod
    def of(cls, columns: Sequence[str], results: ResultColumns = TWO_LABELS) -> Columns:
        """Keep columns, with names beside them that are free."""
        return cls(tuple(columns), free_names((*results.names, _ERROR), columns), False, results)

    @classmethod
    def only_scores(cls, results: ResultColumns = TWO_LABELS) -> Columns:
        """Keep the text alone."""
        return cls(("text",), free_names((*results.names, _ERROR), ["text"]), True, results)

    @property
    def renamed(self) -> dict[str, str]:
        """The names of ours that are taken, with what stands in their place."""
        names = (*self.results.names, _ERROR)
        return {old: new for old, new in zip(names, self.own, strict=True) if old != new}


class Lines(Protocol):
    """How a row and its score are written."""

    header: str
    """What stands before the first row."""

    def start(self, fields: Mapping[str, object], text: str | None) -> str:
        """Return the part of a row's record that the score has no part in."""

    def records(self, chunk: Sequence[Item], results: Sequence[Result]) -> list[str]:
        """Return the whole records of rows, with their line ends."""
        return [
            self._record(item.row.fields, item.text, score, error)
            for item, (score, error) in zip(chunk, results, strict=True)
        ]

    def _record(
        self,
        fields: Mapping[str, object],
        text: str | None,
        score: Score | None,
        error: str | None,
    ) -> str: ...

    def has_failed(self, record: bytes) -> bool:
        """Tell whether a record has an error."""


class CsvLines(Lines):
    """Values with a character between them and quotes where they are needed, as RFC 4180 has it."""

    def __init__(self, columns: Columns, delimiter: str, warn: Callable[[str], None]) -> None:
        """Write `columns`; `warn` is told once of values that have no column."""
        import csv

        self._columns = columns
        self._known = frozenset(columns.kept)
        self._warn: Callable[[str], None] | None = warn
        self._row: Callable[[Iterable[object]], str] = csv.writer(
            _Echo(), delimiter=delimiter
        ).writerow
        self._nothing: list[object] = [""] * len(columns.own)
        self._no_score: list[object] = [None] * len(columns.results.names)
        self._values = columns.results.values
        self._good_end = f"{delimiter}\r\n".encode()
        self._end = len(columns.results.names) + len("\r\n")
        self.header = self._row([*columns.kept, *columns.own])

    def start(self, fields: Mapping[str, object], text: str | None) -> str:
        """Return the cells of a row's columns."""
        return self._row([*self._cells(fields, text), *self._nothing])[: -self._end]

    def _record(
        self,
        fields: Mapping[str, object],
        text: str | None,
        score: Score | None,
        error: str | None,
    ) -> str:
        cells = self._cells(fields, text)
        if score is None:
            cells += self._no_score
            cells.append(error)
        else:
            cells += self._values(score)
            cells.append(None)
        return self._row(cells)

    def has_failed(self, record: bytes) -> bool:
        """Tell whether the last cell holds something."""
        return not record.endswith(self._good_end)

    def _cells(self, fields: Mapping[str, object], text: str | None) -> list[object]:
        if self._columns.bare:
            return [text]
        if self._warn is not None and not self._known.issuperset(fields):
            more = next(name for name in fields if name not in self._known)
            self._warn(
                f"{more!r} and other keys that the first records lack have no column in the "
                "output and are left out; a .jsonl file keeps them"
            )
            self._warn = None
        return [
            value if type(value) is str else cell(value)
            for value in map(fields.get, self._columns.kept)
        ]


class _Echo:
    """A file that gives back what is written to it, through `csv.writer.writerow`."""

    def write(self, text: str) -> str:
        return text


class JsonLines(Lines):
    """A JSON object a line, with the values of the input as they are."""

    def __init__(self, columns: Columns, warn: Callable[[str], None], *, strict: bool) -> None:
        """Write `columns`.

        Args:
            columns: of the output; a record that has other keys keeps those.
            warn: told once where a record has a key that is a name of ours.
            strict: whether numbers that JSON lacks (NaN, infinity) become null. JSON files have
                them now and then; there they stay.
        """
        self._columns = columns
        self._warn = warn
        self._names = frozenset(columns.own)
        self._encode = json.JSONEncoder(
            ensure_ascii=False, allow_nan=not strict, default=_plain
        ).encode
        self._quoted = _quoted
        self._keys: dict[str, str] = {}
        self._own = [self._quoted(name) for name in columns.own]
        self._has_warned = False
        self.header = ""

    def start(self, fields: Mapping[str, object], text: str | None) -> str:
        """Return the keys and values of a row's columns, up to those of the score."""
        quoted, keys = self._quoted, self._keys
        if self._columns.bare:
            return f'{{"text": {"null" if text is None else quoted(text)}, '
        parts = ["{"]
        for name, value in (fields or dict.fromkeys(self._columns.kept)).items():
            key = keys.get(name)
            if key is None:
                if len(keys) >= _KEYS_KEPT:
                    keys.clear()
                key = keys[name] = f"{quoted(name)}: "
            parts += (key, quoted(value) if type(value) is str else self._value(value), ", ")
        return "".join(parts)

    def _record(
        self,
        fields: Mapping[str, object],
        text: str | None,
        score: Score | None,
        error: str | None,
    ) -> str:
        names = self._own
        if not self._columns.bare and not self._names.isdisjoint(fields):
            names = self._other_names(fields)
        start = self.start(fields, text)
        *own, problem = names
        if score is None:
            why = "null" if error is None else self._quoted(error)
            return f"{start}{''.join(f'{name}: null, ' for name in own)}{problem}: {why}}}\n"
        if self._columns.results is TWO_LABELS and score.label is not None:
            # Twice as fast as value by value.
            label, confidence, probability = own
            second = repr(score.probability)
            # Of the second label both are one number.
            sure = second if score.confidence is score.probability else repr(score.confidence)
            return (
                f"{start}{label}: {self._quoted(score.label)}, {confidence}: {sure}, "
                f"{probability}: {second}, {problem}: null}}\n"
            )
        values = map(self._encode, self._columns.results.values(score))
        parts = [f"{name}: {value}, " for name, value in zip(own, values, strict=True)]
        return f"{start}{''.join(parts)}{problem}: null}}\n"

    def has_failed(self, record: bytes) -> bool:
        """Tell whether the error, the last of its values, is not null."""
        return not record.endswith(b": null}\n")

    def _value(self, value: object) -> str:
        try:
            return self._encode(value)
        except ValueError:
            return self._encode(_finite(value))

    def _other_names(self, fields: Mapping[str, object]) -> list[str]:
        """Name the results of a record that has keys of their names, which the first ones lack."""
        free = free_names((*self._columns.results.names, _ERROR), [*self._columns.kept, *fields])
        if not self._has_warned:
            self._has_warned = True
            taken = next(name for name in self._columns.own if name in fields)
            self._warn(
                f"a record has the key {taken!r}, which the first ones lack: its result stands in "
                f"{', '.join(free)}"
            )
        return [self._quoted(name) for name in free]


def _quoted(text: str) -> str:
    """Return a string as `json.encoder.encode_basestring` does, in half the time of a long text."""
    if text.isascii():
        # Of these, all are escaped alike but one.
        if "\x7f" not in text:
            return _quoted_ascii(text)
    elif text.isprintable():
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return _quoted_any(text)


def cell(value: object) -> str:
    """Return a value as a cell of text has it: lists and objects as JSON, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    plain = _plain(value) if not isinstance(value, int | float) else value
    return str(plain)


def _plain(value: Any) -> object:
    """Return what JSON has for a value that it lacks: dates as ISO 8601, bytes in base 64."""
    import datetime

    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode("ascii")
    return str(value)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
