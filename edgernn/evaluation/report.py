"""What an evaluation leaves behind: a folder for people, and a file in the run folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

from edgernn.errors import UsageError
from edgernn.evaluation.confident_errors import (
    AnyError,
    ConfidentChoiceError,
    ConfidentError,
    ConfidentLabelError,
)
from edgernn.evaluation.confusion_plot import NO_ANSWER, plot_confusions
from edgernn.evaluation.many_metrics import ChoiceMetrics, by_label
from edgernn.evaluation.measured import AnyMetrics, Calibration, Lengths
from edgernn.evaluation.metrics import Metrics
from edgernn.evaluation.provenance import MeasuredSplit
from edgernn.evaluation.report_plots import plain, plot_calibration, plot_confusion, plot_lengths
from edgernn.files import write_bytes, write_text
from edgernn.training.run import EVALUATION

__all__ = [
    "REPORT_FILES",
    "Evaluation",
    "check_report_folder",
    "report_files",
    "to_json_text",
    "write_evaluation",
    "write_report",
]

REPORT_FILES = (
    "metrics.json",
    "errors.csv",
    "lengths.csv",
    "lengths.png",
    "calibration.png",
    "confusion.png",
)
"""Of a model that gives each text one of two labels."""

_MANY_FILES = (
    *("metrics.json", "errors.csv", "lengths.csv", "labels.csv", "confusion.csv"),
    *("lengths.png", "calibration.png", "confusion.png"),
)
"""Of any other; where a text may have several labels, without `confusion`."""

Writer: TypeAlias = Callable[[Path], None]


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of one model on one set of examples."""

    model: str
    """What was measured: the path as given."""
    labels: tuple[str, ...]
    """Their names, by number: of two that of the negative class first."""
    metrics: AnyMetrics
    """`Metrics` where each text gets one of two labels, `ChoiceMetrics` where it gets one of more
    or none, and `SeveralMetrics` where it may get several."""
    lengths: Lengths
    calibration: Calibration
    split: MeasuredSplit
    """Which split the examples are of, as the model sees them."""
    seen: dict[str, Any] | None
    """What `Provenance.to_json` says of the examples; None where nobody can tell."""
    without_tokens: int = 0
    """Texts that were left out, since the model reads nothing in them."""
    errors: tuple[AnyError, ...] | None = None
    """The most confidently wrong texts, where they were asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints and `metrics.json` holds."""
        found = {
            "model": self.model,
            "labels": self.labels,
            "split": self.split,
            "seen": self.seen,
            "without_tokens": self.without_tokens,
            **self.metrics.to_json(self.labels),
            "lengths": [asdict(bucket) for bucket in self.lengths],
            "calibration": [asdict(one) for one in self.calibration],
        }
        if self.errors is not None:
            found["errors"] = [asdict(error) for error in self.errors]
        return found


def check_report_folder(folder: Path) -> None:
    """Make sure, before the work, that a report can go there; write nothing yet.

    Raises:
        UsageError: a file is there, or a folder has the name of one of the report's files.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report {folder}: is a file; name a folder")
    for name in dict.fromkeys((*REPORT_FILES, *_MANY_FILES)):
        if (folder / name).is_dir():
            raise UsageError(f"--report {folder}: {name} in it is a folder; choose another")


def report_files(metrics: AnyMetrics) -> tuple[str, ...]:
    """Return the names of a report's files, the pictures last."""
    if isinstance(metrics, Metrics):
        return REPORT_FILES
    if isinstance(metrics, ChoiceMetrics):
        return _MANY_FILES
    return tuple(name for name in _MANY_FILES if not name.startswith("confusion"))


def write_report(
    folder: Path,
    evaluation: Evaluation,
    errors: Sequence[AnyError],
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Write the files of `report_files` into a folder, replacing those of an earlier report.

    Args:
        folder: made where it is missing.
        evaluation: what was measured.
        errors: the rows of `errors.csv`.
        say: gets a line for each file when it is there.

    Raises:
        MissingPackageError: matplotlib is not installed; the files that are not pictures are
            written.
    """
    writers = _writers(evaluation, errors)
    for name in report_files(evaluation.metrics):
        writers[name](folder / name)
        say(f"wrote {folder / name}")


def _writers(evaluation: Evaluation, errors: Sequence[AnyError]) -> dict[str, Writer]:
    """Return what writes each file, by its name."""
    metrics, labels, title = evaluation.metrics, evaluation.labels, _title(evaluation)
    writers: dict[str, Writer] = {
        "metrics.json": lambda path: _write(
            path, to_json_text(evaluation.to_json(), indent=2) + "\n"
        ),
        "errors.csv": lambda path: _write(
            path, _csv(_error_columns(metrics), (map(_cell, astuple(error)) for error in errors))
        ),
        "lengths.csv": lambda path: _write(path, _lengths_csv(evaluation.lengths)),
        "lengths.png": lambda path: plot_lengths(evaluation.lengths, metrics.accuracy, path, title),
        "calibration.png": lambda path: plot_calibration(
            evaluation.calibration,
            metrics.expected_calibration_error,
            path,
            title,
            **_calibration_words(metrics, labels),
        ),
    }
    if isinstance(metrics, Metrics):
        counts = metrics.confusion
        return writers | {"confusion.png": lambda path: plot_confusion(counts, labels, path, title)}
    rows = by_label(metrics, labels)
    writers["labels.csv"] = lambda path: _write(
        path, _csv(list(rows[0]), (row.values() for row in rows))
    )
    if isinstance(metrics, ChoiceMetrics):
        confusion = metrics.confusion
        writers["confusion.csv"] = lambda path: _write(path, _confusion_csv(confusion, labels))
        writers["confusion.png"] = lambda path: plot_confusions(confusion, labels, path, title)
    return writers


def write_evaluation(run: Path, evaluation: Evaluation, data: dict[str, str | int]) -> Path:
    """Write how a run did on all examples of a split into its folder, as `evaluation.json`.

    Args:
        run: the run folder, measured with Keras.
        evaluation: what was measured.
        data: the data's description by `edgernn.data.describe`.

    Returns:
        The file.
    """
    path = run / EVALUATION
    # Of many labels the matrix is too large for a file that other commands read.
    values = evaluation.metrics.to_json(evaluation.labels, confusion=False) | {
        "data": data,
        "split": evaluation.split,
        "seen": evaluation.seen,
        "without_tokens": evaluation.without_tokens,
        "runtime": f"keras {metadata.version('keras')}",
    }
    write_text(path, json.dumps(values, indent=2) + "\n")
    return path


def to_json_text(value: dict[str, Any], indent: int | None = None) -> str:
    """Return JSON with text as it is; it may hold lone surrogates, which UTF-8 cannot."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _title(evaluation: Evaluation) -> str:
    name = Path(evaluation.model).resolve().name
    return f"{evaluation.metrics.examples:,} texts, {name}"


def _error_columns(metrics: AnyMetrics) -> list[str]:
    kind: type[AnyError] = ConfidentLabelError
    if isinstance(metrics, Metrics):
        kind = ConfidentError
    elif isinstance(metrics, ChoiceMetrics):
        kind = ConfidentChoiceError
    return [field.name for field in fields(kind)]


def _cell(value: object) -> object:
    """Return a cell: several labels as one text."""
    return "; ".join(value) if isinstance(value, tuple) else value


def _lengths_csv(buckets: Lengths) -> str:
    """Return a row a bucket, with the two ends of the interval in columns of their own."""
    columns = [field.name for field in fields(buckets[0])]
    place = columns.index("accuracy_interval")
    columns[place : place + 1] = ["accuracy_low", "accuracy_high"]
    rows = []
    for bucket in buckets:
        row = list(astuple(bucket))
        row[place : place + 1] = bucket.accuracy_interval or (None, None)
        rows.append(row)
    return _csv(columns, rows)


def _confusion_csv(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Return a row a true label, a column a given one; a last one for texts that got none."""
    columns = [*labels, NO_ANSWER][: len(confusion[0])]
    rows = ((label, *row) for label, row in zip(labels, confusion, strict=True))
    return _csv(["true", *columns], rows)


def _calibration_words(metrics: AnyMetrics, labels: Sequence[str]) -> dict[str, str]:
    if isinstance(metrics, Metrics):
        positive = plain(labels[1])
        return {"probability": positive, "share": f"are {positive}"}
    if isinstance(metrics, ChoiceMetrics):
        return {"probability": "the likeliest label", "share": "are right"}
    return {"probability": "a label", "share": "have it", "counted": "texts x labels"}


def _csv(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    r"""Return CSV by RFC 4180, with line ends of two characters.

    With `\n` alone Python would not quote a text that holds a lone `\r`, and no reader would
    read it back.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _write(path: Path, text: str) -> None:
    # As in `edgernn score`: a lone surrogate becomes its escape, which JSON reads back.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))
