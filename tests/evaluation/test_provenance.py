"""Which split texts are of for a model, and what counts as a test figure afterwards."""

import numpy as np
import pytest

from edgernn.data import Examples
from edgernn.evaluation.provenance import Provenance, find_provenance, split_of
from edgernn.text import EVEN
from edgernn.training.run import SEEN_TEXTS, evaluation_split, figures_of_test
from edgernn.training.seen_texts import Seen, SeenTexts

FILE = {"kind": "file", "name": "a.csv", "bytes": 9, "sha256": "00"}
OTHER = FILE | {"sha256": "11"}
ARCHIVE = {"kind": "archive", "name": "a.tar.gz", "bytes": 9, "sha256": "22"}
TFDS = {"kind": "tensorflow_datasets", "name": "imdb_reviews", "version": "1.0.0"}
TEXTS = Examples(("good", "bad", "better", "worse"), np.array([1, 0, 1, 0], np.int8))


def seen(learnt: int, watched: int, texts: int) -> Seen:
    place = np.arange(texts)
    return Seen(place < learnt, (place >= learnt) & (place < learnt + watched))


@pytest.mark.parametrize(
    ("learnt", "watched", "split"),
    [
        *((0, 0, "test"), (1, 0, "test"), (5, 0, "test"), (6, 0, "train"), (10, 0, "train")),
        *((9, 1, "train"), (0, 10, "validation"), (0, 5, "test"), (1, 8, "validation")),
        (3, 3, "train"),
    ],
)
def test_the_split_of_most_texts(learnt, watched, split):
    """Of ten texts, most of which are known or not."""
    assert split_of(seen(learnt, watched, 10)) == split


def look_up(described, *, run=None, trained_on=None, learnt=()):
    def load():
        return TEXTS.at(np.array(learnt, int))

    return find_provenance(TEXTS, described, run=run, trained_on=trained_on, learnt=load)


@pytest.mark.parametrize("described", [FILE, OTHER, ARCHIVE])
def test_the_run_s_hashes_decide(tmp_path, described):
    """Whatever the file is called and however it was put together."""
    (tmp_path / SEEN_TEXTS).write_bytes(SeenTexts.of(["GOOD", "bad", "worse"], ["x"]).to_bytes())
    found = look_up(described, run=tmp_path, trained_on=FILE)
    assert found.split == "train"
    assert found.seen.new.tolist() == [False, False, True, False]


def test_the_training_file_is_known_without_hashes(tmp_path):
    """An earlier run, or a model file, whose card has the digest of the data: all or a split."""
    for run in (None, tmp_path):
        found = look_up(FILE | {"name": "moved.csv"}, run=run, trained_on=FILE, learnt=range(4))
        assert (found.split, found.unknown) == ("train", None)
        assert look_up(FILE, run=run, trained_on=FILE, learnt=[0]).split == "test"


def test_data_sets_with_splits():
    """Their test split is one; the IMDB reviews are the same wherever they come from."""
    for described, trained_on in ((ARCHIVE, ARCHIVE), (TFDS, ARCHIVE), (ARCHIVE, TFDS)):
        found = look_up(described, trained_on=trained_on)
        assert (found.split, found.seen, found.unknown) == ("test", None, None)


@pytest.mark.parametrize(
    ("described", "run", "trained_on", "why"),
    [
        (OTHER, False, FILE, "--run names the run folder"),
        (OTHER, True, FILE, "earlier version"),
        (OTHER, True, None, "trained elsewhere"),
        (ARCHIVE, True, ARCHIVE | {"sha256": "33"}, "earlier version"),
    ],
)
def test_not_known(tmp_path, described, run, trained_on, why):
    """Without hashes nobody knows what stands in another file; the reason is said."""
    found = look_up(described, run=tmp_path if run else None, trained_on=trained_on)
    assert (found.split, found.seen) == ("not known", None)
    assert why in found.unknown


def test_accuracy_of_the_new_ones():
    """Counted over the texts that the model has not met."""
    labels = np.array([1, 0, 1, 0], np.int8)
    probabilities = np.array([0.9, 0.9, 0.9, 0.9], np.float32)
    found = Provenance("test", seen(1, 1, 4)).to_json(probabilities, labels, EVEN)
    assert found == {"learnt": 1, "watched": 1, "new": 2, "accuracy_of_new": 0.5}
    found = Provenance("train", seen(4, 0, 4)).to_json(probabilities, labels, EVEN)
    assert (found["new"], found["accuracy_of_new"]) == (0, None)
    assert Provenance("test", None).to_json(probabilities, labels, EVEN) is None


CONFIG = {"data": {"description": FILE}}
NEW = {"learnt": 0, "watched": 0, "new": 600, "accuracy_of_new": 0.8}
FIGURES = {"accuracy": 0.9, "examples": 600, "f1": 0.9, "data": OTHER}


@pytest.mark.parametrize(
    ("written", "split"),
    [
        ({"split": "test", "seen": NEW}, "test"),
        ({"split": "test", "seen": None}, "test"),
        ({"split": "train", "seen": NEW}, "train"),
        ({"split": "validation", "seen": NEW}, "validation"),
        ({"split": "not known", "seen": None}, "not known"),
        ({"split": "Test", "seen": None}, "not known"),
        # Of earlier versions, which called everything a test.
        ({"split": "test"}, "test"),
        ({}, "test"),
        ({"split": "test", "data": FILE | {"name": "moved.csv"}}, "not known"),
    ],
)
def test_what_an_evaluation_is_of(written, split):
    """A training file never becomes a test."""
    values = FIGURES | written
    assert evaluation_split(values, CONFIG) == split
    assert (figures_of_test(values, CONFIG) == values) == (split == "test")


def test_an_earlier_evaluation_of_the_archive():
    """It has a test split of its own."""
    values = FIGURES | {"data": ARCHIVE, "split": "test"}
    assert evaluation_split(values, {"data": {"description": ARCHIVE}}) == "test"
    assert evaluation_split(values, {"data": None}) == "test"


@pytest.mark.parametrize(("new", "accuracy", "examples"), [(594, 0.9, 600), (593, 0.8, 593)])
def test_many_known_texts_are_left_out(new, accuracy, examples):
    """Up to one in a hundred is a duplicate; of more, the figure is that of the others alone."""
    values = FIGURES | {"split": "test", "seen": NEW | {"learnt": 600 - new, "new": new}}
    found = figures_of_test(values, CONFIG)
    assert (found["accuracy"], found["examples"]) == (accuracy, examples)
    assert ("f1" in found) == (examples == 600)
    assert found["data"] == OTHER
