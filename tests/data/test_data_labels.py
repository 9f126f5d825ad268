"""What the values of a label column mean, and the options that say so."""

import csv
import re
import shlex
from decimal import Decimal

import pytest

from edgernn.data import DataOptions, load_split
from edgernn.data.label_numbers import count_in, plain_commas
from edgernn.data.label_options import parse_values
from edgernn.data.label_spelling import fold
from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract

TWO = TextContract(vocabulary_sha256="ab" * 32, vocabulary_size=9, max_length=9, cut="end")
"""Of a model of a negative and a positive label, for which other labels must be made two."""


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
    "commas": {"yes, please": 4, "it's not, thanks": 3},
    "stars as words": {"very good": 4, "good": 5, "bad": 3, "so so": 1},
    "letters": {"t": 4, "n": 5},
    "star": {"*": 3, "**": 4, "***": 2},
    "star words": {"1 star": 5, "2 stars": 6, "3 stars": 5, "4 stars": 9, "5 stars": 12},
    "sterne": {f"{n} sterne": 9 - n for n in range(1, 6)},
    "signs of stars": {"\u2605" * n + "\u2606" * (5 - n): n for n in range(1, 6)},
    "emoji": {"\u2b50\ufe0f" * n: n for n in range(1, 6)},
    "of five": {f"{n}/5": 9 - n for n in range(1, 6)},
    "comma": {f"{n},0": 9 - n for n in range(1, 6)},
    "half with comma": {"1,5": 2, "2,0": 1, "3,0": 1, "4,5": 3},
    "comma here and there": {"1": 2, "2,5": 3, "3": 1, "4,5": 4, "5": 1},
    "stars and a word": {"1 star": 5, "2 stars": 6, "4 stars": 9, "5 stars": 12, "none yet": 3},
    "off the scale": {"0": 1, "1": 40, "2": 30, "3": 29, "4": 57, "5": 138, "7": 1, "55": 1},
    "both": {"5": 3, "5 stars": 4, "1 star": 3, "1": 2},
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_a_proposal_works(case, tmp_path):
    """What is not plain is listed with counts in a line, and the options in it settle the file."""
    counts = NOT_PLAIN[case]
    path = write(tmp_path / "a.csv", counts)
    with pytest.raises(DataError) as caught:
        load_split(path, "train", contract=TWO)
    message = str(caught.value)
    assert "\n" not in message
    for value in sorted(counts)[:3]:
        assert f"({counts[value]})" in message
        assert plain_commas(counts).get(value, value) in message
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
        ("star words", "--positive '4 stars,5 stars' --negative '1 star,2 stars' --drop '3 stars'"),
        (
            "sterne",
            "--positive '4 sterne,5 sterne' --negative '1 sterne,2 sterne' --drop '3 sterne'",
        ),
        ("of five", "--positive 4/5,5/5 --negative 1/5,2/5 --drop 3/5"),
        ("comma", "--positive 4,5 --negative 1,2 --drop 3"),
        ("half with comma", "--positive 4.5 --negative 1.5,2 --drop 3"),
        ("comma here and there", "--positive '\"4,5\",5' --negative '1,\"2,5\"' --drop 3"),
        ("off the scale", "--positive 4,5 --negative 1,2 --drop 3,0,7,55"),
        ("both", "--positive '5,5 stars' --negative '1,1 star'"),
    ],
)
def test_what_is_proposed(case, options, tmp_path):
    """Numbers are divided in the middle, slips left out, two unknown names put to the choice."""
    with pytest.raises(DataError) as caught:
        load_split(write(tmp_path / "a.csv", NOT_PLAIN[case]), "train", contract=TWO)
    assert re.search(f": {re.escape(options)}(,|$)", str(caught.value))
    assert ("the other way round" in str(caught.value)) == (case == "names")


@pytest.mark.parametrize(
    ("counts", "options", "proposed"),
    [
        (
            {"excellent": 9, "good": 7, "fair": 5, "poor": 2},
            {},
            "--positive VALUES --negative VALUES --drop VALUES",
        ),
        (
            {f"intent {i}": 30 - i for i in range(30)},
            {},
            "--positive VALUES --negative VALUES --drop '*'",
        ),
        (
            {"excellent": 9, "good": 7, "fair": 5, "poor": 2},
            {"positive": ("good", "excellent")},
            "--positive good,excellent --negative VALUES --drop VALUES",
        ),
    ],
)
def test_nothing_is_proposed(counts, options, proposed, tmp_path):
    """How often a word stands in a column does not tell which end of a scale it is at."""
    with pytest.raises(DataError) as caught:
        load_split(write(tmp_path / "a.csv", counts), "train", DataOptions(**options), contract=TWO)
    assert f": {proposed}, where each VALUES stands for some of these" in str(caught.value)


def test_decimal_commas(tmp_path):
    """5,0 is 5 where all of a column says so, by either name; a list of numbers is none."""
    path = write(tmp_path / "a.csv", {"1,0": 2, "3,0": 1, "5,0": 3})
    for values in ("5", "5.0", '"5,0"'):
        options = DataOptions(
            positive=parse_values([values]), negative=parse_values(["1.0"]), drop=("3",)
        )
        assert load_split(path, "train", options).labels.tolist() == [0, 0, 1, 1, 1]
    assert load_split(write(tmp_path / "b.csv", {"0,0": 2, "1,0": 3}), "train").labels.sum() == 3
    with pytest.raises(DataError, match=r"""--positive '"2,3"' --negative '"1,2"'"""):
        load_split(write(tmp_path / "c.csv", {"1,2": 2, "2,3": 3}), "train", contract=TWO)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("5", "5"),
        ("-1.5", "-1.5"),
        ("4,5", "4.5"),
        ("5 \u00e9toiles", "5"),
        ("5-star", "5"),
        ("1 - very bad", "1"),
        ("10/10", "10"),
        ("\u2605\u2605\u2606", "2"),
        ("2024-01-01", None),
        ("1/2/2024", None),
        ("1-2", None),
        ("great", None),
        ("", None),
    ],
)
def test_a_number_in_a_value(value, count):
    """A number in front, or stars; a date or a range is none."""
    assert count_in(value) == (None if count is None else Decimal(count))


def test_options_in_the_order_given(tmp_path):
    """An error says them as they were typed."""
    path = write(tmp_path / "a.csv", NOT_PLAIN["five"])
    with pytest.raises(DataError, match=r"beside --positive 5,4; .*--positive 5,4 --negative 1,2 "):
        load_split(path, "train", DataOptions(positive=("5", "4")))


def test_options_that_name_nothing(tmp_path):
    """The values that there are are listed."""
    path = write(tmp_path / "a.csv", {"good": 3, "bad": 2})
    with pytest.raises(DataError, match=r"bad \(2\), good \(3\): --positive pos .* none of them"):
        load_split(path, "train", DataOptions(positive=("pos",), negative=("*",)))
    with pytest.raises(DataError, match="with --positive good,bad all positive; both labels"):
        load_split(path, "train", DataOptions(positive=("good", "bad")))


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
        load_split(path, "train", DataOptions(**options), contract=TWO)
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
        load_split(path, "train", contract=TWO)


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
