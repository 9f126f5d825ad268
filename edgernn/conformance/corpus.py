"""The conformance corpus: texts, and the ids that every implementation must give for them.

Its files are data for all languages, described in `runtimes/conformance/README.md`. A wheel carries
them beside this module, a checkout has them in `runtimes/conformance`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgernn.errors import DataError

__all__ = ["KINDS", "Case", "corpus_files", "digest", "read_corpus"]

KINDS: Final = ("subwords", "words", "stop_words", "rules")
"""The files of cases from text to ids, without `.jsonl`."""

_SETS: Final = "code_points.json"
_FORMAT: Final = ("edgernn conformance", 1)
_HERE: Final = Path(__file__).resolve().parent
_CHECKOUT: Final = _HERE.parents[1] / "runtimes" / "conformance"


@dataclass(frozen=True, slots=True)
class Case:
    """One text under one contract."""

    id: str
    kind: str
    text: str
    """May hold lone surrogates."""
    ids: tuple[int, ...] | None
    """What the text becomes, cut and padded; None where only `count` and `sha256` are stored."""
    count: int
    sha256: str
    """Of the ids in decimal with commas between, lower-case hexadecimal; see `digest`."""

    def holds(self, ids: Sequence[int]) -> bool:
        """Tell whether an implementation's ids are right."""
        if self.ids is not None:
            return self.ids == tuple(ids)
        return len(ids) == self.count and digest(ids) == self.sha256


def digest(ids: Sequence[int]) -> str:
    """Return the checksum by which the corpus stores a long list of ids."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def corpus_files() -> list[Path]:
    """Return the corpus' files, the page that describes them first.

    Raises:
        DataError: one is missing: the installation is incomplete.
    """
    folder = _HERE if (_HERE / f"{KINDS[0]}.jsonl").is_file() else _CHECKOUT
    files = [folder / "README.md", folder / _SETS, *sorted(folder.glob("*.jsonl"))]
    wanted = {"README.md", _SETS, *(f"{kind}.jsonl" for kind in KINDS)}
    missing = wanted - {path.name for path in files if path.is_file()}
    if missing:
        raise DataError(
            f"the conformance corpus lacks {', '.join(sorted(missing))} in {folder}: install "
            "edgernn again"
        )
    return files


def read_corpus() -> dict[str, Case]:
    """Return all cases by their ids, in the order of the files.

    Raises:
        DataError: the corpus is missing, or of another version than this edgernn's.
    """
    return {
        case.id: case
        for kind in KINDS
        for path in corpus_files()
        if path.stem == kind
        for case in _cases(kind, path)
    }


def _cases(kind: str, path: Path) -> Iterator[Case]:
    with path.open(encoding="ascii") as lines:
        header = json.loads(next(lines))
        if (header["format"], header["version"]) != _FORMAT or header["kind"] != kind:
            raise DataError(f"{path}: not the conformance cases of {kind}, version {_FORMAT[1]}")
        for line in lines:
            yield _case(kind, json.loads(line))


def _case(kind: str, values: dict[str, Any]) -> Case:
    ids = tuple(values["ids"]) if "ids" in values else None
    if ids is None:
        count, sha256 = values["ids_count"], values["ids_sha256"]
    else:
        count, sha256 = len(ids), digest(ids)
    return Case(values["id"], kind, _text(values), ids, count, sha256)


def _text(values: dict[str, Any]) -> str:
    if "text" in values:
        return str(values["text"])
    units = values["repeat"]
    return "".join(unit * times for unit, times in zip(units[::2], units[1::2], strict=True))
