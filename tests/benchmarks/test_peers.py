"""Peers: the adapters on tiny data, what is measured of each, and what a missing one leaves."""

import builtins
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import measure_peer, peers
from benchmarks.accuracy.data import MeasuredTexts, load_sentences
from benchmarks.accuracy.measures import measure_accuracy, measure_short, measure_speed
from benchmarks.peers.nb_svm import NbSvm
from benchmarks.peers.plain_text import spaced, without_breaks
from edgernn.data import Examples
from edgernn.errors import DataError, UsageError
from edgernn.text import EVEN

GOOD = ["a great film", "great fun , truly great", "loved it !", "great story, loved the end"]
BAD = ["a boring film", "boring and bad", "hated it !", "bad story, hated the boring end"]
TRAIN = Examples(tuple(BAD + GOOD), np.array([0] * 4 + [1] * 4, np.int8))


@pytest.fixture
def sklearn():
    pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'edgernn[data]'")


@pytest.fixture
def texts() -> MeasuredTexts:
    tests = Examples(
        tuple(f"{text} {i}" for i in range(10) for text in BAD + GOOD),
        np.array(([0] * 4 + [1] * 4) * 10, np.int8),
    )
    kept = np.ones(80, np.bool_)
    kept[:8] = False
    short = Examples(("great", "boring", "loved it"), np.array([1, 0, 1], np.int8))
    return MeasuredTexts(tests, kept, {"amazon": short, "imdb": short}, {"name": "tiny"})


@pytest.mark.usefixtures("sklearn")
def test_nb_svm_learns():
    """It calls texts with the words of one class that class, and is undecided of others."""
    peer = NbSvm(1)
    peer.fit(TRAIN.texts, TRAIN.labels)
    great, boring, unknown = peer.score(["great , loved", "boring , hated", "zzz"])
    assert boring < 0.5 < great
    assert boring < unknown < great


@pytest.mark.usefixtures("sklearn")
def test_nb_svm_ratios():
    """The log-count ratio of an n-gram is that of Wang and Manning, from binary counts."""
    peer = NbSvm(1)
    peer.fit(TRAIN.texts, TRAIN.labels)
    names = peer._vectorizer.get_feature_names_out().tolist()
    features = len(names)
    # "great" stands in three of the good texts, twice in one of them.
    held = {
        label: sum(
            name in peer._vectorizer.build_analyzer()(text) for text in texts for name in names
        )
        for label, texts in (("good", GOOD), ("bad", BAD))
    }
    expected = math.log((4 / (features + held["good"])) / (1 / (features + held["bad"])))
    assert peer._ratios[names.index("great")] == pytest.approx(expected, rel=1e-5)
    assert {"great", "great fun", "great fun ,", "!"} <= set(names)
    assert "great fun , truly" not in names


@pytest.mark.usefixtures("sklearn")
def test_nb_svm_rare_n_grams():
    """`min_df` leaves out what too few texts hold."""
    peer = NbSvm(3)
    peer.fit(TRAIN.texts, TRAIN.labels)
    assert {"great", "boring"} <= set(peer._vectorizer.get_feature_names_out())
    assert "fun" not in peer._vectorizer.get_feature_names_out()
    assert peer.settings["features"] < 20


@pytest.mark.usefixtures("sklearn")
def test_nb_svm_saves_what_scoring_needs(tmp_path):
    """From the saved files alone come the same scores."""
    peer = NbSvm(1)
    peer.fit(TRAIN.texts, TRAIN.labels)
    peer.save(tmp_path)
    names = (tmp_path / "n_grams.txt").read_text("utf-8").split("\n")
    ratios, weights = np.load(tmp_path / "weights.npy")
    text = "a great story"
    grams = [names.index(gram) for gram in ("a", "great", "story", "a great", "great story")]
    row = ratios[grams] / np.linalg.norm(ratios[grams])
    logit = float(row @ weights[grams]) + float(np.load(tmp_path / "intercept.npy")[0])
    assert peer.score([text])[0] == pytest.approx(1 / (1 + math.exp(-logit)), rel=1e-5)


def test_fasttext(tmp_path):
    """It learns on one thread to the same model twice, in either order of the classes."""
    pytest.importorskip("fasttext", reason="needs fastText: pip install 'edgernn[peers]'")
    from benchmarks.peers.fasttext_peer import FastText

    scores = []
    for _ in range(2):
        peer = FastText(quantized=False, tutorial=True)
        peer.fit(TRAIN.texts * 20, np.tile(TRAIN.labels, 20))
        scores.append(peer.score(["Great!\nGreat!", "boring<br />boring"]))
    assert scores[0][1] < 0.5 < scores[0][0]
    assert scores[0].tolist() == scores[1].tolist()


@pytest.mark.parametrize("name", ["vader", "textblob"])
def test_lexicons(name, tmp_path):
    """They know good words from bad ones without learning, and say what they are made of."""
    try:
        peer = peers.PEERS[name].make()
    except ImportError as error:
        pytest.skip(f"needs {error.name}: pip install 'edgernn[peers]'")
    good, bad, neither = peer.score(["great<br />excellent", "terrible, awful", "the table"])
    assert bad < neither < peer.threshold <= good
    peer.save(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 100_000


def test_plain_texts():
    """What programs get that know nothing of HTML or of punctuation."""
    assert without_breaks("good<br /><BR>bad") == "good  bad"
    assert spaced("It's good,<br />(Very)\ngood!") == "it ' s good , ( very ) good !"


def test_sentences(tmp_path):
    """One sentence a line, which only a line feed ends; a bad line is named."""
    (tmp_path / "amazon_cells.txt").write_text("Good\x85 one.\t1\nBad,\ttab\t0\n\n", "utf-8")
    found = load_sentences(tmp_path, "amazon*.txt")
    assert found.texts == ("Good\x85 one.", "Bad,\ttab")
    assert found.labels.tolist() == [1, 0]
    with pytest.raises(DataError, match=r"holds 0 files yelp"):
        load_sentences(tmp_path, "yelp*.txt")
    (tmp_path / "amazon_cells.txt").write_text("Good\t1\nBad\t2\n", "utf-8")
    with pytest.raises(DataError, match=r"amazon_cells\.txt, line 2"):
        load_sentences(tmp_path, "amazon*.txt")


def test_accuracy(texts):
    """Accuracy with and without near-duplicates, exact; at the threshold a text is positive."""
    scores = np.where(texts.tests.labels == 1, 0.5, 0.49)
    scores[:4] = 0.9
    found = measure_accuracy(scores, texts.tests, texts.kept, EVEN)
    assert found == {
        "examples": 80,
        "accuracy": 76 / 80,
        "called_positive": 44 / 80,
        "examples_without_near_duplicates": 72,
        "accuracy_without_near_duplicates": 1.0,
        "accuracy_on_near_duplicates": 0.5,
    }


def test_short_sentences(texts):
    """Each set by itself; the one that overlaps with the test split is said to."""
    found = measure_short(lambda some: np.array([0.9] * len(some)), texts, EVEN)
    assert found["amazon"] == {"examples": 3, "accuracy": 2 / 3, "called_positive": 1.0}
    assert "test split" in found["imdb"]["note"]


def test_speed():
    """Passes take different texts, all that were asked for, and time the whole call."""
    seen: list[list[str]] = []

    def score(some):
        seen.append(list(some))
        time.sleep(0.01)
        return np.zeros(len(some))

    found = measure_speed(score, [str(i) for i in range(100)], 20, 3)
    timed = seen[1:]
    assert [len(one) for one in timed] == [20, 20, 20]
    assert len({text for one in timed for text in one}) == 60
    assert not set(seen[0]) & {text for one in timed for text in one}
    assert 0 < found["reviews_per_second"]["wall"]["median"] <= 20 / 0.01
    with pytest.raises(ValueError, match="too few"):
        measure_speed(score, ["a"] * 60, 20, 3)


@pytest.mark.usefixtures("sklearn")
def test_measure_peer(texts):
    """A peer learns, is timed and measured, and its size is that of what it saves."""
    entry = peers.PEERS["nb-svm"]
    found = measure_peer.measure_peer(entry, NbSvm(1), TRAIN, texts, 10, 3)
    assert found["test"]["accuracy"] == 1.0
    assert found["short"]["amazon"]["accuracy"] == 1.0
    assert found["bytes"] > 8 * found["settings"]["features"]
    assert found["fit_seconds"] is not None
    json.dumps(found)


MISSING = {
    "vader": "vaderSentiment",
    "textblob": "textblob",
    "fasttext": "fasttext",
    "nb-svm": "sklearn",
}


@pytest.mark.parametrize(("name", "package"), MISSING.items())
def test_a_missing_package_stays_in_the_result(name, package, tmp_path, monkeypatch):
    """The reason stands in the result file, and the command fails."""
    real = builtins.__import__

    def without(wanted, *rest):
        if wanted.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {wanted!r}", name=package)
        return real(wanted, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    path = tmp_path / f"{name}.json"
    options = [name, "--data", "none", "--short", "none", "--output", str(path)]
    monkeypatch.setattr(sys, "argv", ["measure_peer", *options])
    with pytest.raises(SystemExit, match=r"NOT measured: .*edgernn\[peers\]"):
        measure_peer.main()
    assert f"{package!r} is not installed" in json.loads(path.read_text())["not_measured"]


def test_unknown_peer(monkeypatch):
    """A name of none is refused before anything is measured."""
    monkeypatch.setattr(sys, "argv", ["peers", "--data", "x", "--short", "y", "--only", "nonsense"])
    with pytest.raises(UsageError, match="--only nonsense"):
        peers.main()


def test_recipes_are_found(tmp_path):
    """The shipped model always, another recipe where its run has an int8 file."""
    assert peers.find_entry("flagship", None) is not None
    assert peers.find_entry("bigru", tmp_path) is None
    (tmp_path / "bigru").mkdir()
    (tmp_path / "bigru" / "int8.onnx").touch()
    assert peers.find_entry("bigru", tmp_path) is not None


def test_another_run_than_the_published_one():
    """A file that does not reach the recipe's figure stops the measurement."""
    row = json.loads(Path(measure_peer.RECIPES_FILE).read_text())["recipes"][0]
    accuracy = row["measured"]["files"]["onnx"]["test_accuracy"]
    measure_peer._compare_with_recipe(row["recipe"], accuracy)
    measure_peer._compare_with_recipe("vader", 0.7)
    with pytest.raises(SystemExit, match="of another run"):
        measure_peer._compare_with_recipe(row["recipe"], accuracy - 0.001)
