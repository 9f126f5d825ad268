"""A benchmark as JSON, and rows that take no model."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bench.cold_start import FirstScore
from edgernn.bench.measure import Measured
from edgernn.bench.results import Model
from edgernn.bench.scorers import Parts
from edgernn.bench.subjects import Subject
from edgernn.bundle import read_model_file
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text import TextEncoder

__all__ = ["FakeClock", "FakeScorer", "measured", "sample", "sample_row"]


def sample_row(**changes: Any) -> dict[str, Any]:
    """A row's object; the changes are to its own fields."""
    row: dict[str, Any] = {
        "runtime": "onnxruntime",
        "runtime_version": "1.31.1",
        "options": "",
        "requested_device": "cpu",
        "device": "cpu",
        "threads": 1,
        "model": {
            "name": "model.onnx",
            "sha256": "0123456789abcdef" * 4,
            "bytes": 1000,
            "recipe": "flagship",
            "format": "onnx",
            "precision": "int8",
        },
        "problem": None,
        "latency": [
            {
                "tokens": tokens,
                "p50_ms": tokens / 100,
                "p95_ms": tokens / 90,
                "p99_ms": tokens / 80,
                "calls": 100,
                "interval_percent": 3.1,
            }
            for tokens in (10, 200)
        ],
        "throughput": {
            "reviews": 2000,
            "reviews_per_second": 3000.0,
            "encode_seconds": 0.1,
            "batch_seconds": 0.01,
            "infer_seconds": 0.6,
        },
        "cold_start_ms": 60.0,
        "peak_memory_bytes": 90000000,
        "accuracy": {"reviews": 2000, "accuracy": 0.918},
    }
    return copy.deepcopy(row) | changes


def sample(*rows: dict[str, Any], name: str = "AMD EPYC") -> dict[str, Any]:
    """A benchmark's object; without rows it has one."""
    return {
        "format": "edgernn-bench",
        "version": 1,
        "created": "2026-11-22T17:00:00Z",
        "machine": {
            "name": name,
            "system": "Linux 6.1 x86_64",
            "cores": 2,
            "memory_bytes": None,
            "flags": ["avx2"],
            "governor": None,
            "versions": {"edgernn": "0.1.0"},
        },
        "settings": {
            "tokens": [10, 200],
            "precision_percent": 5.0,
            "seconds_per_row": 10.0,
            "reviews": 2000,
            "data": None,
        },
        "rows": list(rows) or [sample_row()],
    }


class FakeClock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return seconds."""
        return self.now


class FakeScorer:
    """Takes the time it is told to, and writes down what it is asked."""

    device = "cpu"

    def __init__(self, name: str, clock: FakeClock, seconds: float, log: list[Any]) -> None:
        self.name, self.clock, self.seconds, self.log = name, clock, seconds, log
        self.probabilities = [0.9]

    @property
    def encoder(self) -> TextEncoder:
        """The shipped model's."""
        return read_model_file(SHIPPED_MODEL).bundle.encoder

    def score_one(self, text: str) -> None:
        """Take the time of one."""
        self.log.append((self.name, text))
        self.clock.now += self.seconds

    def score_all(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Take the time of all; the probabilities are given again and again."""
        self.log.append((self.name, len(texts)))
        self.clock.now += self.seconds * len(texts)
        return np.resize(np.array(self.probabilities, np.float32), len(texts))

    def parts(self, texts: Sequence[str]) -> Parts:
        """Take no time."""
        return Parts(1.0, 0.5, 3.0)


def measured(scorer: FakeScorer, lengths: Sequence[int] = (10, 50)) -> Measured:
    """A row that is opened."""
    model = Model(f"{scorer.name}.onnx", "0" * 64, 1, None, "onnx", "float32")
    first = FirstScore("edgernn", scorer.name, "cpu", 1)
    subject = Subject("onnxruntime", "1", "", "cpu", 1, model, None, lambda: scorer, first)
    texts = [(length, f"{length} tokens") for length in lengths]
    return Measured(subject, scorer, None, "cpu", texts, [[] for _ in texts])
