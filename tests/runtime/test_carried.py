"""Classifiers travel: pickled, copied, forked, spawned."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgernn import Classifier, ModelFileError, UsageError, load
from edgernn.runtime import carried as module
from edgernn.runtime.loaded_model import LoadedModel, Options

Files = dict[tuple[str, str], Path]
TEXTS = ["Great movie!", "A waste of time, boring.", "the film was good", ""]


def arrived(sent: bytes) -> Any:
    return pickle.loads(sent)  # noqa: S301 - our own


pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.usefixtures("only_new_garbage"),
]


@pytest.fixture(autouse=True)
def none_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts like a new process."""
    monkeypatch.setattr(module, "_models", module._Models())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What is loaded into an engine from here on."""
    found: list[Options] = []
    original = LoadedModel.of_file.__func__  # type: ignore[attr-defined]

    def of_file(cls: type[LoadedModel], file: object, options: Options) -> LoadedModel:
        found.append(options)
        loaded: LoadedModel = original(cls, file, options)
        return loaded

    monkeypatch.setattr(LoadedModel, "of_file", classmethod(of_file))
    return found


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_pickled(tiny_files: Files, opened: list[Options], tmp_path: Path, format: str) -> None:
    """The file's bytes travel, so that the file itself may be gone; scores are the same."""
    path = tmp_path / f"model.{format}"
    path.write_bytes(tiny_files[format, "int8"].read_bytes())
    classifier = load(path, "cpu", threads=1)
    expected = classifier.score(TEXTS)
    sent = pickle.dumps(classifier)
    path.unlink()
    classifier.close()
    del classifier
    gc.collect()
    opened.clear()
    one, other = arrived(sent), arrived(sent)
    assert one.score(TEXTS) == other.score(TEXTS) == expected
    assert opened == [Options("cpu", 1)]
    assert (one.path, one.labels, one.device) == (path, ("negative", "positive"), "cpu")
    one.close()
    assert other.score(TEXTS) == expected


def test_back_where_it_came_from(tiny_files: Files, opened: list[Options]) -> None:
    """A process that has the model does not load it again."""
    classifier = load(tiny_files["onnx", "int8"], "cpu")
    opened.clear()
    assert arrived(pickle.dumps(classifier)).score(TEXTS) == classifier.score(TEXTS)
    assert opened == []


def test_other_options_are_another_model(tiny_files: Files, opened: list[Options]) -> None:
    """Threads and device are part of what is loaded once."""
    path = tiny_files["onnx", "int8"]
    sent = [pickle.dumps(load(path, "cpu", threads=threads)) for threads in (1, 2, 1)]
    gc.collect()
    opened.clear()
    for one in sent:
        arrived(one)
    assert opened == [Options("cpu", 1), Options("cpu", 2)]


def test_few_are_kept(tiny_files: Files, opened: list[Options]) -> None:
    """A worker that sees many models keeps the last eight."""
    path = tiny_files["onnx", "int8"]
    sent = [pickle.dumps(load(path, "cpu", threads=threads)) for threads in range(1, 11)]
    gc.collect()
    opened.clear()
    for one in (*sent, sent[9], sent[0]):
        arrived(one)
    assert [options.threads for options in opened] == [*range(1, 11), 1]


def test_threads_at_once(tiny_files: Files, opened: list[Options]) -> None:
    """Many threads that get the same bytes load one model."""
    sent = pickle.dumps(load(tiny_files["onnx", "int8"], "cpu"))
    gc.collect()
    opened.clear()
    threads = [threading.Thread(target=arrived, args=(sent,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


def test_copies_share_the_engine(tiny_files: Files, opened: list[Options]) -> None:
    """A copy is closed by itself."""
    classifier = load(tiny_files["onnx", "int8"], "cpu")
    opened.clear()
    for twin in (copy.copy(classifier), copy.deepcopy(classifier), copy.deepcopy([classifier])[0]):
        assert twin is not classifier
        assert twin.score(TEXTS) == classifier.score(TEXTS)
        twin.close()
    assert opened == []
    assert classifier.score(TEXTS)[0].label is not None


def test_a_closed_one_does_not_travel(tiny_files: Files) -> None:
    """It says that it is closed, as for any other use."""
    classifier = load(tiny_files["onnx", "int8"], "cpu")
    classifier.close()
    for use in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(UsageError, match="this classifier is closed"):
            use(classifier)


def test_what_arrives_is_checked(tiny_files: Files) -> None:
    """Bytes from elsewhere are no more trusted than a file."""
    data = bytearray(tiny_files["onnx", "int8"].read_bytes())
    data[len(data) // 2] ^= 1
    carried = module.Carried(bytes(data), Path("sent.onnx"), Options("cpu"))
    with pytest.raises(ModelFileError, match=r"^sent\.onnx: "):
        arrived(pickle.dumps(carried)).open()


def scored_elsewhere(classifier: Classifier) -> tuple[int, list[object]]:
    """Score in a worker, and tell which process it was."""
    return os.getpid(), list(classifier.score(TEXTS))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers(tiny_files: Files, method: str) -> None:
    """A pool's processes give what this one does, however they were started."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    classifier = load(tiny_files["onnx", "int8"], "cpu")
    expected = classifier.score(TEXTS)
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for process, scores in pool.map(scored_elsewhere, [classifier] * 2):
            assert process != os.getpid()
            assert scores == expected


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_fork_while_others_score(tiny_files: Files, format: str) -> None:
    """A fork takes locks along that other threads held; the child has an engine of its own."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork")
    classifier = load(tiny_files[format, "int8"], "cpu")
    expected = classifier.score(TEXTS)
    stop = threading.Event()

    def score() -> None:
        while not stop.is_set():
            classifier.score(TEXTS * 20)

    threads = [threading.Thread(target=score) for _ in range(2)]
    for thread in threads:
        thread.start()
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    try:
        for _ in range(3):
            child = context.Process(target=lambda: queue.put(classifier.score(TEXTS)))
            child.start()
            child.join(60)
            assert child.exitcode == 0
            assert queue.get() == expected
    finally:
        stop.set()
        for thread in threads:
            thread.join()
