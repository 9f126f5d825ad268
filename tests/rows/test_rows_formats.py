"""Each format gives the rows that are in the file, and says which are bad."""

import csv
import datetime
import gzip
import io
import json
import os
import sys
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.errors import DataError, MissingPackageError
from edgernn.rows import FORMATS, ReadOptions, Row, open_rows

TEXTS = ["plain", "", 'say "hi"', "two\nlines", "a\r\nb", "comma, tab\t", "naïve 🎬", "\u2028"]
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def rows_of(content: bytes, form: str, **options: str) -> list[Row]:
    return list(open_rows(io.BytesIO(content), ReadOptions(format=form, **options)))


def texts_of(content: bytes, form: str, **options: str) -> list[str]:
    rows = open_rows(io.BytesIO(content), ReadOptions(format=form, **options))
    return [rows.text(row) for row in rows]


def as_csv(texts: list[str], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["id", "text"])
    writer.writerows((i, text) for i, text in enumerate(texts))
    return out.getvalue().encode()


def as_jsonl(texts: list[str]) -> bytes:
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def as_parquet(texts: list[str]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}), out)
    return out.getvalue()


def as_workbook(texts: list[str]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["id", "text"])
    for i, text in enumerate(texts):
        book.active.append([i, text])
    book.save(out := io.BytesIO())
    return out.getvalue()


WRITERS = {
    "txt": lambda texts: "\n".join(texts).encode(),
    "csv": as_csv,
    "tsv": lambda texts: as_csv(texts, "\t"),
    "jsonl": as_jsonl,
    "json": lambda texts: json.dumps([{"text": text} for text in texts], indent=1).encode(),
    "parquet": as_parquet,
    "xlsx": as_workbook,
}
BINARY = ("parquet", "xlsx")


def test_every_format_is_tested():
    """A format that is added to the table has to be added here."""
    assert set(WRITERS) == {form.name for form in FORMATS}


@pytest.mark.parametrize("form", [name for name in WRITERS if name != "txt"])
def test_texts_come_back_as_they_were(form):
    """Quotes, separators, line ends and other scripts survive every format that can hold them."""
    # Excel has no empty texts, and line ends of one kind.
    texts = [text for text in TEXTS if text and "\r" not in text] if form == "xlsx" else TEXTS
    assert texts_of(WRITERS[form](texts), form) == texts


@pytest.mark.parametrize("form", WRITERS)
def test_a_file_is_read_by_its_suffix(form, tmp_path):
    """The format is told from the name, whatever the case of the suffix."""
    for suffix in next(f.suffixes for f in FORMATS if f.name == form):
        path = tmp_path / f"reviews{suffix.upper()}"
        path.write_bytes(WRITERS[form](["good", "bad"]))
        with open_rows(path) as rows:
            assert (rows.format, rows.name) == (form, str(path))
            assert [(row.number, rows.text(row)) for row in rows] == [(1, "good"), (2, "bad")]


@pytest.mark.parametrize("form", [name for name in WRITERS if name not in BINARY])
def test_text_formats_are_read_from_gzip(form, tmp_path):
    """A `.gz` file gives the rows of what it holds."""
    path = tmp_path / f"reviews.{form}.gz"
    path.write_bytes(gzip.compress(WRITERS[form](["good", "bad"])))
    with open_rows(path) as rows:
        assert [rows.text(row) for row in rows] == ["good", "bad"]


@pytest.mark.parametrize("form", ["csv", "tsv"])
@given(texts=st.lists(any_text, max_size=6))
def test_csv_round_trip(form, texts):
    """Whatever the csv module writes is read as it was, rows within texts too."""
    assert texts_of(WRITERS[form](texts), form, quoting="double") == texts


@given(texts=st.lists(st.text(st.characters(), max_size=30), min_size=1, max_size=6))
def test_jsonl_round_trip(texts):
    """Any string that JSON can hold is read as it was, lone surrogates too."""
    assert texts_of(as_jsonl(texts), "jsonl") == texts


@given(texts=st.lists(any_text.map(lambda t: "".join(t.split("\n")).rstrip("\r")), min_size=1))
def test_txt_round_trip(texts):
    """Only a line feed ends a line; nothing that Unicode takes for a line end does."""
    content = "".join(text + "\n" for text in texts)
    assert (
        texts_of(content.encode(), "txt")
        == [t.removeprefix("\ufeff") for t in texts[:1]] + (texts[1:])
    )


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\r\nb\rc\n", ["a\r", "b\rc"]),
        (b"\n", [""]),
        (b"a\n\n\n", ["a", "", ""]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
def test_txt_lines(content, texts):
    """Empty lines are texts, the missing line after the last line end is none."""
    assert texts_of(content, "txt") == texts


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"text\r\na\r\nb\r\n", ["a", "b"]),
        (b"text\na\n\nb\n", ["a", "", "b"]),
        (b"text,x\na,1\n\nb,2\n\n", ["a", "b"]),
        (b"\xef\xbb\xbftext,x\na,1\n", ["a"]),
        (b'\xef\xbb\xbf"text",x\n"a ""b""",1\n', ['a "b"']),
        (b"\ntext\na\n", ["a"]),
        (b"text\n" + b"x" * 200_000 + b"\n", ["x" * 200_000]),
        (b"text,x\n", []),
    ],
)
def test_csv_files(content, texts):
    """Line ends, byte order marks, blank lines and long fields of CSV."""
    assert texts_of(content, "csv") == texts


@pytest.mark.parametrize(
    ("form", "content", "errors"),
    [
        ("txt", b"a\n\xffb\nc\n", [None, "line 2 is not UTF-8 text: byte 1 is 0xff", None]),
        ("csv", b"text,x\na,\xe9\nb,1\n", ["line 2 is not UTF-8 text: byte 3 is 0xe9", None]),
        ("csv", b'text,x\n"a\n\xff",1\nb,1\n', ["line 3 is not UTF-8 text: byte 1 is 0xff", None]),
        ("csv", b"text,x\na\nb,1\n", ["1 field where the header has 2", None]),
        ("csv", b"text,x\na,1,\nb,1\n", ["3 fields where the header has 2", None]),
        ("csv", b"text,x\na\0,1\nb,1\n", ["line 2 holds a NUL character", None]),
        ("csv", b'text,x\n"a"b,c,1\nb,1\n', ["line 2: ',' expected after '\"'", None]),
        ("csv", b'text,x\n"a\nb"c,d,1\nb,1\n', ["lines 2 to 3: ',' expected after '\"'", None]),
        ("csv", b"text,x\na,1\nb\rc,1\n", [None, "line 3 holds a carriage return"]),
        ("jsonl", b'{"text": "a"}\n{"text": }\n', [None, "not valid JSON: Expecting value at "]),
        ("jsonl", b'\n"a"\n{"text": "a"}\n', ["not a JSON object but str", None]),
        ("json", b'["a", {"text": "a"}]', ["not a JSON object but str", None]),
        ("json", b'[{"text": "a"}, {"text": "\xff"}]', [None, "not UTF-8 text"]),
        ("jsonl", b'{"text": "a"}\n"\xff"\n', [None, "line 2 is not UTF-8 text: byte 2 is 0xff"]),
        ("jsonl", b'{"text": "a"}\n{"x": 1}\n', [None, "no 'text' in this row"]),
        ("jsonl", b'{"text": null}\n{"text": "a"}\n', ["'text' is null", None]),
        ("jsonl", b'{"text": ["a"]}\n{"text": 1}\n', ["'text' holds list", "'text' holds int"]),
        ("jsonl", b'{"text": "a"}\n' + b"[" * 99999 + b"\n", [None, "JSON that cannot be read"]),
        (
            "jsonl",
            b'{"text": "a"}\n{"x": ' + b"9" * 9999 + b"}\n",
            [None, "JSON that cannot be read"],
        ),
    ],
)
def test_a_bad_row_is_marked_and_the_next_one_read(form, content, errors):
    """A row that cannot be read is handed out with what is wrong; the others are as they were."""
    found = [row.error for row in rows_of(content, form)]
    assert [e is None for e in found] == [e is None for e in errors]
    for error, expected in zip(found, errors, strict=True):
        assert error is None or error.startswith(expected)


def test_row_numbers_count_bad_rows_too():
    """The number of a row does not shift when one before it is bad or spans lines."""
    rows = rows_of(b'text,x\n"a\nb",1\nbad\nc,2\n', "csv")
    assert [(row.number, row.error is None) for row in rows] == [(1, True), (2, False), (3, True)]
    rows = rows_of(b'\n{"text": "a"}\n\nbad\n{"text": "b"}\n', "jsonl")
    assert [(row.number, row.error is None) for row in rows] == [(2, True), (4, False), (5, True)]


@pytest.mark.parametrize(
    ("form", "row"), [("txt", b"%s\n"), ("csv", b'"%s"\n'), ("jsonl", b'{"text": "%s"}\n')]
)
def test_an_overlong_line_is_one_bad_row(form, row, monkeypatch):
    """A line over the limit is skipped to its end and does not become two rows."""
    monkeypatch.setattr("edgernn.rows.files.MAX_LINE_BYTES", 100)
    head = b"text\n" if form == "csv" else b""
    content = head + row % b"good" + row % (b"x" * 3_000_000) + row % b"bad"
    rows = rows_of(content, form)
    assert [row.fields.get("text") for row in rows] == ["good", None, "bad"]
    assert "longer than 100 bytes" in rows[1].error


def test_jsonl_keeps_what_a_field_holds():
    """Values keep their types, lists and objects too."""
    [row] = rows_of(
        b'{"text": "a", "n": 1, "f": 0.5, "b": true, "z": null, "l": [1, {}]}\n', "jsonl"
    )
    assert row.fields == {"text": "a", "n": 1, "f": 0.5, "b": True, "z": None, "l": [1, {}]}
    assert row.error is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"[\n" + b"1,\n" * 2000,
            "is not a JSON array of objects .row 1: not a JSON object but int",
        ),
        (b'{\n"text": "a"\n}\n{}', "goes on with '{' after its first object, which has several"),
        (b"{1}\n{", "does not look like JSON Lines or an array of objects"),
        (b"{}\n", "an empty object"),
        (b"\n\n", "no rows"),
        (b"[]", "no rows"),
        (b"[[{}]]", "not a JSON object but list"),
        (b'[{"text": "a"}', "damaged after row 1: the end where , should be"),
        (b'[{"text": "a"} {', "damaged after row 1: '{' where , should be"),
        (b'[{"text": "a"}, {"te', "row 2: not valid JSON: Unterminated string"),
        (b'[{"text": "a"}, {]', "row 2: not valid JSON: Expecting property name"),
        (b'[{"text": "a"}] {}', "goes on with '{' after the end of its array"),
        (b"[" + b'{"a":' * 99999, "row 1: JSON that cannot be read"),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_json_that_is_no_rows_is_refused(form, content, message):
    """What is no rows is told in one line, and is not read as thousands of bad ones."""
    with pytest.raises(DataError, match=message) as caught:
        rows_of(content, form)
    assert "\n" not in str(caught.value)


def test_an_array_is_read_element_by_element(monkeypatch):
    """Elements may be cut anywhere by how the stream comes, and an endless one is refused."""
    texts = [f"text {i} \u00fc" * 50 for i in range(2000)]
    rows = list(open_rows(io.BytesIO(WRITERS["json"](texts)), ReadOptions(format="json")))
    assert [row.fields["text"] for row in rows] == texts
    assert [row.number for row in rows] == list(range(1, 2001))
    monkeypatch.setattr("edgernn.rows.files.MAX_LINE_BYTES", 100_000)
    with pytest.raises(DataError, match=r"row 1: longer than 100,000 characters"):
        rows_of(b'[{"text": "' + b"x" * 300_000, "json")


def test_parquet_marks_bad_values():
    """A null, a value that is no string and bytes that are not UTF-8 make one bad row each."""
    good_or_not = pa.array([b"good", b"\xff", None], pa.binary())
    texts = pc.cast(good_or_not, options=pc.CastOptions.unsafe(pa.string()))
    out = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), out)
    assert [row.error for row in rows_of(out.getvalue(), "parquet")] == [
        None,
        "column 'text' is not UTF-8 text",
        "'text' is null",
    ]


@pytest.mark.parametrize("values", [[[1], [2]], [b"a", b"b"], [1, 2], [{"text": "a"}]])
def test_parquet_columns_of_other_types(values):
    """A text column that holds no text is one error for the column."""
    pq.write_table(pa.table({"text": values, "x": values}), out := io.BytesIO())
    with pytest.raises(DataError, match=r"^column 'text' of the stream holds .*, not text$"):
        rows_of(out.getvalue(), "parquet", text_column="text")


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_strings_of_other_kinds(kind):
    """Categories and large strings are texts."""
    table = pa.table({"text": pa.array(["a", None, "a"]).cast(kind)})
    pq.write_table(table, out := io.BytesIO())
    rows = rows_of(out.getvalue(), "parquet")
    assert [row.fields["text"] for row in rows] == ["a", None, "a"]


def test_parquet_schema_and_nested_columns():
    """The schema is at hand, and a struct's value is a text column like another."""
    table = pa.table({"id": [1], "review": [{"text": "good", "lang": "en"}]})
    pq.write_table(table, out := io.BytesIO())
    with pytest.raises(DataError, match=r"try --text-column review\.text"):
        rows_of(out.getvalue(), "parquet")
    out.seek(0)
    rows = open_rows(out, ReadOptions(format="parquet", text_column="review.text"))
    assert rows.schema.equals(table.schema)
    assert [rows.text(row) for row in rows] == ["good"]


def test_parquet_is_read_by_batches(tmp_path):
    """The rows of all batches and row groups come, numbered through."""
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"text": [str(i) for i in range(3000)]}), path, row_group_size=1300)
    rows = list(open_rows(path))
    assert [row.number for row in rows] == list(range(1, 3001))
    assert [row.fields["text"] for row in rows] == [str(i) for i in range(3000)]


@pytest.mark.parametrize("content", [b"not parquet", as_parquet(["a"] * 99)[:-1]])
def test_broken_parquet_is_one_line(content):
    """A file that is not Parquet, or cut short, is told in one line."""
    with pytest.raises(DataError, match=r"^the stream cannot be read as Parquet: .*$") as caught:
        rows_of(content, "parquet")
    assert "\n" not in str(caught.value)


def test_parquet_damaged_inside():
    """Damage that only shows while reading is told in one line too."""
    out = io.BytesIO()
    texts = [str(i) * 50 for i in range(5000)]
    pq.write_table(pa.table({"text": texts}), out, compression="zstd", row_group_size=2000)
    content = bytearray(out.getvalue())
    middle = pq.ParquetFile(out).metadata.row_group(1).column(0).dictionary_page_offset
    content[middle + 60 : middle + 4000] = bytes(3940)
    with pytest.raises(DataError, match=r"^the stream is damaged after row \d+: .*$"):
        rows_of(bytes(content), "parquet")


def test_parquet_without_columns():
    """There is nothing to read in a table of no columns."""
    pq.write_table(pa.table({}), out := io.BytesIO())
    with pytest.raises(DataError, match="has no columns"):
        rows_of(out.getvalue(), "parquet")


def test_parquet_keeps_what_a_field_holds():
    """Values keep their types."""
    day = datetime.date(2024, 5, 6)
    pq.write_table(pa.table({"text": ["a"], "day": [day], "n": [3]}), out := io.BytesIO())
    [row] = rows_of(out.getvalue(), "parquet")
    assert row.fields == {"text": "a", "day": day, "n": 3}


def test_parquet_does_not_come_through_a_pipe():
    """A pipe cannot seek, and the message says what to do."""
    read, write = os.pipe()
    os.write(write, as_parquet(["a"]))
    os.close(write)
    with open(read, "rb") as pipe, pytest.raises(DataError, match="write it to a file first"):
        open_rows(pipe, ReadOptions(format="parquet"))


def test_parquet_needs_pyarrow(monkeypatch):
    """Without pyarrow the message names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"edgernn\[data\]"):
        rows_of(b"PAR1", "parquet")


def test_a_short_labelled_file_of_the_wild(tmp_path: Path):
    """The common `IMDB Dataset.csv` is read as it is: its text column is `review`."""
    path = tmp_path / "IMDB Dataset.csv"
    path.write_bytes(b'review,sentiment\r\n"A ""classic"".<br /><br />Fun, too.",positive\r\n')
    with open_rows(path) as rows:
        [row] = rows
        assert rows.text(row) == 'A "classic".<br /><br />Fun, too.'
        assert row.fields["sentiment"] == "positive"
