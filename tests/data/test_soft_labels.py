"""A teacher's soft labels: files that are read, what is matched to what, what is refused."""

import csv
import dataclasses
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgernn.data import DataOptions, load_splits
from edgernn.data.soft_targets import SoftTargets, softened
from edgernn.errors import DataError, UsageError

TEXTS = ("a dull film", "a fine film", "a plain film", "no label here", "bad again", "fine again")
LABELS = ("bad", "good", "ok", "", "bad", "good")
P = np.array(
    [
        *([0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]),
        *([0.9, 0.05, 0.05], [0.0, 1.0, 0.0]),
    ]
)
"""Of bad, good and ok."""
NAMES = ("bad", "good", "ok")
WITHOUT = np.array([True, True, True, False, True, True])


def write(path, columns):
    """Write a table as CSV, JSON Lines or Parquet, as its name says; None is an empty cell."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    elif path.suffix == ".jsonl":
        rows = zip(*columns.values(), strict=True)
        lines = (json.dumps(dict(zip(columns, row, strict=True))) for row in rows)
        path.write_text("\n".join(lines))
    else:
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))
    return path


def soft(prefix="probability_", values=P, **more):
    """Columns of soft labels."""
    return {f"{prefix}{name}": values[:, n].tolist() for n, name in enumerate(NAMES)} | more


@pytest.fixture
def data(tmp_path):
    """A CSV of six texts, the fourth without a label."""
    return write(tmp_path / "texts.csv", {"id": range(6), "text": TEXTS, "label": LABELS})


def read(data, path, **more):
    said = []
    options = DataOptions(soft_labels=str(path), **more)
    return load_splits(data, options, say=said.append), said


def check(splits):
    """All labels are those of the teacher, row by row."""
    assert splits.train.classes == NAMES
    assert splits.train.texts == tuple(t for t, label in zip(TEXTS, LABELS, strict=True) if label)
    assert splits.train.soft == pytest.approx(P[WITHOUT], abs=1e-6)
    assert splits.train.soft.dtype == np.float32
    assert splits.unlabelled.texts == ("no label here",)
    assert splits.unlabelled.soft == pytest.approx(P[3:4], abs=1e-6)
    assert splits.unlabelled.rows.tolist() == [4]


LOGITS = np.log(np.maximum(P, 1e-12)) + 3


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("s.csv", soft()),
        ("s.parquet", soft(text=TEXTS)),
        ("s.parquet", soft("logit_", LOGITS)),
        ("s.csv", soft("", label=["x"] * 6, text=TEXTS)),
        ("s.csv", dict(reversed(soft("probability_").items()))),
        ("s.csv", {f"probability_{name.upper()}": P[:, n] for n, name in enumerate(NAMES)}),
        ("s.jsonl", {"probabilities": [dict(zip(NAMES, row, strict=True)) for row in P.tolist()]}),
        ("s.jsonl", {"logits": [dict(zip(NAMES, row, strict=True)) for row in LOGITS.tolist()]}),
        ("s.csv", soft() | soft("logit_", -LOGITS)),
    ],
)  # fmt: skip
def test_files(tmp_path, data, name, columns):
    """Columns by their names in any order and format; objects of JSON; probabilities come first."""
    splits, said = read(data, write(tmp_path / name, columns))
    check(splits)
    assert not any("no label" in line for line in said)


@pytest.mark.parametrize("prefix", ["probability_", ""])
def test_columns_beside_the_text(tmp_path, prefix):
    """The labelled file may hold the soft labels itself."""
    path = write(tmp_path / "both.parquet", {"text": TEXTS, "label": LABELS} | soft(prefix))
    check(read(path, path)[0])


ODDS = np.log([1 / 9, 9, 2 / 3])


@pytest.mark.parametrize(
    "columns",
    [
        ({"probability": [0.1, 0.9, 0.4]}),
        ({"probability_good": [0.1, 0.9, 0.4]}),
        ({"probability_bad": [0.9, 0.1, 0.6]}),
        ({"probability_1": [0.1, 0.9, 0.4]}),
        ({"logit": ODDS.tolist()}),
        ({"logit_0": [1.0, 0.0, 0.0], "logit_1": (ODDS + np.array([1, 0, 0])).tolist()}),
    ],
)  # fmt: skip
def test_two_labels(tmp_path, columns):
    """One column will do; it may be named by the label or by the value that means it."""
    by_value = any(column[-1] in "01" for column in columns)
    bad, good = ("0", "1") if by_value else ("bad", "good")
    data = write(tmp_path / "t.csv", {"text": TEXTS[:3], "label": [bad, good, bad]})
    splits, _ = read(data, write(tmp_path / "s.csv", columns))
    assert splits.train.classes == ("negative", "positive")
    assert splits.train.soft[:, 1] == pytest.approx([0.1, 0.9, 0.4], abs=1e-6)
    assert splits.train.soft.sum(axis=1) == pytest.approx(1)
    assert len(splits.unlabelled) == 0


def test_several_labels_a_text(tmp_path):
    """Probabilities need not add up, and null in a list's place is no label, [] is none of them."""
    columns = {"text": TEXTS[:4], "labels": [["rude", "threat"], [], ["rude"], None]}
    columns |= {
        "probability_rude": [0.9, 0.1, 0.9, 0.7],
        "probability_threat": [0.9, 0.2, 0.3, 0.6],
    }
    path = write(tmp_path / "t.jsonl", columns)
    splits, _ = read(path, path)
    assert splits.train.labels.tolist() == [[True, True], [False, False], [True, False]]
    assert splits.train.soft == pytest.approx(np.array([[0.9, 0.9], [0.1, 0.2], [0.9, 0.3]]))
    assert splits.unlabelled.soft == pytest.approx(np.array([[0.7, 0.6]]))


def test_columns_of_labels(tmp_path):
    """A column for each hard label, all of them empty in a row without; logits are sigmoids'."""
    columns = {"text": TEXTS[:3], "rude": ["1", "0", ""], "threat": ["1", "1", ""]}
    columns |= {"logit_rude": [2.0, -2.0, 0.0], "logit_threat": [0.0, 0.0, 1.0]}
    path = write(tmp_path / "t.csv", columns)
    splits, _ = read(path, path, label_columns=("rude", "threat"))
    sigmoid = 1 / (1 + np.exp(-np.array([[2.0, 0], [-2, 0], [0, 1]])))
    assert splits.train.soft == pytest.approx(sigmoid[:2], abs=1e-6)
    assert splits.unlabelled.soft == pytest.approx(sigmoid[2:], abs=1e-6)


def test_lines_of_fasttext(tmp_path):
    """A line without `__label__` is a text without a label."""
    data = tmp_path / "t.txt"
    data.write_text("__label__bad a dull film\na new film\n__label__good a fine film\n")
    path = write(tmp_path / "s.csv", {"probability_good": [0.1, 0.7, 0.9]})
    splits, _ = read(data, path)
    assert splits.train.soft[:, 1] == pytest.approx([0.1, 0.9])
    assert splits.unlabelled.texts == ("a new film",)


@pytest.mark.parametrize("key", ["id", "text"])
def test_a_key_matches_rows(tmp_path, data, key):
    """In any order, with rows that the data lacks; the column of texts may have another name."""
    order = [5, 3, 1, 0, 2, 4]
    keys = {"id": [*order, 77], "text": [*(TEXTS[i] for i in order), "a stranger"]}[key]
    columns = soft("probability_", P[[*order, 0]]) | {"id" if key == "id" else "review": keys}
    splits, said = read(data, write(tmp_path / "s.parquet", columns), soft_key=key)
    check(splits)
    assert any("1 of 7 rows have a value in" in line for line in said)


def test_a_key_that_the_teacher_lacks(tmp_path, data):
    """Such rows are no error, as a cell may be empty, but nobody has to find out by counting."""
    columns = {name: [*column[:4]] for name, column in soft().items()} | {"id": [0, 1, 2, 3]}
    splits, said = read(data, write(tmp_path / "s.parquet", columns), soft_key="id")
    assert any("s.parquet has no row for 2 of 6 usable rows of" in line for line in said)
    assert int(np.isnan(splits.train.soft[:, 0]).sum()) + len(splits.unlabelled) >= 1


def test_rows_without_soft_labels(tmp_path, data):
    """A labelled one has its label alone; one without either is left out, or an error if strict."""
    values = {name: [*map(str, column)] for name, column in soft().items()}
    for name in values:
        values[name][1] = values[name][3] = ""
    path = write(tmp_path / "s.csv", values)
    splits, said = read(data, path)
    assert np.isnan(splits.train.soft[:, 0]).tolist() == [False, True, False, False, False]
    assert len(splits.unlabelled) == 0
    assert any("1 of 6 rows left out: there is neither a label nor" in line for line in said)
    with pytest.raises(DataError, match=r"texts\.csv, row 4: there is neither"):
        read(data, path, strict=True)


def changed(place, value, column="probability_good"):
    columns = {name: [*values] for name, values in soft().items()}
    columns[column][place] = value
    return columns


def without(name):
    return {key: value for key, value in soft().items() if key != name}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (changed(1, 0.2), r"s\.csv, row 2: the soft labels add up to 0\.5; .* add up to 1"),
        (changed(1, 70), r"row 2: soft label 'probability_good' is 70, and a prob.* logit_"),
        (changed(1, -0.1), r"row 2: soft label 'probability_good' is -0\.1, and a probability"),
        (changed(2, "nan"), r"row 3: soft label 'probability_good' is nan, and must be a finite"),
        (changed(2, "inf"), r"row 3: soft label 'probability_good' is inf"),
        (changed(4, ""), r"row 5: soft label 'probability_good' is empty, and others"),
        (changed(5, "high"), r"row 6: soft label 'probability_good' holds high, which is no"),
        (changed(5, "0,5"), r"row 6: soft label 'probability_good' holds 0,5, which is no"),
        (without("probability_ok"), r"s\.csv has no column of soft labels for ok; each label"),
        (soft(probability_odd=[0] * 6), r"'probability_odd' is of no label; the labels are bad"),
        (soft(probability_OK=[0] * 6), r"columns 'probability_ok' and 'probability_OK' are both"),
        ({"score": [0.5] * 6}, r"s\.csv has no soft labels: name a column for each label proba"),
        ({k: v[:5] for k, v in soft().items()}, r"s\.csv has 5 rows, and .*csv 6: .*--soft-key"),
        (soft(text=[*TEXTS[1:], TEXTS[0]]), r"s\.csv, row 1: the text is not that of row 1 of "),
        ({k: [""] * 6 for k in soft()}, r"s\.csv has no soft label of any row"),
    ],
)  # fmt: skip
def test_what_is_wrong(tmp_path, data, columns, message):
    """Each is one line with file and row."""
    with pytest.raises(DataError, match=message) as raised:
        read(data, write(tmp_path / "s.csv", columns))
    assert "\n" not in str(raised.value)


def test_keys_that_do_not_match(tmp_path, data):
    """No row in common, a key twice with other numbers, no such column."""
    path = write(tmp_path / "s.csv", soft(id=range(10, 16)))
    with pytest.raises(DataError, match="no row has a value in 'id' that"):
        read(data, path, soft_key="id")
    path = write(tmp_path / "s.csv", soft(id=[0, 1, 1, 3, 4, 5]))
    with pytest.raises(DataError, match=r"row 3: an earlier row has the same 'id' with other"):
        read(data, path, soft_key="id")
    with pytest.raises(DataError, match=r"texts\.csv has no column 'key'"):
        read(data, path, soft_key="key")


@pytest.mark.parametrize(
    "text", ['{"probabilities": [1]}', '{"probabilities": {"bad": 1, "x": 0}}']
)
def test_wrong_objects(tmp_path, data, text):
    """A list has no names, and an object only those of the labels."""
    good = json.dumps({"probabilities": dict(zip(NAMES, P[0].tolist(), strict=True))})
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join([good, text, *[good] * 4]))
    with pytest.raises(
        DataError, match=r"s\.jsonl.*('probabilities' (is no obj|has 'x')|'x' is of)"
    ):
        read(data, path)


def test_all_rows_without_a_label(tmp_path):
    """Some are needed to measure the model; the message says what will do."""
    data = write(tmp_path / "t.csv", {"text": TEXTS, "label": [""] * 6})
    with pytest.raises(DataError, match=r"has no examples: no row with a text has a label; soft"):
        read(data, write(tmp_path / "s.csv", soft()))


def test_splits(tmp_path):
    """Unlabelled rows of the training split alone, and none like a text that is held out."""
    rows = [("good film", "good", "train"), ("bad film", "bad", "train"), ("fine", "good", "test"),
            ("awful", "bad", "test"), ("new", "", "train"), ("FINE!", "", "train"),
            ("other", "", "test")]  # fmt: skip
    text, label, split = zip(*rows, strict=True)
    columns = {"text": text, "label": label, "split": split, "probability_good": [0.5] * 7}
    path = write(tmp_path / "t.csv", columns)
    splits, _ = read(path, path, labels=("bad", "good"))
    assert splits.unlabelled.texts == ("new",)


def test_a_test_that_is_held_out(tmp_path):
    """The same rows with and without soft labels; no unlabelled text is like one of them."""
    text = [f"film {i}" for i in range(40)]
    columns = {
        "text": [*text, *(f"Film {i}." for i in range(40)), "of its own"],
        "label": [*(("bad", "good")[i % 2] for i in range(40)), *[""] * 41],
        "probability_good": [0.5] * 81,
    }
    path = write(tmp_path / "t.csv", columns)
    options = DataOptions(soft_labels=str(path), labels=("bad", "good"))
    splits = load_splits(path, options, test_fraction=0.25, seed=3)
    held = {text.casefold() for text in splits.test.texts}
    assert len(held) == 10
    assert len(splits.unlabelled) == 31
    assert not held & {text.casefold().strip(".") for text in splits.unlabelled.texts}
    # As a run reads them again, without the soft labels.
    again = DataOptions.from_json(json.loads(json.dumps(options.to_json())))
    assert (again.soft_labels, again.keep_unlabelled) == (None, True)
    reread = load_splits(path, again, test_fraction=0.25, seed=3)
    assert reread.test.texts == splits.test.texts
    assert (reread.train.texts, reread.unlabelled) == (splits.train.texts, None)
    plain = dataclasses.replace(again, keep_unlabelled=False)
    with pytest.raises(DataError, match="more than half of a file is no slip"):
        load_splits(path, plain)


def test_sources_without_rows(tmp_path):
    """A folder for each label has no rows to match."""
    for name in ("ham", "spam"):
        (tmp_path / "mail" / name).mkdir(parents=True)
        (tmp_path / "mail" / name / "1.txt").write_text("a text")
    with pytest.raises(UsageError, match="no rows and columns; leave --soft-labels out"):
        read(tmp_path / "mail", tmp_path / "s.csv")


def test_softened():
    """As a softmax or a sigmoid of logits over the temperature; a row of zeros stays one."""
    logits = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])

    def softmax(wide):
        return np.exp(wide) / np.exp(wide).sum(axis=1, keepdims=True)

    p = softmax(logits).astype(np.float32)
    assert softened(p, 3.0, "largest") == pytest.approx(softmax(logits / 3), abs=1e-6)
    sigmoid = (1 / (1 + np.exp(-logits))).astype(np.float32)
    assert softened(sigmoid, 3.0, "each") == pytest.approx(1 / (1 + np.exp(-logits / 3)), abs=1e-6)
    zeros = np.zeros((1, 3), np.float32)
    assert softened(zeros, 3.0, "largest").tolist() == zeros.tolist()
    assert softened(p, 1.0, "largest") is p


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        ("largest", np.array([0] * 6 + [1] * 2)),
        ("threshold", np.array([0] * 6 + [1] * 2, np.int8)),
        ("each", np.array([[1, 0]] * 6 + [[0, 1]] * 2, bool)),
    ],
)
def test_balanced(rule, labels):
    """Labels and what the teacher expects count alike together, over all texts."""
    soft = np.full((8, 2), 0.25, np.float32)
    soft[:, 1] = 0.75
    targets = SoftTargets(soft, np.linspace(0, 1, 8).astype(np.float32), 2.0)
    found = targets.balanced(labels, rule).of(labels, np.arange(8), rule)
    sums = found.reshape(8, 2, -1).sum(axis=(0, 1))
    if rule == "each":
        assert sums[:2] == pytest.approx(sums[2:], rel=1e-5)
    else:
        assert sums == pytest.approx(sums.mean(), rel=1e-5)
    assert sums.sum() == pytest.approx(8 * (2 if rule == "each" else 1), rel=1e-5)
