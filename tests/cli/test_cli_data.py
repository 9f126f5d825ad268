"""Options of labelled files: how the commands read them, and what is told before TensorFlow."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from edgernn.cli import data_options
from edgernn.cli.main import app
from edgernn.data import DataOptions
from edgernn.errors import UsageError

COMMANDS = """
import json, sys
from edgernn.cli.main import app
from edgernn.errors import EdgernnError

found = []
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments, standalone_mode=False)
    except EdgernnError as error:
        found.append(str(error))
heavy = {"tensorflow", "keras", "tensorflow_datasets", "tf2onnx"} & set(sys.modules)
print(json.dumps([found, sorted(heavy)]))
"""


@pytest.fixture
def stars(tmp_path):
    """A file with five labels."""
    path = tmp_path / "stars.csv"
    path.write_text("text,stars\n" + "".join(f"text {i},{i % 5 + 1}\n" for i in range(20)))
    return path


def test_wrong_data_is_told_before_tensorflow(tmp_path):
    """Loading TensorFlow takes seconds, which a wrong name of a column does not need."""
    path = tmp_path / "slips.csv"
    labels = ["0", "1"] * 60 + ["x"]
    path.write_text("text,label\n" + "".join(f"text {i},{v}\n" for i, v in enumerate(labels)))
    data = ["--data", str(path)]
    missing = ["--data", str(tmp_path / "none.csv")]
    column = ["--text-column", "nope"]
    output = ["--output", str(tmp_path / "new")]
    commands = [
        *(["train", *some, *output] for some in (data, missing, [*data, *column])),
        *(["choose", *some, *output] for some in (data, missing, [*data, *column])),
        *(["evaluate", *some] for some in (data, missing, [*data, *column])),
        *(["verify", *some] for some in (data, missing, [*data, *column])),
        *(["export", "--format", "all", *some] for some in (data, missing)),
        ["train", *data, *output, "--positive", "4,5", "--negative", "1,4"],
        ["train", *data, *output, "--positive", "*", "--negative", "1", "--test-fraction", "2"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
    )
    errors, heavy = json.loads(done.stdout)
    assert heavy == []
    assert len(errors) == len(commands)
    for error, command in zip(errors, commands, strict=True):
        assert re.search(
            "slips.csv: column 'label' holds|does not exist|has no column 'nope'|"
            "not the data that the run|'4' is named by|fraction must be",
            error,
        ), (command, error)
    assert not (tmp_path / "new").exists()


@pytest.fixture
def asked(monkeypatch):
    """Collects how `edgernn evaluate` would read its data."""
    found = []

    def keep(options, as_json):
        found.append(options.reading)

    monkeypatch.setattr("edgernn.cli.evaluate.run_evaluation", keep)
    return found


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("", {}),
        ("--positive 4,5 --negative 1,2 --drop 3", {
            "positive": ("4", "5"), "negative": ("1", "2"), "drop": ("3",)
        }),
        ("--positive 1 --negative -1", {"positive": ("1",), "negative": ("-1",)}),
        ("--positive a --positive 'b c' --drop '*'", {"positive": ("a", "b c"), "drop": ("*",)}),
        ("--format csv --encoding cp1252 --delimiter ';' --quoting none --no-header", {
            "format": "csv", "encoding": "cp1252", "delimiter": ";", "quoting": "none",
            "header": False,
        }),
        ("--sheet 2 --text-column 1 --label-column 3 --strict", {
            "sheet": "2", "text_column": "1", "label_column": "3", "strict": True
        }),
    ],
)  # fmt: skip
def test_options_of_the_command_line(arguments, options, asked):
    """Values are separated by commas or given one by one; a minus sign is no option."""
    app(["evaluate", "--data", "x.csv", *shlex.split(arguments)], standalone_mode=False)
    assert asked == [DataOptions(**options)]


def test_the_proposal_is_what_the_command_takes(stars, asked, capsys):
    """A person who pastes the options of the line gets the two labels that it is about."""
    from edgernn.data import load_split

    said = []
    load_split(stars, "train", say=said.append)
    options = re.search("for two of them: (.*)$", said[0])[1]
    app(["evaluate", "--data", str(stars), *shlex.split(options)], standalone_mode=False)
    assert len(load_split(stars, "train", asked[0])) == 16


def test_a_value_named_twice():
    """It is told before any file is opened."""
    with pytest.raises(UsageError, match="'3' is named by --positive and --drop"):
        data_options.data_options(positive=["3"], drop=["2,3"])
