"""The data sets of many labels: each as one file, and a line where they are not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks.labels import data
from benchmarks.labels.data import DATA_SETS, DataSet, out_of_scope, write_rows
from edgernn.errors import DataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two data sets of two labels in their published forms."""
    (tmp_path / "banking77").mkdir()
    for split, rows in (("train", 'a,x\n"b, c",y\n'), ("test", "d,x\n")):
        (tmp_path / "banking77" / f"{split}.csv").write_text("text,category\n" + rows)
    (tmp_path / "clinc150").mkdir()
    parts = {
        "train": [["a", "x"]],
        "val": [["b", "y"]],
        "test": [["c", "x"]],
        "oos_test": [["?", "oos"]],
    }
    (tmp_path / "clinc150" / "data_full.json").write_text(json.dumps(parts))
    for name in ("banking77", "clinc150"):
        monkeypatch.setitem(DATA_SETS, name, DataSet(DATA_SETS[name].rows, 2))
    return tmp_path


def test_rows_of_each_split(folder: Path) -> None:
    """Text, label and split, as they are in the file that is written, too."""
    expected = {
        "banking77": [("a", "x", "train"), ("b, c", "y", "train"), ("d", "x", "test")],
        "clinc150": [("a", "x", "train"), ("b", "y", "validation"), ("c", "x", "test")],
    }
    for name, rows in expected.items():
        output = folder / "made" / f"{name}.csv"
        assert write_rows(name, folder, output) == rows
        with output.open(encoding="utf-8", newline="") as file:
            assert list(map(tuple, csv.reader(file))) == [("text", "label", "split"), *rows]
    assert out_of_scope(folder) == ["?"]


def test_a_data_set_that_is_not_there(folder: Path) -> None:
    """One line that names it, and so it is with one of other labels."""
    for name, said in (("imdb-stars", "cannot be read"), ("banking77", "has 2 labels, not 77")):
        if name == "banking77":
            DATA_SETS[name] = data.DataSet(DATA_SETS[name].rows, 77)
        with pytest.raises(DataError, match=said) as caught:
            write_rows(name, folder, folder / "made.csv")
        assert "\n" not in str(caught.value)
        assert not (folder / "made.csv").exists()
