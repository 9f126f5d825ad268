"""Archives, workbooks, and files without a name that tells their format."""

import bz2
import csv
import datetime
import gzip
import importlib
import io
import json
import lzma
import os
import sys
import threading
import zipfile
import zlib

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import option_in, texts_of

from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.rows import ReadOptions, open_rows

zstd = importlib.import_module(
    "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"
)

TABLE = b"id,review\n1,good\n2,bad\n"
LINES = b'{"review": "good"}\n{"review": "bad"}\n'


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(*rows: list[object], title: str = "Sheet") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def saved(book: openpyxl.Workbook) -> io.BytesIO:
    book.save(out := io.BytesIO())
    out.seek(0)
    return out


PACKED = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": lambda data: bz2.compress(data, 1),
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}


@pytest.mark.parametrize("suffix", PACKED)
def test_packed_files(suffix, tmp_path):
    """What is packed is told by the content, its format by the name."""
    for name, content in (("a.csv", TABLE), ("a.jsonl", LINES), ("a.JSON", LINES)):
        path = tmp_path / (name + suffix)
        path.write_bytes(PACKED[suffix](content))
        with open_rows(path) as rows:
            assert [rows.text(row) for row in rows] == ["good", "bad"]
        # It need not say so, either.
        (tmp_path / name).write_bytes(PACKED[suffix](content))
        assert len(list(open_rows(tmp_path / name))) == 2
        path.write_bytes(content)
        with pytest.raises(DataError, match="though its name says so"):
            open_rows(path)


@pytest.mark.parametrize("suffix", PACKED)
def test_damaged_archives(suffix, tmp_path):
    """The rows before the damage come, and then one line."""
    path = tmp_path / f"a.txt{suffix}"
    noise = b"".join(
        zlib.crc32(b"%d" % i).to_bytes(4).hex().encode() + b"\n" for i in range(60_000)
    )
    packed = PACKED[suffix](noise)
    path.write_bytes(packed[: len(packed) // 2])
    texts: list[object] = []
    with open_rows(path) as rows, pytest.raises(DataError, match="is cut short"):
        texts.extend(rows.text(row) for row in rows)
    assert len(texts) > 10_000
    assert texts == noise.decode().splitlines()[: len(texts)]


@pytest.mark.parametrize(
    "members",
    [
        {"IMDB Dataset.csv": TABLE},
        {"data/": b"", "data/a.csv": TABLE, "__MACOSX/data/._a.csv": b"x", ".DS_Store": b"x"},
        {"a.jsonl.gz": gzip.compress(LINES, mtime=0)},
    ],
)
def test_zip_archives(members, tmp_path):
    """The one file in it is read, as its own name says."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(members))
    with open_rows(path) as rows:
        assert [rows.text(row) for row in rows] == ["good", "bad"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"a.csv": TABLE, "b.csv": TABLE}), "2 files in it; .* name one: 'a.csv', 'b.csv'"),
        (zipped({}), "has no file in it"),
        (zipped({"a.csv": TABLE})[:-30], "is a damaged zip archive"),
        (zipped({"a.csv": TABLE}).replace(zlib.crc32(TABLE).to_bytes(4, "little"), b"code"), "CRC"),
        (zipped({"a.parquet": b"PAR1"}), "unpack it first"),
        (zipped({"a.csv": b""}), "a.zip is empty"),
        (zipped({"a.zip": zipped({"c.csv": TABLE})}), "has an archive or a workbook in it; unpack"),
        (
            zipped({"a.gz": gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0)}),
            "more than 2 times",
        ),
        (TABLE, "is not a zip archive, though its name says so"),
    ],
)
def test_zip_archives_that_are_not_read(content, message, tmp_path):
    """The message says what is in it, or what is wrong with it."""
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        list(open_rows(path))
    assert "\n" not in str(caught.value)


def test_an_encrypted_zip_archive(tmp_path):
    """It says so in one line."""
    path = tmp_path / "a.zip"
    content = bytearray(zipped({"a.csv": TABLE}))
    # The bit of the general flags that says so, in both headers.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be unpacked: .*encrypted"):
        open_rows(path)


def test_a_bomb_takes_no_memory(tmp_path):
    """What is packed a thousand times smaller is read row by row like everything."""
    import tracemalloc

    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.csv": b"text,x\n" + (b"y" * 8000 + b",1\n") * 2000}))
    tracemalloc.start()
    try:
        with open_rows(path) as rows:
            assert sum(1 for _ in rows) == 2000
        assert tracemalloc.get_traced_memory()[1] < 3 * 2**19
    finally:
        tracemalloc.stop()


def test_zstandard_needs_its_package(monkeypatch, tmp_path):
    """Without it the message names the extra."""
    path = tmp_path / "a.csv.zst"
    path.write_bytes(PACKED[".zst"](TABLE))
    monkeypatch.setitem(sys.modules, zstd.__name__, None)
    with pytest.raises(MissingPackageError, match=r"edgernn\[files\]"):
        open_rows(path)


def test_workbooks(tmp_path):
    """Cells keep their types, formulas give values, rows without any are none."""
    day = datetime.datetime(2024, 5, 6)
    book = workbook(
        ["id", "review", "day"], [1, "good", day], [], [2, "bad", None], [3], [4, 5, day, "x"]
    )
    rows = list(open_rows(saved(book)))
    assert [row.fields for row in rows[:3]] == [
        {"id": 1, "review": "good", "day": day},
        {"id": 2, "review": "bad", "day": None},
        {"id": 3, "review": None, "day": None},
    ]
    assert [row.error for row in rows] == [
        None,
        None,
        "'review' is null",
        "4 cells where the header has 3",
    ]
    # As Excel writes a line end of a cell.
    [row] = open_rows(saved(workbook(["text"], ["one_x000D_\ntwo_x"])))
    assert row.fields["text"] == "one\r\ntwo_x"
    path = tmp_path / "Reviews.XLSX"
    book.save(path)
    assert len(list(open_rows(path))) == 4


def test_sheets():
    """The first, or by name or number; a message lists those that there are."""
    book = workbook(["text"], ["first"], title="One")
    for title, text in (("Two", "second"), ("1", "named")):
        sheet = book.create_sheet(title)
        sheet.append(["text"])
        sheet.append([text])
    for sheet, text in ((None, "first"), ("Two", "second"), ("2", "second"), ("1", "named")):
        rows = open_rows(saved(book), ReadOptions(sheet=sheet))
        assert [rows.text(row) for row in rows] == [text]
    with pytest.raises(UsageError, match="its sheets are: 'One', 'Two', '1'"):
        open_rows(saved(book), ReadOptions(sheet="4"))
    with pytest.raises(DataError, match="the sheet 'Sheet' of the stream is empty"):
        open_rows(saved(workbook()))


def test_a_workbook_without_a_header():
    """As of a table in text, the message says how to read it."""
    content = [["This one is great, it works perfectly and I love it.", 5], ["Bad", 1]]
    with pytest.raises(DataError, match="does not look like the names") as caught:
        open_rows(saved(workbook(*content)))
    rows = open_rows(saved(workbook(*content)), ReadOptions(**option_in(str(caught.value))))
    assert [rows.text(row) for row in rows] == [content[0][0], "Bad"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"xl/workbook.xml": b"<x"}, "cannot be read as an Excel workbook"),
        ({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}, "Excel workbook"),
    ],
)
def test_damaged_workbooks(members, message):
    """Whatever the library makes of it is one line."""
    with pytest.raises(DataError, match=message) as caught:
        open_rows(io.BytesIO(zipped(members)))
    assert "\n" not in str(caught.value)


def test_a_workbook_that_is_too_large(monkeypatch):
    """Its parts are not unpacked if they would take more than anybody has."""
    monkeypatch.setattr("edgernn.rows.workbook._MAX_STRINGS", 1000)
    with pytest.raises(DataError, match=r"its part .* bytes; save it as CSV"):
        open_rows(saved(workbook(["text"], ["x" * 5000])))


def test_a_workbook_that_says_it_is_wide():
    """Rows are as wide as their cells, whatever the sheet says about its size."""
    content = saved(workbook(["text", "n"], ["good", 1])).getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b'ref="A1:B2"' in members[sheet]
    members[sheet] = members[sheet].replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    rows = open_rows(io.BytesIO(zipped(members)))
    assert (rows.columns, len(list(rows))) == (("text", "n"), 1)


def test_old_workbooks(tmp_path):
    """Excel 2003 and encrypted files are told what they are."""
    path = tmp_path / "a.xls.csv"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(DataError, match=r"Excel 2003 or older, or is encrypted; save it as \.xlsx"):
        open_rows(path)


def test_workbooks_need_their_package(monkeypatch):
    """Without it the message names the extra."""
    content = saved(workbook(["text"], ["a"]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingPackageError, match=r"edgernn\[files\]"):
        open_rows(content)


def piped(content: bytes, options: ReadOptions = ReadOptions()) -> tuple[str, list[object]]:  # noqa: B008
    """Read through a pipe; return format and texts."""
    read, write = os.pipe()

    def feed() -> None:
        with open(write, "wb") as end:
            end.write(content)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        with open(read, "rb") as pipe, open_rows(pipe, options) as rows:
            texts = [rows.text(row) if row.error is None else None for row in rows]
            return rows.format, texts
    finally:
        thread.join()


@pytest.mark.parametrize(
    ("content", "form", "texts"),
    [
        (TABLE, "csv", ["good", "bad"]),
        (TABLE.replace(b",", b"\t"), "tsv", ["good", "bad"]),
        (TABLE.replace(b",", b";"), "csv", ["good", "bad"]),
        (b"sep=;\n" + TABLE.replace(b",", b";"), "csv", ["good", "bad"]),
        (TABLE.replace(b"\n", b"\r"), "csv", ["good", "bad"]),
        (TABLE.decode().encode("utf-16"), "csv", ["good", "bad"]),
        (LINES, "jsonl", ["good", "bad"]),
        (
            json.dumps([{"text": "good"}, {"text": "bad"}], indent=1).encode(),
            "json",
            ["good", "bad"],
        ),
        (gzip.compress(LINES, mtime=0), "jsonl", ["good", "bad"]),
        (PACKED[".zst"](TABLE), "csv", ["good", "bad"]),
        (b"good\nbad\n", "txt", ["good", "bad"]),
        (b"Good, but long\nBad, and short\n", "txt", ["Good, but long", "Bad, and short"]),
        (b"Great, really; yes\nBad\nSo, so, so\n", "txt", None),
        (b"[spoiler] good\nbad\n", "txt", None),
        (b"{spoiler} good\nbad\n", "txt", None),
        (b"I wrote a review, and then\nanother, too\n", "txt", None),
        (b"The review | my text\nwas long\n", "txt", None),
    ],
)
def test_what_comes_through_a_pipe(content, form, texts):
    """The content tells its format."""
    found, read = piped(content)
    assert found == form
    assert read == (content.decode().splitlines() if texts is None else texts)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"review\ngood\nbad\n", ["good", "bad"]),
        (b"a;b\n1;good one\n2;bad\n", ["good one", "bad"]),
        (b"good film\t1\nbad film\t0\n", ["good film", "bad film"]),
        (b'{\n"text": "a"\n}\n', []),
        (b"nummer,kommentar,sterne\n1,sehr gut,5\n2,schlecht,1\n", ["sehr gut", "schlecht"]),
    ],
)
def test_what_is_not_certain_is_asked(content, expected):
    """Lines of a table or of JSON are never scored; what the message says decides."""
    with pytest.raises(DataError, match="--format txt") as caught:
        piped(content)
    form, texts = piped(content, ReadOptions(format="txt"))
    assert (form, len(texts)) == ("txt", content.count(b"\n"))
    if "table" in str(caught.value):
        options = option_in(str(caught.value).partition(" or ")[2].partition(", with")[0])
        _, texts = piped(content, ReadOptions(**options))
        assert texts == expected


def test_a_text_column_that_is_asked_for_makes_a_table():
    """Lines of text have no columns."""
    assert piped(b"nr,wort\n1,gut\n", ReadOptions(text_column="wort")) == ("csv", ["gut"])
    assert piped(b"gut;5\n", ReadOptions(header=False, text_column="1")) == ("csv", ["gut"])


@pytest.mark.parametrize("content", [b"PAR1", zipped({"a.csv": TABLE})])
def test_what_cannot_come_through_a_pipe(content):
    """What is read from its end needs a file."""
    with pytest.raises(DataError, match="write it to a file first"):
        piped(content)


def test_streams_that_can_seek():
    """A file on standard input may be of any format."""
    pq.write_table(pa.table({"text": ["good"]}), out := io.BytesIO())
    for stream in (io.BytesIO(out.getvalue()), io.BytesIO(zipped({"a.csv": b"text\ngood\n"}))):
        rows = open_rows(stream)
        assert [rows.text(row) for row in rows] == ["good"]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"It works.\t1\nBad one.\t0\n", {"format": "tsv", "header": False, "text_column": "1"}),
        (b"id\ttext\n1\tIt works.\n2\tBad.\n", {"format": "tsv"}),
        (LINES, {"format": "jsonl"}),
        (b'[{"text": "good"},\n{"text": "bad"}]\n', {"format": "json"}),
        (b"id,text\n1,good\n2,bad\n", {"format": "csv"}),
    ],
)
def test_a_text_file_that_is_a_table(content, options, tmp_path):
    """Its lines are not scored with their labels and all; the message says how to read it."""
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match="or --format txt to read a text a line") as caught:
        open_rows(path)
    found = option_in(str(caught.value).partition(", or")[0])
    assert found == options
    assert len(list(open_rows(path, ReadOptions(**found)))) == 2
    assert len(list(open_rows(path, ReadOptions(format="txt")))) == content.count(b"\n")


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a.jsonl", LINES, {"delimiter": ";"}, "--delimiter does not go with jsonl files, but"),
        ("a.csv", TABLE, {"sheet": "1"}, "--sheet does not go with csv files, but with xlsx"),
        ("a.parquet", b"PAR1", {"encoding": "cp1252"}, "--encoding does not go with parquet files"),
        ("a.jsonl", LINES, {"header": False}, "--no-header does not go with jsonl files"),
    ],
)
def test_options_of_other_formats(name, content, options, message, tmp_path):
    """An option that would do nothing is a usage error."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        open_rows(tmp_path / name, ReadOptions(**options))


def test_a_table_that_is_called_txt(tmp_path):
    """An option of tables makes one of a text file."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"good:1\nbad:0\n")
    rows = open_rows(path, ReadOptions(delimiter=":", header=False, text_column="1"))
    assert [rows.text(row) for row in rows] == ["good", "bad"]


def test_nested_columns():
    """A value inside of another is a text column like others."""
    content = b'{"id": 1, "review": {"text": "good", "a.b": {"c": "x"}}}\n{"id": 2}\n'
    with pytest.raises(DataError, match=r"try --text-column review\.text$"):
        open_rows(io.BytesIO(content))
    assert texts_of(content, "jsonl", text_column="review.text") == ["good", None]
    assert texts_of(content, "jsonl", text_column="review.a.b.c") == ["x", None]
    # A column of that very name is meant first.
    content = b'{"a.b": "one", "a": {"b": "two"}}\n'
    assert texts_of(content, "jsonl", text_column="a.b") == ["one"]


def test_the_text_column_may_come_late():
    """Rows are looked at until one has it; its columns are those of all that were seen."""
    rows = open_rows(io.BytesIO(b'{"stars": 5}\n' * 300 + b'{"text": "good"}\n'))
    assert (rows.columns, rows.text_column) == (("stars", "text"), "text")
    read = list(rows)
    assert (len(read), read[0].error) == (301, "no 'text' in this row")
    assert rows.text(read[-1]) == "good"


def test_long_fields_of_the_csv_module():
    """The limit that the csv module has for fields is raised once, and never lowered."""
    assert csv.field_size_limit() >= 64 * 2**20
