"""The IMDB reviews through tensorflow_datasets."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from edgernn.data import DataOptions, describe, load_split, unlabelled_texts
from edgernn.errors import DataError, MissingPackageError, UsageError

STORED = [{"text": b"good \xc3\xa9", "label": 1}, {"text": b"bad", "label": 0}]


@pytest.fixture
def stub(monkeypatch):
    """A module in the place of tensorflow_datasets; `load` records how it is called."""
    calls = []

    def load(*args, **kwargs):
        calls.append((args, kwargs))
        return STORED

    module = SimpleNamespace(
        calls=calls, load=load, as_numpy=iter, builder=lambda name: SimpleNamespace(version="1.0.0")
    )
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
    return module


@pytest.mark.parametrize("split", ["train", "test"])
def test_examples_come_in_their_order(split, stub):
    """Bytes are decoded, labels kept, and the files are not shuffled."""
    examples = load_split(None, split)
    assert examples.texts == ("good é", "bad")
    assert examples.labels.tolist() == [1, 0]
    assert stub.calls == [(("imdb_reviews",), {"split": split, "shuffle_files": False})]


def test_unlabelled_and_description(stub):
    """The unlabelled split is asked for by its name there; the version tells the data apart."""
    assert list(unlabelled_texts(None)) == ["good é", "bad"]
    assert stub.calls[0][1]["split"] == "unsupervised"
    assert describe(None) == {
        "kind": "tensorflow_datasets",
        "name": "imdb_reviews",
        "version": "1.0.0",
    }


def test_what_it_prints_is_no_result(stub, monkeypatch, capsys):
    """Download messages go to standard error; standard output is for results."""
    load = stub.load
    monkeypatch.setattr(stub, "load", lambda *a, **k: (print("Downloading"), load(*a, **k))[1])
    load_split(None, "train")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "Downloading\n")


def test_columns_are_refused(stub):
    """There are no columns to choose from."""
    with pytest.raises(UsageError, match="leave --text-column out"):
        load_split(None, "train", DataOptions(text_column="text"))
    assert stub.calls == []


class DownloadError(Exception):
    """As that of tensorflow_datasets, of no family of exceptions."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DownloadError("Failed to get url\nwith a trace"), "Failed to get url"),
        (OSError("disk full"), "disk full"),
        (AssertionError(), "AssertionError"),
    ],
)
@pytest.mark.parametrize("step", ["load", "as_numpy"])
def test_a_failed_download_is_one_line(step, error, reason, stub):
    """Whatever is raised, the message says what to do instead, and keeps the cause."""

    def fail(*_args, **_kwargs):
        raise error

    setattr(stub, step, fail)
    with pytest.raises(DataError) as caught:
        load_split(None, "train")
    assert str(caught.value) == (
        f"the data set imdb_reviews could not be fetched ({reason}); "
        "--data PATH takes a local aclImdb_v1.tar.gz instead"
    )
    assert caught.value.__cause__ is error


def test_the_package_is_named_when_missing(monkeypatch):
    """Without tensorflow_datasets the message names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(MissingPackageError, match=r"tensorflow-datasets.*edgernn\[train\]"):
        load_split(None, "train")


def test_tensorflow_is_not_loaded_for_files():
    """Importing the package, as reading a file does, loads neither TensorFlow nor pyarrow."""
    code = "import sys, edgernn.data; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "edgernn.data" in loaded
    assert not {"tensorflow", "tensorflow_datasets", "keras", "pyarrow"} & set(loaded)


@pytest.mark.slow
def test_the_package_itself(tmp_path):
    """The real package, with made-up reviews, is called in a way that it understands."""
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=12):
        examples = load_split(None, "train")
        unlabelled = list(unlabelled_texts(None))
    assert len(examples) == len(unlabelled) == 12
    assert set(examples.labels.tolist()) == {0, 1}
    assert all(isinstance(text, str) and text for text in examples.texts)
    assert describe(None)["version"] == "1.0.0"
