"""Accuracy by kind of short texts that a list of words gets wrong.

    python -m benchmarks.behaviour                           # the shipped model
    python -m benchmarks.behaviour --model runs/mine/model.onnx --model ...

With `vaderSentiment` installed (extra `peers`), its answers stand beside; without it, those that
the result file has of it stay. Models answer for one of two labels, the second of which is taken
as `positive`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

import edgernn
from benchmarks.behaviour.texts import Text, measures, read_texts
from benchmarks.environment import describe_machine, write_result
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["main"]

RESULT = Path("benchmarks/results/behaviour.json")
_VADER, _PACKAGE = "VADER", "vaderSentiment"


def main() -> None:
    """Measure the models and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    texts = read_texts()
    models: list[Path] = arguments.model or [SHIPPED_MODEL]
    rows = [{"model": _name(path)} | _measure(path, texts) for path in models]
    machine = describe_machine(["edgernn", "numpy"])
    if importlib.util.find_spec(_PACKAGE) is not None:
        rows.append({"model": _VADER} | measures(texts, _vader(texts)))
        machine["versions"] |= describe_machine([_PACKAGE])["versions"]
    elif arguments.output.exists():
        kept = json.loads(arguments.output.read_text("utf-8"))
        rows += [row for row in kept["rows"] if row["model"] == _VADER]
        versions = kept["machine"]["versions"]
        machine["versions"] |= {_PACKAGE: versions[_PACKAGE]} if _PACKAGE in versions else {}
    write_result(arguments.output, {"machine": machine, "rows": rows})


def _name(path: Path) -> str:
    return path.parent.name if path.stem == "model" else path.stem


def _measure(path: Path, texts: list[Text]) -> dict[str, Any]:
    with edgernn.load(path) as model:
        if len(model.labels) != 2:
            raise SystemExit(f"{path}: {len(model.labels)} labels; this wants negative, positive")
        scores = model.score([text.text for text in texts])
    return measures(texts, [score.probability or 0.0 for score in scores])


def _vader(texts: list[Text]) -> list[float]:
    """Return VADER's compound score, -1 to 1, in the place of a probability."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return [(1 + analyzer.polarity_scores(text.text)["compound"]) / 2 for text in texts]


if __name__ == "__main__":
    main()
