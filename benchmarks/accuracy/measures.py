"""What is measured of everything that calls texts positive or negative, and how fast it does."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.data import SHORT_NOTES, MeasuredTexts
from benchmarks.peers.threads import THREAD_VARIABLES
from edgernn.data import Examples
from edgernn.text import Decision

__all__ = ["ONE_THREAD", "measure_accuracy", "measure_short", "measure_speed"]

Scores = npt.NDArray[np.float64]
Score = Callable[[Sequence[str]], Scores]
"""From texts to a number for each."""

ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")
"""Environment of a process whose libraries compute on one thread."""


def measure_accuracy(
    scores: Scores, examples: Examples, kept: npt.NDArray[np.bool_], decision: Decision
) -> dict[str, Any]:
    """Return accuracy on a split, and on what is left without near-duplicates.

    Args:
        scores: float64 [texts].
        examples: the texts with their labels.
        kept: bool [texts]: false for near-duplicates of training texts.
        decision: from scores to labels.
    """
    right = decision.right(scores, examples.labels)
    return {
        "examples": len(right),
        "accuracy": float(right.mean()),
        "called_positive": float(decision.called(scores).mean()),
        "examples_without_near_duplicates": int(kept.sum()),
        "accuracy_without_near_duplicates": float(right[kept].mean()),
        "accuracy_on_near_duplicates": float(right[~kept].mean()) if not kept.all() else None,
    }


def measure_short(score: Score, texts: MeasuredTexts, decision: Decision) -> dict[str, Any]:
    """Return accuracy and share called positive on each set of sentences."""
    result: dict[str, Any] = {}
    for name, examples in texts.short.items():
        scores = score(examples.texts)
        result[name] = {
            "examples": len(scores),
            "accuracy": float(decision.right(scores, examples.labels).mean()),
            "called_positive": float(decision.called(scores).mean()),
        }
        if name in SHORT_NOTES:
            result[name]["note"] = SHORT_NOTES[name]
    return result


def measure_speed(score: Score, texts: Sequence[str], at_once: int, passes: int) -> dict[str, Any]:
    """Time scoring from text to score; every pass takes other texts, spread over all.

    Processor time beside wall time: a process of one thread that shares a core with others takes
    longer, but computes no more.

    Args:
        score: what is timed.
        texts: at least `at_once * passes`, and one more.
        at_once: texts of a pass.
        passes: how many; the first texts beside them are scored beforehand, untimed.
    """
    stride = len(texts) // at_once
    if stride < passes + 1:
        raise ValueError(f"{len(texts)} texts are too few for {passes} passes of {at_once}")
    score(texts[passes :: stride * 20][:100])
    seconds: dict[str, list[float]] = {"wall": [], "processor": []}
    load = os.getloadavg()[0]
    for number in range(passes):
        some = texts[number::stride][:at_once]
        gc.collect()
        wall, processor = time.perf_counter(), time.process_time()
        score(some)
        seconds["processor"].append(time.process_time() - processor)
        seconds["wall"].append(time.perf_counter() - wall)
    rates = {name: [at_once / s for s in taken] for name, taken in seconds.items()}
    return {
        "reviews": at_once,
        "passes": passes,
        "threads": 1,
        "load_average_before": round(load, 2),
        "reviews_per_second": {
            name: {
                "median": round(statistics.median(values), 1),
                "min": round(min(values), 1),
                "max": round(max(values), 1),
            }
            for name, values in rates.items()
        },
    }
