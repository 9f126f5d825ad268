"""Trials of the search, on a few texts: each kind is run, and its file gives a row of the table."""

import dataclasses
import json
import sys

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

from benchmarks.accuracy import trial
from benchmarks.accuracy.search import search_table
from benchmarks.accuracy.trial import TRIALS, Corpus, measure
from edgernn.data import Examples
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Ngrams, Pool, Recurrent

FLAGSHIP = RECIPES["flagship"]
SMALL = dataclasses.replace(
    FLAGSHIP,
    layers=(Embedding(4), Recurrent(3, sequences=True), Pool(), Dense(1)),
    ngrams=Ngrams(2003, 3),
    fit=dataclasses.replace(FLAGSHIP.fit, epochs=1, batch_size=32),
)


def review(rng, positive: bool) -> str:
    words = ("great", "lovely") if positive else ("awful", "dull")
    parts = [f"The {rng.choice(('plot', 'cast'))} was {rng.choice(words)}." for _ in range(3)]
    return " ".join(parts)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder like IMDB's, without a test split, and sentences of two other sites."""
    place = tmp_path_factory.mktemp("trials")
    rng = np.random.default_rng(1)
    for part, count in (("neg", 60), ("pos", 60), ("unsup", 80)):
        (place / "aclImdb" / "train" / part).mkdir(parents=True)
        for i in range(count):
            text = review(rng, part == "pos" or (part == "unsup" and i % 2 == 0))
            (place / "aclImdb" / "train" / part / f"{i}_1.txt").write_text(f"{text} {i}", "utf-8")
    (place / "short").mkdir()
    for site in ("amazon", "yelp"):
        lines = "The plot was great.\t1\nThe cast was awful!\t0\nThe cast was dull\t0\n"
        (place / "short" / f"{site}_labelled.txt").write_text(lines, "utf-8")
    return place


def test_trials_are_run(data, tmp_path, monkeypatch):
    """From the command line: files of all kinds of trials, and the table of them."""
    monkeypatch.setitem(RECIPES, "flagship", SMALL)
    names = ["teacher", "ngrams", "ngrams-unchecked", "ngrams-no-unlabelled", "layers-labels"]
    paths = ("--data", data / "aclImdb", "--short", data / "short", "--work", tmp_path / "work")
    given = ["trial", *names, *map(str, paths), "--seed", "5", "--results", str(tmp_path / "found")]
    monkeypatch.setattr(sys, "argv", given)
    trial.main()
    found = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "found").iterdir()}
    assert set(found) == set(names)
    for name, result in found.items():
        assert result["seed"] == 5
        assert result["note"] == TRIALS[name].tries
        assert result["minutes"] >= 0
        if name != "teacher":
            assert result["ngrams_validation_accuracy"] > 0.8
            assert 0 < result["validation_loss"] < 0.6
            for site in ("amazon", "yelp"):
                assert result["short"][site] == {
                    "accuracy": 1.0,
                    "called_positive": pytest.approx(1 / 3),
                }
    assert found["teacher"]["outcome"].startswith("texts ")
    assert found["ngrams"]["outcome"] == "in the recipe"
    assert found["ngrams"]["config"] == {}
    assert found["ngrams-unchecked"]["config"] == {"buckets": 262139, "checked": False}
    difference = 100 * (
        found["ngrams-unchecked"]["validation_accuracy"] - found["ngrams"]["validation_accuracy"]
    )
    assert found["ngrams-unchecked"]["outcome"] == f"{difference:+.2f} points"
    assert found["layers-labels"]["outcome"] == "not compared"
    assert found["layers-labels"]["epochs"] == 8
    assert {path.name for path in (tmp_path / "work").iterdir()} == {
        "teacher-5",
        "teacher-vectors",
        "teacher-labelled-5",
        "teacher-labelled-vectors",
    }
    lines = search_table(tmp_path / "found").splitlines()
    assert len(lines) == 2 + len(names)
    assert "| layers | n-grams | Amazon | Amazon positive | Yelp | Yelp positive |" in lines[0]
    assert len({line.count(" | ") for line in lines}) == 1


def test_what_fails_is_a_result_too(tmp_path):
    """A trial that cannot be trained says why."""
    few = Examples(tuple("abcd"), np.array([0, 1, 0, 1], np.int8))
    corpus = Corpus(few, (), {}, 1, dataclasses.replace(SMALL.fit, validation_fraction=0.5))
    found = measure(TRIALS["ngrams"], SMALL, corpus, tmp_path)
    assert found["failed"].startswith("the teacher needs 2 texts of each class")
    assert trial._outcome(found, TRIALS["ngrams"], tmp_path).startswith("failed: the teacher needs")


@pytest.mark.parametrize("name", TRIALS)
def test_what_a_trial_changes(name, tmp_path):
    """Each names fields that there are, changes something, and fits the recipe as it is now."""
    corpus = Corpus(Examples((), np.zeros(0, np.int8)), ("a",), {}, 1, FLAGSHIP.fit)
    runner = trial._Runner(TRIALS[name], FLAGSHIP, corpus, tmp_path)
    changed = (runner._recipe, runner._settings) != (FLAGSHIP, trial.NgramFit())
    other_ways = set(TRIALS[name].config()) & {"unlabelled", "checked", "taught", "vectors"}
    assert (changed or bool(other_ways)) == (name not in ("teacher", "ngrams", "layers"))
    assert TRIALS[TRIALS[name].part].config() == {}


def test_the_layers_that_are_varied():
    """They are the recipe's."""
    assert trial._layers() == FLAGSHIP.layers
