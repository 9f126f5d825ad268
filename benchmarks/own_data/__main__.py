r"""Train on somebody's own data, as we do by default and as people otherwise do, and measure.

    python -m benchmarks.own_data --data ../shared/data --runs runs/own     # hours
    python -m benchmarks.own_data --data ../shared/data --runs runs/own --only banking77 --seeds 1

Needs the extras `train`, `export` and `peers`. Each figure goes into the result as it is found, and
what is there is not measured again. Accuracy is that of the int8 ONNX file that `edgernn export`
writes, or of the float32 one, which is named, where the checks of an export refuse int8.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import edgernn
from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.own_data.data import TASKS, Row, Task
from benchmarks.own_data.peers import PEERS, Labels, missing, share_of_right
from edgernn.api import export_model, train_model
from edgernn.errors import ExportError
from edgernn.training.run import CHECKPOINT, CONFIG, METRICS, read_json

__all__ = ["OURS", "main"]

OURS = "edgernn train"
_RESULT = Path("benchmarks/results/own_data.json")
_SEEDS = 5


def main() -> None:
    """Measure what is not measured yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(dict.fromkeys(task.name for task in TASKS))
    parser.add_argument("--data", type=Path, required=True, help="the folder with all data sets")
    parser.add_argument("--runs", type=Path, required=True, help="a folder for what is trained")
    parser.add_argument("--only", choices=names, action="append")
    parser.add_argument("--rows", type=int, action="append", help="these sizes alone; 0: all rows")
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--model", choices=(OURS, *PEERS), action="append")
    parser.add_argument("--output", type=Path, default=_RESULT)
    arguments = parser.parse_args()
    if lacks := missing():
        raise SystemExit(lacks)
    found: dict[str, Any] = {}
    if arguments.output.exists():
        found = json.loads(arguments.output.read_text("utf-8"))["tasks"]
    packages = (*EXPORT_PACKAGES, "scikit-learn", "fasttext-numpy2")
    for seed in range(1, arguments.seeds + 1):
        for task in TASKS:
            if arguments.only and task.name not in arguments.only:
                continue
            if arguments.rows and (task.rows or 0) not in arguments.rows:
                continue
            measured = found.setdefault(task.key, {}).setdefault(str(seed), {})
            wanted = [OURS, *(name for name in PEERS if _applies(name, task))]
            for name in arguments.model or wanted:
                if name in measured or name not in wanted:
                    continue
                measured[name] = _measure(name, task, seed, arguments.data, arguments.runs)
                print(task.key, seed, name, measured[name], flush=True)
                ordered = {task.key: found[task.key] for task in TASKS if task.key in found}
                machine = describe_machine(packages)
                write_result(arguments.output, {"machine": machine, "tasks": ordered})


def _applies(name: str, task: Task) -> bool:
    return name != "pretrained, untouched" or task.name == "Amazon + Yelp"


def _measure(name: str, task: Task, seed: int, data: Path, runs: Path) -> dict[str, Any]:
    split = task.split(data, task.rows, seed)
    texts, labels = [text for text, _ in split.test], np.array([label for _, label in split.test])
    started = time.monotonic()
    more: dict[str, Any] = {}
    if name == OURS:
        given, more = _ours(task, seed, split.train, texts, runs)
    else:
        given = PEERS[name](split.train, texts, seed, task.balanced)
    return {
        "right": share_of_right(given, labels, task.balanced),
        "rows": len(split.train),
        "test": len(labels),
        "minutes": round((time.monotonic() - started) / 60, 1),
        **more,
    }


def _ours(
    task: Task, seed: int, train: Sequence[Row], texts: Sequence[str], runs: Path
) -> tuple[Labels, dict[str, Any]]:
    """Train with the defaults of `edgernn train`, export, and score with the file."""
    folder = runs / f"{task.key} {seed}".lower().replace(" ", "-").replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "train.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *train])
    run = folder / "run"
    if not (run / METRICS).exists() or (run / CHECKPOINT).exists():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            train_model(
                data,
                run,
                seed=seed,
                start=None if task.from_pretrained else "none",
                class_weight="balanced" if task.balanced else None,
            )
    precision, path = "int8", folder / "int8.onnx"
    try:
        export_model(run, path, precision=precision)
    except ExportError:
        precision, path = "float32", folder / "float32.onnx"
        export_model(run, path, precision=precision)
    with edgernn.load(path, "cpu", threads=1) as model:
        given = np.array([score.label or "" for score in model.score(list(texts))])
    config, metrics = read_json(run, CONFIG), read_json(run, METRICS)
    return given, {
        "chosen": config["recipe"] + (f" from {config['from']}" if "from" in config else ""),
        "precision": precision,
        "bytes": path.stat().st_size,
        "validation": metrics["validation_accuracy"],
    }


if __name__ == "__main__":
    main()
