"""Texts of a number of tokens, and the reviews that are scored together."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import pytest

from edgernn.bench.reviews import read_reviews
from edgernn.bench.texts import SENTENCES, generated_reviews, text_of_tokens
from edgernn.bundle import read_model_file
from edgernn.data import DataOptions
from edgernn.errors import DataError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text import TextEncoder


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return read_model_file(SHIPPED_MODEL).bundle.encoder


@pytest.mark.parametrize("tokens", [1, 2, 10, 50, 200, 400])
def test_shortest_beginning(encoder: TextEncoder, tokens: int) -> None:
    """It has so many tokens, and without its last word too few."""
    text = text_of_tokens(encoder, tokens)
    assert text is not None
    (count,) = encoder.token_counts([text])
    assert tokens <= count <= tokens + 5
    assert len(encoder.encode(text)) >= tokens
    assert encoder.token_counts([text.rpartition(" ")[0]])[0] < tokens
    assert (" ".join(SENTENCES * 9)).startswith(text)


def test_longer_than_the_model_reads(encoder: TextEncoder) -> None:
    """There is none where the contract cuts."""
    longest = encoder.contract.max_length
    assert text_of_tokens(encoder, longest) is not None
    assert text_of_tokens(encoder, longest + 1) is None


def test_generated() -> None:
    """Always the same, more of them begin alike, and as long as reviews are."""
    texts = generated_reviews(600)
    assert texts[:50] == generated_reviews(50)
    assert len(set(texts)) == 600
    counts = [len(text.split()) for text in texts]
    assert 150 < statistics.median(counts) < 200
    assert min(counts) >= 10


def write(path: Path, *rows: tuple[str, ...]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


LABELLED = [(f"film {i}", ("neg", "pos")[i % 2]) for i in range(8)]


def test_labels(tmp_path: Path) -> None:
    """A file with labels gives as many of each class, with the labels."""
    path = write(tmp_path / "a.csv", ("text", "label"), *LABELLED)
    found = read_reviews(path, 4)
    assert found.labels is not None
    assert list(found.texts) == ["film 0", "film 1", "film 2", "film 3"]
    assert found.labels.tolist() == [False, True, False, True]
    assert found.name == "a.csv"
    assert found.examples is not None
    assert found.examples.labels.tolist() == [0, 1, 0, 1]


def test_named_columns(tmp_path: Path) -> None:
    """Columns may be named; a column of labels that is named must be there."""
    path = write(tmp_path / "a.csv", ("words", "mood"), *LABELLED)
    found = read_reviews(path, 100, DataOptions(text_column="words", label_column="mood"))
    assert found.labels is not None
    assert len(found.texts) == 8
    assert read_reviews(path, 100, DataOptions(text_column="words")).labels is None
    with pytest.raises(DataError, match="no column 'label'"):
        read_reviews(path, 100, DataOptions(text_column="words", label_column="label"))


def test_without_labels(tmp_path: Path) -> None:
    """The first texts of the file; empty ones are counted and left out."""
    path = tmp_path / "a.txt"
    path.write_text("one\n\n  \ntwo\nthree\n", "utf-8")
    found = read_reviews(str(path), 2)
    assert (list(found.texts), found.labels, found.left_out) == (["one", "two"], None, 2)
    assert len(read_reviews(str(path), 100).texts) == 3


def test_no_such_data(tmp_path: Path) -> None:
    """A file that is missing, has no text, or is of no known format."""
    (tmp_path / "empty.jsonl").write_text('{"text": " "}\n', "utf-8")
    with pytest.raises(DataError, match="has no text"):
        read_reviews(str(tmp_path / "empty.jsonl"), 10)
    with pytest.raises(DataError, match=r"x\.csv"):
        read_reviews(str(tmp_path / "x.csv"), 10)
    (tmp_path / "x.doc").write_text("x", "utf-8")
    with pytest.raises(DataError, match="known format"):
        read_reviews(str(tmp_path / "x.doc"), 10)
