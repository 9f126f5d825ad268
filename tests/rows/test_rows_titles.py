"""Titles above the names of columns, sheets that have no rows, and objects around the rows."""

import io
import json

import openpyxl
import pytest
from reading import option_in, rows_of, texts_of

from edgernn.errors import DataError
from edgernn.rows import ReadOptions, open_many, open_rows

NAMES = ["Datum", "Review", "Stars"]
DATA = [["2024-01-02", "Good, I like it", 5], ["2024-01-03", "Bad", 1], ["2024-01-04", "Meh", 3]]
GERMAN = [["Datum", "Bewertung", "Sterne"], *DATA]
TEXTS = [row[1] for row in DATA]


def book(**sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def table(rows, delimiter=";"):
    return "\n".join(delimiter.join(map(str, row)) for row in rows).encode()


def opened(content, form, **options):
    return open_rows(io.BytesIO(content), ReadOptions(format=form, **options))


@pytest.mark.parametrize(
    "above", [[["Customer reviews Q1 2024"]], [["Report"], [], ["Q1"]], [["Feedback"]]]
)
def test_a_title_is_passed_over(above):
    """What is passed over is said; rows are counted from the names on."""
    content = book(Sheet=[*above, NAMES, *DATA])
    padded = [[*row, *[""] * (3 - len(row))] for row in above]
    for data, form in (
        (content, "xlsx"),
        (table([*above, NAMES, *DATA]), "csv"),
        (table([*padded, NAMES, *DATA]), "csv"),
        (b"sep=;\r\n" + table([*padded, NAMES, *DATA]), "csv"),
        (table([*above, NAMES, *DATA], "\t"), "tsv"),
        (table([*above, NAMES, *DATA]), None),
    ):
        rows = opened(data, form)
        [note] = rows.notes
        skipped = data.startswith(b"sep")
        first, last = 1 + skipped, len(above) + skipped
        which = f" {first} is" if first == last else f"s {first} to {last} are"
        what = "row" if form == "xlsx" else "line"
        assert note == (
            f"the stream: {what}{which} taken for a title: the names of the columns are in "
            f"{what} {last + 1}"
        )
        assert rows.columns == tuple(NAMES)
        assert [(row.number, rows.text(row)) for row in rows] == list(enumerate(TEXTS, start=1))


def test_names_over_dates_and_numbers_are_names_in_any_language():
    """No name is a usual one, but they stand over values that are of no text."""
    for data, form in (
        (book(Sheet=[["Kunden 2024"], *GERMAN]), "xlsx"),
        (table([["Kunden 2024"], *GERMAN]), "csv"),
    ):
        rows = opened(data, form, text_column="Bewertung")
        assert rows.notes
        assert [rows.text(row) for row in rows] == TEXTS


@pytest.mark.parametrize(
    "rows",
    [
        [["text"], ["good"], ["bad really"]],
        [["text", "x"], ["good", ""], ["Fine", "no"], ["review", "5"], ["Bad", "4"]],
        [["text"], ["Alright"], ["Text"]],
    ],
)
def test_texts_are_no_titles(rows):
    """A table that begins with its names keeps all of its rows."""
    for data, form in ((book(Sheet=rows), "xlsx"), (table(rows), "csv")):
        found = opened(data, form)
        assert not found.notes
        assert [found.text(row) for row in found] == [row[0] for row in rows[1:]]


def test_a_delimiter_within_texts_makes_no_title():
    """The first line has names by the delimiter of the file."""
    data = b"id,text,label\n0,;|,pos\n0,|,pos\n0,|,pos\n"
    assert texts_of(data) == [";|", "|", "|"]


def test_where_it_is_not_certain_the_message_says_what_to_do():
    """One cell above rows of several may be a title, a name of several, or data."""
    rows = [["Feedback", None], ["Great phone", "mine"], ["Bad phone", "yours"], ["Meh", "hers"]]
    blank = [[cell or "" for cell in row] for row in rows]
    for data, form in ((book(Sheet=rows), "xlsx"), (table(blank), "csv")):
        with pytest.raises(DataError, match="has one cell, and most rows below it have") as caught:
            opened(data, form)
        options = option_in(str(caught.value))
        assert texts_of(data, form, **options) == [row[0] for row in rows]
    # As pandas writes an index without a name.
    assert texts_of(b",text\na,good\nb,bad\n") == ["good", "bad"]


def test_without_a_header_a_title_is_data_and_that_is_said():
    """The rows are as wide as the widest of the first."""
    rows = opened(book(Sheet=[["Title"], NAMES, *DATA]), "xlsx", header=False, text_column="2")
    assert "row 2 seems to have the names" in rows.notes[0]
    found = list(rows)
    assert [row.fields["2"] for row in found] == [None, "Review", *TEXTS]
    assert [row.error for row in found] == ["'2' is null", None, None, None, None]


def test_columns_without_a_name_are_columns_in_a_workbook():
    """As they are in a CSV file of the same sheet."""
    rows = opened(book(Sheet=[["id", "review"], [1, "good", "x"], [2, "bad", "y"]]), "xlsx")
    assert rows.columns == ("id", "review", "")
    assert [row.fields[""] for row in rows] == ["x", "y"]


def test_sheets_without_rows_name_the_others():
    """A cover sheet is not what was meant."""
    data = book(Cover=[["About this file"]], Blank=[], Wrong=[["a", "b"], ["c", "d"]], Data=DATA)
    for sheet in ("Cover", "Blank", "Wrong"):
        with pytest.raises(DataError, match=r"for --sheet: .*'Data'"):
            opened(data, "xlsx", sheet=sheet)


def test_of_several_sheets_it_is_said_which_is_read():
    """The first is, unless it has one column that may be anything."""
    data = book(Cover=[["Report"], ["made by Ann"]], Data=[["review"], ["good"]])
    with pytest.raises(DataError, match=r"to read with --sheet: 'Cover', 'Data'"):
        opened(data, "xlsx")
    for sheet, text in (("Cover", "made by Ann"), ("Data", "good")):
        rows = opened(data, "xlsx", sheet=sheet)
        assert (rows.notes, [rows.text(row) for row in rows]) == ((), [text])
    rows = opened(book(May=[["review"], ["good"]], June=[["review"], ["bad"]]), "xlsx")
    assert rows.notes == ("the stream: its sheet 'May' is read; other sheets, for --sheet: 'June'",)


def test_a_file_without_rows_says_so(tmp_path):
    """What to say where no row came is at hand."""
    assert opened(b"Review\n", "csv").if_empty == "the stream has a header and no rows"
    rows = opened(book(A=[["id", "review"]], B=[["x"]]), "xlsx")
    assert rows.if_empty.startswith("the sheet 'A' of the stream has no rows below its first; ")
    assert list(rows) == []
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("text\n")
    assert open_many([tmp_path]).if_empty == "none of the 2 files has a row"


def test_numbers_are_texts_in_a_text_column_of_a_workbook():
    """As CSV has them; true, false and dates are errors."""
    rows = rows_of(book(Sheet=[["review", "n"], [5, 5], [4.5, 1], [2.0, 1], [True, 1]]), "xlsx")
    assert [row.fields["review"] for row in rows[:3]] == ["5", "4.5", "2"]
    assert (rows[0].fields["n"], rows[3].error) == (5, "'review' holds bool, not a string")


RECORDS = [{"review": "good", "n": 1}, {"review": "bad", "n": 2}, {"review": "meh", "n": 3}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "value",
    [
        {key: {str(i): record[key] for i, record in enumerate(RECORDS)} for key in RECORDS[0]},
        {str(i): record for i, record in enumerate(RECORDS)},
        {f"R{i}": record for i, record in enumerate(RECORDS)},
        {"R0": {"review": "good", "n": 1}, "R1": {"review": "bad"}},
        {"review": ["good", "bad"], "n": [1, 2]},
        {"train": RECORDS, "test": RECORDS},
    ],
)
def test_one_object_that_is_a_table_is_refused(value, indent):
    """Nothing in it is scored as if it were one record, whatever column is named."""
    data = json.dumps(value, indent=indent).encode()
    for column in (None, "0.review", "review", "R0.review", "review.0"):
        with pytest.raises(DataError, match=r"is one object, .* orient='records', lines=True"):
            opened(data, "json", text_column=column)


@pytest.mark.parametrize("indent", [None, 1])
def test_records_in_a_list_of_an_object_are_read(indent):
    """The one list of objects holds the records; it is said which."""
    data = json.dumps({"count": 3, "reviews": RECORDS}, indent=indent).encode()
    rows = opened(data, "json")
    assert rows.notes == ("the stream: the records are those of 'reviews'",)
    assert rows.columns == ("review", "n")
    assert [(row.number, row.fields) for row in rows] == list(enumerate(RECORDS, start=1))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "record",
    [{"text": "good", "n": 1}, {"text": "good", "tags": [{"a": 1}]}, {"text": "good", "t": ["a"]}],
)
def test_one_record_is_one_row(record, indent):
    """A file of one record keeps working, in one line or several."""
    [row] = rows_of(json.dumps(record, indent=indent).encode(), "json")
    assert (row.number, row.fields, row.error) == (1, record, None)


def test_lines_that_look_like_tables_are_records_where_more_follow():
    """Only of a file that has one object is it asked what that is."""
    line = b'{"review": {"0": "good"}}\n'
    assert texts_of(line * 2, "jsonl", text_column="review.0") == ["good", "good"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_line_that_is_not_utf8_is_counted_as_it_is_read(end):
    """Whatever the line ends are."""
    data = end.join([b"text", b"one", b"two", b"na\xefve", b"caf\xe9", b"M\xfcller", b""])
    with pytest.raises(DataError, match=r"is not UTF-8 text \(line 4\); with --encoding cp1252"):
        opened(data, "csv")
