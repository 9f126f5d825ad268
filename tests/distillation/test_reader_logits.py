"""The file of what a teacher that reads says: it comes back, and is refused for other texts."""

import numpy as np
import pytest

from edgernn.distillation.pieces import PIECES, negated, pieces, untold_negations
from edgernn.distillation.reader_logits import ReaderLogits, read_logits, write_logits
from edgernn.errors import DataError

TEXTS = ["The film was not bad. I liked it. It is long.", "Dull!", ""]
LOGITS = ReaderLogits(
    np.array([1.5, -2, 0], np.float32),
    np.arange(len(TEXTS) * PIECES, dtype=np.float32).reshape(-1, PIECES),
)


def test_written_and_read(tmp_path):
    """Numbers that float16 has come back as they were."""
    write_logits(tmp_path / "logits.npz", TEXTS, LOGITS)
    found = read_logits(tmp_path / "logits.npz", TEXTS)
    assert np.array_equal(found.texts, LOGITS.texts)
    assert np.array_equal(found.pieces, LOGITS.pieces)
    assert found.pieces.dtype == np.float32


@pytest.mark.parametrize("texts", [TEXTS[:2], [*TEXTS[:2], "x"], [TEXTS[1], TEXTS[0], TEXTS[2]]])
def test_other_texts(tmp_path, texts):
    """Fewer, another one, or another order."""
    write_logits(tmp_path / "logits.npz", TEXTS, LOGITS)
    with pytest.raises(DataError, match="other texts than"):
        read_logits(tmp_path / "logits.npz", texts)


def broken(**changes):
    """What a file holds, with another array in it."""
    return {
        "digest": np.array("0"),
        "texts": np.zeros(3, np.float16),
        "pieces": np.zeros((3, PIECES), np.float16),
    } | changes


@pytest.mark.parametrize(
    "arrays",
    [
        broken(texts=np.array([0, np.nan, 0])),
        broken(pieces=np.full((3, PIECES), np.inf)),
        broken(pieces=np.zeros((3, PIECES + 1))),
        broken(texts=np.zeros((3, 1))),
        broken(texts=np.array(["a", "b", "c"])),
        {"texts": np.zeros(3)},
    ],
)
def test_a_broken_file(tmp_path, arrays):
    """One line, with the name of the file."""
    np.savez(tmp_path / "logits.npz", **arrays)
    with pytest.raises(DataError, match=r"logits\.npz: is no file of a teacher's logits"):
        read_logits(tmp_path / "logits.npz", TEXTS)


def test_no_file_and_no_archive(tmp_path):
    """Said as what they are."""
    with pytest.raises(DataError, match="does not exist"):
        read_logits(tmp_path / "logits.npz", TEXTS)
    (tmp_path / "logits.npz").write_bytes(b"PK not at all")
    with pytest.raises(DataError, match="is no file of a teacher's logits"):
        read_logits(tmp_path / "logits.npz", TEXTS)


def test_pieces():
    """Crops are sentences in a row; a sentence stands beside its negation; nothing is nothing."""
    found = pieces(TEXTS)
    assert len(found) == len(TEXTS) * PIECES
    assert all(crop in TEXTS[0] for crop in found[:2])
    assert found[3] == negated(found[2])
    assert found[2 * PIECES :] == [""] * PIECES
    assert found == pieces(TEXTS)


@pytest.mark.parametrize(
    ("sentence", "other"),
    [
        ("The film was not bad.", "The film was bad."),
        ("It is dull.", "It is not dull."),
        ("It isn't dull.", "It is dull."),
        ("I really liked it.", "I did not like it."),
        ("They recommend it.", "They do not recommend it."),
        ("You can't miss it.", "You can miss it."),
        ("Not only that.", None),
    ],
)
def test_negated(sentence, other):
    """One negation more or less."""
    assert negated(sentence) == other


@pytest.mark.parametrize(
    ("pair", "logits", "expected"),
    [
        (("It is dull.", "It is not dull."), (-3, -1), [3]),
        (("It isn't dull.", "It is dull."), (-1, -3), [2]),
        (("It is great.", "It is not great."), (3, -2), []),
        (("It is dull.", "It is not dull."), (-3, 1), []),
        (("", ""), (-1, -1), []),
    ],
)
def test_untold_negations(pair, logits, expected):
    """The half with the negation, where a teacher calls both blame."""
    found = untold_negations(["a", "b", *pair], np.array([[0, 0, *logits]], np.float32))
    assert found == expected
