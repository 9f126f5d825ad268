#!/usr/bin/env python3
"""Write what edgernn gives for some hundreds of texts, for the Kotlin library to be compared with.

    python runtimes/kotlin/tools/expected_scores.py scores.json
    EDGERNN_EXPECTED=$PWD/scores.json mvn -f runtimes/kotlin/pom.xml verify

The file is ASCII: {"model_sha256": …, "scores": [{"text": …, "probability": …, "label": …}, …],
"graphs": [{"graph": …, "ids": …, "probabilities": …}, …]}; probability and label are null for a
text that is refused. The texts are our own, always the same: samples, conformance texts, and
mixtures of both. Graphs are those of runtimes/graphs, scored by LiteRT.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import edgernn
from edgernn.bench.texts import SENTENCES
from exporters.sample_texts import SAMPLE_TEXTS

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
GRAPHS = ("fused", "labels", "loops", "stateless")
"""Those of float32. Of what is stored as float16 or int8, LiteRT rounds sums on its way."""
GRAPH_IDS = range(2, 6)
"""Of every small vocabulary that the graphs are given."""
CASES = 120
MIXTURES = 400
LONGEST_CASE = 2000
"""Characters; longer conformance texts would be most of the file."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Score the texts and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("output", type=Path, help="the file to write")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="default: the shipped model")
    options = parser.parse_args(arguments)
    found = expected(options.model, texts())
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=0) + "\n", "ascii")
    print(f"{options.output}: {len(found['scores'])} texts")


def texts() -> list[str]:
    """Return the texts: samples, conformance texts, mixtures; none twice."""
    chance = random.Random(1)
    cases = sorted(_conformance_texts())
    pieces = [*SAMPLE_TEXTS, *SENTENCES]
    mixtures = []
    for _ in range(MIXTURES):
        parts = [chance.choice(pieces) for _ in range(chance.randint(1, 30))]
        parts.insert(chance.randrange(len(parts) + 1), chance.choice(cases))
        mixtures.append(chance.choice([" ", " ", "", "<br />"]).join(parts))
    return list(dict.fromkeys([*pieces, *chance.sample(cases, CASES), "", " \u2003", *mixtures]))


def expected(model: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Return the file's object."""
    classifier = edgernn.load(model)
    found = [
        {"text": text, "probability": score.probability, "label": score.label}
        for text, score in zip(texts, classifier.score(texts), strict=True)
    ]
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return {"model_sha256": digest, "scores": found, "graphs": list(graph_scores())}


def graph_scores() -> Iterator[dict[str, Any]]:
    """Yield ids of many lengths for each graph, with what LiteRT gives for them."""
    from ai_edge_litert.interpreter import Interpreter

    chance = random.Random(2)
    for name in GRAPHS:
        path = ROOT / "runtimes" / "graphs" / f"{name}.tflite"
        interpreter = Interpreter(str(path), num_threads=1)
        (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
        # A loop reads four ids at once.
        for length in range(4, 41, 6):
            ids = [chance.choice(GRAPH_IDS) for _ in range(length)]
            interpreter.resize_tensor_input(given["index"], (1, length))
            interpreter.allocate_tensors()
            interpreter.reset_all_variables()
            interpreter.set_tensor(given["index"], np.array([ids], np.int32))
            interpreter.invoke()
            found = interpreter.get_tensor(taken["index"]).reshape(-1)
            yield {"graph": name, "ids": ids, "probabilities": [float(value) for value in found]}


def _conformance_texts() -> set[str]:
    found = set()
    for path in sorted((ROOT / "runtimes" / "conformance").glob("*.jsonl")):
        for line in path.read_text("ascii").splitlines()[1:]:
            text = json.loads(line).get("text")
            if text is not None and len(text) <= LONGEST_CASE:
                found.add(text)
    return found


if __name__ == "__main__":
    main()
