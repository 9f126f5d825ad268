"""Several files and folders as one source of rows."""

import io
import os
import threading

import pytest

from edgernn.errors import DataError, UsageError
from edgernn.rows import ReadOptions, input_files, open_many


@pytest.fixture
def folder(tmp_path):
    """A folder of two tables with other columns, a text file and what is no table."""
    (tmp_path / "b.csv").write_bytes(b"text,stars\nthree,3\n")
    (tmp_path / "a.jsonl").write_bytes(b'{"id": 1, "text": "one"}\nbroken\n')
    (tmp_path / "c.txt").write_bytes(b"four\n")
    (tmp_path / "notes.docx").write_bytes(b"-")
    (tmp_path / ".hidden.csv").write_bytes(b"other\n1\n")
    (tmp_path / "deeper.csv").mkdir()
    return tmp_path


def test_a_folder(folder):
    """A folder is its files of known formats by name, with the columns of all."""
    with open_many([folder]) as rows:
        assert rows.columns == ("id", "text", "stars")
        found = [(rows.where(row), row.fields.get("text")) for row in rows]
    assert found == [
        (f"{folder}/a.jsonl, row 1", "one"),
        (f"{folder}/a.jsonl, row 2", None),
        (f"{folder}/b.csv, row 1", "three"),
        (f"{folder}/c.txt, row 1", "four"),
    ]


def test_what_is_left_out_of_a_folder_is_said(folder):
    """Files of other formats, hidden ones and folders are named, once."""
    said: list[str] = []
    assert len(input_files([folder, folder / "c.txt"], said.append)) == 4
    names = "'.hidden.csv', 'deeper.csv', 'notes.docx'"
    assert said == [f"left out of {folder}, not being files of a known format: {names}"]


def test_files_and_standard_input(folder, monkeypatch):
    """Files come in the order in which they are named, standard input among them."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"two\n")))
    with open_many([folder / "c.txt", "-", folder / "b.csv"]) as rows:
        assert [rows.text(row) for row in rows] == ["four", "two", "three"]


def test_a_pipe_among_files(folder, tmp_path):
    """What can be read once is opened once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=[b"text,stars\nzero,1\n"])
    thread.start()
    with open_many([pipe, folder / "b.csv"]) as rows:
        assert [rows.text(row) for row in rows] == ["zero", "three"]
    thread.join()


def test_one_file_is_that_file(folder):
    """A single file is opened as `open_rows` does."""
    with open_many([folder / "b.csv"]) as rows:
        assert rows.name == str(folder / "b.csv")


def test_what_cannot_be_one_source(folder, tmp_path):
    """No files, none of a known format, standard input twice, texts in columns of other names."""
    with pytest.raises(UsageError, match="name a file"):
        open_many([])
    with pytest.raises(UsageError, match="once"):
        open_many(["-", "-"])
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "a.docx").touch()
    with pytest.raises(DataError, match=r"no file of a known format; it has: 'a\.docx'"):
        open_many([empty])
    (folder / "d.csv").write_bytes(b"review,text\nx,y\n")
    with open_many([folder / "d.csv", folder / "b.csv"]) as rows:
        assert [rows.text(row) for row in rows] == ["y", "three"]
    (folder / "e.csv").write_bytes(b"review,stars\nx,1\n")
    with pytest.raises(DataError, match=r"e\.csv has its text in column 'review', .*b\.csv in"):
        open_many([folder / "b.csv", folder / "e.csv"])
    with pytest.raises(DataError, match=r"c\.txt has no column 'stars'"):
        open_many([folder / "b.csv", folder / "c.txt"], ReadOptions(text_column="stars"))
