"""A trained run beside the peers: its int8 files on the whole test split and on short sentences.

    python -m benchmarks.accuracy.measure_run RUN --data DATA --short SHORT --name flagship-seed-1

Exports the int8 ONNX and TFLite files, with all checks of `edgernn export`, scores every test
review and every sentence with both, and writes one file into `benchmarks/accuracy/results/runs`.
Names that differ in `-seed-N` alone are seeds of one model; table and plot put them together.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.data import MeasuredTexts, load_measured_texts
from benchmarks.accuracy.measures import measure_accuracy, measure_short, measure_speed
from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.peers.model_file import ModelFile
from edgernn.cli.console import say
from edgernn.errors import ExportError, UsageError
from edgernn.evaluation.calibration import calibration_bins, expected_calibration_error
from edgernn.runtime.loaded_model import open_reference
from edgernn.text import Decision
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from exporters.export import TrainedModel, export, open_trained
from exporters.rules import FORMATS, FormatRules

__all__ = ["RESULTS", "main", "measure_run"]

RESULTS = Path("benchmarks/accuracy/results/runs")
PRECISION = "int8"
_TIMED = "onnx"
"""The format whose files are timed: the one that the package scores with everywhere."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def main() -> None:
    """Export and measure one run, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--short", type=Path, required=True)
    parser.add_argument("--name", required=True, help="of the result file, such as bigru-seed-1")
    parser.add_argument("--note", default="", help="a sentence to stand in the result")
    parser.add_argument("--reviews", type=int, default=2000, help="of a timed pass")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if not _NAME.fullmatch(arguments.name):
        raise UsageError(f"--name {arguments.name}: small letters, digits, hyphens and dots only")
    run = Run.open(arguments.run)
    texts = load_measured_texts(arguments.data, arguments.short)
    held_out = validation_examples(run.config, arguments.data, run.encoder)
    trained = open_trained(run, held_out.texts, held_out.labels)
    machine = describe_machine(EXPORT_PACKAGES)
    result = {
        "name": arguments.name,
        "note": arguments.note,
        "machine": machine,
        "data": texts.description,
        **measure_run(trained, texts, arguments.reviews, arguments.passes),
    }
    write_result(arguments.output / f"{arguments.name}.json", result)
    for name, reason in result["refused"].items():
        say(f"{arguments.name} {name}: refused: {reason}")
    for name, file in result["files"].items():
        test = file["test"]
        say(
            f"{arguments.name} {name}: {file['bytes']:,} bytes, test {test['accuracy']:.2%}, "
            f"{test['accuracy_without_near_duplicates']:.2%} without near-duplicates"
        )


def measure_run(
    trained: TrainedModel, texts: MeasuredTexts, reviews: int, passes: int
) -> dict[str, Any]:
    """Export a run's int8 files and measure them.

    Args:
        trained: the run with its model.
        texts: what is measured on.
        reviews: texts of a timed pass.
        passes: timed passes.

    Raises:
        ExportError: the timed file failed a check.
    """
    run = trained.run
    result: dict[str, Any] = {
        "recipe": run.config["recipe"],
        "seed": run.config["seed"],
        "config": _without_places(run.config),
        "metrics": run.metrics,
        "keras_test_accuracy": _keras_accuracy(run, texts),
        "files": {},
        "refused": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for rules in FORMATS.values():
            path = Path(folder) / f"{PRECISION}{rules.suffix}"
            try:
                result["files"][rules.name] = _file(trained, rules, path, texts)
            except ExportError as error:
                # Of the tables a file of the other format will do; what was refused is told.
                if rules.name == _TIMED:
                    raise
                result["refused"][rules.name] = str(error).replace(f"{folder}/", "")
                continue
            if rules.name == _TIMED:
                file = ModelFile(path)
                result["speed"] = measure_speed(file.score, texts.tests.texts, reviews, passes)
    return result


def _file(
    trained: TrainedModel, rules: FormatRules, path: Path, texts: MeasuredTexts
) -> dict[str, Any]:
    checks = export(trained, rules, PRECISION, path, open_reference)
    file = ModelFile(path)
    decision = Decision(file.threshold)
    scores = file.score(texts.tests.texts)
    bins = calibration_bins(scores.astype(np.float32), texts.tests.labels)
    return {
        "bytes": path.stat().st_size,
        "checks": [f"{check.name}: {check.line}" for check in checks],
        "test": measure_accuracy(scores, texts.tests, texts.kept, decision),
        "expected_calibration_error": expected_calibration_error(bins),
        "short": measure_short(file.score, texts, decision),
    }


def _without_places(config: dict[str, Any]) -> dict[str, Any]:
    """Return a run's settings without where its data lay; what the data was stays."""
    data = config["data"]
    if data is None:
        return config
    return {**config, "data": {name: data[name] for name in data if name != "source"}}


def _keras_accuracy(run: Run, texts: MeasuredTexts) -> float | None:
    """Return what `edgernn evaluate` measured of the Keras model; None where it did not."""
    found = run.evaluation
    if found is None or found["examples"] != len(texts.tests.texts):
        return None
    accuracy: float = found["accuracy"]
    return accuracy


if __name__ == "__main__":
    main()
