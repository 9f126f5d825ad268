"""Files as people have them: what is read of each without an option, or what is asked for."""

from pathlib import Path

import pytest

from edgernn.data import DataOptions, load_splits
from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.training.coverage import check_letters

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "data"

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="needs ../shared/cases/data, which is not part of the project"
)


def read(name, **options):
    """Return the splits of a case, and what was said."""
    said = []
    splits = load_splits(CASES / name, DataOptions(**options), say=said.append)
    return splits, [line.replace(f"{CASES / name}", name) for line in said]


@pytest.mark.parametrize(
    ("name", "line", "rows"),
    [
        ("train/yesno.csv", "label: yes (1,500) = positive; no (1,500) = negative", 3000),
        ("train/plusminus.csv", "label: 1 (1,500) = positive; -1 (1,500) = negative", 3000),
        ("train/ft12.csv", "label: 2 (1,500) = positive; 1 (1,500) = negative", 3000),
        ("train/s140.csv", "target: 4 (1,500) = positive; 0 (1,500) = negative", 3000),
        ("train/ft.txt", "label: 2 (1,500) = positive; 1 (1,500) = negative", 3000),
        ("train/imb.csv", "label: 1 (1,400) = positive; 0 (74) = negative", 1474),
        ("train/tiny10.csv", "label: 1 (5) = positive; 0 (5) = negative", 10),
        ("train/dirty.csv", "label: 1 (1,488) = positive; 0 (1,482) = negative", 2970),
        ("train/split_val.csv", "label: 1 (1,500) = positive; 0 (1,500) = negative", 2000),
    ],
)
def test_what_is_read_as_it_is(name, line, rows):
    """The labels' meaning is said, and no option is needed."""
    splits, said = read(name)
    assert said[-1] == line
    assert len(splits.train) == rows
    check_letters(RECIPES["flagship"].text, splits.train.texts, name)


def test_bad_rows_and_splits():
    """The empty rows are named; a validation split is one."""
    _, said = read("train/dirty.csv")
    assert said[0] == (
        "train/dirty.csv: 30 of 3,000 rows left out: the text is empty "
        "(rows 1, 101, 201, 301, 401 and 25 more)"
    )
    splits, said = read("train/split_val.csv")
    assert len(said) == 1
    assert (len(splits.validation), len(splits.test)) == (400, 600)


@pytest.mark.parametrize(
    ("name", "labels", "proposed", "settled"),
    [
        ("train/three.csv", "3 labels: negative (985), neutral (700), positive (1,015)",
         "--positive positive --negative negative --drop neutral",
         {"positive": ("positive",), "negative": ("negative",), "drop": ("neutral",)}),
        ("train/stars.csv", "4 labels: 1 (", "--positive 4,5 --negative 1,2",
         {"positive": ("4", "5"), "negative": ("1", "2")}),
        ("train/five.csv", "5 labels: 1 (", "--positive 4,5 --negative 1,2 --drop 3",
         {"positive": ("4", "5"), "negative": ("1", "2"), "drop": ("3",)}),
        ("amazon.jsonl", "4 labels: 1 (", "--positive 4,5 --negative 1 --drop 3",
         {"positive": ("4", "5"), "negative": ("1",), "drop": ("3",)}),
    ],
)  # fmt: skip
def test_more_than_two_labels(name, labels, proposed, settled):
    """All are read; the line proposes options with which they are two."""
    every, said = read(name)
    (line,) = (line for line in said if f": {labels}" in line)
    assert line.endswith(f"; for two of them: {proposed}")
    two, _ = read(name, **settled)
    assert 3 < len(two.train) <= len(every.train)
    assert two.train.decision == "threshold"


def test_sentiment140():
    """No header: columns by their numbers."""
    splits, said = read("s140.csv", header=False, text_column="6", label_column="1")
    assert said[-1].startswith("1: 4 (")
    assert splits.train.texts[0].startswith("@x This product")


@pytest.mark.parametrize("name", ["de", "zh", "ar", "emoji_only"])
def test_other_languages(name):
    """The default recipe names the cause; one of subwords reads them all."""
    texts = read(f"train/{name}.csv")[0].train.texts
    with pytest.raises(DataError, match=r"--recipe subword-bilstm reads all letters$"):
        check_letters(RECIPES["flagship"].text, texts, name)
    check_letters(RECIPES["subword-bilstm"].text, texts, name)
