"""`edgernn verify --conformance`: the ids that another implementation wrote, against the corpus."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edgernn.bundle.messages import one_line
from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, done, write_line
from edgernn.conformance import Check, Wrong, check_answers, corpus_files
from edgernn.errors import EdgernnError, UsageError
from edgernn.files import write_bytes

__all__ = ["run_conformance", "write_corpus"]

_TEXT_SHOWN = 60
_IDS_SHOWN = 12
"""Ids of a list, from shortly before the first that differs."""
_BEFORE = 3


def run_conformance(path: Path, as_json: bool) -> None:
    """Compare a file of answers with the corpus and print a line a kind, and the first mistakes.

    Raises:
        DataError: the file cannot be read as answers.
        EdgernnError: an answer is wrong or missing, or is to no case.
    """
    with busy("comparing with the conformance corpus"):
        found = check_answers(path)
    if as_json:
        write_line(json.dumps(_as_json(found)))
    else:
        for line in (*_table(found), *_mistakes(found)):
            write_line(line)
    sys.stdout.flush()
    _require(found)


def write_corpus(folder: Path) -> None:
    """Copy the corpus' files and the page that describes them into a folder.

    Raises:
        UsageError: a file of the same name already exists.
    """
    files = corpus_files()
    for path in files:
        if (folder / path.name).exists():
            raise UsageError(f"{folder / path.name} already exists: choose another folder")
    for path in files:
        write_bytes(folder / path.name, path.read_bytes())
    done(f"{folder}: the conformance corpus; its README.md says how to answer it")


def _table(found: Check) -> list[str]:
    rows = [
        (kind, *(f"{n:,}" for n in (tally.cases, tally.right, tally.wrong, tally.missing)))
        for kind, tally in found.kinds.items()
    ]
    return aligned([("kind", "cases", "right", "wrong", "missing"), *rows], left=1)


def _mistakes(found: Check) -> Iterator[str]:
    yield from map(_wrong_line, found.wrong)
    yield from _more(found.total("wrong") - len(found.wrong), "wrong")
    if found.missing:
        yield f"missing: {', '.join(found.missing)}"
        yield from _more(found.total("missing") - len(found.missing), "missing")
    if found.unknown:
        yield f"unknown: {', '.join(one_line(name) for name in found.unknown)}"
        yield from _more(found.unknown_count - len(found.unknown), "unknown")


def _more(count: int, what: str) -> Iterator[str]:
    if count:
        yield f"and {count:,} more {what}"


def _wrong_line(wrong: Wrong) -> str:
    case = wrong.case
    text = case.text if len(case.text) <= _TEXT_SHOWN else f"{case.text[:_TEXT_SHOWN]}\u2026"
    start = 0
    if case.ids is None:
        expected = f"{case.count:,} ids of SHA-256 {case.sha256}"
    else:
        pairs = zip(case.ids, wrong.ids, strict=False)
        same = min(len(case.ids), len(wrong.ids))
        differs = next((i for i, (a, b) in enumerate(pairs) if a != b), same)
        start = max(0, differs - _BEFORE)
        expected = _shown(case.ids, start)
    return f"{case.id}: {json.dumps(text)}: expected {expected}, got {_shown(wrong.ids, start)}"


def _shown(ids: Sequence[int], start: int) -> str:
    """Return a list of ids, or the part of it that matters and how long it is."""
    if len(ids) <= _IDS_SHOWN:
        return str(list(ids))
    part = ", ".join(map(str, ids[start : start + _IDS_SHOWN]))
    before = "\u2026, " if start else ""
    behind = ", \u2026" if start + _IDS_SHOWN < len(ids) else ""
    return f"[{before}{part}{behind}] ({len(ids):,} ids)"


def _as_json(found: Check) -> dict[str, Any]:
    return {
        "file": str(found.path),
        "kinds": {
            kind: {
                "cases": tally.cases,
                "right": tally.right,
                "wrong": tally.wrong,
                "missing": tally.missing,
            }
            for kind, tally in found.kinds.items()
        },
        "wrong": [
            {
                "id": wrong.case.id,
                "expected": None if wrong.case.ids is None else list(wrong.case.ids),
                "expected_count": wrong.case.count,
                "expected_sha256": wrong.case.sha256,
                "got": list(wrong.ids),
            }
            for wrong in found.wrong
        ],
        "missing": found.missing,
        "unknown": found.unknown,
        "unknown_count": found.unknown_count,
        "passed": found.passed,
    }


def _require(found: Check) -> None:
    if found.passed:
        return
    raise EdgernnError(
        f"{found.path}: {found.total('wrong'):,} answers wrong, {found.total('missing'):,} "
        f"missing, {found.unknown_count:,} to no case, of {found.total('cases'):,} cases"
    )
