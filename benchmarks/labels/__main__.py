"""Trains recipes on data of many labels, and measures their files beside a linear SVM.

    python -m benchmarks.labels --data ../shared/data --runs runs/labels

Trains what is not in the folder of runs yet, or goes on with it, and measures what the file of
results has not yet: after an interruption the same command takes up where it was. `--again`
measures anew, from the runs that are there. All figures are of the test split, which neither
training nor any choice has seen, from one seed; the epoch and the SVM's penalty are chosen on
validation texts. `--only` and `--recipe` measure some data sets and recipes, and keep what the file
says of the others.

Times are wall time of one short text a call on one thread, encoding included, in turn with the
shipped model of two labels: the ratio stays what it is when a machine does other work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.labels.data import DATA_SETS, Row, out_of_scope, short_texts, write_rows
from benchmarks.labels.table import SMALL, small_file
from edgernn.api import export_model, train_model
from edgernn.errors import ExportError
from edgernn.measured import LABELS_FILE
from edgernn.runtime import SHIPPED_MODEL, Classifier, Score, load
from edgernn.training.checkpoint import holds_epoch
from edgernn.training.run import CHECKPOINT, METRICS, read_json

__all__ = ["main"]

RECIPES = ("pooled-bilstm", "ngram-bilstm")
SEED = 1
_FILES = {"onnx": ("float32", "int8"), "tflite": SMALL}
"""Precisions by format."""
_SUFFIXES = {"onnx": ".onnx", "tflite": ".tflite"}
_PENALTIES = (0.1, 0.3, 1.0)
_WARM_UP = 20


def main() -> None:
    """Measure what is missing and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--only", choices=DATA_SETS, action="append")
    parser.add_argument("--recipe", choices=RECIPES, action="append")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--output", type=Path, default=LABELS_FILE)
    arguments = parser.parse_args()
    sets: dict[str, Any] = {}
    if arguments.output.exists():
        sets = json.loads(arguments.output.read_text("utf-8"))["sets"]

    def write() -> None:
        machine = describe_machine((*EXPORT_PACKAGES, "scikit-learn"))
        ordered = {name: sets[name] for name in DATA_SETS if name in sets}
        write_result(arguments.output, {"machine": machine, "seed": SEED, "sets": ordered})

    read: dict[str, list[Row]] = {}
    for what in ("svm", *(arguments.recipe or RECIPES)):
        for name in arguments.only or DATA_SETS:
            found = sets.setdefault(name, {"recipes": {}})
            if not arguments.again and (what in found or what in found["recipes"]):
                continue
            if name not in read:
                read[name] = write_rows(name, arguments.data, arguments.runs / f"{name}.csv")
            rows = read[name]
            found |= {"labels": DATA_SETS[name].labels, **_counts(rows)}
            if what == "svm":
                found["svm"] = _svm(rows)
            else:
                where = (arguments.data, arguments.runs)
                found["recipes"][what] = _measure(name, what, rows, *where)
            write()


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    splits = [split for _, _, split in rows]
    return {split: splits.count(split) for split in ("train", "validation", "test")}


def _measure(name: str, recipe: str, rows: Sequence[Row], data: Path, runs: Path) -> dict[str, Any]:
    """Train and export a recipe on one data set, and measure its files."""
    folder = runs / f"{name}-{recipe}"
    metrics = _train(name, recipe, runs / f"{name}.csv", folder)
    tests = [row for row in rows if row[2] == "test"]
    files = {
        format: {precision: _file(folder, format, precision, tests) for precision in precisions}
        for format, precisions in _FILES.items()
    }
    result = {
        "parameters": metrics["parameters"],
        "epochs": metrics["epochs"],
        "kept_epoch": metrics["kept_epoch"],
        "minutes": metrics["minutes"],
        "validation_accuracy": metrics["validation_accuracy"],
        "files": files,
        "one_text": _timed(folder, files, short_texts(data)),
    }
    if name == "clinc150":
        with load(folder / "int8.onnx", "cpu", threads=1) as file:
            inside, outside = file.score([row[0] for row in tests]), file.score(out_of_scope(data))
        result["out_of_scope"] = {"texts": len(outside), "auroc": _auroc(inside, outside)}
    return result


def _file(folder: Path, format: str, precision: str, tests: Sequence[Row]) -> dict[str, Any]:
    """Export a file and measure it; or tell why the checks of an export refused it."""
    path = folder / f"{precision}{_SUFFIXES[format]}"
    try:
        export_model(folder, path, precision=precision)
    except ExportError as error:
        print(error, file=sys.stderr)
        return {"refused": str(error).partition(" was not written: ")[2] or str(error)}
    with load(path, "cpu", threads=1) as file:
        scores = file.score([text for text, _, _ in tests])
    right = [s.label == row[1] for s, row in zip(scores, tests, strict=True)]
    return {"bytes": path.stat().st_size, "test_accuracy": _share(right)}


def _train(name: str, recipe: str, source: Path, folder: Path) -> dict[str, Any]:
    """Train a run that is not there, or not whole, and return its `metrics.json`."""
    data_set = DATA_SETS[name]
    if not (folder / METRICS).exists() or holds_epoch(folder / CHECKPOINT):
        train_model(
            source,
            folder,
            recipe=recipe,
            seed=SEED,
            epochs=data_set.epochs,
            learning_rate=data_set.learning_rate,
            resume=holds_epoch(folder / CHECKPOINT),
        )
    return read_json(folder, METRICS)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def _timed(folder: Path, files: dict[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """Return the median time of one short text of each small file, and of the shipped model.

    The texts are the same for all data sets, as lengths are what counts.
    """
    paths = {
        name: folder / f"{small_file(files[name])[0]}{suffix}" for name, suffix in _SUFFIXES.items()
    }
    paths["shipped"] = SHIPPED_MODEL
    models: dict[str, Classifier] = {
        name: load(path, "cpu", threads=1) for name, path in paths.items()
    }
    times: dict[str, list[float]] = {name: [] for name in models}
    for number, text in enumerate([*texts[:_WARM_UP], *texts]):
        for name, model in models.items():
            started = time.perf_counter()
            model.score([text])
            if number >= _WARM_UP:
                times[name].append(time.perf_counter() - started)
    tokens = statistics.mean(len(models["onnx"].encode(text)) for text in texts)
    for model in models.values():
        model.close()
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "texts": len(texts),
        "mean_tokens": round(tokens, 1),
        "milliseconds": {name: round(1000 * median, 3) for name, median in medians.items()},
        "times_shipped": {name: round(medians[name] / medians["shipped"], 2) for name in _SUFFIXES},
    }


def _auroc(inside: Sequence[Score], outside: Sequence[Score]) -> float:
    """Return how well a low confidence tells a question of no label from others."""
    from sklearn.metrics import roc_auc_score

    scores = [*inside, *outside]
    doubts = [1.0 - (score.confidence or 0.0) for score in scores]
    return float(roc_auc_score(np.arange(len(scores)) >= len(inside), doubts))


def _svm(rows: Sequence[Row]) -> dict[str, float]:
    """Return what a linear SVM on words and pairs of words is right on.

    Its penalty is chosen on the validation split, or a tenth of the training split; then it learns
    from both.
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
