"""A benchmark's file from anywhere: what is right is read, all else is named in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench_samples import sample, sample_row
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bench.page import page
from edgernn.bench.reading import parse_report, read_report
from edgernn.bench.results import Report
from edgernn.errors import DataError

Place = tuple[str | int, ...]


def parse(value: Any) -> Any:
    return parse_report(json.dumps(value).encode(), "x.json")


def as_json(report: Report) -> Any:
    return json.loads(json.dumps(report.to_json()))


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    """Where each field and item of an object stands."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*before, key)
        if isinstance(item, dict | list):
            yield from places(item, (*before, key))


def changed(value: Any, place: Place, new: Any) -> Any:
    """A copy in which one place holds something else."""
    value = copy.deepcopy(value)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return value


def refused(value: Any) -> str:
    """The line that says why a file is not read."""
    with pytest.raises(DataError) as caught:
        parse(value)
    line = str(caught.value)
    assert line.startswith("x.json: ")
    assert "\n" not in line
    return line


FULL = sample(sample_row(), sample_row(machine="Phone"))
FULL["merged"] = [
    {
        "machine": {**FULL["machine"], "name": "Phone"},
        "created": "2026-11-22T17:00:00Z",
        "settings": copy.deepcopy(FULL["settings"]),
    }
]
FIELDS = [place for place in places(FULL) if isinstance(place[-1], str)]


def test_there_and_back(tmp_path: Path) -> None:
    """What is read is written again to the same object."""
    path = tmp_path / "b.json"
    path.write_text(json.dumps(FULL), "utf-8")
    assert as_json(read_report(path)) == FULL


@pytest.mark.parametrize("place", FIELDS, ids=lambda place: ".".join(map(str, place)))
def test_missing_field(place: Place) -> None:
    """Each field must be there, but for those of merged files and names of versions."""
    value = copy.deepcopy(FULL)
    inner: Any = value
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    if place[-2:-1] == ("versions",) or place == ("rows", 1, "machine"):
        parse(value)
    elif place == ("merged",):
        assert refused(value) == "x.json: row 2: machine: 'Phone' is not in merged"
    elif place == ("format",):
        assert "is not a file of edgernn bench" in refused(value)
    else:
        line = refused(value)
        assert line.endswith(f"{place[-1]}: is missing")
        if place[:1] == ("rows",) and len(place) > 1:
            assert f"row {int(place[1]) + 1}: " in line


@pytest.mark.parametrize(
    ("place", "new", "reason"),
    [
        (("version",), 2, "version: 2 is not known, only 1"),
        (("rows", 0, "threads"), "1", "row 1: threads: is a string, not a whole number"),
        (("rows", 0, "threads"), True, "row 1: threads: is true or false, not a whole number"),
        (("rows", 0, "threads"), 0, "row 1: threads: 0 is out of range"),
        (("rows", 1, "runtime"), "tvm", "row 2: runtime: 'tvm' is none of onnxruntime, "),
        (("rows", 1, "model"), [], "row 2: model: is a list, not an object"),
        (("rows", 0, "model", "sha256"), "0" * 63, "row 1: model: sha256: is not a SHA-256"),
        (("rows", 0, "latency", 1, "p50_ms"), -1, "row 1: latency 2: p50_ms: -1 is out of range"),
        (("rows", 0, "latency", 1, "p50_ms"), 0, "row 1: latency 2: p50_ms: is 0"),
        (("rows", 0, "latency", 1, "tokens"), 10, "row 1: latency: a number of tokens appears"),
        (("rows", 0, "accuracy", "accuracy"), 1.5, "row 1: accuracy: accuracy: 1.5 is out of"),
        (("rows", 0, "cold_start_ms"), 10**400, "row 1: cold_start_ms: a huge number is out"),
        (("rows", 0, "problem"), "no GPU", "row 1: problem: the row has a problem, and measur"),
        (("rows", 0, "options"), "x" * 401, "row 1: options: is longer than 400 characters"),
        (("rows",), [sample_row()] * 1001, "rows: has more than 1000 items"),
        (("settings", "tokens"), [10, None], "settings: tokens: is null, not a whole number"),
        (("machine", "versions"), {"a": 1}, "machine: versions: is the number 1, not a string"),
        (("machine", "flags"), "avx2", "machine: flags: is a string, not a list"),
    ],
)
def test_wrong_field(place: Place, new: object, reason: str) -> None:
    """The line names the row, the field and what is wrong."""
    assert refused(changed(FULL, place, new)).startswith(f"x.json: {reason}")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"format": "edgernn-bench", "version": ' + b"9" * 5000 + b"}",
        b" " * (4 * 1024 * 1024 + 1),
        json.dumps(sample(sample_row(cold_start_ms=float("nan")))).encode(),
        json.dumps(sample(sample_row(cold_start_ms=float("inf")))).encode(),
        json.dumps(sample()).replace("60.0", "1e999").encode(),
    ],
)
def test_no_such_file(data: bytes) -> None:
    """Neither other JSON nor what is no JSON, nor numbers that are none."""
    with pytest.raises(DataError, match=r"^x\.json: "):
        parse_report(data, "x.json")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there, and a folder."""
    with pytest.raises(DataError, match=r"none\.json: cannot be read: No such file"):
        read_report(tmp_path / "none.json")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_report(tmp_path)


def test_unknown_fields_are_ignored() -> None:
    """Another version of the writer may say more."""
    value = sample(sample_row(battery=0.5))
    value["machine"]["weather"] = {"rain": [1]}
    assert parse(value) == parse(sample())


def test_null_fields() -> None:
    """A row that did not run."""
    empty = dict.fromkeys(("throughput", "cold_start_ms", "peak_memory_bytes", "accuracy"))
    row = sample_row(problem="no GPU", device=None, latency=[], **empty)
    assert as_json(parse(sample(row)))["rows"] == [row]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(list(places(FULL))), JSON)
def test_anything_anywhere(place: Place, new: object) -> None:
    """A file with anything at any place is read or refused, in one line."""
    value = changed(FULL, place, new)
    try:
        report = parse(value)
    except DataError:
        assert refused(value).isprintable()
    else:
        assert parse(report.to_json()) == report


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Bytes are refused."""
    with pytest.raises(DataError):
        parse_report(data, "x.json")


def test_control_characters() -> None:
    """They reach neither terminal nor page."""
    report = parse(sample(sample_row(options="\x1b[2J\u202e\ud800")))
    assert report.rows[0].options.isprintable()
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    assert "\x1b" not in page(report)
