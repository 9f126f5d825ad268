"""Dividing a file for a test: by seed, by group, with what is alike on one side."""

import csv
import dataclasses
import json
import os
import re

import numpy as np
import pytest

from edgernn.data import (
    DataOptions,
    Examples,
    describe,
    load_split,
    load_splits,
    validation_split,
)
from edgernn.data.groups import alike, group
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.options import DEFAULTS
from edgernn.errors import DataError, ModelFileError, UsageError
from edgernn.text import TextContract
from edgernn.training.run_data import (
    as_started,
    check_data,
    measured_split,
    options_of,
    run_splits,
    validation_examples,
)

FIT = {
    "validation": "held out",
    "validation_fraction": 0.25,
    "whole_groups": False,
    "validation_limit": None,
}


def write(path, rows, header=("text", "label", "product")):
    """Write a CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    """200 reviews of 40 products; every tenth text is a copy of the one before but for its look."""
    rows = [
        [f"Text number {i}." if i % 10 else f" text NUMBER {i - 1}<br />", i % 2, f"p{i * 7 % 40}"]
        for i in range(1, 201)
    ]
    return write(tmp_path / "reviews.csv", rows)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Great film", " great\n FILM! ", True),
        ("a<br />b", "A b", True),
        ("\uff27reat", "great", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("great film", "great films", False),
        ("\U0001f600", "\U0001f621", False),
        ("\U0001f600", " \U0001f600 ", True),
        ("10", "1 0", False),
    ],
)
def test_alike(one, other, same):
    """What a model can hardly tell apart is alike; signs count where there is nothing else."""
    assert (alike(one) == alike(other)) == same


def test_groups_are_joined():
    """By text or by name, over several steps; an empty name is no group."""
    texts = ["a", "b", "A!", "c", "d", "e"]
    assert group(texts).tolist() == [0, 1, 0, 3, 4, 5]
    assert group(texts, ["x", "y", "z", "z", "", ""]).tolist() == [0, 1, 0, 0, 4, 5]
    assert group(["a", "b"]) is None
    assert group(["a", "b"], ["", ""]) is None


@pytest.mark.parametrize("column", [None, "product"])
def test_a_test_is_kept_out(reviews, column):
    """A fifth of each class, by seed; no text alike, and no group that was named, on two sides."""
    options = DataOptions(group_column=column)
    splits = load_splits(reviews, options, test_fraction=0.2, seed=3)
    assert len(splits.train) + len(splits.test) == 200
    assert not set(splits.train.rows.tolist()) & set(splits.test.rows.tolist())
    held = np.bincount(splits.test.labels)
    assert held.tolist() == [20, 20] if column is None else all(12 <= n <= 20 for n in held)
    assert not {alike(t) for t in splits.train.texts} & {alike(t) for t in splits.test.texts}
    products = [[i * 7 % 40 for i in part.rows.tolist()] for part in (splits.train, splits.test)]
    assert bool(set(products[0]) & set(products[1])) == (column is None)
    again = load_splits(reviews, options, test_fraction=0.2, seed=3)
    assert again.test.texts == splits.test.texts
    other = load_splits(reviews, options, test_fraction=0.2, seed=4)
    assert other.test.texts != splits.test.texts


def test_validation_keeps_groups_too(reviews):
    """What is held out while training shares nothing with what is trained on, or with the test."""
    splits = load_splits(reviews, DataOptions(group_column="product"), test_fraction=0.2)
    examples, kept, held = validation_split(splits, 0.25, 1, whole_groups=False)
    assert len(kept) + len(held) + len(splits.test) == 200
    sides = [
        {i * 7 % 40 for i in part.rows.tolist()}
        for part in (examples.at(kept), examples.at(held), splits.test)
    ]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]


def test_few_large_groups(tmp_path):
    """Where each is more than the share, the one that comes nearest is kept out."""
    rows = [
        (f"text {i}", i % 2, name)
        for name, size in (("a", 40), ("b", 30), ("c", 60))
        for i in range(size)
    ]
    rows = [(f"{text} {name}", label, name) for text, label, name in rows]
    path = write(tmp_path / "a.csv", rows)
    splits = load_splits(path, DataOptions(group_column="product"), test_fraction=0.2)
    assert {text[-1] for text in splits.test.texts} == {"b"}
    one = write(tmp_path / "one.csv", [(f"text {i}", i % 2, "a") for i in range(20)])
    with pytest.raises(
        DataError, match=r"no group of examples small enough .* at --test-fraction 0.2"
    ):
        load_splits(one, DataOptions(group_column="product"), test_fraction=0.2)


def test_a_limit_is_one_of_training(reviews):
    """It leaves the test as it is."""
    every = load_splits(reviews, test_fraction=0.2)
    some = load_splits(reviews, test_fraction=0.2, limit=10)
    assert some.test.texts == every.test.texts
    assert len(some.train) == 10
    assert set(some.train.texts) < set(every.train.texts)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, float("nan")])
def test_a_fraction_is_one(reviews, fraction):
    """More than nothing, less than all."""
    with pytest.raises(UsageError, match="the test fraction must be between 0 and 1"):
        load_splits(reviews, test_fraction=fraction)


def test_a_column_that_is_not_there(reviews):
    """The option and the columns are named."""
    with pytest.raises(DataError, match="has no column 'film'; its columns are: 'text'"):
        load_splits(reviews, DataOptions(group_column="film"))


def config_of(data, options=DEFAULTS, *, fraction=0.2, seed=1, limit=None):
    """Return what config.json of a run says, as it is read again."""
    values = {
        "seed": seed,
        "limit": limit,
        "fit": FIT,
        "data": {"source": data, **options.to_json(), "description": describe(data)},
        "splits": {"test_fraction": fraction},
    }
    return json.loads(json.dumps(values))


def test_a_run_finds_its_rows_again(reviews, tmp_path):
    """The test, validation and training texts of a run, from its config and its file alone."""
    options = DataOptions(group_column="product", positive=("1",), negative=("0",))
    config = config_of(reviews, options, seed=5)
    first = load_splits(reviews, options, test_fraction=0.2, seed=5)
    again = run_splits(config, None)
    assert (again.train.texts, again.test.texts) == (first.train.texts, first.test.texts)
    held = validation_examples(config, reviews)
    examples, _, indices = validation_split(first, 0.25, 5, whole_groups=False)
    assert held.texts == examples.at(indices).texts
    assert not {*held.texts} & {*again.test.texts}
    said = []
    measured = measured_split(config, reviews, DEFAULTS, say=said.append)
    assert measured.texts == first.test.texts
    assert said == [f"measuring the {len(measured)} rows that the run held out for a test"]
    assert len(measured_split(config, reviews, DEFAULTS, limit=4)) == 4
    # An option that changes nothing is no contradiction.
    same = DataOptions(label_column="label", text_column="text")
    assert measured_split(config, reviews, same).texts == first.test.texts
    with pytest.raises(UsageError, match=r"--positive, --negative: the run read .* otherwise"):
        measured_split(config, reviews, DataOptions(positive=("0",), negative=("1",)))


def test_other_data_is_measured_whole(reviews, tmp_path):
    """What was said about labels holds for it as well, if nothing else is said."""
    stars = [(f"text {i}", 1 + i % 5, "p") for i in range(50)]
    trained = write(tmp_path / "stars.csv", stars)
    options = DataOptions(positive=("4", "5"), negative=("1", "2"), drop=("3",))
    config = config_of(trained, options)
    other = write(tmp_path / "other.csv", stars[:25])
    assert len(measured_split(config, other, DEFAULTS)) == 20
    changed = DataOptions(positive=("5",), negative=("1",), drop=("*",))
    assert len(measured_split(config, other, changed)) == 10
    # The run's own file without a test of its own: read as in training.
    config = config_of(trained, options, fraction=None)
    assert len(measured_split(config, trained, DEFAULTS)) == 40


def test_other_data_of_other_labels(tmp_path):
    """The run's rule where it settles all labels, else what is plain; a line says which."""
    trained = write(tmp_path / "stars.csv", [(f"text {i}", 1 + i % 5, "p") for i in range(50)])
    rule = "--positive 5,4 --negative 1,2 --drop 3"
    config = config_of(trained, DataOptions(positive=("5", "4"), negative=("1", "2"), drop=("3",)))
    rest = config_of(trained, DataOptions(positive=("5",), negative=("*",)))
    two = TextContract(vocabulary_sha256="ab" * 32, vocabulary_size=9, max_length=9, cut="end")

    def measured(*labels, config=config, options=DEFAULTS):
        said = []
        path = write(tmp_path / "other.csv", [(f"text {n}", n, "p") for n in labels])
        found = measured_split(config, path, options, contract=two, say=said.append)
        return found.labels.tolist(), said[0]

    other = tmp_path / "other.csv"
    labels, said = measured(1, 4, 5)
    assert (labels, said) == ([0, 1, 1], f"{other}: its labels are read as the run's were: {rule}")
    for some in (("negative", "positive"), (0, 4), (0, 1)):
        labels, said = measured(*some)
        assert labels == [0, 1]
        assert said.startswith(f"{other}: the run's {rule} does not fit its labels")
    # The rest of stars is not the rest of anything.
    labels, said = measured("negative", "positive", config=rest)
    assert labels == [0, 1]
    assert "does not fit its labels" in said
    assert measured(1, 5, config=rest)[0] == [0, 1]
    # A 1 and a 2 alone are plain, and may be stars all the same.
    with pytest.raises(DataError, match="those options are the run's: say with --positive"):
        measured(1, 2)
    assert measured(1, 2, options=DataOptions(positive=("2",), negative=("1",)))[0] == [0, 1]
    with pytest.raises(DataError, match=f"^the run's own {rule} does not fit .*which is which: "):
        measured("ham", "spam")


def test_too_large_a_test(reviews):
    """What is left for training is little; the message has the option and the label."""
    with pytest.raises(DataError, match=r"label negative has 100 .*at --test-fraction 0.999"):
        load_splits(reviews, test_fraction=0.999)
    splits = load_splits(reviews, test_fraction=0.99)
    with pytest.raises(DataError, match=r"label negative has 1 example, .*smaller --test-fraction"):
        validation_split(splits, 0.1, 1, whole_groups=False)


def test_what_is_no_file(tmp_path):
    """A pipe is read once only; of a folder of labelled files one is to be named."""
    with pytest.raises(UsageError, match=r"^--data -: labelled data must be a file"):
        load_splits("-")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match="labelled data must be a file"):
        load_splits(tmp_path / "pipe.csv")
    months = tmp_path / "months"
    months.mkdir()
    (months / "notes.md").write_text("x")
    for month in (1, 2):
        write(months / f"{month}.csv", [("bad film", 0, "p"), ("good film", 1, "p")])
    with pytest.raises(
        DataError, match=r"holds 2 files of rows; .* such as (.*1\.csv), or"
    ) as found:
        load_splits(months)
    named = re.search("such as (.*?),", str(found.value))[1]
    assert len(load_splits(named).train) == 2


def test_runs_of_earlier_versions(reviews):
    """They have columns alone, and took each text for itself."""
    config = config_of(reviews, DataOptions(label_column="label"), fraction=None)
    old = {key: config["data"][key] for key in ("source", "description", "label_column")}
    config = {**config, "data": old | {"text_column": None}}
    del config["splits"]
    assert options_of(config) == DataOptions(label_column="label")
    splits = run_splits(config, None)
    assert splits.train.groups is None
    assert splits.test is None
    examples = load_split(reviews, "train").ungrouped()
    expected = validation_split(dataclasses.replace(splits, train=examples), 0.25, 1,
                                whole_groups=False)  # fmt: skip
    assert validation_examples(config, None).texts == examples.at(expected[2]).texts
    grouped = load_splits(reviews)
    assert grouped.train.always_whole
    assert as_started({"splits": {}}, grouped) is grouped


def test_other_data_is_refused(reviews, tmp_path):
    """A run's texts are looked for in its own data alone; a broken config says so."""
    config = config_of(reviews)
    other = write(tmp_path / "other.csv", [("a", 0, "p"), ("b", 1, "p")])
    with pytest.raises(DataError, match="not the data that the run was trained on"):
        check_data(config, other)
    with pytest.raises(ModelFileError, match=r"config\.json is broken"):
        options_of({})


def test_a_class_without_tokens():
    """Nothing can be said of one class alone; of a text here and there the rest is used."""
    examples = Examples(tuple("abcde"), np.array([0, 1, 0, 1, 0], np.int8))
    said = []
    kept = rows_with_tokens(examples, [3, 1, 0, 2, 1], "a.csv", say=said.append)
    assert kept.tolist() == [0, 1, 3, 4]
    assert said == ["a.csv: 1 of 5 rows left out: no token is left of the text (row 3)"]
    with pytest.raises(DataError, match=r"a\.csv: no positive example has a token"):
        rows_with_tokens(examples, [3, 0, 1, 0, 1], "a.csv", say=said.append)
    with pytest.raises(DataError, match=r"3 of 5 rows left out: no token .*; more than half"):
        rows_with_tokens(examples, [3, 0, 0, 0, 1], "a.csv", say=said.append)
    with pytest.raises(DataError, match=r"^a\.csv, row 2: no token is left of the text$"):
        rows_with_tokens(examples, [3, 0, 1, 0, 1], "a.csv", say=said.append, strict=True)
