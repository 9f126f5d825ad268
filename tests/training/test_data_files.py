"""Labelled CSV, TSV, JSON Lines and Parquet files."""

import gzip
import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.errors import DataError, UsageError
from edgernn.training.data import describe, load_split, unlabelled_texts
from edgernn.training.data.labelled_files import LABELS, load_labelled_file

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


@given(
    rows=st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.sampled_from(sorted(LABELS))),
        min_size=1,
    )
)
def test_labels_stay_with_their_texts(tmp_path_factory, rows):
    """Any spelling in the table is read, for any text, in the order of the file."""
    rows = [("first", "neg"), *rows, ("last", "pos")]
    path = tmp_path_factory.getbasetemp() / "labelled.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": v}) + "\n" for t, v in rows))
    examples = load_labelled_file(path, "train")
    assert examples.texts == tuple(text for text, _ in rows)
    assert examples.labels.tolist() == [LABELS[label] for _, label in rows]


def test_columns_can_be_named(tmp_path):
    """The columns that are asked for win over those of the usual names."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,body,score\nx,1,bad,0\ny,0,good,1\n")
    examples = load_split(path, "train", text_column="body", label_column="score")
    assert examples.texts == ("bad", "good")
    assert examples.labels.tolist() == [0, 1]


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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"a,label\nx,0\n", "name one with --text-column; its columns are: 'a', 'label'"),
        ("a.csv", b"text,stars\nx,0\n", "--label-column; its columns are: 'text', 'stars'"),
        ("a.csv", b"text,label\nx,0\n  ,1\n", "a.csv, row 2: the text is empty"),
        ("a.csv", b"text,label\nx,0\ny,2\n", "a.csv, row 2: '2' in column 'label' is not a label;"),
        ("a.csv", b"text,label\nx,0\ny,\n", "row 2: '' in column 'label' is not a label; accepted"),
        ("a.csv", b"text,label\nx," + b"z" * 999 + b"\n", "zzz... in column 'label'"),
        ("a.jsonl", b'{"text": "a", "label": 0}\n{"text": "b"}\n', "row 2: None in column 'label'"),
        ("a.jsonl", b'{"text": "a", "label": -1}\n', "accepted are 0, 0.0, neg, negative, false"),
        ("a.jsonl", b'{"text": "a", "label": 0}\n{"text"\n', "a.jsonl, row 2: not valid JSON"),
        ("a.csv", b"text,label\nx,0\n\xff,1\n", "a.csv, row 2: line 3 is not UTF-8"),
        ("a.csv", b"text,label\nx,0,1\n", "a.csv, row 1: 3 fields where the header has 2"),
        ("a.csv", b"text,label\nx,0\ny,0\n", "a.csv has no positive example"),
        ("a.csv", b"text,label\nx,1\n", "a.csv has no negative example"),
        ("a.csv", b"text,label\n", "a.csv has no examples"),
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"text,label,split\nx,0,dev\n", "row 1: 'dev' in column 'split' is not a split;"),
        ("a.csv", b"text,label,split\nx,0,test\n", "a.csv, split 'train', has no examples"),
        ("a.txt", b"x\n", "a.txt is no data set of a known format; its name should end in one of"),
        ("a.zip", b"PK", ".tar.gz, .tgz, .tar, .csv, .tsv, .tab, .jsonl, .ndjson, .parquet, .pq"),
        ("a.csv", None, "a.csv does not exist"),
        ("a.tar.gz", None, "a.tar.gz does not exist"),
    ],
)
def test_bad_files_are_told_in_one_line(name, content, message, tmp_path):
    """The message names the file and the row, and what would be right."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_split(tmp_path / name, "train")
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_row_of_the_other_split_counts(tmp_path):
    """A bad row is told on the first reading, not when the other split is wanted after hours."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,split\na,0,train\nb,1,train\nc,9,test\n")
    with pytest.raises(DataError, match="row 3"):
        load_split(path, "train")


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
