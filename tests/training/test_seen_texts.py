"""The hashes of what a run has met: what they find, what the file holds, what is refused."""

import numpy as np
import pytest

from edgernn.errors import ModelFileError
from edgernn.training.run import SEEN_TEXTS
from edgernn.training.seen_texts import SeenTexts, read_seen_texts

LEARNT = ("A good film", "Straße und  Café", "no")
WATCHED = ("A bad film", "a GOOD film")


def test_what_is_found():
    """What the splits keep on one side is one text; what was learnt from is not watched."""
    seen = SeenTexts.of(LEARNT, WATCHED).find(
        ["  a good\n film! ", "STRASSE UND CAFE\u0301", "a bad film", "a good film 2", "", "No"]
    )
    assert seen.learnt.tolist() == [True, True, False, False, False, True]
    assert seen.watched.tolist() == [False, False, True, False, False, False]
    assert seen.new.tolist() == [False, False, False, True, True, False]


def test_the_file():
    """Eight bytes a text, behind a header; it reads back, and holds no text."""
    seen = SeenTexts.of(LEARNT, WATCHED)
    data = seen.to_bytes()
    assert len(data) == 48 + 8 * 4
    again = SeenTexts.from_bytes(data)
    assert again.find(LEARNT + WATCHED).learnt.tolist() == [True, True, True, False, True]
    assert again.to_bytes() == data
    assert not any(word in data.lower() for word in (b"good", b"film", b"caf"))


def test_each_run_has_a_salt_of_its_own():
    """The same texts give other hashes: neither runs nor tables made before can be compared."""
    one, other = SeenTexts.of(LEARNT), SeenTexts.of(LEARNT)
    assert len(one.salt) == 16
    assert not np.isin(one.learnt, other.learnt).any()


def test_a_run_that_goes_on_has_met_both():
    """What the earlier run learnt or watched, and what is learnt now."""
    earlier = SeenTexts.of(LEARNT, WATCHED)
    both = earlier.and_learnt(["A bad film", "another one"])
    seen = SeenTexts.from_bytes(both.to_bytes()).find(["no", "a bad film", "Another one", "new"])
    assert seen.learnt.tolist() == [True, True, True, False]
    assert not seen.watched.any()
    assert earlier.find(["another one"]).new.all()


def test_no_texts():
    """A file without hashes finds nothing."""
    seen = SeenTexts.from_bytes(SeenTexts.of(()).to_bytes())
    assert seen.find(["a", "b"]).new.all()


def test_a_folder_without_the_file(tmp_path):
    """Runs of earlier versions have none."""
    assert read_seen_texts(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "not a file of hashes"),
        (lambda data: b"x" + data[1:], "not a file of hashes"),
        (lambda data: data[:-1], "not a file of hashes"),
        (lambda data: data + bytes(8), "not a file of hashes"),
        (lambda data: data[:32] + b"\xff" * 16 + data[48:], "not a file of hashes"),
        (lambda data: data[:48] + bytes(16) + data[64:], "the hashes are not in order"),
    ],
)
def test_a_broken_file(tmp_path, change, message):
    """The file is named; a count in it that is too large costs no memory."""
    data = SeenTexts.of(LEARNT, WATCHED).to_bytes()
    (tmp_path / SEEN_TEXTS).write_bytes(change(data))
    with pytest.raises(ModelFileError) as caught:
        read_seen_texts(tmp_path)
    assert str(caught.value) == f"{tmp_path / SEEN_TEXTS}: {message}"
