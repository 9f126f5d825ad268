"""One review on one thread: the shipped model beside the stacked one of the published tutorial.

    python -m benchmarks.latency
    python -m benchmarks.latency --model new.onnx --baseline benchmarks/models/flagship-1/model.onnx

Both files are called in turn, text to score, encoding included: with a text of 200 tokens of each
model's own, and with the same text of 200 words. The ratio is that of the medians. Of files that
are named, it is printed, and written where `--output` says.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine, write_result
from edgernn.cli.console import say
from edgernn.runtime import SHIPPED_MODEL, Classifier, load
from edgernn.runtime.opening import ENGINE_NAMES
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["compare", "main"]

BASELINE = Path("benchmarks/models/subword-bilstm/model.onnx")
RESULT = Path("benchmarks/results/latency.json")
_TOKENS = 200
_WARM_UP = 50


def main() -> None:
    """Time both files, print the ratios, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="in the place of the shipped model")
    parser.add_argument("--baseline", type=Path, help="what it is measured beside")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default="auto")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    model, baseline = arguments.model or SHIPPED_MODEL, arguments.baseline or BASELINE
    result = compare(model, baseline, arguments.rounds, arguments.engine)
    for name in ("own_tokens", "same_words"):
        shown = [f"{row['median']:.3f} ms" for row in result[name]["milliseconds"].values()]
        say(f"{name}: {shown[0]}, baseline {shown[1]}: {result[name]['ratio']:.3f} of its time")
    is_committed = (model, baseline, arguments.engine) == (SHIPPED_MODEL, BASELINE, "auto")
    output = arguments.output or (RESULT if is_committed else None)
    if output is not None:
        write_result(output, result)


def compare(
    model: Path, baseline: Path, rounds: int = 1000, engine: str = "auto"
) -> dict[str, Any]:
    """Time two model files in turn on one thread, one text a call.

    Args:
        model: a model file, whose time is divided by the other's.
        baseline: likewise.
        rounds: calls of each that count.
        engine: see `edgernn.load`.

    Returns:
        What stands in the result file; the figures of `model` are called `shipped`.

    Raises:
        ModelFileError: the engine does not run one of them.
    """
    models = {
        "shipped": load(model, "cpu", threads=1, engine=engine),
        "baseline": load(baseline, "cpu", threads=1, engine=engine),
    }
    words = " ".join(" ".join(SAMPLE_TEXTS).split()[:_TOKENS])
    own = {name: _of_tokens(model, _TOKENS) for name, model in models.items()}
    machine = describe_machine(("edgernn", "numpy", "onnxruntime"))
    return {
        "machine": machine,
        "threads": 1,
        "device": models["shipped"].device,
        "engines": {name: model.engine for name, model in models.items()},
        "rounds": rounds,
        "recipes": {name: model.card["recipe"] for name, model in models.items()},
        "own_tokens": _timed(models, own, rounds),
        "same_words": _timed(models, dict.fromkeys(models, words), rounds),
    }


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
