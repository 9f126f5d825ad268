"""One review on one thread: the shipped model beside the stacked one of the published tutorial.

    python -m benchmarks.latency

Both files are called in turn, text to score, encoding included: with a text of 200 tokens of each
model's own, and with the same text of 200 words. The ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine, write_result
from edgernn.runtime import SHIPPED_MODEL, Classifier, load
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["main"]

BASELINE = Path("benchmarks/models/subword-bilstm/model.onnx")
RESULT = Path("benchmarks/results/latency.json")
_TOKENS = 200
_WARM_UP = 50


def main() -> None:
    """Time both files and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    models = {
        "shipped": load(SHIPPED_MODEL, "cpu", threads=1),
        "baseline": load(BASELINE, "cpu", threads=1),
    }
    words = " ".join(" ".join(SAMPLE_TEXTS).split()[:_TOKENS])
    own = {name: _of_tokens(model, _TOKENS) for name, model in models.items()}
    machine = describe_machine(("edgernn", "numpy", "onnxruntime"))
    result = {
        "machine": machine,
        "threads": 1,
        "device": models["shipped"].device,
        "rounds": arguments.rounds,
        "recipes": {name: model.card["recipe"] for name, model in models.items()},
        "own_tokens": _timed(models, own, arguments.rounds),
        "same_words": _timed(models, dict.fromkeys(models, words), arguments.rounds),
    }
    write_result(arguments.output, result)


def _of_tokens(model: Classifier, tokens: int) -> str:
    """Return the start of the sample texts that has so many tokens."""
    pieces = " ".join(SAMPLE_TEXTS).split()
    for count in range(len(pieces)):
        text = " ".join(pieces[:count])
        if len(model.encode(text)) >= tokens:
            return text
    raise ValueError(f"the sample texts have fewer than {tokens} tokens")


def _timed(models: dict[str, Classifier], texts: dict[str, str], rounds: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for number in range(rounds + _WARM_UP):
        for name, model in models.items():
            started = time.perf_counter()
            model.score([texts[name]])
            if number >= _WARM_UP:
                seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "milliseconds": {
            name: {
                "tokens": len(models[name].encode(texts[name])),
                "median": round(medians[name] * 1e3, 3),
                "p95": round(statistics.quantiles(seconds[name], n=20)[-1] * 1e3, 3),
            }
            for name in models
        },
        "ratio": round(medians["shipped"] / medians["baseline"], 3),
    }


if __name__ == "__main__":
    main()
