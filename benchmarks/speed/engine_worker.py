"""One model in one version of edgernn, scoring on request: for `benchmarks.speed.engine`.

    python -P engine_worker.py MODEL THREADS ENGINE

It needs edgernn and nothing of this repository, so that an older version runs it, too. Requests and
answers are lines of JSON: `{"texts": FILE.json}` gets the texts and scores them once, `{"all": n}`
scores all n times and answers seconds, `{"each": seconds}` scores one after the other for so long
and answers milliseconds, `{"write": FILE.npy}` writes the probabilities, float64 [texts].
MODEL `-` is the version's own, ENGINE `-` its default.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

import edgernn


def main() -> None:
    """Answer until standard input ends."""
    model, threads, engine = sys.argv[1:]
    named = {} if engine == "-" else {"engine": engine}
    path = None if model == "-" else model
    classifier = edgernn.load(path, "cpu", threads=int(threads), **named)
    texts: list[str] = []
    _answer({"engine": getattr(classifier, "engine", None)})
    for line in sys.stdin:
        asked = json.loads(line)
        if "texts" in asked:
            with open(asked["texts"], encoding="utf-8") as file:
                texts = json.load(file)
            classifier.score(texts)
            _answer({"texts": len(texts)})
        elif "all" in asked:
            started = time.perf_counter()
            for _ in range(asked["all"]):
                classifier.score(texts)
            _answer({"seconds": (time.perf_counter() - started) / asked["all"]})
        elif "each" in asked:
            taken = []
            ends = time.perf_counter() + asked["each"]
            for place in range(10**9):
                started = time.perf_counter()
                classifier.score([texts[place % len(texts)]])
                now = time.perf_counter()
                taken.append(now - started)
                if now > ends:
                    break
            _answer({"milliseconds": 1e3 * float(np.median(taken))})
        elif "write" in asked:
            found = [score.probability for score in classifier.score(texts)]
            np.save(asked["write"], np.array(found, np.float64))
            _answer({})


def _answer(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
