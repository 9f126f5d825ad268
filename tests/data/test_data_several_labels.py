"""Texts that may have several labels or none: lists, separators, columns, lines of fastText."""

import json

import numpy as np
import pytest

from edgernn.data import DataOptions, load_split, load_splits
from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract

EACH = TextContract(
    vocabulary_sha256="ab" * 32,
    vocabulary_size=9,
    max_length=9,
    cut="end",
    labels=("Rude", "threat", "spam"),
    decision="each",
    threshold=None,
    thresholds=(0.5, 0.5, 0.5),
)


def read(path, options=None, **more):
    """Return the examples, their labels by name, and what was said."""
    said = []
    found = load_split(path, "train", options or DataOptions(), say=said.append, **more)
    names = [[found.classes[n] for n in np.flatnonzero(flags)] for flags in found.labels]
    return found, names, said


def test_lists(tmp_path):
    """Of any length, the empty one included; a label counts once, whatever its spelling."""
    path = tmp_path / "a.jsonl"
    cells = [["Rude", "threat"], [], ["Rude "], ["threat", "RUDE", "rude"], None, "threat", [None]]
    path.write_text(
        "".join(json.dumps({"text": f"t{i}", "labels": v}) + "\n" for i, v in enumerate(cells))
    )
    found, names, said = read(path)
    assert (found.decision, found.labels.dtype) == ("each", bool)
    both = ["Rude", "threat"]
    assert names == [both, [], ["Rude"], both, ["threat"], []]
    assert said == [
        f"{path}: 1 of 7 rows left out: the label is empty (row 5)",
        "labels: 2 labels: Rude (3), threat (3); of 6 texts 2 have several, 2 none",
    ]
    assert found.reading.labels == {"Rude": {"rude": 3}, "threat": {"threat": 3}}
    with pytest.raises(UsageError, match=r"'labels': leave --positive and --negative out"):
        read(path, DataOptions(positive=("rude",)))
    path.write_text('{"text": "a", "labels": [{"x": 1}]}\n{"text": "b", "labels": ["c"]}\n')
    with pytest.raises(DataError, match="row 1: a label in the list is no name"):
        read(path, DataOptions(strict=True))


def test_lists_of_one_label_each(tmp_path):
    """They are no different from a label alone."""
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"text": f"t{i}", "labels": [v]}) + "\n" for i, v in enumerate("cabab"))
    )
    found = load_split(path, "train")
    assert (found.classes, found.decision) == (("a", "b", "c"), "largest")
    assert found.labels.tolist() == [2, 0, 1, 0, 1]


def test_a_separator(tmp_path):
    """Only where it is asked for; an empty cell has none of the labels."""
    path = tmp_path / "a.csv"
    path.write_text("text,label\nx,rude; threat\ny,rude\nz,\nu,threat;spam;\n")
    _, names, said = read(path, DataOptions(label_separator=";"))
    assert names == [["rude", "threat"], ["rude"], [], ["spam", "threat"]]
    assert said == [
        "label: 3 labels: rude (2), spam (1), threat (2); of 4 texts 2 have several, 1 none"
    ]
    named = DataOptions(label_separator=";", labels=("Threat", "Rude", "spam"))
    found, names, _ = read(path, named)
    assert found.classes == ("Threat", "Rude", "spam")
    assert names[0] == ["Threat", "Rude"]
    dropped = DataOptions(label_separator=";", drop=("spam",))
    found, names, said = read(path, dropped)
    assert (len(found), found.classes) == (3, ("rude", "threat"))
    assert "; spam (1) = left out;" in said[0]
    with pytest.raises(DataError, match=r"holds spam \(1\), for which --labels names no label"):
        read(path, DataOptions(label_separator=";", labels=("threat", "rude")))


def test_a_column_for_each_label(tmp_path):
    """In the order in which they are named; what says neither yes nor no is an error."""
    path = tmp_path / "a.csv"
    path.write_text("text,Toxic,threat,id\nx,1,0,1\ny,0.0,False,2\nz,true,yes,3\nu,,1,4\n")
    found, names, said = read(path, DataOptions(label_columns=("threat", "Toxic")))
    assert found.classes == ("threat", "Toxic")
    assert names == [["Toxic"], [], ["threat", "Toxic"]]
    assert said == [
        f"{path}: 1 of 4 rows left out: the label Toxic is empty (row 4)",
        "label columns: 2 labels: threat (1), Toxic (2); of 3 texts 1 have several, 1 none",
    ]
    path.write_text("text,a,b\nx,1,0\ny,0,maybe\n")
    with pytest.raises(DataError, match="row 2: column 'b' of --label-columns holds maybe, and"):
        read(path, DataOptions(label_columns=("a", "b")))
    path.write_text("text,a,b\nx,1,0\ny,0,0\n")
    with pytest.raises(DataError, match=r"a\.csv has no b example; both classes are needed"):
        read(path, DataOptions(label_columns=("a", "b")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_columns": ("a",)}, "name two columns or more"),
        ({"label_columns": ("a", "a")}, "name two columns or more"),
        ({"label_columns": ("a", "text")}, "'text' cannot be text and label"),
        ({"label_columns": ("a", "b"), "label_column": "a"}, "leave --label-column out"),
        ({"label_columns": ("a", "b"), "label_separator": ";"}, "leave --label-separator out"),
    ],
)
def test_columns_that_cannot_be(options, message, tmp_path):
    """One line that says which option to leave out."""
    path = tmp_path / "a.csv"
    path.write_text("text,a,b\nx,1,0\n")
    with pytest.raises(UsageError, match=message):
        read(path, DataOptions(**options))


def test_lines_of_fasttext(tmp_path):
    """Any number of labels in a line; in one line of thousands they are a slip."""
    path = tmp_path / "ft.txt"
    path.write_text("__label__fee __label__card How much?\n__label__card Where?\nnone\n")
    _, names, said = read(path)
    assert names == [["card", "fee"], ["card"]]
    assert said[1] == "label: 2 labels: card (2), fee (1); of 2 texts 1 have several, 0 none"
    with pytest.raises(UsageError, match="plain text, whose lines have any number of __label__"):
        read(path, DataOptions(label_separator=";"))
    path.write_text("__label__a x\n" * 150 + "__label__b y\n" * 50 + "__label__a __label__b z\n")
    with pytest.raises(DataError, match=r"row 201: several labels .* only 1 of 201 lines"):
        read(path)


def test_labels_of_a_model(tmp_path):
    """A label alone is a set of one; a model of one label a text takes no lists of several."""
    path = tmp_path / "a.csv"
    path.write_text("text,label\nx,rude\ny,spam\n")
    found, names, _ = read(path, contract=EACH)
    assert (found.classes, names) == (EACH.labels, [["Rude"], ["spam"]])
    lists = tmp_path / "a.jsonl"
    lists.write_text('{"text": "a", "labels": ["rude", "spam"]}\n{"text": "b", "labels": []}\n')
    assert read(lists, contract=EACH)[1] == [["Rude", "spam"], []]
    one = TextContract(vocabulary_sha256="ab" * 32, vocabulary_size=9, max_length=9, cut="end")
    with pytest.raises(DataError, match="row 1: has several labels or none, and the model gives"):
        read(lists, contract=one)


def test_splits_of_several_labels(tmp_path):
    """A test part has each set in proportion; alike texts stay on one side."""
    path = tmp_path / "a.jsonl"
    sets = [["a"], ["b"], ["a", "b"], []]
    path.write_text(
        "".join(
            json.dumps({"text": f"t{i // 2}" if i < 8 else f"u{i}", "labels": sets[i // 2 % 4]})
            + "\n"
            for i in range(80)
        )
    )
    splits = load_splits(path, test_fraction=0.25, seed=3)
    assert splits.test.counts.tolist() == [10, 10]
    assert not set(splits.train.texts) & set(splits.test.texts)
    assert splits.test.decision == "each"
