"""Comparing the ids that another implementation wrote with those of the conformance corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edgernn.bundle.messages import one_line
from edgernn.conformance.corpus import Case, read_corpus
from edgernn.errors import DataError

__all__ = ["Check", "Tally", "Wrong", "check_answers"]

_MAX_LINE: Final = 1 << 20
"""Bytes; the longest line of the corpus' own ids has a quarter of it."""
_MAX_LINES: Final = 1 << 16
"""Four times as many as there are cases: a pipe that never ends is refused, too."""
_MAX_IDS: Final = 1 << 16
"""The longest `max_length` that a contract may have."""
_MAX_DIGITS: Final = 20
"""Of any integer; 64 bits have no more."""
_KEPT: Final = 10
"""How many cases that are wrong, missing or unknown are kept to be shown."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A case for which the implementation gave other ids."""

    case: Case
    ids: tuple[int, ...]


@dataclass(slots=True)
class Tally:
    """The cases of one kind, counted."""

    cases: int = 0
    right: int = 0
    wrong: int = 0
    missing: int = 0


@dataclass(slots=True)
class Check:
    """What an implementation's answers are worth."""

    path: Path
    kinds: dict[str, Tally] = field(default_factory=dict)
    """By kind of the corpus, in its order."""
    wrong: list[Wrong] = field(default_factory=list)
    """The first of them, in the order of the answers."""
    missing: list[str] = field(default_factory=list)
    """Ids of the first cases without an answer, in the order of the corpus."""
    unknown: list[str] = field(default_factory=list)
    """The first ids that no case has."""
    unknown_count: int = 0

    def total(self, name: str) -> int:
        """Return a count of `Tally` over all kinds."""
        return sum(getattr(tally, name) for tally in self.kinds.values())

    @property
    def passed(self) -> bool:
        """Whether each case has its answer, and nothing else was answered."""
        return not (self.total("wrong") or self.total("missing") or self.unknown_count)


def check_answers(path: Path, corpus: Mapping[str, Case] | None = None) -> Check:
    """Compare a file of answers with the corpus.

    Args:
        path: JSON Lines in UTF-8, `{"id": "words/keras-imdb/1", "ids": [1, 4]}`, in any order;
            other fields are ignored. May be a pipe.
        corpus: cases by their ids; default: the whole corpus.

    Raises:
        DataError: the file cannot be read, a line is no answer, or a case is answered twice; one
            line that names file and line.
    """
    corpus = read_corpus() if corpus is None else corpus
    found = Check(path)
    for case in corpus.values():
        found.kinds.setdefault(case.kind, Tally()).cases += 1
    answered: set[str] = set()
    for number, name, ids in _answers(path):
        answered_case = corpus.get(name)
        if answered_case is None:
            found.unknown_count += 1
            if len(found.unknown) < _KEPT:
                found.unknown.append(name)
            continue
        if name in answered:
            raise DataError(f"{path}: line {number}: {one_line(name)} is answered a second time")
        answered.add(name)
        tally = found.kinds[answered_case.kind]
        if answered_case.holds(ids):
            tally.right += 1
            continue
        tally.wrong += 1
        if len(found.wrong) < _KEPT:
            found.wrong.append(Wrong(answered_case, tuple(ids)))
    for case in corpus.values():
        if case.id not in answered:
            found.kinds[case.kind].missing += 1
            if len(found.missing) < _KEPT:
                found.missing.append(case.id)
    return found


def _answers(path: Path) -> Iterator[tuple[int, str, list[int]]]:
    """Yield line number, id and ids of each answer."""
    try:
        with path.open("rb") as file:
            for number in range(1, _MAX_LINES + 2):
                line = file.readline(_MAX_LINE + 1)
                if not line:
                    return
                if number > _MAX_LINES:
                    raise DataError(f"{path}: more than {_MAX_LINES:,} lines")
                if len(line) > _MAX_LINE:
                    raise DataError(f"{path}: line {number}: longer than {_MAX_LINE:,} bytes")
                if line.strip():
                    try:
                        yield number, *_answer(line)
                    except ValueError as error:
                        raise DataError(f"{path}: line {number}: {one_line(str(error))}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _answer(line: bytes) -> tuple[str, list[int]]:
    """Read an answer; raises ValueError for people where it is none."""
    try:
        values = json.loads(
            line.decode("utf-8").strip(), object_pairs_hook=_without_repeats, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.colno}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from error
    except RecursionError as error:
        raise ValueError("not JSON: nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError('not an object such as {"id": "words/keras-imdb/1", "ids": [1, 4]}')
    name, ids = values.get("id"), values.get("ids")
    if not isinstance(name, str):
        raise ValueError("id is not a string")
    # `type`, since True is an int.
    if not isinstance(ids, list) or len(ids) > _MAX_IDS or any(type(i) is not int for i in ids):
        raise ValueError(f"ids is not a list of at most {_MAX_IDS:,} integers")
    return name, ids


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"an integer of more than {_MAX_DIGITS} digits")
    return int(digits)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a field appears twice")
    return values
