"""Delimiters, headers and the names of columns, told from the first rows."""

import pytest
from reading import option_in, rows_of, texts_of

from edgernn.errors import DataError, UsageError
from edgernn.rows import ReadOptions, open_rows

EXCEL = b"id;review;stars\r\n0;Good, works well.;5\r\n1;Bad, broke after two days.;1\r\n"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (EXCEL, ["Good, works well.", "Bad, broke after two days."]),
        (b"\xef\xbb\xbf" + EXCEL, ["Good, works well.", "Bad, broke after two days."]),
        (b"\xef\xbb\xbfsep=;\r\n" + EXCEL, ["Good, works well.", "Bad, broke after two days."]),
        (b'"sep=|"\nreview|x\na;b,c|1\n', ["a;b,c"]),
        (b"review|stars\ngood|5\n", ["good"]),
        (b"id\treview\n0\tone, two\n1\tthree; four\n", ["one, two", "three; four"]),
        (b"review\tid\nLove it, really; yes\t0\n", ["Love it, really; yes"]),
        (b"id;review;a, b\n1;good, really;5\n", ["good, really"]),
        (b"review;1,5;2,5\ngood;1;2\n", ["good"]),
        (b"id,review|x,n\n1,good;bad|ugly,2\n2,x,3\n", None),
        (b"review\ngood; really\nbad\n", ["good; really", "bad"]),
        (b'review;n\n"a;b ""c""";5\n', ['a;b "c"']),
    ],
)
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_delimiters(form, content, texts):
    """The delimiter that makes rows of equal width wins, whatever the format is called."""
    if texts is None:
        with pytest.raises(DataError, match="no column called"):
            rows_of(content, form)
    else:
        assert texts_of(content, form) == texts


def test_two_delimiters_would_do():
    """Where both make rows, the message names both, and each of them works."""
    content = b"review,a;b\ngood,x;y\n"
    with pytest.raises(DataError, match=r"by commas or by semicolons"):
        rows_of(content)
    assert texts_of(content, delimiter="comma") == ["good"]
    assert rows_of(content, delimiter="semicolon", text_column="review,a")[0].fields == {
        "review,a": "good,x",
        "b": "y",
    }


def test_names_over_numbers_are_names():
    """Then the message does not ask whether the first row is data."""
    with pytest.raises(DataError, match=r"its columns are: 'nr', 'wort'$"):
        rows_of(b"nr,wort\n1,gut\n2,schlecht\n")


def test_a_header_that_lacks_a_name():
    """One name and rows of two fields is not one column of `good;5`."""
    content = b"review\n1;good\n2;bad\n"
    with pytest.raises(DataError, match="one name in its first line, and rows separated by semico"):
        rows_of(content)


@pytest.mark.parametrize("name", ["tab", "TAB", "\\t", "\t", "Tab"])
def test_the_name_of_a_delimiter(name):
    """A tab has names, as a shell makes it hard to type."""
    assert texts_of(b"id\ttext\n1\ta\n", delimiter=name) == ["a"]
    assert texts_of(b"id:text\n1:a\n", delimiter=":") == ["a"]


@pytest.mark.parametrize("name", ["", ";;", '"', "\n", "dot"])
def test_what_is_no_delimiter(name):
    """More than a character, a quote and a line end are usage errors."""
    with pytest.raises(UsageError, match="give one character, or one of comma, semicolon, tab"):
        rows_of(b"text\na\n", delimiter=name)


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b'"This is great, it works perfectly and I love it.",5\n"Bad.",1\n', 2),
        (b'"4","146","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","user","@x It is fine."\n', 1),
        (b"2019-05-06,5,Great value\n2019-05-07,1,Broke\n", 2),
        (b"https://a.example/1\t4\tIt works\n", 1),
        (b"This is great, it works perfectly and I love it.\nBad.\n", None),
    ],
)
def test_a_file_without_a_header(content, texts):
    """A first row of data is an error, and what the message says reads all rows."""
    with pytest.raises(DataError, match="does not look like the names of columns") as caught:
        rows_of(content)
    options = option_in(str(caught.value))
    assert options.keys() == {"header", "text_column"}
    if texts is not None:
        found = texts_of(content, **options)
        assert len(found) == texts
        assert all(text and not text.isdigit() and "://" not in text for text in found)


@pytest.mark.parametrize(
    ("content", "header", "no_header"),
    [
        (b"Great movie\nBad\n", ["Bad"], ["Great movie", "Bad"]),
        (b"positive,Great movie\nnegative,Bad\n", None, ["Great movie", "Bad"]),
    ],
)
def test_a_first_row_that_may_be_either(content, header, no_header):
    """It is not lost: the message says what to give for which, and both are right."""
    with pytest.raises(DataError, match="--no-header") as caught:
        rows_of(content)
    if header is not None:
        assert "--text-column 1" in str(caught.value)
        assert texts_of(content, text_column="1") == header
        assert texts_of(content, header=False) == no_header
    else:
        assert (
            texts_of(content, **option_in(str(caught.value).partition("if that")[2])) == no_header
        )


def test_no_header():
    """Columns are called by their numbers, and the text column is asked for."""
    rows = open_rows_of(b"a good one,5\nb,1\n", header=False, text_column="1")
    assert rows.columns == ("1", "2")
    assert [row.fields for row in rows][1] == {"1": "b", "2": "1"}
    with pytest.raises(
        DataError, match="has no names of columns; name one of its 2 columns by number"
    ) as caught:
        rows_of(b"5,a good one\n1,b\n", header=False)
    assert option_in(str(caught.value)) == {"text_column": "2"}
    assert texts_of(b"a\nb\n", header=False) == ["a", "b"]


def open_rows_of(content, **options):
    import io

    return open_rows(io.BytesIO(content), ReadOptions(format="csv", **options))


@pytest.mark.parametrize(
    ("header", "asked", "column"),
    [
        ("id,x,y", "2", "x"),
        ("3,x,y", "3", "3"),
        ("2,text,y", "2", "2"),
        ("id,x,y", "4", None),
        ("id,x,y", "0", None),
        ("id,x,y", "²", None),
    ],
)
def test_a_column_by_its_number(header, asked, column):
    """Numbers count from 1; a column that has the number for its name wins."""
    content = f"{header}\na,b,c\n".encode()
    if column is None:
        with pytest.raises(DataError):
            open_rows_of(content, text_column=asked)
    else:
        assert open_rows_of(content, text_column=asked).text_column == column


def test_a_number_does_not_make_a_header_of_data():
    """Asked for by number, the first row of a file without a header is not lost either."""
    content = b'"4","146","Mon Apr 06 22:19:45 PDT 2009","NO","user","@x It is fine."\n' * 2
    for column in ("6", "4"):
        with pytest.raises(DataError, match=f"--no-header --text-column {column}"):
            rows_of(content, text_column=column)
    assert len(rows_of(content, text_column="6", header=False)) == 2


@pytest.mark.parametrize(
    "name",
    [
        "Review Text",
        "reviewText",
        "review_text",
        "REVIEW-TEXT",
        " text",
        "comment",
        "body",
        "Tweet",
    ],
)
def test_usual_names(name):
    """Case, and what is between the words, do not matter."""
    assert open_rows_of(f"summary,{name},n\na,b,c\n".encode()).text_column == name


def test_names_that_repeat():
    """They are an error if they are meant, and are told apart otherwise."""
    content = b"review,text,review\na,b,c\n"
    for asked in (None, "review"):
        with pytest.raises(DataError, match="more than one column of the name 'review'") as caught:
            rows_of(content, text_column=asked)
        assert option_in(str(caught.value)) == {"text_column": "1"}
    [row] = rows_of(content, text_column="text")
    assert row.fields == {"review": "a", "text": "b", "review_2": "c"}
    assert texts_of(content, text_column="3") == ["c"]
    [row] = rows_of(b"x,x_2,x,text,,\na,b,c,d,,\n")
    assert row.fields == {"x": "a", "x_2": "b", "x_3": "c", "text": "d", "": "", "column_6": ""}


def test_rows_of_another_width():
    """They are bad rows with what the file has; blank lines are no rows."""
    rows = rows_of(b"review,stars\nI love it, really,5\n\nbad,1\nextra,1,,\nshort\n")
    assert [(row.error, row.raw) for row in rows if row.error] == [
        ("3 fields where the header has 2", "I love it, really,5"),
        ("4 fields where the header has 2", "extra,1,,"),
        ("1 field where the header has 2", "short"),
    ]
    assert [row.number for row in rows] == [1, 2, 3, 4]


def test_a_label_column_of_a_source():
    """Other columns than the text's are found in the same ways."""
    rows = open_rows_of(b"text,Star Rating,x,x\na,5,1,2\n")
    assert rows.column(None, ("label", "star rating"), option="--label-column") == "Star Rating"
    assert rows.column("4", (), option="--label-column") == "x_2"
    with pytest.raises(DataError, match="by its number: --label-column 3 or --label-column 4"):
        rows.column("x", (), option="--label-column")
