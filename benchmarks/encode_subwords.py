"""Reviews encoded per second: TFDS's `SubwordTextEncoder`, our `encode` and our `encode_batch`.

    python -m benchmarks.encode_subwords --data aclImdb_v1.tar.gz \
        --vocabulary imdb-subwords8k.subwords --output benchmarks/results/encode_subwords.json

One process, one thread. In every round each encoder is made afresh and encodes all test reviews
twice: the first pass meets every word for the first time, the later one has met them all. Making
an encoder is not timed, but what it builds on first use is. All ids are compared beforehand.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt

from benchmarks.environment import describe_machine, write_result
from edgernn.data import load_split
from edgernn.privacy import import_quietly
from edgernn.text import SubwordEncoder

tfds = import_quietly("tensorflow_datasets")

Rows = Sequence[Sequence[int] | npt.NDArray[np.int32]]
Encode = Callable[[Sequence[str]], Rows]

TFDS = "tfds"
PASSES = ("first_pass", "later_pass")


def tfds_encoder(vocabulary: Path) -> Encode:
    """Return TFDS's encoder, new, for a list of texts."""
    encoder = tfds.deprecated.text.SubwordTextEncoder.load_from_file(
        str(vocabulary.with_suffix(""))
    )
    return lambda texts: [encoder.encode(text) for text in texts]


def scalar_encoder(vocabulary: Path) -> Encode:
    """Return our encoder, new, text by text."""
    encoder = SubwordEncoder.load(vocabulary)
    return lambda texts: [encoder.encode(text) for text in texts]


def batch_encoder(vocabulary: Path) -> Encode:
    """Return our encoder, new, all texts in one call."""

    def encode(texts: Sequence[str]) -> Rows:
        return encoder.encode_batch(texts)

    encoder = SubwordEncoder.load(vocabulary)
    return encode


MAKERS: dict[str, Callable[[Path], Encode]] = {
    TFDS: tfds_encoder,
    "encode": scalar_encoder,
    "encode_batch": batch_encoder,
}


def require_equal_ids(texts: Sequence[str], vocabulary: Path) -> None:
    """Compare the ids of all texts.

    Raises:
        RuntimeError: an encoder gave other ids than TFDS's.
    """
    expected = MAKERS[TFDS](vocabulary)(texts)
    for name, make in MAKERS.items():
        for i, (row, other) in enumerate(zip(make(vocabulary)(texts), expected, strict=True)):
            if not np.array_equal(row, other):
                raise RuntimeError(f"{name} gave other ids for text {i}")


def measure(texts: Sequence[str], vocabulary: Path, rounds: int) -> dict[str, Any]:
    """Time all encoders in turns; return seconds by encoder, pass and clock, one each round."""
    seconds: dict[str, Any] = {
        name: {pass_: {"wall": [], "cpu": []} for pass_ in PASSES} for name in MAKERS
    }
    names = list(MAKERS)
    for round_ in range(rounds):
        for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
            encode = MAKERS[name](vocabulary)
            for pass_ in PASSES:
                gc.collect()
                wall, cpu = time.perf_counter(), time.process_time()
                rows = encode(texts)
                taken = seconds[name][pass_]
                taken["cpu"].append(time.process_time() - cpu)
                taken["wall"].append(time.perf_counter() - wall)
                del rows
    return seconds


def report(seconds: dict[str, Any], texts: int) -> dict[str, Any]:
    """Return reviews per second, and the ratios to TFDS's encoder in the same round."""
    result: dict[str, Any] = {}
    for name, passes in seconds.items():
        result[name] = {}
        for pass_, clocks in passes.items():
            result[name][pass_] = {}
            for clock, taken in clocks.items():
                base = seconds[TFDS][pass_][clock]
                entry = {"reviews_per_second": spread([texts / s for s in taken], 0)}
                if name != TFDS:
                    ratios = [b / s for b, s in zip(base, taken, strict=True)]
                    entry["times_tfds"] = spread(ratios, 2)
                result[name][pass_][clock] = entry
    return result


def spread(values: Sequence[float], digits: int) -> dict[str, float]:
    """Return median, minimum and maximum, rounded."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, digits) for name, value in found.items()}


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="aclImdb_v1.tar.gz or its folder")
    parser.add_argument("--vocabulary", type=Path, required=True, help="a .subwords file")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts = load_split(arguments.data, "test").texts
    load_before = os.getloadavg()[0]
    require_equal_ids(texts, arguments.vocabulary)
    seconds = measure(texts, arguments.vocabulary, arguments.rounds)
    result = {
        "machine": describe_machine(["numpy", "tensorflow-datasets"]),
        "threads": 1,
        "load_average_before": round(load_before, 2),
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "ids_equal": True,
        "rounds": arguments.rounds,
        "encoders": report(seconds, len(texts)),
    }
    write_result(arguments.output, result)
    print(json.dumps(result["encoders"], indent=2))


if __name__ == "__main__":
    main()
