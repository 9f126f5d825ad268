"""One `Classifier` called from many threads at once, one review a call, beside one caller alone.

    python -m benchmarks.callers --data aclImdb_v1.tar.gz

The callers share the reviews: each takes the next one as soon as it has a score. In each round
every number of callers has its turn; ratios are made within a round. All scores must equal those
of the same calls made one by one.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import edgernn
from benchmarks.environment import describe_machine, write_result
from edgernn.data import describe, load_split

__all__ = ["main", "measure"]

_CALLERS = (1, 2, 4, 16)
_EVERY = 10
"""One test review of so many is scored: 2,500."""


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.callers", description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/callers.json"))
    arguments = parser.parse_args()
    texts = load_split(arguments.data, "test").texts[::_EVERY]
    machine = describe_machine(("edgernn", "numpy", "onnxruntime"))
    classifier = edgernn.load(device="cpu")
    write_result(
        arguments.output,
        {
            "machine": machine,
            "data": dict(describe(arguments.data)),
            "device": classifier.device,
            "texts": len(texts),
            "rounds": arguments.rounds,
            "callers": measure(classifier, texts, arguments.rounds),
        },
    )


def measure(
    classifier: edgernn.Classifier, texts: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """Return for each number of callers the rate, and how many times that of one caller it is.

    Raises:
        ValueError: a text has another score than when it was scored alone.
    """
    expected = [classifier.score([text])[0] for text in texts]
    rates: dict[int, list[float]] = {callers: [] for callers in _CALLERS}
    for _ in range(rounds):
        for callers, found in rates.items():
            seconds, scores = _score(classifier, texts, callers)
            if scores != expected:
                raise ValueError(f"{callers} callers at once got other scores than one alone")
            found.append(len(texts) / seconds)
    return [
        {
            "callers": callers,
            "reviews_per_second": round(statistics.median(found), 1),
            "times_one_caller": round(
                statistics.median(rate / one for rate, one in zip(found, rates[1], strict=True)), 3
            ),
        }
        for callers, found in rates.items()
    ]


def _score(
    classifier: edgernn.Classifier, texts: Sequence[str], callers: int
) -> tuple[float, list[edgernn.Score | None]]:
    """Return the seconds that all texts take, and their scores in order."""
    found: list[edgernn.Score | None] = [None] * len(texts)
    # The next number comes in one step of Python's own, so two callers never get the same.
    places = itertools.count()

    def call() -> None:
        while (place := next(places)) < len(texts):
            found[place] = classifier.score([texts[place]])[0]

    with ThreadPoolExecutor(callers) as pool:
        started = time.perf_counter()
        for done in [pool.submit(call) for _ in range(callers)]:
            done.result()
        return time.perf_counter() - started, found


if __name__ == "__main__":
    main()
