"""Opening a file of rows: columns, names, errors, and closing it again."""

import codecs
import gc
import gzip
import io
import os
import subprocess
import sys
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgernn.errors import DataError, UsageError
from edgernn.rows import ReadOptions, open_rows


@pytest.mark.parametrize(
    ("header", "asked", "column"),
    [
        ("id,text", None, "text"),
        ("content,sentence,review,text", None, "text"),
        ("content,sentence,review", None, "review"),
        ("content,sentence", None, "sentence"),
        ("content,id", None, "content"),
        ("Review ,id", None, "Review "),
        ("TEXT,Text", None, "TEXT"),
        ("anything", None, "anything"),
        ("text,other", "other", "other"),
    ],
)
def test_the_text_column(header, asked, column):
    """The column asked for, else the most usual name, else the only column."""
    rows = open_rows(
        io.BytesIO(header.encode() + b"\n"), ReadOptions(format="csv", text_column=asked)
    )
    assert rows.text_column == column
    assert rows.columns == tuple(header.split(","))


@pytest.mark.parametrize(
    ("content", "form", "asked", "message"),
    [
        (b"a,b\n", "csv", None, "name one with --text-column; its columns are: 'a', 'b'"),
        (b"a,text\n", "csv", "c", "has no column 'c'; its columns are: 'a', 'text'"),
        (b"a,text\n", "csv", "Text", "has no column 'Text'"),
        (b"line\n", "txt", "c", "has no column 'c'; its columns are: 'text'"),
        (b'{"a": 1, "b": 2}\n', "jsonl", None, "its columns are: 'a', 'b'"),
        (b",".join(b"c%d" % i for i in range(25)) + b"\n", "csv", None, "'c19' and 5 more"),
        (b"te\xffxt,a\n", "csv", None, "header of the stream cannot be read: line 1 is not UTF-8"),
        (b'"text\n', "csv", None, "header of the stream cannot be read: line 1: unexpected end"),
        (b"\n\n", "csv", None, "is empty"),
    ],
)
def test_columns_that_are_not_there(content, form, asked, message):
    """A header that does not serve is told in one line that lists the columns."""
    with pytest.raises(DataError) as caught:
        open_rows(io.BytesIO(content), ReadOptions(format=form, text_column=asked))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.txt", None, "missing.txt does not exist"),
        ("empty.txt", b"", "empty.txt is empty"),
        ("empty.csv.gz", b"", "empty.csv.gz is empty"),
        ("empty.jsonl.gz", gzip.compress(b"", mtime=0), "empty.jsonl.gz is empty"),
        ("empty.parquet", b"", "empty.parquet is empty"),
        ("mark.txt", codecs.BOM_UTF8, "mark.txt is empty"),
        ("plain.txt.gz", b"plain", "is not gzip data, though its name says so"),
        ("cut.txt.gz", gzip.compress(b"text", mtime=0)[:6], "its compressed data ends too early"),
        ("bad.txt.gz", b"\x1f\x8b\x07" + bytes(20), "cannot be read: Unknown compression method"),
        ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0), "unpack it first"),
        ("a.docx", b"", "give --format, or a name that ends in one of .txt, .csv"),
        ("a", b"", "not of a known format"),
        ("x" * 300 + ".txt", None, "cannot be read: File name too long"),
        ("nul\0.txt", None, "is not a file name"),
    ],
)
def test_files_that_cannot_be_opened(name, content, message, tmp_path):
    """Each is a DataError that names the file and what is wrong with it."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_rows(tmp_path / name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_is_no_file(tmp_path):
    """A directory is told apart from a missing file."""
    with pytest.raises(DataError, match="is a directory; name a file"):
        open_rows(tmp_path, ReadOptions(format="txt"))


def test_an_unknown_format_is_a_usage_error():
    """The message lists the formats that there are."""
    with pytest.raises(UsageError, match="choose one of txt, csv, tsv, jsonl, json, parquet, xlsx"):
        open_rows("-", ReadOptions(format="xml"))


def test_a_format_that_is_given_wins_over_the_name(tmp_path):
    """A CSV file may be read as plain lines."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,x\na,1\n")
    with open_rows(path, ReadOptions(format="txt")) as rows:
        assert [rows.text(row) for row in rows] == ["text,x", "a,1"]


@pytest.mark.parametrize("damage", ["cut", "checksum"])
def test_damaged_gzip_gives_its_rows_first(damage, tmp_path):
    """The rows before the damage are handed out, and then the error comes: never a quiet end."""
    noise = b"".join(
        zlib.crc32(b"%d" % i).to_bytes(4).hex().encode() + b"\n" for i in range(20_000)
    )
    packed = gzip.compress(noise)
    path = tmp_path / "a.txt.gz"
    path.write_bytes(packed[: len(packed) // 2] if damage == "cut" else packed[:-8] + bytes(8))
    seen = []
    message = "cut short" if damage == "cut" else "CRC check failed"
    with open_rows(path) as rows, pytest.raises(DataError, match=message):
        seen.extend(rows.text(row) for row in rows)
    assert len(seen) > 5000
    assert "\n".join(seen).encode() == noise[: len("\n".join(seen))]


def test_text_of_a_bad_row_names_file_and_row(tmp_path):
    """A bad row has no text, and asking for it says where it stands."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\n\xff\n")
    with open_rows(path) as rows, pytest.raises(DataError) as caught:
        [rows.text(row) for row in rows]
    assert str(caught.value) == f"{path}, row 2: line 2 is not UTF-8 text: byte 1 is 0xff"


@pytest.fixture
def opened(monkeypatch):
    """The files that edgernn.rows opens during a test."""
    files = []

    def spy(*args, **kwargs):
        files.append(open(*args, **kwargs))  # noqa: SIM115
        return files[-1]

    monkeypatch.setattr("edgernn.rows.files.open", spy, raising=False)
    return files


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
@pytest.mark.parametrize("way", ["end", "break", "close", "with", "error"])
def test_the_file_is_closed(way, name, tmp_path, opened):
    """At the end, after a break, by close, by `with`, and when opening fails."""
    content = b"text,x\na,1\nb,2\n"
    if name.endswith("parquet"):
        pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / name)
    else:
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    if way == "error":
        with pytest.raises(DataError):
            open_rows(tmp_path / name, ReadOptions(text_column="nothing"))
    else:
        rows = open_rows(tmp_path / name)
        assert not opened[0].closed
        if way == "end":
            list(rows)
        elif way == "break":
            for _ in rows:
                break
        elif way == "close":
            rows.close()
        else:
            with rows:
                pass
    assert [file.closed for file in opened] == [True]


def test_rows_are_read_once():
    """Reading again is a mistake in the program and says so, rather than giving no rows."""
    rows = open_rows(io.BytesIO(b"a\n"))
    list(rows)
    with pytest.raises(RuntimeError, match="can be read once"):
        list(rows)


def test_rows_come_while_the_stream_goes_on():
    """Rows of a pipe come as they are written: nothing waits for the end."""
    read, write = os.pipe()
    with open(read, "rb") as pipe, open(write, "wb", buffering=0) as end:
        end.write(b"line 1\n")
        rows = iter(open_rows(pipe))
        assert next(rows).fields["text"] == "line 1"
        end.write(b"line 2\nline")
        assert next(rows).fields["text"] == "line 2"
        end.write(b" 3\n")
        assert next(rows).fields["text"] == "line 3"


@pytest.mark.parametrize("content", [b"a\nb\n", gzip.compress(b"a\nb\n", mtime=0)])
def test_standard_input(content, monkeypatch):
    """`-` is standard input, one text a line if nothing else is said, and is left open."""
    stdin = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr("sys.stdin", stdin)
    with open_rows("-") as rows:
        assert rows.name == "standard input"
        assert [rows.text(row) for row in rows] == ["a", "b"]
    assert not stdin.buffer.closed


def test_no_standard_input(monkeypatch):
    """A process without standard input is told to name a file."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DataError, match="no standard input"):
        open_rows("-")


@pytest.mark.usefixtures("only_new_garbage")
@pytest.mark.parametrize("wrap", [lambda f: f, io.BufferedReader])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_stream_that_is_handed_in_stays_open(form, wrap):
    """Whoever opened it closes it."""
    content = io.BytesIO(b"text\na\n")
    if form == "parquet":
        pq.write_table(pa.table({"text": ["a"]}), content := io.BytesIO())
        content.seek(0)
    stream = wrap(content)
    with open_rows(stream, ReadOptions(format=form)) as rows:
        assert [rows.text(row) for row in rows] == ["a"]
    del rows
    gc.collect()
    assert not stream.closed


def test_nothing_heavy_is_loaded():
    """Importing the package loads no pyarrow, openpyxl or gzip beyond what edgernn itself needs."""
    code = (
        "import sys, edgernn; before = set(sys.modules); import edgernn.rows; "
        "print(*set(sys.modules) - before, 'pyarrow' if 'pyarrow' in before else '')"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "edgernn.rows" in loaded
    assert not {
        "pyarrow",
        "openpyxl",
        "backports.zstd",
        "chardet",
        "gzip",
        "zipfile",
        "tarfile",
    } & set(loaded)


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Sixteen megabytes of rows are read within one."""
    import tracemalloc

    path = tmp_path / "a.csv"
    path.write_bytes(b"text,x\n" + (b"y" * 8000 + b",1\n") * 2000)
    tracemalloc.start()
    try:
        with open_rows(path) as rows:
            assert sum(len(rows.text(row)) for row in rows) == 16_000_000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
