"""Trains a plain recipe on data of many labels, and measures its int8 file beside a linear SVM.

    python -m benchmarks.labels --data ../shared/data --runs runs/labels

All figures are of the test split, which neither training nor any choice has seen, from one seed.
What the file of results has of other data sets stays: `--only banking77` measures one anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.labels.data import DATA_SETS, Row, out_of_scope, write_rows
from edgernn.api import export_model, train_model
from edgernn.runtime import Classifier, Score, load

__all__ = ["main"]

RECIPE = "pooled-bilstm"
SEED = 1
_PENALTIES = (0.1, 0.3, 1.0)
_TIMED = 500


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--only", choices=DATA_SETS, action="append")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/labels.json"))
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    if arguments.output.exists():
        found = json.loads(arguments.output.read_text("utf-8"))["sets"]
    for name in arguments.only or DATA_SETS:
        found[name] = measure(name, arguments.data, arguments.runs)
        print(json.dumps(found[name], indent=2))
        write_result(
            arguments.output,
            {
                "machine": describe_machine((*EXPORT_PACKAGES, "scikit-learn")),
                "recipe": RECIPE,
                "seed": SEED,
                "sets": {name: found[name] for name in DATA_SETS if name in found},
            },
        )


def measure(name: str, data: Path, runs: Path) -> dict[str, Any]:
    """Train, export and measure one data set."""
    source = runs / f"{name}.csv"
    rows = write_rows(name, data, source)
    data_set = DATA_SETS[name]
    started = time.monotonic()
    run = train_model(
        source,
        runs / name,
        recipe=RECIPE,
        seed=SEED,
        epochs=data_set.epochs,
        learning_rate=data_set.learning_rate,
    )
    minutes = (time.monotonic() - started) / 60
    exported = export_model(run.folder, runs / f"{name}.onnx", precision="int8")
    tests = [row for row in rows if row[2] == "test"]
    with load(exported.path, "cpu", threads=1) as file:
        texts = [text for text, _, _ in tests]
        scores = file.score(texts)
        result = {
            "labels": data_set.labels,
            "train": len(rows) - len(tests),
            "test": len(tests),
            "epochs": run.epochs,
            "minutes": round(minutes, 1),
            "validation_accuracy": run.validation_accuracy,
            "bytes": exported.path.stat().st_size,
            "test_accuracy": _share([s.label == t[1] for s, t in zip(scores, tests, strict=True)]),
            "milliseconds": _milliseconds(file, texts),
            "svm": _svm(rows),
        }
        if name == "clinc150":
            result["out_of_scope_auroc"] = _auroc(scores, file.score(out_of_scope(data)))
    return result


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def _milliseconds(file: Classifier, texts: Sequence[str]) -> float:
    """Return the median time of one text, encoding included."""
    times = []
    for text in texts[:_TIMED]:
        started = time.perf_counter()
        file.score(text)
        times.append(time.perf_counter() - started)
    return round(1000 * statistics.median(times), 3)


def _auroc(inside: Sequence[Score], outside: Sequence[Score]) -> float:
    """Return how well a low confidence tells a question of no label from others."""
    from sklearn.metrics import roc_auc_score

    scores = [*inside, *outside]
    doubts = [1.0 - (score.confidence or 0.0) for score in scores]
    return float(roc_auc_score(np.arange(len(scores)) >= len(inside), doubts))


def _svm(rows: Sequence[Row]) -> dict[str, float]:
    """Return what a linear SVM on words and pairs of words is right on.

    Its penalty is chosen on the validation split, or a tenth of the training split.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import train_test_split
    from sklearn.svm import LinearSVC

    train = [row for row in rows if row[2] == "train"]
    held_out = [row for row in rows if row[2] == "validation"]
    learnt = train
    if not held_out:
        labels = [label for _, label, _ in train]
        learnt, held_out = train_test_split(
            train, test_size=0.1, random_state=SEED, stratify=labels
        )

    def right(penalty: float, learnt: Sequence[Row], measured: Sequence[Row]) -> float:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        model = LinearSVC(C=penalty, random_state=SEED)
        model.fit(words.fit_transform([row[0] for row in learnt]), [row[1] for row in learnt])
        given = model.predict(words.transform([row[0] for row in measured]))
        return _share([a == row[1] for a, row in zip(given, measured, strict=True)])

    best = max(_PENALTIES, key=lambda penalty: right(penalty, learnt, held_out))
    everything = [row for row in rows if row[2] != "test"]
    tests = [row for row in rows if row[2] == "test"]
    return {"penalty": best, "test_accuracy": right(best, everything, tests)}


if __name__ == "__main__":
    main()
