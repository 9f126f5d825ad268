"""The columns of what `edgernn score` writes: those of the input as they are, and the results."""

from __future__ import annotations

import csv
import datetime
import decimal
import gzip
import json
import math
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import Command, Done

from edgernn.cli.score_lines import Columns, CsvLines, JsonLines, cell
from edgernn.cli.score_pipeline import Item
from edgernn.cli.score_tally import Tally
from edgernn.rows import Row

Files = dict[tuple[str, str], Path]

OWN = ["label", "confidence", "probability", "error"]
TEXT = "the best"
LOOKED_AT = 1000
"""So many records of a JSON file tell its columns."""


@pytest.fixture
def score(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    tiny_files: Files,
) -> Any:
    """`edgernn score` with a small model, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    edgernn = Command(capfd)

    def run(*arguments: object) -> Done:
        return edgernn("score", "--model", tiny_files["onnx", "int8"], *arguments)

    return run


@pytest.fixture
def probability(score: Any) -> float:
    """Of TEXT."""
    return float(json.loads(score(TEXT, "--json").out)["probability"])


def read_csv(name: str, delimiter: str = ",") -> list[list[str]]:
    opened = gzip.open if name.endswith(".gz") else open
    with opened(name, "rt", newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.csv.gz", "o.CSV"])
def test_csv(score: Any, probability: float, name: str) -> None:
    """All columns in their order, strange cells and all; the results behind them."""
    rows = [["7", TEXT, '=1+1 "quoted", ü\n\tand more'], ["8", "", "-"]]
    with open("in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "review", "a note"], *rows])
    assert score("--input", "in.csv", "--output", name).code == 0
    header, first, second = read_csv(name, "\t" if "tsv" in name else ",")
    assert header == ["id", "review", "a note", *OWN]
    label = "positive" if probability >= 0.5 else "negative"
    confidence = max(probability, 1 - probability)
    assert first == [*rows[0], label, str(confidence), str(probability), ""]
    assert second == [*rows[1], "", "", "", "in.csv, row 2: the text is empty"]


def test_gzip_is_the_same_each_time(score: Any) -> None:
    """No time and no name in it."""
    Path("in.txt").write_text(TEXT)
    for name in ("a.csv.gz", "b.csv.gz"):
        assert score("--input", "in.txt", "--output", name).code == 0
    assert Path("a.csv.gz").read_bytes() == Path("b.csv.gz").read_bytes()


def test_names_that_are_taken(score: Any) -> None:
    """The person's columns keep theirs; it is said what ours are called."""
    Path("in.csv").write_text(f"label,text,error,label_edgernn,label\u00a0\nx,{TEXT},y,z,w\n")
    done = score("--input", "in.csv", "--output", "o.csv")
    assert done.code == 0
    header, row = read_csv("o.csv")
    assert header[:5] == ["label", "text", "error", "label_edgernn", "label\u00a0"]
    assert header[5:] == ["label_edgernn_2", "confidence", "probability", "error_edgernn"]
    assert row[:5] == ["x", TEXT, "y", "z", "w"]
    assert "the input has a column 'label' already: the result's is 'label_edgernn_2'" in done.err
    # Our own output goes in again.
    assert score("--input", "o.csv", "--output", "again.csv").code == 0
    assert read_csv("again.csv")[0][-1] == "error_edgernn_2"


def test_only_scores(score: Any, probability: float) -> None:
    """The text and the results, whatever the columns are called."""
    Path("in.csv").write_text(f"label,review,more\nx,{TEXT},y\nx,,y\n")
    assert score("--input", "in.csv", "--output", "o.csv", "--only-scores").code == 0
    header, first, second = read_csv("o.csv")
    assert header == ["text", *OWN]
    assert (first[0], first[3]) == (TEXT, str(probability))
    assert second[0] == ""
    done = score("--input", "in.csv", "--json", "--only-scores")
    assert [list(json.loads(line)) for line in done.out.splitlines()] == [["text", *OWN]] * 2
    assert score("--only-scores", "good").code == 2


RECORD = {
    "id": 12345678901234567890,
    "style": {"Color:": " Black", "sizes": [1, 2.5, None, {"deep": "ü"}]},
    "text": TEXT,
    "verified": True,
    "votes": None,
    "price": 0.1,
    "empty": {},
}


def test_json(score: Any, probability: float) -> None:
    """Nested values and their types as they were, in each record's own order of keys."""
    other = dict(reversed(RECORD.items()))
    Path("in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (RECORD, other)))
    assert score("--input", "in.jsonl", "--output", "o.jsonl").code == 0
    for line, record in zip(Path("o.jsonl").read_text().splitlines(), (RECORD, other), strict=True):
        found = json.loads(line)
        assert list(found) == [*record, *OWN]
        assert found["probability"] == probability
        assert {name: found[name] for name in record} == record
        assert json.dumps(record, ensure_ascii=False)[:-1] in line
    done = score("--input", "in.jsonl", "--json")
    assert done.out == Path("o.jsonl").read_text()


def test_keys_that_come_late(score: Any) -> None:
    """A record has keys of its own; none is lost in JSON, and for CSV it is said."""
    late = [*[{"text": TEXT}] * LOOKED_AT, {"text": TEXT, "label": "mine", "more": 1}]
    Path("in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in late))
    done = score("--input", "in.jsonl", "--output", "o.jsonl")
    first, *_, last = (json.loads(line) for line in Path("o.jsonl").read_text().splitlines())
    assert (last["label"], last["more"]) == ("mine", 1)
    assert last["label_edgernn"] == first["label"]
    assert done.err.count("warning") == 1
    assert "warning: in.jsonl: a record has the key 'label'" in done.err
    for output in ("o.csv", "o.parquet"):
        done = score("--input", "in.jsonl", "--output", output)
        assert done.err.count("warning") == 1
        assert "warning: in.jsonl: 'label' and other keys that the first records lack" in done.err
    header, *_, row = read_csv("o.csv")
    assert header == ["text", *OWN]
    assert row[:2] == [TEXT, first["label"]]


def test_keys_of_the_first_records(score: Any) -> None:
    """All of theirs are columns, not those of the very first alone."""
    records = [{"text": TEXT}, {"stars": 5, "text": TEXT, "label": "mine"}]
    Path("in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    assert score("--input", "in.jsonl", "--output", "o.csv").code == 0
    header, _, row = read_csv("o.csv")
    assert header == ["text", "stars", "label", "label_edgernn", *OWN[1:]]
    assert row[:3] == [TEXT, "5", "mine"]


def test_a_row_that_cannot_be_split(score: Any) -> None:
    """Its line stands in the error, whole; what it should have had is empty."""
    Path("in.csv").write_text(f"id,text\n1,{TEXT}\n2,a,b,c\n")
    assert score("--input", "in.csv", "--output", "o.csv").code == 0
    row = read_csv("o.csv")[2]
    assert row[:5] == [""] * 5
    assert row[5].startswith("in.csv, row 2: 4 fields where the header has 2")
    assert row[5].endswith(": 2,a,b,c")
    done = score("--input", "in.csv", "--output", "o.jsonl")
    assert "2,a,b,c" not in done.err
    found = json.loads(Path("o.jsonl").read_text().splitlines()[1])
    assert list(found) == ["id", "text", *OWN]
    assert found["id"] is found["text"] is found["label"] is None


def test_the_line_of_a_row_that_cannot_be_split(capsys: pytest.CaptureFixture[str]) -> None:
    """It stands in the result, whole; not on the screen."""
    row = Row(2, {}, "4 fields where the header has 2", "2,a,b,c", "in.csv")
    tally = Tally("in.csv", SimpleNamespace(path=Path("m.onnx")), lambda row: "in.csv, row 2")  # type: ignore[arg-type]
    result = tally.result(Item(None, row.error, row), iter(()))
    said = "in.csv, row 2: 4 fields where the header has 2"
    assert result == (None, f"{said}: 2,a,b,c")
    assert capsys.readouterr().err == f"error: {said}\n"


def test_parquet_to_parquet(score: Any, probability: float) -> None:
    """Columns are copied with their types, whatever these are; several row groups, bad rows."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    count = 2500
    fields = {
        "when": (pyarrow.timestamp("ns", "UTC"), 1_700_000_000_123_456_789),
        "day": (pyarrow.date32(), datetime.date(2020, 2, 29)),
        "price": (pyarrow.decimal128(20, 5), decimal.Decimal("123456789.12345")),
        "small": (pyarrow.int8(), 7),
        "half": (pyarrow.float32(), 0.1),
        "tags": (pyarrow.list_(pyarrow.struct({"n": pyarrow.int64()})), [{"n": 1}]),
        "map": (pyarrow.map_(pyarrow.string(), pyarrow.int32()), [("a", 1)]),
        "raw": (pyarrow.binary(), b"\xff\x00"),
        "kind": (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), "x"),
        "large": (pyarrow.large_string(), "y"),
        "nan": (pyarrow.float64(), math.nan),
    }
    texts = [None if i % 100 == 1 else "" if i % 100 == 2 else TEXT for i in range(count)]
    columns = {name: pyarrow.array([value] * count, kind) for name, (kind, value) in fields.items()}
    table = pyarrow.table({"text": texts, **columns}).replace_schema_metadata({"made by": "us"})
    parquet.write_table(table, "in.parquet", row_group_size=700)
    done = score("--input", "in.parquet", "--output", "o.parquet")
    assert done.code == 0, done.err
    found = parquet.read_table("o.parquet")
    before = parquet.read_table("in.parquet")
    assert found.select(before.column_names).equals(before) or found.select(
        [name for name in before.column_names if name != "nan"]
    ).equals(before.drop(["nan"]))
    assert found.schema.metadata == before.schema.metadata
    assert [str(found.schema.field(name).type) for name in OWN] == [
        *("string", "double", "double", "string"),
    ]
    results = found.select(OWN).to_pylist()
    assert results[0]["probability"] == probability
    assert results[1]["error"] == "in.parquet, row 2: 'text' is null"
    assert results[2]["error"] == "in.parquet, row 3: the text is empty"
    assert sum(result["label"] is None for result in results) == 50
    assert all((r["label"] is None) is (r["error"] is not None) for r in results)


def test_several_parquet_files(score: Any) -> None:
    """One after the other, and no row of one beside the score of another's."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for name, texts in (("a", ["", TEXT, ""]), ("b", [TEXT, ""])):
        table = pyarrow.table({"n": [f"{name}{i}" for i in range(len(texts))], "text": texts})
        parquet.write_table(table, f"{name}.parquet")
    done = score("--input", "a.parquet", "--input", "b.parquet", "--output", "o.parquet")
    assert done.code == 0
    found = parquet.read_table("o.parquet").to_pylist()
    assert [row["n"] for row in found if row["label"]] == ["a1", "b0"]


def test_parquet_as_text(score: Any) -> None:
    """What JSON lacks is written so that it can be read back."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {
        "text": TEXT,
        "when": datetime.datetime(2020, 2, 29, 12, 30),
        "price": decimal.Decimal("0.10"),
        "raw": b"\xff",
        "nan": math.nan,
        "tags": [1, None],
    }
    parquet.write_table(pyarrow.Table.from_pylist([row]), "in.parquet")
    assert score("--input", "in.parquet", "--output", "o.jsonl").code == 0
    expected = {"when": "2020-02-29T12:30:00", "price": "0.10", "raw": "/w==", "nan": None}
    found = json.loads(Path("o.jsonl").read_text())
    assert expected.items() <= found.items()
    assert found["tags"] == [1, None]
    assert score("--input", "in.parquet", "--output", "o.csv").code == 0
    header, cells = read_csv("o.csv")
    assert dict(zip(header, cells, strict=True))["when"] == "2020-02-29T12:30:00"
    assert dict(zip(header, cells, strict=True))["tags"] == "[1, null]"


def test_text_to_parquet(score: Any, probability: float) -> None:
    """Cells of text are strings; JSON's values have the types of the first rows."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    Path("in.csv").write_text(f"id,text\n01,{TEXT}\n02,\n")
    assert score("--input", "in.csv", "--output", "o.parquet").code == 0
    first, second = parquet.read_table("o.parquet").to_pylist()
    assert (first["id"], first["probability"]) == ("01", probability)
    assert (second["text"], second["label"]) == ("", None)
    records = [RECORD | {"id": 5, "mixed": "x"}, {"text": TEXT, "mixed": 3}]
    Path("in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    assert score("--input", "in.jsonl", "--output", "j.parquet").code == 0
    first, second = parquet.read_table("j.parquet").to_pylist()
    assert (first["id"], first["verified"], second["price"]) == (5, True, None)
    assert (first["mixed"], second["mixed"]) == ("x", "3")
    assert json.loads(first["style"]) == RECORD["style"]
    assert score("--input", "in.csv", "--output", "b.parquet", "--only-scores").code == 0
    assert parquet.read_table("b.parquet").column_names == ["text", *OWN]
    assert score("good", "--output", "t.parquet").code == 0


@pytest.mark.parametrize("late", ["x", 1.5, 2**80, {"a": 1}])
def test_json_that_changes_its_types(
    score: Any, monkeypatch: pytest.MonkeyPatch, late: object
) -> None:
    """A Parquet column has one; the rows before can be read, and .jsonl is the way out."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from edgernn.cli import score_pipeline

    monkeypatch.setattr(score_pipeline, "_CHUNK_TEXTS", 100)
    lines = [json.dumps({"n": i if i < 150 else late, "text": TEXT}) + "\n" for i in range(200)]
    Path("in.jsonl").write_text("".join(lines))
    done = score("--input", "in.jsonl", "--output", "o.parquet")
    assert done.code == 1
    assert "column 'n' holds int64 in the first rows" in done.err
    assert not Path("o.parquet").exists()
    assert parquet.read_table("o.partial.parquet").num_rows == 100
    assert score("--input", "in.jsonl", "--output", "o.jsonl").code == 0


# --- texts and files


def hinted(done: Done) -> list[str]:
    """The arguments that a message proposes."""
    words = shlex.split(done.err.replace(":", " "))
    return words[words.index("--input") : words.index("--input") + 2]


@pytest.mark.parametrize("name", ["reviews.csv", "my reviews.csv"])
def test_a_file_in_place_of_a_text(score: Any, name: str) -> None:
    """What the message proposes scores its rows; behind -- it is a text."""
    Path(name).write_text(f"text\n{TEXT}\n{TEXT}\n")
    done = score(name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {name} is a file: --input ")
    assert len(score(*hinted(done)).out.splitlines()) == 2
    assert len(score("--", name).out.splitlines()) == 1
    assert len(score("--", "good", name).out.splitlines()) == 2
    done = score(name, "--", "good")
    assert done.code == 2
    assert score("a\0b", "x" * 10_000, "no such file.csv").code == 0


def test_a_file_of_no_format_and_a_folder(score: Any) -> None:
    """The message says what they need."""
    Path("notes").write_text(f"{TEXT}\n{TEXT}\n")
    done = score("notes")
    assert done.code == 2
    assert "--input notes --format txt scores its lines" in done.err
    assert len(score("--input", "notes", "--format", "txt").out.splitlines()) == 2
    Path("folder").mkdir()
    Path("folder/a.csv").write_text(f"text\n{TEXT}\n")
    done = score("folder")
    assert "folder is a folder: --input folder scores the rows of its files" in done.err
    assert len(score("--input", "folder").out.splitlines()) == 1


def test_files_that_a_shell_has_named(score: Any) -> None:
    """After `--input *.csv` all files but the first look like texts."""
    for name in ("a.csv", "b.csv"):
        Path(name).write_text(f"text\n{TEXT}\n")
    done = score("--input", "a.csv", "b.csv")
    assert done.code == 2
    assert "--input a.csv --input b.csv" in done.err
    assert len(score("--input", "a.csv", "--input", "b.csv").out.splitlines()) == 2
    assert len(score("--input", ".").out.splitlines()) == 2


def test_a_file_in_another_language(score: Any) -> None:
    """Said once, with the shares; not of a file that the model knows."""
    Path("zh.txt").write_text("电影很好看\n这部电影太糟糕了\n", encoding="utf-8")
    done = score("--input", "zh.txt")
    assert done.code == 0
    assert done.err == (
        "warning: zh.txt: the model knows 0% of a text's words on average, and less than half in "
        "2 of 2 texts; its scores say little there: was it trained on texts of this kind and "
        "language?\n"
    )
    Path("en.txt").write_text(f"{TEXT}\n")
    assert score("--input", "en.txt").err == ""


def test_a_file_in_another_language_is_told_early(
    score: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many texts the first are enough."""
    from edgernn.cli import score_pipeline

    monkeypatch.setattr(score_pipeline, "_CHUNK_TEXTS", 500)
    Path("zh.txt").write_text("电影\n" * 1000 + f"{TEXT}\n" * 3000, encoding="utf-8")
    done = score("--input", "zh.txt", "--output", "o.csv")
    assert done.err.count("warning") == 1
    assert "1,000 of 1,000 texts" in done.err


@pytest.mark.parametrize("option", ["--format csv", "--no-header", "--text-column a", "--sheet 1"])
def test_options_of_an_input(score: Any, option: str) -> None:
    """They mean nothing without one."""
    done = score("good", *option.split())
    assert done.code == 2
    assert done.err == f"error: {option.split()[0]} needs --input\n"


# --- values


def test_cells() -> None:
    """What a value becomes as text."""
    assert [cell(value) for value in (None, True, 1.5, 10**20, [1, "ü"], "x")] == [
        *("", "true", "1.5", str(10**20), '[1, "ü"]', "x"),
    ]
    assert cell(datetime.date(2020, 1, 2)) == "2020-01-02"
    assert cell(datetime.timedelta(seconds=1)) == "0:00:01"


def test_numbers_that_json_lacks() -> None:
    """Out of JSON they come as they were; out of other files they are null."""
    columns = Columns.of(["x"])
    kept, strict = (JsonLines(columns, print, strict=strict) for strict in (False, True))
    values = {"x": [math.nan, {"y": -math.inf}, 1.0]}
    assert kept.start(values, None) == '{"x": [NaN, {"y": -Infinity}, 1.0], '
    assert strict.start(values, None) == '{"x": [null, {"y": null}, 1.0], '


@given(st.text() | st.text(st.sampled_from('ab"\\\x00\n\x1f\x7fé\u2028\ud800😀/')))
def test_strings_as_json(text: str) -> None:
    """A text is quoted as the standard library does it, whichever way is taken."""
    lines = JsonLines(Columns.of(["x"]), print, strict=True)
    quoted = json.dumps(text, ensure_ascii=False)
    assert lines.start({"x": text}, text) == f'{{"x": {quoted}, '


def test_an_empty_first_cell() -> None:
    """`csv` quotes a row that is one empty cell; the start of a longer row is not."""
    lines = CsvLines(Columns.of(["text"]), ",", print)
    assert lines.start({"text": ""}, "") == ","
    assert lines.start({}, None) == ","
