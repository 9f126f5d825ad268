"""Labelled CSV, TSV, JSON Lines and Parquet files."""

import dataclasses
import gzip
import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data import DataOptions, describe, load_split, load_splits, unlabelled_texts
from edgernn.errors import DataError, UsageError

LABELLED = [("Dull, long.", 0), ('A "gem".', 1), ("Fine\nfilm", 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'text,label\n"Dull, long.",0\n"A ""gem"".",1\n"Fine\nfilm",1\n'),
        (
            "a.csv.gz",
            gzip.compress(b'label,text\n0,"Dull, long."\n1,"A ""gem""."\n1,"Fine\nfilm"', mtime=0),
        ),
        ("a.tsv", b'review\tsentiment\nDull, long.\tneg\n"A ""gem""."\tPOS\n"Fine\nfilm"\t pos \n'),
        (
            "IMDB Dataset.csv",
            b'review,sentiment\r\n"Dull, long.",negative\r\n"A ""gem"".",positive\r\n'
            b'"Fine\nfilm",positive\r\n',
        ),
        (
            "a.jsonl",
            b'{"sentence": "Dull, long.", "class": false}\n'
            b'{"sentence": "A \\"gem\\".", "class": 1}\n'
            b'{"sentence": "Fine\\nfilm", "class": 1.0}\n',
        ),
    ],
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_common_files_need_no_options(name, content, split, tmp_path):
    """Columns and labels are told from their usual names; the same file serves either split."""
    (tmp_path / name).write_bytes(content)
    examples = load_split(tmp_path / name, split)
    assert list(zip(examples.texts, examples.labels.tolist(), strict=True)) == LABELLED
    assert examples.labels.dtype == np.int8


@pytest.mark.parametrize("labels", [[0, 1], [False, True], [0.0, 1.0], ["Negative", "TRUE"]])
def test_labels_of_parquet(labels, tmp_path):
    """Numbers, truth values and words are labels alike."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "target": labels}), path)
    assert load_split(path, "train").labels.tolist() == [0, 1]


SPELLINGS = {"0": 0, "neg": 0, "no": 0, "false": 0, "1.0": 1, "pos": 1, "Yes": 1, "true": 1}


@given(
    rows=st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.sampled_from(sorted(SPELLINGS))),
        min_size=1,
    )
)
def test_labels_stay_with_their_texts(tmp_path_factory, rows):
    """Any plain spelling is read, for any text, in the order of the file."""
    rows = [("first", "neg"), *rows, ("last", "pos")]
    path = tmp_path_factory.getbasetemp() / "labelled.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": v}) + "\n" for t, v in rows))
    examples = load_split(path, "train")
    assert examples.texts == tuple(text for text, _ in rows)
    assert examples.labels.tolist() == [SPELLINGS.get(label, 0) for _, label in rows]
    assert examples.rows.tolist() == list(range(1, len(rows) + 1))


def test_columns_can_be_named(tmp_path):
    """The columns that are asked for win over those of the usual names."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,body,score\nx,1,bad,0\ny,0,good,1\n")
    examples = load_split(path, "train", DataOptions(text_column="body", label_column="score"))
    assert examples.texts == ("bad", "good")
    assert examples.labels.tolist() == [0, 1]


def test_a_column_that_was_taken_among_several_is_named(tmp_path):
    """Where nobody named one and another has such a name, too; only there."""
    path, said = tmp_path / "a.csv", []
    path.write_bytes(b"review,text,label,score,id\nx,bad,0,1,7\ny,good,1,0,8\n")
    assert load_split(path, "train", say=said.append).texts == ("bad", "good")
    assert said[:2] == [
        f"{path}: column 'text' is taken for the text; --text-column names another, such as "
        "'review'",
        f"{path}: column 'label' is taken for the label; --label-column names another, such as "
        "'score'",
    ]
    for options in (
        DataOptions(text_column="text", label_column="label"),
        DataOptions(text_column="review", label_column="score"),
        DataOptions(text_column="score", label_column="label"),
    ):
        said.clear()
        load_split(path, "train", options, say=said.append)
        assert not any("is taken for" in line for line in said)
    said.clear()
    load_split(path, "train", DataOptions(text_column="score"), say=said.append)
    load_split(path, "train", DataOptions(group_column="score"), say=said.append)
    assert len([line for line in said if "is taken for" in line]) == 1


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["x,0", "y,1", "X!,1", "z :),1", "z :(,0", "y,1"], None),
        (
            ["x,0", "y,1", ",1", "x ,1", "x,1", "y,1"],
            "1 text stands there several times, with different labels (rows 1 and 4): no model",
        ),
        (
            ["w,0", "y,1", "x,0", "x,1", "y,0", "y,1"],
            "2 texts stand there several times, with different labels (the first in rows 2 and 5)",
        ),
    ],
)
def test_contradictory_labels_are_told(tmp_path, rows, line):
    """How many texts, and where the first is; texts that are but alike are none."""
    path, said = tmp_path / "a.csv", []
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    load_split(path, "train", say=said.append)
    warnings = [line for line in said if line.startswith("warning: ")]
    assert len(warnings) == (line is not None)
    if line is not None:
        assert warnings[0].startswith(f"warning: {path}: {line}")


def test_a_split_column_is_honoured(tmp_path):
    """Each split gets the rows that are marked as its own."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,split\na,0,train\nb,1,test\nc,1,Train\nd,0,test\n")
    assert load_split(path, "train").texts == ("a", "c")
    assert load_split(path, "test").texts == ("b", "d")


def test_a_limit_is_balanced(tmp_path):
    """A limit takes the first of each class."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\na,0\nb,0\nc,0\nd,1\ne,1\n")
    assert load_split(path, "train", limit=3).texts == ("a", "b", "d")


STRICT = DataOptions(strict=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"a,label\nx,0\n", "name one with --text-column; its columns are: 'a', 'label'"),
        ("a.csv", b"text,x\nx,0\n", "--label-column; its columns are: 'text', 'x'"),
        ("a.csv", b"text,label\nx,0\n  ,1\n", "a.csv, row 2: the text is empty"),
        ("a.csv", b"text,label\nx,0\ny,\n", "a.csv, row 2: the label is empty"),
        ("a.jsonl", b'{"text": "a", "label": 0}\n{"text": "b"}\n', "row 2: the label is empty"),
        ("a.jsonl", b'{"text": "a", "label": 0}\n{"text"\n', "a.jsonl, row 2: not valid JSON"),
        ("a.csv", b"text,label\nx,0\n\xff,1\n", "a.csv, row 2: line 3 is not UTF-8"),
        ("a.csv", b"text,label\nx,0,1\n", "a.csv, row 1: 3 fields where the header has 2"),
        ("a.csv", b"text,label\nx,0\ny,0\n", "a.csv has no positive example"),
        ("a.csv", b"text,label\nx,1\n", "a.csv has no negative example"),
        ("a.csv", b"text,label\n", "a.csv has no examples"),
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"text,label,split\nx,0,fold1\ny,1,train\n", "holds fold1 (1); it may say train"),
        (
            "a.csv",
            b"text,label,split\nx,0,test\ny,1,test\n",
            "a.csv: no row is of the split 'train'; column 'split' has test (2)",
        ),
        ("a.csv", b"text,label,split\nx,0,\ny,1,train\n", "'split' holds nothing (1); it may"),
        ("a.txt", b"x\n", "a.txt, row 1: there is no label"),
        (
            "a.doc",
            b"PK",
            "a.doc is not a data set of a known format; its name should end in one of",
        ),
        ("a.csv", None, "a.csv does not exist"),
        ("a.tar.gz", None, "a.tar.gz does not exist"),
    ],
)
def test_bad_files_are_told_in_one_line(name, content, message, tmp_path):
    """The message names the file and the row, and what would be right."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_split(tmp_path / name, "train", STRICT)
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_row_of_the_other_split_counts(tmp_path):
    """A bad row is told on the first reading, not when the other split is wanted after hours."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,split\na,0,train\nb,1,train\nc,,test\n")
    with pytest.raises(DataError, match="row 3"):
        load_split(path, "train", STRICT)


def test_an_unknown_split_is_a_usage_error(tmp_path):
    """There are two splits, and the message names them."""
    with pytest.raises(UsageError, match="choose one of train, test"):
        load_split(tmp_path, "validation")  # type: ignore[arg-type]


def test_a_file_is_described_by_its_content(tmp_path):
    """Name without folder, size and SHA-256."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\n")
    digest = hashlib.sha256(b"text,label\n").hexdigest()
    assert describe(path) == {"kind": "file", "name": "a.csv", "bytes": 11, "sha256": digest}


def test_a_labelled_file_has_no_unlabelled_texts(tmp_path):
    """Unlabelled reviews come with the IMDB archive only."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\n")
    with pytest.raises(DataError, match="has no unlabelled texts"):
        unlabelled_texts(path)


DIRTY = """text,label,split
fine one,1,train
,1,train
secret words,,train
bad one,0,train
  ,0,test
another,1,train,more
dull,0,train
grand,1,test
poor,nan,test
poor,0,test
ok,1,train
"""


def test_bad_rows_are_left_out_counted_and_named(tmp_path):
    """The fault, how many rows, the first of them; never a text, in config.json neither."""
    path = tmp_path / "dirty.csv"
    path.write_text(DIRTY)
    said = []
    splits = load_splits(path, say=said.append)
    assert splits.train.texts == ("fine one", "bad one", "dull", "ok")
    assert splits.train.rows.tolist() == [1, 4, 7, 11]
    assert splits.test.texts == ("grand", "poor")
    assert said == [
        f"{path}: 5 of 11 rows left out: the text is empty (rows 2, 5); the label is empty "
        "(rows 3, 9); 4 fields where the header has 3 (row 6)",
        "label: 1 (3) = positive; 0 (3) = negative",
    ]
    assert splits.train.reading.left_out == {
        "the text is empty": 2,
        "the label is empty": 2,
        "4 fields where the header has 3": 1,
    }
    assert "secret" not in json.dumps(splits.train.reading.to_json())


def test_many_faults_stay_one_line(tmp_path):
    """Of rows of one fault five are named, of faults four."""
    path = tmp_path / "dirty.csv"
    rows = [f"t{i},{i % 2}" for i in range(30)] + [",1"] * 12
    ragged = ["x,1" + ",y" * n for n in range(1, 7)]
    path.write_text("\n".join(["text,label", *rows, *ragged]) + "\n")
    said = []
    load_split(path, "train", say=said.append)
    assert said[0].startswith(
        f"{path}: 18 of 48 rows left out: the text is empty (rows 31, 32, 33, 34, 35 and 7 more); "
    )
    assert said[0].endswith("; 3 with other faults")


def test_a_file_of_bad_rows_is_an_error(tmp_path):
    """More than half is no slip: the faults are told."""
    path = tmp_path / "bad.csv"
    path.write_text("text,label\nx,0\ny,1\n,1\n,0\n,1\n")
    with pytest.raises(DataError, match=r"3 of 5 rows left out: .* \(rows 3, 4, 5\); more"):
        load_split(path, "train")


@pytest.mark.parametrize("column", ["split", " Split"])
def test_a_validation_split_of_a_file(column, tmp_path):
    """Its usual spellings are known, and it is no part of what is trained on."""
    path = tmp_path / "a.csv"
    names = ["train", "train", "val", "Valid", "dev", "validation", "eval", " TEST "]
    path.write_text(
        f"text,label,{column}\n"
        + "".join(f"text {i},{i % 2},{name}\n" for i, name in enumerate(names))
    )
    splits = load_splits(path)
    assert splits.train.texts == ("text 0", "text 1")
    assert splits.validation.texts == ("text 2", "text 3", "text 4", "text 5")
    assert splits.test.texts == load_split(path, "test").texts == ("text 6", "text 7")
    with pytest.raises(UsageError, match=r"--test-fraction 0\.2: the data has its own test split"):
        load_splits(path, test_fraction=0.2)


@pytest.mark.parametrize(
    ("options", "header", "column"),
    [
        (DataOptions(), "id,body,airline mood,text", "'airline mood'"),
        (DataOptions(header=False, text_column="4"), "0,x,joy,y", "3"),
    ],
)
def test_a_column_of_labels_is_proposed(options, header, column, tmp_path):
    """Where none has such a name, the one with the fewest values is; following that works."""
    path = tmp_path / "a.csv"
    rows = [f"{i},body {i},{('joy', 'anger')[i % 2]},text {i}" for i in range(30)]
    path.write_text("\n".join([header, *rows]) + "\n")
    with pytest.raises(DataError) as caught:
        load_split(path, "train", options)
    assert f"such as --label-column {column}, which holds anger, joy;" in str(caught.value)
    named = dataclasses.replace(
        options, label_column=column.strip("'"), positive=("joy",), negative=("anger",)
    )
    assert len(load_split(path, "train", named)) == 30 + (not options.header)


@pytest.mark.parametrize("soft", ["probability_no", "logit_no", "probability"])
def test_soft_labels_are_not_proposed_as_labels(soft, tmp_path):
    """Some rows need a label beside them, which is said where soft labels are given."""
    path = tmp_path / "a.csv"
    path.write_text(f"text,{soft}\n" + "".join(f"t{i},0.{i % 2}\n" for i in range(30)))
    with pytest.raises(DataError, match="name one with --label-column; its columns are"):
        load_split(path, "train")
    with pytest.raises(DataError, match="which some rows need in a column of their own, such as"):
        load_split(path, "train", DataOptions(soft_labels=str(path)))
    path.write_text(f"text,{soft},mood\n" + "".join(f"t{i},0.1,{i % 2}\n" for i in range(30)))
    with pytest.raises(DataError, match="such as --label-column mood, which holds 0, 1;"):
        load_split(path, "train", DataOptions(soft_labels=str(path)))


def test_text_and_label_are_two_columns(tmp_path):
    """One column cannot be both."""
    path = tmp_path / "a.csv"
    path.write_text("text,label\nx,0\n")
    with pytest.raises(UsageError, match="'label' cannot be text and label"):
        load_split(path, "train", DataOptions(text_column="label"))


def test_fasttext(tmp_path):
    """Labels of its files, wherever in the line they stand, and what such a file cannot have."""
    path = tmp_path / "ft.txt"
    path.write_text("__label__2 Great, really.\n__label__1\tbad\ngood one __label__2\n\n")
    said = []
    examples = load_split(path, "train", say=said.append)
    assert [text.strip() for text in examples.texts] == ["Great, really.", "bad", "good one"]
    assert examples.labels.tolist() == [1, 0, 1]
    assert said == [
        f"{path}: 1 of 4 rows left out: there is no label (row 4)",
        "label: 2 (2) = positive; 1 (1) = negative",
    ]
    with pytest.raises(UsageError, match="plain text and has no columns"):
        load_split(path, "train", DataOptions(label_column="label"))


def test_fasttext_without_labels(tmp_path):
    """No line has one: it is no such file."""
    path = tmp_path / "ft.txt"
    path.write_text("x\ny\n")
    with pytest.raises(DataError, match="no line has a label; in a text file each line is fastT"):
        load_split(path, "train")
