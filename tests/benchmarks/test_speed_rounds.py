"""The comparison of speeds: samples, rounds, ratios, and the processes that do the work."""

import os
import sys

import numpy as np
import pytest

from benchmarks.peers.peer import FILE, ONE, Setup
from benchmarks.peers.registry import BARE
from benchmarks.peers.threads import set_threads
from benchmarks.speed import __main__ as command
from benchmarks.speed import rounds
from benchmarks.speed.ours import OURS
from benchmarks.speed.sample import of_length, stratified
from benchmarks.speed.worker import ENTRIES, Worker, WorkerError
from edgernn.errors import UsageError


def test_samples_are_as_long_as_all():
    """One text of each group by length, in the order of all, the same ones each time."""
    lengths = np.random.default_rng(1).integers(1, 5000, 1000)
    texts = ["x" * length for length in lengths]
    places = stratified(texts, 20)
    assert places == stratified(texts, 20) == sorted(set(places))
    groups = np.argsort(np.argsort(lengths, kind="stable"))[places] // 50
    assert sorted(groups.tolist()) == list(range(20))
    assert np.mean(lengths[places]) == pytest.approx(lengths.mean(), rel=0.03)
    assert stratified(texts, 1000) == stratified(texts, 5000) == list(range(1000))


def test_texts_of_one_length():
    """Starts that have exactly so many tokens; a text that jumps over the number is left out."""

    def encode(text: str) -> list[str]:
        return [piece for word in text.split() for piece in word.split("-")]

    found = of_length(["a b c d", "a-b-c d-e", "a", "a-b c d"], 3, 3, encode)
    assert found == ["a b c", "a-b-c", "a-b c"]
    with pytest.raises(ValueError, match="2 texts, not 3"):
        of_length(["a b-c-d e", "a b c", "a b c d"], 3, 3, encode)


def test_ratios():
    """Ours is twice as fast when it scores twice as many, or takes half as long."""
    assert rounds.ratios(FILE, [200.0, 90.0], [100.0, 30.0]) == [2.0, 3.0]
    assert rounds.ratios(ONE, [0.5, 1.0], [1.0, 3.0]) == [2.0, 3.0]


def test_spread():
    """Four digits count, of large numbers and of small ones."""
    assert rounds.spread([12345.6, 3.14159, 0.0123456]) == {
        "median": 3.142,
        "min": 0.01235,
        "max": 12346,
    }


def test_threads_of_libraries(monkeypatch):
    """The environment is as it was afterwards, even when what was started failed."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)

    def start() -> None:
        with set_threads(2):
            assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "2"
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        start()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


SECONDS = {OURS: 0.5, "keras": 2.0, "vader": 4.0}


class FakeWorker:
    """Scores each text with half, and takes as long as its name says, longer each round."""

    def __init__(self, name, setup):
        self.name, self.setup, self.round = name, setup, 0
        self.closed = False
        self.seconds = []
        made.append(self)

    def open(self):
        """Succeed for all but one."""
        if self.name == "textblob":
            raise WorkerError("the package 'textblob' is not installed")

    def take(self, texts):
        """Score the first texts."""
        scores = np.full(min(len(texts), 256), 0.75 if self.name == "keras" else 0.5)
        return {"versions": {self.name: "1"}, "settings": {}}, scores

    def time_all(self):
        """Take longer each time; one fails in the second round."""
        self.round += 1
        if self.name == "fasttext" and self.round == 2:
            raise WorkerError("the process ended; its last words: killed")
        return self.round * SECONDS.get(self.name, 1.0)

    def time_each(self, seconds):
        """Give a call that is as long as all texts, one that is shorter and one that is longer."""
        self.seconds.append(seconds)
        return [0.001, self.time_all() / 1e3, 0.1]

    def close(self):
        """Note that it was called."""
        self.closed = True


made: list[FakeWorker] = []


@pytest.fixture
def fakes(monkeypatch):
    made.clear()
    monkeypatch.setattr(rounds, "Worker", FakeWorker)
    monkeypatch.setattr(rounds, "_PAUSE", 0.0)
    return made


def test_rounds(fakes):
    """Rates, ratios within rounds, what failed and why; every process is closed."""
    texts = [f"{'x' * number}" for number in range(1, 4001)]
    names = ["keras", "vader", "fasttext", "textblob"]
    found, failed = rounds.measure_part(FILE, names, texts, "data", 2, 3)
    assert failed == {
        "textblob": "the package 'textblob' is not installed",
        "fasttext": "the process ended; its last words: killed",
    }
    assert list(found) == [OURS, "keras", "vader"]
    assert found[OURS]["rounds"] == [8000, 4000, 2667]
    assert found[OURS]["calls"] == 3
    assert found["keras"]["reviews_per_second"] == {"median": 1000, "min": 666.7, "max": 2000}
    assert found["keras"]["ours_times_as_fast"] == {"median": 4.0, "min": 4.0, "max": 4.0}
    assert found["keras"]["largest_difference_from_ours"] == 0.25
    assert found["vader"]["reviews"] == 2000
    assert found["vader"]["reviews_per_second"]["max"] == 500
    assert "largest_difference_from_ours" not in found["vader"]
    assert "ours_times_as_fast" not in found[OURS]
    assert len(fakes) == 5
    assert all(worker.closed for worker in fakes)


def test_ours_and_the_bare_session_take_turns(fakes, capsys):
    """Several times in a round, one after the other; the others once. The median counts."""
    texts = ["a text"] * 4000
    found, failed = rounds.measure_part(FILE, ["keras", BARE], texts, "data", 2, 1)
    assert not failed
    said = [line.split(": ")[1] for line in capsys.readouterr().err.splitlines() if "/s" in line]
    assert said == [OURS, BARE] * 4 + ["keras"]
    assert {name: entry["calls"] for name, entry in found.items()} == {OURS: 4, BARE: 4, "keras": 1}
    # Of 0.5 s times 1, 2, 3 and 4, and of 1 s times the same.
    assert found[OURS]["rounds"] == [3333]
    assert found[BARE]["rounds"] == [1667]
    assert found[BARE]["ours_times_as_fast"]["median"] == pytest.approx(2, rel=1e-3)


def test_turns_of_one(fakes, capsys):
    """With one review a call there are more turns, and shorter ones."""
    found, _ = rounds.measure_part(ONE, ["keras", BARE], ["a b", "c d"], "data", 1, 1)
    said = [line.split(": ")[1] for line in capsys.readouterr().err.splitlines() if " ms" in line]
    assert said == [OURS, BARE] * 16 + ["keras"]
    assert [worker.seconds for worker in fakes] == [[0.05] * 16, [0.4], [0.05] * 16]
    assert {name: entry["calls"] for name, entry in found.items()} == {
        OURS: 48,
        BARE: 48,
        "keras": 3,
    }


def test_rounds_of_one(fakes):
    """Milliseconds are the median of a round's calls; the folder is gone afterwards."""
    found, failed = rounds.measure_part(ONE, ["keras"], ["a b", "c d"], "data", 1, 2)
    assert not failed
    assert found["keras"]["milliseconds"] == {"median": 3.0, "min": 2.0, "max": 4.0}
    assert found["keras"]["calls"] == 6
    assert [worker.setup.threads for worker in fakes] == [1, 1]
    assert not any(worker.setup.folder.exists() for worker in fakes)


def test_who_takes_part():
    """Peers that take texts are timed where the registry says how many reviews."""
    many, one = rounds.names_of(FILE), rounds.names_of(ONE)
    assert one == [OURS, "bare-session", "keras", "naive-tf2onnx"]
    assert set(many) == {
        OURS,
        "edgernn-command",
        "bare-session",
        "keras",
        "nb-svm",
        "fasttext",
        "vader",
        "textblob",
        "distilbert-int8",
    }
    assert many[0] == OURS
    assert "nb-svm-min-df-3" in ENTRIES


def test_a_process(tmp_path):
    """It scores in its own process, all texts or one after the other, and ends."""
    texts = ["a great film", "a bad film", "an average film"]
    worker = Worker(OURS, Setup(FILE, 1, "", tmp_path))
    try:
        worker.open()
        described, scores = worker.take(texts)
        assert scores[1] < scores[0]
        assert {"edgernn", "numpy"} <= described["versions"].keys()
        assert worker.time_all() > 0
    finally:
        worker.close()
    assert not worker._process.is_alive()


def test_a_process_that_scores_one_by_one(tmp_path):
    """Calls go on from text to text until the time is over, at least five of them."""
    worker = Worker("bare-session", Setup(ONE, 1, "", tmp_path))
    try:
        worker.open()
        _, scores = worker.take(["a great film", "a bad film"])
        assert len(scores) == 2
        assert len(worker.time_each(0.0)) == 5
        seconds = worker.time_each(0.05)
        assert sum(seconds) >= 0.05 > sum(seconds[:-1])
    finally:
        worker.close()


def test_what_is_wrong_in_a_process(tmp_path):
    """An error there is one line here; so is the end of the process."""
    worker = Worker("nb-svm", Setup(FILE, 1, str(tmp_path / "nowhere"), tmp_path))
    try:
        with pytest.raises(WorkerError, match=r"^DataError: .*nowhere"):
            worker.open()
        worker._process.kill()
        worker._process.join()
        with pytest.raises(WorkerError, match="the process ended; its last words: "):
            worker.open()
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--only", "nonsense"], "--only nonsense"),
        (["--only", "nb-svm-min-df-3"], "--only nb-svm-min-df-3"),
        (["--quick"], "--quick need --output"),
        (["--only", "vader"], "--quick need --output"),
        (["--rounds", "0"], "--rounds 0"),
    ],
)
def test_options(options, problem, monkeypatch):
    """What cannot be measured, and what would overwrite the committed result, is refused."""
    monkeypatch.setattr(sys, "argv", ["speed", "--data", "x", *options])
    with pytest.raises(UsageError, match=problem):
        command.main()
