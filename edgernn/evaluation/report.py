"""What an evaluation leaves behind: a folder for people, and a file in the run folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

from edgernn.errors import UsageError
from edgernn.evaluation.calibration import CalibrationBin
from edgernn.evaluation.confident_errors import ConfidentError
from edgernn.evaluation.lengths import LengthBucket
from edgernn.evaluation.metrics import Metrics
from edgernn.evaluation.provenance import MeasuredSplit
from edgernn.evaluation.report_plots import plot_calibration, plot_confusion, plot_lengths
from edgernn.files import write_bytes, write_text
from edgernn.training.run import EVALUATION

__all__ = [
    "REPORT_FILES",
    "Evaluation",
    "check_report_folder",
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

_LENGTH_COLUMNS = (
    "shortest",
    "longest",
    "examples",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "called_positive",
    "mean_probability",
)


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of one model on one set of examples."""

    model: str
    """What was measured: the path as given."""
    labels: tuple[str, ...]
    """Names of the negative and the positive class."""
    metrics: Metrics
    lengths: tuple[LengthBucket, ...]
    calibration: tuple[CalibrationBin, ...]
    split: MeasuredSplit
    """Which split the examples are of, as the model sees them."""
    seen: dict[str, Any] | None
    """What `Provenance.to_json` says of the examples; None where nobody can tell."""
    without_tokens: int = 0
    """Texts that were left out, since the model reads nothing in them."""
    errors: tuple[ConfidentError, ...] | None = None
    """The most confidently wrong texts, where they were asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints and `metrics.json` holds."""
        found = {
            "model": self.model,
            "labels": self.labels,
            "split": self.split,
            "seen": self.seen,
            "without_tokens": self.without_tokens,
            **asdict(self.metrics),
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
    for name in REPORT_FILES:
        if (folder / name).is_dir():
            raise UsageError(f"--report {folder}: {name} in it is a folder; choose another")


def write_report(
    folder: Path,
    evaluation: Evaluation,
    errors: Sequence[ConfidentError],
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Write the files of `REPORT_FILES` into a folder, replacing those of an earlier report.

    Args:
        folder: made where it is missing.
        evaluation: what was measured.
        errors: the rows of `errors.csv`.
        say: gets a line for each file when it is there.

    Raises:
        MissingPackageError: matplotlib is not installed; the files that are not pictures are
            written.
    """
    metrics = evaluation.metrics
    title = _title(evaluation)
    columns = [field.name for field in fields(ConfidentError)]
    # In the order of REPORT_FILES, the pictures last.
    writers: tuple[Callable[[Path], None], ...] = (
        lambda path: _write(path, to_json_text(evaluation.to_json(), indent=2) + "\n"),
        lambda path: _write(path, _csv(columns, map(astuple, errors))),
        lambda path: _write(path, _csv(_LENGTH_COLUMNS, map(_length_row, evaluation.lengths))),
        lambda path: plot_lengths(evaluation.lengths, metrics.accuracy, path, title),
        lambda path: plot_calibration(
            evaluation.calibration,
            metrics.expected_calibration_error,
            path,
            title,
            positive=evaluation.labels[1],
        ),
        lambda path: plot_confusion(metrics.confusion, evaluation.labels, path, title),
    )
    for name, write in zip(REPORT_FILES, writers, strict=True):
        write(folder / name)
        say(f"wrote {folder / name}")


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
    values = asdict(evaluation.metrics) | {
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


def _length_row(bucket: LengthBucket) -> tuple[object, ...]:
    low, high = bucket.accuracy_interval or (None, None)
    return (
        *(bucket.shortest, bucket.longest, bucket.examples, bucket.accuracy, low, high),
        *(bucket.called_positive, bucket.mean_probability),
    )


def _csv(columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> str:
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
