"""Labels of a column's own: which values are, how they are called, and what is doubted."""

import csv
import re
import shlex

import pytest

from edgernn.data import DataOptions, load_split, load_splits
from edgernn.data.arguments import reading_values
from edgernn.data.label_options import parse_names, parse_values
from edgernn.data.label_spelling import fold, ordered, spelled
from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract

FIELDS = {"vocabulary_sha256": "ab" * 32, "vocabulary_size": 9, "max_length": 9, "cut": "end"}


def model_of(*labels, **more):
    """Return the contract of a model that gives one of some labels."""
    if len(labels) > 2:
        more = {"decision": "largest", "threshold": None, **more}
    return TextContract(**FIELDS, labels=labels, **more)


def write(path, counts, column="label"):
    """Write a file with so many rows of each label."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("text", column))
        rows.writerows((f"text {v} {i}", v) for v, n in counts.items() for i in range(n))
    return path


OWN = {
    "three": ({"negative": 9, "neutral": 7, "positive": 8}, ["negative", "neutral", "positive"]),
    "five": ({n: 12 for n in "54321"}, list("12345")),
    "of ten": ({"10": 4, "9": 3, "1": 3}, ["1", "9", "10"]),
    "signs": ({"0": 4, "-1": 4, "1": 4}, ["-1", "0", "1"]),
    "stars": ({f"{n} stars": n + 2 for n in (5, 3, 4)}, ["3 stars", "4 stars", "5 stars"]),
    "points": ({"4.0": 5, "5.0": 5, "1.0": 5}, ["1.0", "4.0", "5.0"]),
    "commas": ({"1,0": 5, "3,0": 5, "2,0": 5}, ["1,0", "2,0", "3,0"]),
    "names": ({"Top up": 3, "card lost": 4, "FEE": 3}, ["card lost", "FEE", "Top up"]),
    "spelled": ({"Spam": 4, "spam ": 2, "ham": 5, "eggs": 2}, ["eggs", "ham", "Spam"]),
    "numbered": ({"class 10": 3, "class 9": 3, "class 1": 3}, ["class 1", "class 9", "class 10"]),
    "accents": ({"zèle": 3, "été": 3, "hiver": 3}, ["été", "hiver", "zèle"]),
    "prefixed": ({"__label__fee": 3, "__label__card": 3, "__label__x": 3}, ["card", "fee", "x"]),
    "some words": ({"yes": 30, "no": 40, "maybe": 10}, ["maybe", "no", "yes"]),
    "two": ({"spam": 3, "ham": 5}, ["ham", "spam"]),
    "two numbers": ({"5": 3, "1": 5}, ["1", "5"]),
}


@pytest.mark.parametrize("case", OWN)
def test_labels_of_their_own(case, tmp_path):
    """Spelled as the rows have them, in the order in which people look for them, with counts."""
    counts, classes = OWN[case]
    said = []
    examples = load_split(write(tmp_path / "a.csv", counts), "train", say=said.append)
    assert list(examples.classes) == classes
    assert examples.decision == ("threshold" if len(classes) == 2 else "largest")
    assert examples.labels.dtype == ("int8" if len(classes) == 2 else "int16")
    rows = dict.fromkeys(classes, 0)
    for value, count in counts.items():
        rows[next(name for name in classes if fold(name) == fold(value))] += count
    assert dict(zip(classes, examples.counts.tolist(), strict=True)) == rows
    listed = ", ".join(f"{name} ({count})" for name, count in rows.items())
    assert said[0].startswith(f"label: {len(classes)} labels: {listed}")
    assert {name: sum(n.values()) for name, n in examples.reading.labels.items()} == rows


def test_the_line_says_what_else_could_be_made(tmp_path):
    """Two of five stars, the other way round of two names; both as a command takes them."""
    said = []
    stars = write(tmp_path / "stars.csv", {n: 4 for n in "12345"})
    load_split(stars, "train", say=said.append)
    options = said[0].partition("; for two of them: ")[2]
    assert options == "--positive 4,5 --negative 1,2 --drop 3"
    mail = write(tmp_path / "mail.csv", {"spam": 3, "not spam": 5})
    load_split(mail, "train", say=said.append)
    option, names = shlex.split(re.search("--labels '.*?'", said[1])[0])
    turned = load_split(mail, "train", DataOptions(labels=parse_names([names], option)))
    assert turned.classes == ("spam", "not spam")
    assert turned.labels.tolist() == [0] * 3 + [1] * 5
    topics = write(tmp_path / "topics.csv", {"a": 3, "b": 3, "c": 3})
    load_split(topics, "train", say=said.append)
    assert said[2] == "label: 3 labels: a (3), b (3), c (3)"


@pytest.mark.parametrize(
    ("counts", "message", "settled"),
    [
        ({"0": 100, "1": 120, "2": 1, "x": 1},
         "some look like a slip: leave their rows out with --drop 2,x, or take each for a label: "
         "--labels 0,1,2,x", {"drop": ("2", "x")}),
        ({"yes": 1500, "no": 1470, "dirty": 30},
         "one looks like a slip: leave its rows out with --drop dirty,", {"drop": ("dirty",)}),
        ({"positive": 80, "neutral": 70, "negative": 80, "postive": 1},
         "one looks like a slip: leave its rows out with --drop postive,",
         {"labels": ("negative", "neutral", "positive", "postive")}),
        ({"0": 1, "1": 40, "2": 30, "3": 29, "4": 57, "5": 138, "7": 1, "55": 1},
         "--drop 0,7,55, or", {"drop": ("0", "7", "55")}),
        ({"5": 3, "5 stars": 4, "1 star": 3, "1": 2},
         "some look like one label in two spellings: for two labels, --positive '5,5 stars' "
         "--negative '1,1 star', or take each", {"labels": ("1", "1 star", "5", "5 stars")}),
        ({"yes": 4, "ja": 3, "no": 4, "maybe": 3}, "one label in two spellings",
         {"labels": ("yes", "ja", "no", "maybe")}),
    ],
)  # fmt: skip
def test_what_is_doubted(counts, message, settled, tmp_path):
    """What looks like a slip is never a label that nobody asked for; what is said settles it."""
    path = write(tmp_path / "a.csv", counts)
    with pytest.raises(DataError) as caught:
        load_split(path, "train")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    left_out = sum(counts[value] for value in settled.get("drop", ()))
    assert len(load_split(path, "train", DataOptions(**settled))) == sum(counts.values()) - left_out


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({f"name {i}": 1 + i % 2 for i in range(60)}, "60 values in 90 rows are no labels"),
        ({f"{i}": 3 for i in range(1025)}, "1,025 values in 3,075 rows are no labels"),
        ({f"0.{i}": 9 for i in range(1, 30)}, "numbers are a measurement and no labels"),
        ({"x" * 300: 5, "y": 5, "z": 5}, "its characters are more than 256"),
        ({"a\u200bb": 5, "y": 5, "z": 5}, "its characters cannot be printed"),
    ],
)
def test_a_column_of_no_labels(counts, message, tmp_path):
    """It is said, with the option that names another one."""
    with pytest.raises(DataError) as caught:
        load_split(write(tmp_path / "a.csv", counts), "train")
    assert message in str(caught.value)
    assert "--label-column" in str(caught.value)


def test_as_many_labels_as_there_may_be(tmp_path):
    """1,024 of two rows each."""
    counts = {f"intent {i}": 3 for i in range(1024)}
    examples = load_split(write(tmp_path / "a.csv", counts), "train")
    assert examples.classes[:3] == ("intent 0", "intent 1", "intent 2")
    assert set(examples.counts.tolist()) == {3}


def test_named_labels(tmp_path):
    """`--labels` gives order and spelling and says which there are; others are an error."""
    path = write(tmp_path / "a.csv", {"fee": 3, "card": 4, "top up": 2, "spam": 1, "": 1})
    said = []
    options = DataOptions(labels=("Top Up", "fee", "card"), drop=("spam",))
    examples = load_split(path, "train", options, say=said.append)
    assert examples.classes == ("Top Up", "fee", "card")
    assert examples.counts.tolist() == [2, 3, 4]
    assert said[1] == "label: 3 labels: Top Up (2), fee (3), card (4); spam (1) = left out"
    with pytest.raises(
        DataError,
        match=r"holds spam \(1\), top up \(2\), for which --labels names no label; the labels are "
        r"fee, card: .* --drop 'spam,top up'$",
    ):
        load_split(path, "train", DataOptions(labels=("fee", "card")))
    rest = load_split(path, "train", DataOptions(labels=("fee", "card"), drop=("*",)))
    assert rest.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    with pytest.raises(DataError, match="has no example of label gone; each label needs some"):
        load_split(path, "train", DataOptions(labels=("fee", "card", "gone"), drop=("*",)))
    none = write(tmp_path / "b.csv", {"none": 3, "joy": 2, "anger": 2})
    assert load_split(none, "train").classes == ("anger", "joy")
    named = load_split(none, "train", DataOptions(labels=("joy", "anger", "none")))
    assert named.counts.tolist() == [2, 2, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ("a",)}, "names 1 of them"),
        ({"labels": ("a", "A ")}, "'a' is named twice"),
        ({"labels": ("a", "b"), "positive": ("a",)}, "'a' is named by --positive and --labels"),
        ({"labels": ("a", "b"), "positive": ("c",)}, "leave it out, or leave --positive"),
        ({"labels": ("a", "b"), "drop": ("b",)}, "'b' is named by --drop and --labels"),
        ({"labels": tuple(map(str, range(1025)))}, "names 1,025 of them"),
    ],
)
def test_labels_that_cannot_be(options, message):
    """Told before a file is opened."""
    with pytest.raises(UsageError, match=re.escape(message)):
        _ = DataOptions(**options).label_rule


def test_left_out_values_leave_others(tmp_path):
    """`--drop` alone: what is left is two labels, or more, or positive and negative."""
    path = write(tmp_path / "a.csv", {"1": 3, "0": 4, "9": 5, "8": 5})
    assert load_split(path, "train", DataOptions(drop=("9",))).classes == ("0", "1", "8")
    assert load_split(path, "train", DataOptions(drop=("9", "0"))).classes == ("1", "8")
    plain = load_split(path, "train", DataOptions(drop=("9", "8")))
    assert (plain.classes, plain.counts.tolist()) == (("negative", "positive"), [4, 3])


def test_labels_of_a_model(tmp_path):
    """They are found by their names; a test need not have each, and has no other."""
    fee = model_of("Fee", "card", "top up")
    path = write(tmp_path / "a.csv", {"card": 2, "fee": 1})
    examples = load_split(path, "test", contract=fee)
    assert examples.classes == fee.labels
    assert examples.labels.tolist() == [1, 1, 0]
    assert examples.decision == "largest"
    other = write(tmp_path / "b.csv", {"card": 2, "fraud": 3})
    with pytest.raises(
        DataError,
        match=r"holds fraud \(3\), for which the model has no label; the labels are Fee, card, top "
        r"up: .*--drop fraud",
    ):
        load_split(other, "test", contract=fee)
    assert len(load_split(other, "test", DataOptions(drop=("fraud",)), contract=fee)) == 2
    with pytest.raises(UsageError, match=r"the model has 3 labels of its own, Fee, card, top up;"):
        load_split(other, "test", DataOptions(positive=("fraud",)), contract=fee)
    mail = model_of("ham", "spam")
    assert load_split(write(tmp_path / "c.csv", {"spam": 2, "ham": 1}), "test", contract=mail
                      ).labels.tolist() == [1, 1, 0]  # fmt: skip
    plain = load_split(write(tmp_path / "d.csv", {"1": 2, "0": 1}), "test", contract=mail)
    assert plain.labels.tolist() == [1, 1, 0]
    with pytest.raises(DataError, match=r"holds eggs \(1\), spam \(2\); say which is which"):
        load_split(write(tmp_path / "e.csv", {"spam": 2, "eggs": 1}), "test", contract=mail)


def test_a_split_to_learn_from_has_every_label(tmp_path):
    """A test or validation split need not."""
    path = tmp_path / "a.csv"
    rows = [("train", "a"), ("train", "b"), ("train", "c"), ("dev", "a"), ("test", "b")]
    path.write_text("text,label,split\n" + "".join(f"t{i},{v},{s}\n" for i, (s, v) in
                                                   enumerate(rows)))  # fmt: skip
    splits = load_splits(path)
    assert splits.validation.labels.tolist() == [0]
    assert splits.test.labels.tolist() == [1]
    assert splits.test.classes == splits.validation.classes == ("a", "b", "c")
    path.write_text(path.read_text().replace("t1,b,train", "t1,b,test"))
    with pytest.raises(DataError, match="split 'train', has no example of label b; each label"):
        load_splits(path)


def test_options_in_a_config():
    """They are read back as they were, and old configs stay as they are."""
    options = DataOptions(labels=("Fee", "card"), label_columns=("a",), label_separator=";",
                          labels_from="stars", drop=("x",))  # fmt: skip
    assert DataOptions.from_json({**options.to_json(), "labels": {"Fee": {"fee": 3}}}) == options
    assert not {"labels", "label_names", "label_columns"} & DataOptions().to_json().keys()
    given = reading_values({"labels": ["Fee", 5.0], "label_columns": "a"},
                           ("labels", "label_columns"))  # fmt: skip
    assert given == {"labels": ("Fee", "5"), "label_columns": ("a",)}


@pytest.mark.parametrize(
    ("value", "name"),
    [(" Top\n up ", "Top up"), (4.0, "4"), (4.5, "4.5"), ("4.0", "4.0"), ("__LABEL__Fee", "Fee"),
     (True, "True"), (3, "3")],
)  # fmt: skip
def test_a_name_as_it_is_spelled(value, name):
    """In one line, and without fastText's prefix; it folds to what the value does."""
    assert spelled(value) == name
    assert fold(name) == fold(value)


def test_the_order_of_values():
    """Numbers first; numbers inside of names count, however long they are."""
    names = ["b", "a10", "a9", "9" * 40, "5", "-1", "5 stars", "a", "a 1/2", "a1b2"]
    assert ordered(names) == ["-1", "5", "5 stars", "9" * 40, "a", "a1b2", "a9", "a10", "a 1/2",
                              "b"]  # fmt: skip
    assert parse_values(["A, b"]) == ("a", "b")
