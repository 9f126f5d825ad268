"""Encodings are read by their marks or by name, and proposed where rows cannot be decoded."""

import codecs
import io
import sys

import pytest
from reading import option_in, rows_of, texts_of

from edgernn.errors import DataError, UsageError
from edgernn.rows import ReadOptions, open_rows

TEXTS = ["Caf\u00e9 \u201cna\u00efve\u201d", "tr\u00e8s bon\u2019s", "plain"]
TABLE = "id,review\r\n" + "".join(f'{i},"{text}"\r\n' for i, text in enumerate(TEXTS))
POLISH = "id,review\n1,świetny film polecam żółć\n2,źle działa\n"
RUSSIAN = "id;review\n1;Отличный фильм, очень понравилось\n2;Ужасно, не покупайте это\n"
JAPANESE = "id,review\n1,とても良い映画でした\n2,最悪でした。買わないで\n"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_marked_files(codec):
    """A byte order mark says all."""
    assert texts_of(TABLE.encode(codec)) == TEXTS


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-32-be"])
def test_big_endian_marks(codec):
    """The other byte order has a mark, too."""
    assert texts_of(("\ufeff" + TABLE).encode(codec)) == TEXTS
    assert texts_of(("\ufeff" + TABLE).encode(codec), encoding=codec) == TEXTS


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (TABLE, "utf-16-le"),
        (TABLE, "utf-16-be"),
        (TABLE, "utf-32-le"),
        (TABLE, "cp1252"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "cp932"),
    ],
)
def test_the_encoding_that_is_proposed_is_right(text, codec):
    """Following the message gives the texts as they were."""
    with pytest.raises(DataError) as caught:
        rows_of(text.encode(codec))
    found = option_in(str(caught.value))
    assert found.keys() == {"encoding"}
    assert texts_of(text.encode(codec), **found) == texts_of(text.encode())


def test_without_the_package_that_proposes(monkeypatch):
    """Western European is proposed anyway; else the message says what brings proposals."""
    monkeypatch.setitem(sys.modules, "chardet", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="--encoding cp1252"):
        rows_of(TABLE.encode("cp1252"))
    with pytest.raises(DataError, match=r"name its encoding with --encoding, .*edgernn\[files\]"):
        rows_of(RUSSIAN.encode("cp1251"))


def test_some_bad_rows():
    """A few rows that cannot be decoded are bad rows, and the others are read."""
    lines = [b"%d,a good product\n" % i for i in range(50)]
    lines[9], lines[29] = b"9,caf\xe9\n", b"29,don\x92t\n"
    content = b"id,review\n" + b"".join(lines)
    rows = rows_of(content)
    bad = [row for row in rows if row.error is not None]
    assert [(row.number, row.raw) for row in bad] == [(10, "9,caf\\xe9"), (30, "29,don\\x92t")]
    assert bad[0].error.startswith("line 11 is not UTF-8 text: byte 6 is 0xe9; if the whole file")
    assert option_in(bad[0].error) == {"encoding": "cp1252"}
    assert texts_of(content, encoding="cp1252")[9:30:20] == ["caf\u00e9", "don\u2019t"]
    # Where others are UTF-8, another encoding for all would spoil those.
    rows = rows_of(content + "50,na\u00efve\n".encode())
    assert next(row.error for row in rows if row.error).endswith("byte 6 is 0xe9")
    # Asked for, UTF-8 it is, and every bad row is one.
    assert texts_of(TABLE.encode("cp1252"), encoding="utf-8") == [None, None, "plain"]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("txt", b"plain\ncaf\x81\n"),
        ("csv", b'text,x\nplain,1\n"caf\x81",1\n'),
        ("jsonl", b'{"text": "plain"}\n{"text": "caf\x81"}\n'),
        ("json", b'[{"text": "plain"}, {"text": "caf\x81"}]'),
    ],
)
def test_what_the_encoding_does_not_have(form, content):
    """It is a bad row, with what it has in hex."""
    good, bad = rows_of(content, form, encoding="cp1252")
    assert good.fields["text"] == "plain"
    assert "CP1252" in bad.error.upper()
    assert bad.raw is not None
    assert "81" in bad.raw


@pytest.mark.parametrize("name", ["utf-9", "base64", "rot13", "idna", "unicode_escape", "\0"])
def test_what_is_no_encoding(name):
    """Codecs that are not of text files are usage errors."""
    with pytest.raises(UsageError, match="encoding"):
        rows_of(b"text\na\n", encoding=name)


def test_an_encoding_that_needs_a_mark():
    """The message names the two that do not, one of which is right."""
    with pytest.raises(DataError, match="give --encoding utf-16-le or --encoding utf-16-be"):
        rows_of(TABLE.encode("utf-16-le"), encoding="utf-16")


def test_an_encoding_that_the_mark_denies():
    """The message says what to do, which is to leave it out."""
    with pytest.raises(UsageError, match="byte order mark of UTF-8; leave --encoding out"):
        rows_of(codecs.BOM_UTF8 + b"text\na\n", encoding="cp1252")


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv", b"review,stars\rgood,5\rbad,1\r"),
        ("txt", b"good\rbad\r"),
        ("csv", b'review,stars\rgood,5\r"bad",1'),
        ("jsonl", b'{"text": "good"}\r{"text": "bad"}\r'),
        ("csv", b"review,stars\ngood,5\rbad,1\nx,1\n"),
    ],
)
def test_carriage_returns(form, content):
    """Lines may end in carriage returns alone, as old Macs write them."""
    assert texts_of(content, form)[:2] == ["good", "bad"]


def test_carriage_returns_and_then_others(monkeypatch):
    """A file that goes on with other line ends has no empty lines between."""
    monkeypatch.setattr("edgernn.rows.files.HEAD_BYTES", 8)
    assert texts_of(b"one\rtwo\rthree\r\nfour\n", "txt") == ["one", "two", "three", "four"]


def test_what_is_no_text():
    """Pictures and the like are no rows."""
    with pytest.raises(DataError, match="is not a text file"):
        rows_of(b"\x89PNG" + bytes(range(40)) + bytes(60), "csv")


@pytest.mark.parametrize("form", ["csv", "json", "txt"])
def test_memory_does_not_grow_with_a_file_of_another_encoding(form, tmp_path):
    """Text is decoded as it is read; so are arrays."""
    import tracemalloc

    text = "y" * 4000
    content = {
        "csv": "text,x\n" + f"{text},1\n" * 500,
        "json": "[" + ",".join([f'{{"text": "{text}"}}'] * 500) + "]",
        "txt": f"{text}\n" * 500,
    }[form]
    path = tmp_path / f"a.{form}"
    path.write_bytes(content.encode("utf-16"))
    tracemalloc.start()
    try:
        with open_rows(path) as rows:
            assert sum(len(rows.text(row)) for row in rows) == 2_000_000
        assert tracemalloc.get_traced_memory()[1] < 3 * 2**19
    finally:
        tracemalloc.stop()


def test_a_name_wins_over_nothing():
    """An encoding that is asked for is used for standard input and streams as for files."""
    rows = open_rows(io.BytesIO("caf\u00e9\n".encode("cp1252")), ReadOptions(encoding="latin-1"))
    assert [rows.text(row) for row in rows] == ["caf\u00e9"]
