"""An open quote never swallows rows: one result a record, or a word on where it is not certain."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import option_in, rows_of, texts_of

from edgernn.errors import DataError, UsageError
from edgernn.rows import ReadOptions, open_rows
from edgernn.rows.fields import csv_rules, split_soundly

HEAD = b"id,text,stars\n" + b"".join(b"%d,a good one,%d\n" % (i, i % 5) for i in range(20))


def test_unquoted_tsv():
    """Where the first rows are no CSV, and all have as many tabs, quotes are characters."""
    content = b'star\treview\n5\t"Great" they said\n1\tbad 5" screen\n2\t"unbalanced\n3\tgood\n'
    assert texts_of(content, "tsv") == ['"Great" they said', 'bad 5" screen', '"unbalanced', "good"]


def test_backslashes():
    r"""`\"` is a quote inside of quotes where the first rows are no CSV otherwise."""
    content = b'review,stars\n"A \\"great\\" movie, really",5\n"two\n\\"lines\\"",4\n"fine",1\n'
    assert texts_of(content) == ['A "great" movie, really', 'two\n"lines"', "fine"]
    # In a file that is CSV it is a backslash at the end.
    assert texts_of(b'review,stars\n"fine \\",5\n"""quoted"" \\",1\n') == ["fine \\", '"quoted" \\']


@given(
    st.sampled_from([",", "\t"]),
    st.text(st.sampled_from('"",\tab \r')),
    st.sampled_from(["", "\n", "\r\n"]),
)
def test_from_quote_to_quote(delimiter, line, end):
    """The quick way splits a line as the standard library does, or leaves it to that."""
    found = split_soundly(line + end, delimiter)
    if found is not None:
        assert found == next(csv.reader((line + end,), csv_rules(delimiter)))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('"a, b",5', ["a, b", "5"]),
        ('1,,"a ""b"", c",', ["1", "", 'a "b", c', ""]),
        ('"""a"""', ['"a"']),
        ('"",""', ["", ""]),
        ('"a",1,2,"b"\r\n', ["a", "1", "2", "b"]),
    ],
)
def test_the_quick_way_takes_what_is_usual(line, fields):
    """Columns before, between and behind quoted ones; empty ones; quotes of the text."""
    assert split_soundly(line, ",") == fields


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'7,"A "great" movie, really",5', 'A "great" movie, really'),
        (b'7,"Great" they said,5', '"Great" they said'),
        (b'7,5" screen,5', '5" screen'),
        (b'7,"A \\"great\\" movie, really",5', 'A "great" movie, really'),
        (b'7,"He said \\"no\\"",5', 'He said "no"'),
        (b'7,"open,5', '"open'),
        (b'7,closed",5', 'closed"'),
        (b'7,"5\\" and 6\\", so",5', '5" and 6", so'),
    ],
)
def test_odd_quotes_in_one_row(line, text):
    """A line that is a row in one way only is that row; the next is not touched."""
    assert texts_of(HEAD + line + b"\n8,next,1\n")[20:] == [text, "next"]


@pytest.mark.parametrize(
    "line",
    [b'7,"He said "no", and left",5', b'7,"a"b,c,5', b'7,"a", b,5'],
)
def test_odd_quotes_that_cannot_be_understood(line):
    """It is one bad row with what the file has; the next is not touched."""
    *_, bad, last = rows_of(HEAD + line + b"\n8,next,1\n")
    assert (bad.error is None, bad.raw) == (False, line.decode())
    assert last.fields["text"] == "next"


def test_an_open_quote_to_the_end_of_the_file():
    """Lines that are a row each by themselves are rows."""
    content = HEAD + b'7,"open,5\n' + b"8,good,1\n" * 3
    assert texts_of(content)[20:] == ['"open', "good", "good", "good"]


@pytest.mark.parametrize(
    ("tail", "lines"),
    [
        (b'7,"open,5\n8,good,1\n9,short\n', "line 22: .* to 24 would be one row"),
        (b'7,"open\n8,good,1\n9,good,2\n', "line 22: .* to 24 would be one row"),
        (b'7,"open,5\n8,good,1\n9,nice 5"\n9,"x\n9,y,1\n', "line 22: .* to 24 would be one row"),
    ],
)
def test_an_open_quote_that_is_not_certain(tail, lines):
    """The rows before come; the message names the line, and what it says to do works."""
    seen = []
    with (
        open_rows(io.BytesIO(HEAD + tail), ReadOptions(format="csv")) as rows,
        pytest.raises(DataError, match=lines) as caught,
    ):
        seen.extend(rows)
    assert len(seen) == 20
    assert option_in(str(caught.value)) == {"quoting": "none"}
    assert len(rows_of(HEAD + tail, quoting="none")) == 20 + tail.count(b"\n")


def test_quotes_that_join_rows_and_are_csv():
    """Valid CSV whose lines look like rows by themselves is either; the options say which."""
    tail = b'7,"start,5\n8,good,1\n9,nice 5",2\n'
    for joined in (tail, b"9,,4\n" + tail + b"9,,4\n"):
        with pytest.raises(DataError, match=r"are one row or 3; .* --quoting double if one"):
            rows_of(HEAD + joined)
    # The first and the last have another width as one row.
    assert texts_of(HEAD + b'7,"start,5\n8,nice 5"\n9,a,1\n')[20:] == [None, "a"]
    assert texts_of(HEAD + tail, quoting="none")[20:] == ['"start', "good", 'nice 5"']
    assert texts_of(HEAD + tail, quoting="double")[20:] == ["start,5\n8,good,1\n9,nice 5"]


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "a\n\nb", "one, two\nthree, four", "x\n" * 500, 'he said:\n"yes", 5\nok', "\n"],
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_texts_of_several_lines(text, quoting):
    """Quoted line ends belong to the text, whoever wrote the file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=quoting)
    writer.writerow(["id", "text", "stars"])
    writer.writerows([i, text if i % 3 else "plain", i % 5] for i in range(30))
    assert texts_of(out.getvalue().encode()) == [text if i % 3 else "plain" for i in range(30)]


def test_an_open_quote_in_a_single_column():
    """There every line is a row by itself, so that their number has to tell."""
    content = b"text\n" + b"good\n" * 20 + b'"two\nlines"\n' + b"good\n" * 20
    assert texts_of(content).count("two\nlines") == 1
    content = b'text\n"open\n' + b"good\n" * 200 + b'5"\nlast\n'
    with pytest.raises(DataError, match=r"lines to 203 are one row or 202") as caught:
        rows_of(content)
    assert option_in(str(caught.value)) == {"quoting": "double"}
    assert len(rows_of(content, quoting="double")) == 2
    assert len(rows_of(content, quoting="none")) == 203
    with pytest.raises(DataError, match="would be one row"):
        rows_of(b'text\ngood\n"open\ngood\n')


def test_an_open_quote_does_not_swallow_a_file_of_any_size(monkeypatch):
    """A row over the limit ends there; its lines are rows, or it is told."""
    monkeypatch.setattr("edgernn.rows.files.MAX_LINE_BYTES", 100)
    assert texts_of(b'text,x\n"a,1\n' + b"good,1\n" * 40) == ['"a', *["good"] * 40]
    long = b"x" * 200
    *_, bad, last = texts_of(HEAD + b'7,"a,1\n8,' + long + b",1\n9,last,1\n")
    assert (bad, last) == (None, "last")
    with pytest.raises(DataError, match="would be one row"):
        rows_of(b'text,x\n"a\n' + b"good,1\n" * 40)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.text("ab ,;\t\"'|\\ü", max_size=12),
            st.sampled_from(["pos", "neg"]),
        ),
        min_size=3,
        max_size=8,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_writer_wrote(rows, delimiter, quoting):
    """Whatever the delimiter and the style, the csv module's own files are read as they were."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting)
    writer.writerow(["id", "text", "label"])
    writer.writerows(rows)
    assert texts_of(out.getvalue().encode()) == [text for _, text, _ in rows]


@given(st.lists(st.text("ab ,\"'é", min_size=1, max_size=12), min_size=2, max_size=8))
def test_one_result_a_record(texts):
    """Texts written without any quoting, tabs between: as many rows as lines, or an error."""
    lines = [f"{i}\t{text}\n" for i, text in enumerate(texts)]
    with contextlib.suppress(DataError):
        assert len(rows_of("".join(["id\ttext\n", *lines]).encode(), "tsv")) == len(texts)


def test_an_open_quote_in_the_first_row():
    """Rows in the header are not lost either; a name of two lines is one."""
    content = b'id,"text\n1,good one\n2,nice 5"\n3,good\n4,bad\n'
    with pytest.raises(DataError, match="line 1: a quote opens there, and the lines to 3 are one"):
        rows_of(content)
    assert len(rows_of(content, quoting="none", text_column="2")) == 4
    assert len(rows_of(content, quoting="double", text_column="2")) == 2
    assert texts_of(b'id,"Review\ntext"\n1,good\n') == ["good"]


def test_spaces_before_quotes():
    """Some writers put a space after each comma."""
    content = HEAD + b'7, "good, really", 5\n8, bad, 1\n'
    assert texts_of(content)[20:] == ["good, really", " bad"]


def test_the_option():
    """A quoting that there is not is a usage error."""
    with pytest.raises(UsageError, match="choose one of double, backslash, none"):
        rows_of(HEAD, quoting="single")
