"""What the values of a label column mean, and the options that say so."""

import csv
import re
import shlex

import pytest

from edgernn.errors import DataError, UsageError
from edgernn.training.data import DataOptions, load_split
from edgernn.training.data.label_values import fold, parse_values


def write(path, counts):
    """Write a file with so many rows of each label."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        rows.writerows((f"text {v} {i}", v) for v, n in counts.items() for i in range(n))
    return path


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        (" Positive ", "positive"),
        ("1.0", "1"),
        (1.0, "1"),
        (1, "1"),
        (True, "true"),
        ("+1", "1"),
        ("-1.00", "-1"),
        ("\u22121", "-1"),
        ("-0.0", "0"),
        ("100", "100"),
        ("4.50", "4.5"),
        ("007", "7"),
        ("1_0", "1_0"),
        ("\u0661", "\u0661"),
        ("__label__2", "2"),
        ("__LABEL__Pos", "pos"),
        (None, ""),
        (float("nan"), "nan"),
        ("1" * 30, "1" * 30),
    ],
)
def test_equal_values_are_one(value, folded):
    """Case, white space, fastText's prefix and a point without use do not tell values apart."""
    assert fold(value) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        ("0", "1"),
        ("1", "2"),
        ("-1", "1"),
        ("-1.0", "+1.0"),
        ("0", "4"),
        ("no", "YES"),
        ("neg", "pos"),
        ("Negative", "Positive"),
        ("FALSE", "TRUE"),
        ("bad", "good"),
        ("nein", "ja"),
        ("N\u00e9gatif", "Positif"),
        ("n", "y"),
        ("__label__1", "__label__2"),
        ("__label__neg", "__label__pos"),
    ],
)
def test_plain_pairs(negative, positive, tmp_path):
    """What a value means is told by the other one: a 1 is positive beside 0, negative beside 2."""
    said = []
    path = write(tmp_path / "a.csv", {positive: 3, negative: 2})
    examples = load_split(path, "train", say=said.append)
    assert examples.labels.tolist() == [1, 1, 1, 0, 0]
    assert examples.reading.labels == {
        "positive": {fold(positive): 3},
        "negative": {fold(negative): 2},
    }
    expected = f"label: {fold(positive)} (3) = positive; {fold(negative)} (2) = negative"
    assert said == ([] if fold(positive) in ("positive", "pos") else [expected])


NOT_PLAIN = {
    "three": {"negative": 9, "neutral": 7, "positive": 8},
    "stars": {"1": 3, "2": 3, "4": 3, "5": 3},
    "five": {"1": 2, "2": 2, "3": 2, "4": 2, "5": 2},
    "halves": {"0.5": 2, "4.5": 2},
    "some stars": {"1": 2, "3": 1, "4": 1, "5": 1},
    "high stars": {"3": 1, "4": 2, "5": 1},
    "of ten": {"1": 2, "4": 1, "5": 3, "7": 1, "10": 4},
    "signs": {"-2": 2, "-1": 3, "2": 4},
    "three numbers": {"0": 2, "2": 2, "4": 2},
    "minus": {"-1": 4, "0": 4, "1": 4},
    "ends": {"1": 4, "5": 4},
    "slips": {"0": 100, "1": 120, "2": 1, "x": 1},
    "typo": {"positive": 80, "negative": 80, "postive": 1},
    "names": {"ham": 5, "spam": 3},
    "commas": {"yes, please": 4, "no, thanks": 3, "it's so": 2},
    "intents": {f"intent {i}": 30 - i for i in range(30)},
    "stars as words": {"very good": 4, "good": 5, "bad": 3, "so so": 1},
    "letters": {"t": 4, "n": 5},
    "star": {"*": 3, "**": 4, "***": 2},
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_a_proposal_works(case, tmp_path):
    """What is not plain is listed with counts in a line, and the options in it settle the file."""
    counts = NOT_PLAIN[case]
    path = write(tmp_path / "a.csv", counts)
    with pytest.raises(DataError) as caught:
        load_split(path, "train")
    message = str(caught.value)
    assert "\n" not in message
    for value in sorted(counts)[:3]:
        assert f"({counts[value]})" in message
        assert value in message
    examples = load_split(path, "train", proposed(message))
    kept = sum(counts.values()) - examples.reading.labels.get("left out", {}).get("rows", 0)
    assert len(examples) == kept
    assert set(examples.labels.tolist()) == {0, 1}


def proposed(message):
    """Return the options that a message proposes, as a shell and the command read them."""
    options = re.search(
        r"(?:example|which): (--.*?)(?:, or the other|, or name another|$)", message
    )
    words = shlex.split(options[1])
    assert len(words) % 2 == 0
    return DataOptions(
        **{
            name.removeprefix("--"): parse_values([value])
            for name, value in zip(words[::2], words[1::2], strict=True)
        }
    )


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("three", "--positive positive --negative negative --drop neutral"),
        ("stars", "--positive 4,5 --negative 1,2"),
        ("five", "--positive 4,5 --negative 1,2 --drop 3"),
        ("some stars", "--positive 4,5 --negative 1 --drop 3"),
        ("high stars", "--positive 5 --negative 3 --drop 4"),
        ("of ten", "--positive 7,10 --negative 1,4 --drop 5"),
        ("signs", "--positive 2 --negative -2,-1"),
        ("three numbers", "--positive 4 --negative 0 --drop 2"),
        ("minus", "--positive 1 --negative -1 --drop 0"),
        ("slips", "--drop 2,x"),
        ("typo", "--drop postive"),
        ("names", "--positive spam --negative ham"),
        ("intents", "--positive 'intent 1' --negative 'intent 0' --drop '*'"),
    ],
)
def test_what_is_proposed(case, options, tmp_path):
    """Numbers are divided in the middle, slips left out, two unknown names put to the choice."""
    with pytest.raises(DataError) as caught:
        load_split(write(tmp_path / "a.csv", NOT_PLAIN[case]), "train")
    assert re.search(f": {re.escape(options)}(,|$)", str(caught.value))
    assert ("the other way round" in str(caught.value)) == (case == "names")


def test_options_win(tmp_path):
    """What is said holds against what would be plain, and is said again with the counts."""
    said = []
    path = write(tmp_path / "a.csv", {"0": 3, "1": 2, "2": 4})
    options = DataOptions(positive=("0",), negative=("2",), drop=("1",))
    examples = load_split(path, "train", options, say=said.append)
    assert examples.labels.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert said == ["label: 0 (3) = positive; 2 (4) = negative; 1 (2) = left out"]
    assert examples.reading.labels["left out"] == {"rows": 2}
    assert examples.rows.tolist() == [1, 2, 3, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("options", "options_proposed"),
    [
        ({"positive": ("4", "5")}, "--positive 4,5 --negative 1,2 --drop 3"),
        ({"negative": ("1",)}, "--positive 5 --negative 1 --drop 2,3,4"),
        ({"positive": ("5",), "negative": ("1", "2")}, "--positive 5 --negative 1,2 --drop 3,4"),
        ({"drop": ("3",)}, "--positive 4,5 --negative 1,2 --drop 3"),
    ],
)
def test_what_is_left_open_is_asked_for(options, options_proposed, tmp_path):
    """A proposal keeps what was said already."""
    path = write(tmp_path / "a.csv", NOT_PLAIN["five"])
    with pytest.raises(DataError) as caught:
        load_split(path, "train", DataOptions(**options))
    assert str(caught.value).endswith(f"for example: {options_proposed}")
    load_split(path, "train", proposed(str(caught.value)))


def test_the_rest(tmp_path):
    """A star takes what no option names; rows without a label are bad all the same."""
    path = write(tmp_path / "a.csv", {"spam": 3, "ham": 2, "eggs": 2, "": 1})
    examples = load_split(path, "train", DataOptions(positive=("spam",), negative=("*",)))
    assert examples.labels.tolist() == [1, 1, 1, 0, 0, 0, 0]
    examples = load_split(
        path, "train", DataOptions(positive=("spam",), negative=("ham",), drop=("*",))
    )
    assert examples.labels.tolist() == [1, 1, 1, 0, 0]


def test_a_label_that_looks_absent(tmp_path):
    """`none` is a missing label, unless it is named."""
    path = write(tmp_path / "a.csv", {"none": 3, "some": 4, "0": 1, "1": 2})
    options = DataOptions(positive=("some",), negative=("none",), drop=("0", "1"))
    assert load_split(path, "train", options).labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    with pytest.raises(DataError, match=r"some \(4\)"):
        load_split(path, "train")


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (["4,5"], ("4", "5")),
        (["4", "5.0, 4"], ("4", "5")),
        (['"a,b", C'], ("a,b", "c")),
        (["-1"], ("-1",)),
        ([], ()),
        (["*"], ("*",)),
    ],
)
def test_values_of_an_option(given, values):
    """They are separated by commas, quoted where they hold one, or given one by one."""
    assert parse_values(given) == values


@pytest.mark.parametrize("given", ["", " , ", '"'])
def test_an_option_without_a_value(given):
    """It is not taken for an option that was not given."""
    with pytest.raises(UsageError, match="names no value of a label"):
        parse_values([given])


def test_a_value_is_named_once():
    """Who names it for two sides is told which."""
    with pytest.raises(UsageError, match="the label '3' is named by --negative and --drop"):
        _ = DataOptions(negative=("3", "2"), drop=("3",)).label_rule


def test_one_value_alone(tmp_path):
    """There is nothing to tell apart."""
    with pytest.raises(DataError, match=r"holds 5 \(3\) alone; two labels are needed"):
        load_split(write(tmp_path / "a.csv", {"5": 3}), "train")
