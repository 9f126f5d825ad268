"""Several seeds of the flagship: the int8 file, and the halves of the float model.

    edgernn train --data aclImdb_v1.tar.gz --seed 1 --output runs/1         # and 2, and 3
    python -m benchmarks.flagship --data aclImdb_v1.tar.gz --short short/ \
        --run runs/1 --run runs/2 --run runs/3 --compare benchmarks/models/flagship-1/model.onnx

Of each run the int8 ONNX file is exported, with all checks, and scored on the whole test split, on
sentences of two shops and on the texts of `benchmarks.behaviour`; of the float model the recurrent
half alone, the n-grams alone and both answer the same sentences and texts, and stand with what
training measured of them on held-out films, before the n-grams learned the labels of those.
`--compare` adds a column of another model, a file or the folder of a run, and times the first run's
file in turn with it. Nothing may be chosen by the test split: `--no-test` leaves it unread, while
settings are still looked for, and then writes only where `--output` says.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.data import SHORT_SETS, load_sentences
from benchmarks.accuracy.measures import measure_accuracy
from benchmarks.accuracy.near_duplicates import kept_tests
from benchmarks.behaviour.texts import Text, measures, read_texts
from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.flagship.halves import HALVES, open_halves
from benchmarks.flagship.table import columns_of
from benchmarks.latency import compare
from benchmarks.peers.model_file import ModelFile
from edgernn.cli.console import say
from edgernn.data import Examples, describe, load_split
from edgernn.errors import DataError
from edgernn.evaluation.calibration import calibration_bins, expected_calibration_error
from edgernn.runtime.loaded_model import open_reference
from edgernn.text import EVEN, Decision
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from exporters.export import export, open_trained
from exporters.rules import FORMATS

__all__ = ["Measured", "main", "mean_of", "measure_file", "measure_halves"]

RESULT = Path("benchmarks/results/flagship.json")
SITES = ("amazon", "yelp")
"""Of the sets of sentences, those that are not of the test split."""
_HELD_OUT = {
    "layers": "layers_validation_accuracy",
    "ngrams": "ngrams_validation_accuracy",
    "both": "validation_accuracy",
}
"""What a run's metrics say of its halves."""


@dataclass(frozen=True)
class Measured:
    """The texts that a model is measured on."""

    sites: Mapping[str, Examples]
    behaviour: Sequence[Text]
    tests: Examples | None = None
    """None: the test split stays unread."""
    kept: npt.NDArray[np.bool_] | None = None
    """bool [tests]: false where a near-duplicate stands among the training reviews."""


def main() -> None:
    """Measure all runs and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, action="append", required=True, dest="runs")
    parser.add_argument("--data", required=True, help="aclImdb_v1.tar.gz or its folder")
    parser.add_argument("--short", type=Path, required=True, help="the folder of sentences")
    parser.add_argument("--compare", type=Path, help="another model: a file, or a run folder")
    parser.add_argument("--no-test", action="store_true", help="leave the test split unread")
    parser.add_argument("--rounds", type=int, default=1000, help="timed calls beside --compare")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    output: Path | None = arguments.output or (None if arguments.no_test else RESULT)
    texts = _read(arguments.data, arguments.short, with_tests=not arguments.no_test)
    result: dict[str, Any] = {
        "machine": describe_machine(EXPORT_PACKAGES),
        "data": dict(describe(arguments.data)),
        "runs": [],
    }
    with tempfile.TemporaryDirectory(prefix="edgernn-flagship-") as name:
        files = []
        for number, folder in enumerate(arguments.runs, 1):
            files.append(Path(name) / f"{number}.onnx")
            result["runs"].append(_measure_run(folder, files[-1], arguments.data, texts))
        result["mean"] = mean_of(result["runs"])
        other: Path | None = arguments.compare
        if other is not None:
            if other.is_dir():
                folder, other = other, Path(name) / "other.onnx"
                column = _measure_run(folder, other, arguments.data, texts)
            else:
                folder = other.parent if other.stem == "model" else other.with_suffix("")
                column = measure_file(other, texts)
            result["compared"] = {"name": folder.name, **column}
            result["speed"] = compare(files[0], other, arguments.rounds, "native")
    for line in _lines(result):
        say(line)
    if output is not None:
        write_result(output, result)


def _read(data: str, short: Path, *, with_tests: bool) -> Measured:
    sites = {name: load_sentences(short, SHORT_SETS[name]) for name in SITES}
    if not with_tests:
        return Measured(sites, read_texts())
    tests, kept = load_split(data, "test"), kept_tests()
    if len(kept) != len(tests):
        raise DataError(f"{data}: {len(tests):,} tests, and near-duplicates of {len(kept):,}")
    return Measured(sites, read_texts(), tests, kept)


def _measure_run(folder: Path, file: Path, data: str, texts: Measured) -> dict[str, Any]:
    """Export a run's int8 ONNX file, and measure it and the halves of the float model."""
    run = Run.open(folder)
    held_out = validation_examples(run.config, data, run.encoder)
    trained = open_trained(run, held_out.texts, held_out.labels)
    checks = export(trained, FORMATS["onnx"], "int8", file, open_reference)
    metrics = run.metrics
    return {
        "seed": run.config["seed"],
        "parameters": metrics["parameters"],
        "minutes": metrics["minutes"],
        "held_out": {half: metrics[name] for half, name in _HELD_OUT.items()},
        "held_out_texts": metrics["validation_examples"],
        "blend": metrics["blend"],
        "checks": [f"{check.name}: {check.line}" for check in checks],
        **measure_file(file, texts),
        "halves": measure_halves(open_halves(run), texts),
    }


def measure_file(path: Path, texts: Measured) -> dict[str, Any]:
    """Return what a model file of two labels reaches.

    Args:
        path: the file.
        texts: what is measured on.

    Raises:
        ModelFileError: it cannot be scored.
    """
    file = ModelFile(path)
    decision = Decision(file.threshold)
    found: dict[str, Any] = {"bytes": path.stat().st_size}
    if texts.tests is not None and texts.kept is not None:
        scores = file.score(texts.tests.texts)
        bins = calibration_bins(scores.astype(np.float32), texts.tests.labels)
        found["test"] = measure_accuracy(scores, texts.tests, texts.kept, decision)
        found["test"]["expected_calibration_error"] = expected_calibration_error(bins)
    for name, examples in texts.sites.items():
        found[name] = _site(file.score(examples.texts), examples, decision)
    behaviour = file.score([text.text for text in texts.behaviour])
    found["behaviour"] = measures(texts.behaviour, behaviour.tolist())
    return found


def measure_halves(
    halves: Callable[[Sequence[str]], Mapping[str, npt.NDArray[np.float64]]], texts: Measured
) -> dict[str, Any]:
    """Return what each half reaches, and both, on sentences and on the texts of behaviour.

    Args:
        halves: see `open_halves`; above a logit of 0 a half says `positive`.
        texts: what is measured on; of the tests, none.
    """
    found: dict[str, Any] = {half: {} for half in HALVES}
    for name, examples in texts.sites.items():
        for half, sums in halves(examples.texts).items():
            found[half][name] = _site(_likely(sums), examples, EVEN)
    for half, sums in halves([text.text for text in texts.behaviour]).items():
        found[half]["behaviour"] = measures(texts.behaviour, _likely(sums).tolist())
    return found


def _likely(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    likely: npt.NDArray[np.float64] = 1 / (1 + np.exp(-sums))
    return likely


def _site(
    scores: npt.NDArray[np.float64], examples: Examples, decision: Decision
) -> dict[str, Any]:
    return {
        "examples": len(examples),
        "accuracy": float(decision.right(scores, examples.labels).mean()),
        "called_positive": float(decision.called(scores).mean()),
    }


def mean_of(columns: Sequence[Any]) -> Any:
    """Return the mean of every number of like columns, but for `seed`; all else is left out."""
    first = columns[0]
    if isinstance(first, dict):
        names = [name for name in first if name != "seed"]
        of_all = {name: mean_of([column[name] for column in columns]) for name in names}
        return {name: value for name, value in of_all.items() if value is not None}
    if isinstance(first, (int, float)) and not isinstance(first, bool):
        return sum(columns) / len(columns)
    return None


def _lines(result: dict[str, Any]) -> list[str]:
    """Return what is said of a result where it was made."""
    lines = []
    for name, column in columns_of(result):
        shown = [f"{name.strip('`')}: {column['bytes']:,.0f} bytes"]
        if "test" in column:
            test = column["test"]
            shown.append(f"test {test['accuracy']:.2%}")
            shown.append(f"ECE {test['expected_calibration_error']:.4f}")
        shown += [f"{site} {column[site]['accuracy']:.2%}" for site in SITES]
        shown.append(f"behaviour {column['behaviour']['accuracy']:.1%}")
        shown.append(f"pairs {column['behaviour']['pairs']:.1%}")
        lines.append(", ".join(shown))
        for half in HALVES if "halves" in column else ():
            own = column["halves"][half]
            sites = ", ".join(f"{site} {own[site]['accuracy']:.2%}" for site in SITES)
            lines.append(
                f"  {half}: held out {column['held_out'][half]:.2%}, {sites}, behaviour "
                f"{own['behaviour']['accuracy']:.1%}, pairs {own['behaviour']['pairs']:.1%}"
            )
    if "speed" in result:
        ratio = result["speed"]["own_tokens"]["ratio"]
        lines.append(
            f"one review of 200 tokens: {ratio:.2f} of {result['compared']['name']}'s time"
        )
    return lines


if __name__ == "__main__":
    main()
