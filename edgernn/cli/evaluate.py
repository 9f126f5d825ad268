"""`edgernn evaluate`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.cli.console import busy, load_model, progress, say, write_line
from edgernn.errors import DataError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.data import Examples, load_split
from edgernn.training.metrics import Metrics, measure

__all__ = ["run_evaluation"]

_TEXTS_AT_ONCE = 1024


def run_evaluation(
    data: str | None,
    model: Path | None,
    text_column: str | None,
    label_column: str | None,
    limit: int | None,
    device: str,
    as_json: bool,
) -> None:
    """Score the test split with a run or a model file, and print what it measures."""
    with busy("reading the test split"):
        examples = load_split(
            data, "test", text_column=text_column, label_column=label_column, limit=limit
        )
    path = SHIPPED_MODEL if model is None else model
    if path.is_dir():
        probabilities, labels, threshold = _score_run(path, examples)
    else:
        probabilities, labels, threshold = _score_file(path, examples, device)
    metrics = measure(probabilities, examples.labels, threshold)
    if as_json:
        write_line(json.dumps({"model": str(path), **asdict(metrics)}))
    else:
        for line in _table(metrics, labels):
            write_line(line)


Scored = tuple[npt.NDArray[np.float32], tuple[str, str], float]


def _score_run(folder: Path, examples: Examples) -> Scored:
    from edgernn.training.models import probabilities
    from edgernn.training.run import Run

    run = Run.open(folder)
    ids = run.encoder.encode_batch(examples.texts)
    with busy("scoring with Keras"):
        found = probabilities(run.load_model(), ids)
    return found, run.contract.labels, run.contract.threshold


def _score_file(path: Path, examples: Examples, device: str) -> Scored:
    classifier = load_model(path, device)
    say(f"{path} on {classifier.device}")
    found = []
    with progress("scoring", len(examples)) as advance:
        for start in range(0, len(examples), _TEXTS_AT_ONCE):
            texts = examples.texts[start : start + _TEXTS_AT_ONCE]
            found += [score.probability for score in classifier.score(texts)]
            advance(len(texts))
    if len(found) != len(examples):
        raise DataError(f"{path}: scored {len(found)} of {len(examples)} examples")
    contract = classifier.contract
    return np.array(found, np.float32), contract.labels, contract.threshold


def _table(metrics: Metrics, labels: tuple[str, str]) -> list[str]:
    (true_negative, false_positive), (false_negative, true_positive) = metrics.confusion
    width = max(10, *map(len, labels))
    return [
        f"examples  {metrics.examples:,}",
        f"accuracy  {metrics.accuracy:.4f}",
        f"F1        {metrics.f1:.4f}",
        f"ROC AUC   {metrics.roc_auc:.4f}",
        f"log loss  {metrics.log_loss:.4f}",
        "",
        f"{'true, given:':<{width + 2}}{labels[0]:>{width}}  {labels[1]:>{width}}",
        f"{labels[0]:<{width + 2}}{true_negative:>{width},}  {false_positive:>{width},}",
        f"{labels[1]:<{width + 2}}{false_negative:>{width},}  {true_positive:>{width},}",
    ]
