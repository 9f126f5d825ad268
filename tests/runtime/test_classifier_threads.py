"""Scoring in threads: the same results, in order, whoever calls and however many at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgernn import Classifier, load
from edgernn.bundle import read_model_file
from edgernn.errors import ModelFileError
from edgernn.runtime import LoadedModel
from edgernn.runtime import loaded_model as module

Files = dict[tuple[str, str], Path]

SAME = 1e-6
CALLERS = 16


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """More tokens than are scored without threads, in mixed lengths."""
    rng = random.Random(3)
    words = ["the", "film", "was", "good", "bad", "boring", "never", "one", "funny"]
    return [" ".join(rng.choices(words, k=rng.randint(1, 40))) for _ in range(500)]


def probabilities(scorer: Classifier, texts: Sequence[str]) -> list[float]:
    return [score.probability for score in scorer.score(texts)]


@pytest.mark.parametrize("kind", [("onnx", "float32"), ("onnx", "int8"), ("tflite", "int8")])
def test_threads_change_nothing(
    tiny_files: Files, texts: list[str], monkeypatch: pytest.MonkeyPatch, kind: tuple[str, str]
) -> None:
    """One thread or four, one chunk or many, alone or together."""
    monkeypatch.setattr(module, "CHUNK_TEXTS", 64)
    one, four = (load(tiny_files[kind], "cpu", threads=threads) for threads in (1, 4))
    expected = [probabilities(one, [text])[0] for text in texts]
    assert probabilities(one, texts) == pytest.approx(expected, abs=SAME)
    assert probabilities(four, texts) == pytest.approx(expected, abs=SAME)
    model = LoadedModel.open(tiny_files[kind], "cpu", threads=4)
    ids = model.encoder.encode_batch(texts)
    assert model.probabilities(ids).tolist() == pytest.approx(expected, abs=SAME)
    assert max(expected) - min(expected) > 0.1


def test_a_text_without_tokens_among_many(
    tiny_files: Files, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No label in its place, in every chunk; the others keep theirs."""
    monkeypatch.setattr(module, "CHUNK_TEXTS", 64)
    scorer = load(tiny_files["onnx", "int8"], "cpu", threads=2)
    mixed = ["" if place % 50 == 7 else text for place, text in enumerate(texts)]
    found = scorer.score(mixed)
    assert [score.label is None for score in found] == [not text for text in mixed]
    known = [score.probability for score in found if score.label is not None]
    assert known == pytest.approx(probabilities(scorer, [t for t in mixed if t]), abs=SAME)


@pytest.mark.parametrize("threads", [1, 4])
def test_sixteen_callers(tiny_files: Files, texts: list[str], threads: int) -> None:
    """Each gets its own scores, with one text a call and with many."""
    scorer = load(tiny_files["onnx", "float32"], "cpu", threads=threads)
    expected = dict(zip(texts, probabilities(scorer, texts), strict=True))

    def call(seed: int) -> None:
        rng = random.Random(seed)
        for count in (1, 3, 300, 1, 40):
            own = rng.choices(texts, k=count)
            assert probabilities(scorer, own) == pytest.approx(
                [expected[text] for text in own], abs=SAME
            )

    with ThreadPoolExecutor(CALLERS) as pool:
        for done in [pool.submit(call, seed) for seed in range(CALLERS)]:
            done.result(60)


class Sleeper:
    """An engine that takes its time without holding Python's lock, as engines do."""

    name = "test"
    device = "cpu"
    batched = True
    batch_tokens = 200
    workers = 2

    def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Take three milliseconds a batch."""
        time.sleep(3e-3)
        return np.full(len(batch), 0.5, np.float32)


def test_callers_do_not_hold_each_other_up(tiny_files: Files, texts: list[str]) -> None:
    """Sixteen together score at least as many texts a second as one alone."""
    scorer = Classifier(LoadedModel(read_model_file(tiny_files["onnx", "int8"]), Sleeper()))

    def rate(callers: int) -> float:
        with ThreadPoolExecutor(callers) as pool:
            started = time.perf_counter()
            for done in [pool.submit(scorer.score, texts) for _ in range(callers)]:
                done.result(60)
            return callers / (time.perf_counter() - started)

    # Other work on the machine may slow a try; callers that wait for each other fail all of them.
    assert any(rate(CALLERS) >= rate(1) for _ in range(3))


class Failing(Sleeper):
    """An engine that breaks at its fifth batch."""

    def __init__(self) -> None:
        self._calls = 0
        self._lock = threading.Lock()

    def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Fail once."""
        with self._lock:
            self._calls += 1
            if self._calls == 5:
                raise ModelFileError("m.onnx: broken")
        return super().run(batch, behind)


def test_a_failing_thread(
    tiny_files: Files, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error is the caller's, of one chunk and of many."""
    file = read_model_file(tiny_files["onnx", "int8"])
    with pytest.raises(ModelFileError, match="broken"):
        LoadedModel(file, Failing()).score(texts)
    monkeypatch.setattr(module, "CHUNK_TEXTS", 64)
    with pytest.raises(ModelFileError, match="broken"):
        LoadedModel(file, Failing()).score(texts)
    assert not any(thread.name == "edgernn" for thread in threading.enumerate())


def test_few_texts_start_no_thread(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """One text or ten short ones are scored where they are asked for."""
    scorer = load(tiny_files["onnx", "int8"], "cpu", threads=4)
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread"))
    assert len(scorer.score(["good film"])) == 1
    assert len(scorer.score(["good film"] * 10)) == 10
