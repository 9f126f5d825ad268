"""Few labels alone, and with a transformer's soft labels of further texts that have no label.

    python -m benchmarks.distil --data ../shared/data --folder distil --teacher PYTHON

`PYTHON` is that of an environment with what `benchmarks/distil/vectors.py` needs: it gives the
transformer's vectors of all texts, on which the teacher is a logistic regression. Of labelled texts
it is asked out of fold. Temperature and share of labels are chosen on the `dev` texts of all seeds,
which nothing learns from; the test texts are read with what was chosen. What the folder has already
is not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.distil.data import DATA_SETS, PARTS, read, write_parts
from benchmarks.environment import describe_machine, write_result
from edgernn.api import evaluate_model, train_model

__all__ = ["main"]

RESULT = Path(__file__).parents[1] / "results" / "distil.json"
VECTORS = Path(__file__).with_name("vectors.py")
RECIPE = "pooled-bilstm"
SEEDS = (4, 5, 6)
TEXTS_READ = 60_000
"""About how many texts every run reads, so that none has more steps for having more texts."""
FOLDS = 5
PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
GRID = ((1.0, 0.0), (1.0, 0.3), (2.0, 0.3))
"""Temperatures and shares of labels that are tried."""

Scores = npt.NDArray[np.float64]


def main() -> None:
    """Measure what is missing and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--teacher", default=sys.executable, help="a Python with PyTorch")
    parser.add_argument("--only", choices=DATA_SETS, action="append")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    sets: dict[str, Any] = {}
    if arguments.output.exists():
        sets = json.loads(arguments.output.read_text())["sets"]
    for name in arguments.only or list(DATA_SETS):
        folder = arguments.folder / name
        for seed in SEEDS:
            write_parts(name, arguments.data, folder / str(seed), seed)
        vectors = _vectors(folder, arguments.teacher)
        for seed in SEEDS:
            if not (folder / str(seed) / "teacher.npy").exists():
                _teach(folder / str(seed), vectors, seed)
        sets[name] = _measured(name, folder)
        packages = ("edgernn", "numpy", "scikit-learn", "tensorflow", "keras")
        write_result(arguments.output, {"machine": describe_machine(packages), "sets": sets})


def _vectors(folder: Path, python: str) -> dict[str, npt.NDArray[np.float32]]:
    """Return the transformer's vector of each text of a data set."""
    parts = (folder / str(seed) / f"{part}.csv" for seed in SEEDS for part in PARTS)
    texts = sorted({text for part in parts for text, _ in read(part)})
    asked, found = folder / "texts.json", folder / "vectors.npy"
    if not found.exists() or json.loads(asked.read_text()) != texts:
        asked.write_text(json.dumps(texts))
        subprocess.run([python, str(VECTORS), str(asked), str(found)], check=True)
    return dict(zip(texts, np.load(found), strict=True))


def _teach(folder: Path, vectors: Mapping[str, npt.NDArray[np.float32]], seed: int) -> None:
    """Write soft labels of the labelled and unlabelled texts, and what the teacher says of all."""
    import pyarrow
    from pyarrow import parquet
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rows = {part: read(folder / f"{part}.csv") for part in PARTS}
    inputs = {part: np.stack([vectors[text] for text, _ in rows[part]]) for part in PARTS}
    labels = [label for _, label in rows["labelled"]]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)

    def regression(penalty: float) -> LogisticRegression:
        return LogisticRegression(C=penalty, max_iter=1000)

    unseen: dict[float, Scores] = {
        penalty: cross_val_predict(
            regression(penalty), inputs["labelled"], labels, cv=folds, method="predict_proba"
        )
        for penalty in PENALTIES
    }
    best = min(PENALTIES, key=lambda penalty: log_loss(labels, unseen[penalty]))
    model = regression(best).fit(inputs["labelled"], labels)
    said = [unseen[best], *(model.predict_proba(inputs[part]) for part in PARTS[1:])]
    taught = np.concatenate(said[:2])
    columns: dict[str, Any] = {
        "text": [text for part in PARTS[:2] for text, _ in rows[part]],
        "label": [*labels, *[None] * len(rows["unlabelled"])],
    }
    columns |= {f"probability_{name}": taught[:, k] for k, name in enumerate(model.classes_)}
    parquet.write_table(pyarrow.table(columns), folder / "train.parquet")
    np.save(folder / "teacher.npy", model.classes_[np.concatenate(said).argmax(axis=1)])


def _measured(name: str, folder: Path) -> dict[str, Any]:
    """Choose settings on the dev texts, and measure the test texts."""
    first = folder / str(SEEDS[0])
    tried = []
    for temperature, share in GRID:
        dev = [
            _accuracy(
                _train(folder / str(seed), seed, temperature, share), folder / str(seed), "dev"
            )
            for seed in SEEDS
        ]
        tried.append({"temperature": temperature, "hard_share": share, "dev": fmean(dev)})
        print(name, tried[-1], dev, flush=True)
    best = max(tried, key=lambda one: one["dev"])
    seeds = []
    for seed in SEEDS:
        own = folder / str(seed)
        soft = _train(own, seed, best["temperature"], best["hard_share"])
        seeds.append(
            {
                "seed": seed,
                "default": _accuracy(_train_default(own, seed), own, "test"),
                "hard": _accuracy(_train(own, seed), own, "test"),
                "soft": _accuracy(soft, own, "test"),
                "teacher": _teacher_accuracy(own, "test"),
                "teacher_out_of_fold": _teacher_accuracy(own, "labelled"),
            }
        )
        print(name, seeds[-1], flush=True)
    return {
        "labels": len({label for _, label in read(first / "labelled.csv")}),
        "rows": {part: len(read(first / f"{part}.csv")) for part in PARTS},
        "recipe": RECIPE,
        "texts_read": TEXTS_READ,
        "tried": tried,
        "chosen": {key: best[key] for key in ("temperature", "hard_share")},
        "seeds": seeds,
    }


def _train(
    folder: Path, seed: int, temperature: float | None = None, share: float | None = None
) -> Path:
    """Return the run of labels alone, or with soft labels; train it where it is not there."""
    name = "hard" if temperature is None else f"soft-{temperature:g}-{share:g}"
    run = folder / name
    if (run / "model.keras").exists():
        return run
    soft: dict[str, Any] = {}
    data = folder / "labelled.csv"
    if temperature is not None:
        data = folder / "train.parquet"
        soft = {"soft_labels": data, "temperature": temperature, "hard_share": share}
    rows = sum(len(read(folder / f"{part}.csv")) for part in PARTS[: 2 if soft else 1])
    train_model(data, run, recipe=RECIPE, seed=seed, epochs=round(TEXTS_READ / rows), **soft)
    return run


def _train_default(folder: Path, seed: int) -> Path:
    """Return the run of labels alone that `edgernn train` makes where it is told nothing else."""
    run = folder / "default"
    if not (run / "model.keras").exists():
        train_model(folder / "labelled.csv", run, seed=seed)
    return run


def _accuracy(run: Path, folder: Path, part: str) -> float:
    """Return how often a run is right of a part's texts."""
    kept = folder / f"{run.name}-{part}.json"
    if not kept.exists():
        found = evaluate_model(run, folder / f"{part}.csv").metrics.accuracy
        kept.write_text(json.dumps({"accuracy": found}))
    return float(json.loads(kept.read_text())["accuracy"])


def _teacher_accuracy(folder: Path, part: str) -> float:
    """Return how often the teacher's likeliest label is that of a part's texts."""
    rows = {other: read(folder / f"{other}.csv") for other in PARTS}
    start = sum(len(rows[other]) for other in PARTS[: PARTS.index(part)])
    given = np.load(folder / "teacher.npy")[start : start + len(rows[part])]
    return float(np.mean([g == label for g, (_, label) in zip(given, rows[part], strict=True)]))


if __name__ == "__main__":
    main()
