"""`edgernn evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgernn.cli.console import busy, load_model, progress, say, write_line
from edgernn.errors import DataError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text import TextEncoder
from edgernn.training.calibration import calibration_bins
from edgernn.training.confident_errors import ConfidentError, confident_errors
from edgernn.training.data import DataOptions, Examples, describe, load_split
from edgernn.training.data.left_out import rows_with_tokens
from edgernn.training.lengths import LengthBucket, length_buckets, token_counts
from edgernn.training.metrics import Metrics, measure
from edgernn.training.report import (
    Evaluation,
    check_report_folder,
    to_json_text,
    write_evaluation,
    write_report,
)
from edgernn.training.run import EVALUATION, Run
from edgernn.training.run_data import measured_split

__all__ = ["run_evaluation"]

_TEXTS_AT_ONCE = 1024
_ERRORS_REPORTED = 20
"""Rows of a report's errors.csv where --errors does not say."""
_TEXT_SHOWN = 200
"""Characters of a text in the list of errors."""


def run_evaluation(
    data: str | None,
    model: Path | None,
    options: DataOptions,
    limit: int | None,
    device: str,
    errors: int | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Score the test split with a run or a model file, and print what it measures."""
    if report is not None:
        check_report_folder(report)
    path = SHIPPED_MODEL if model is None else model
    # Before TensorFlow is loaded: a wrong file or column is told at once.
    run = Run.open(path) if path.is_dir() else None
    with busy("reading the test split"):
        examples = _test_split(data, options, limit, run)
    opened = _open_file(path, device) if run is None else _open_run(run)
    with busy("counting tokens"):
        tokens = token_counts(opened.encoder, examples.texts)
    kept = rows_with_tokens(
        examples, tokens, data or "the test split", say=say, strict=options.strict
    )
    examples, tokens = examples.at(kept), tokens[kept]
    probabilities = opened.score(examples.texts)
    labels, threshold = opened.encoder.contract.labels, opened.encoder.contract.threshold

    def most_confident(count: int) -> tuple[ConfidentError, ...]:
        return confident_errors(examples, probabilities, tokens, labels, threshold, count)

    found = Evaluation(
        model=str(path),
        labels=labels,
        metrics=measure(probabilities, examples.labels, threshold),
        lengths=length_buckets(tokens, probabilities, examples.labels, threshold),
        calibration=calibration_bins(probabilities, examples.labels),
        errors=None if errors is None else most_confident(errors),
    )
    # Files first: a reader of our output that has had enough, such as head, ends the command.
    if report is not None:
        write_report(report, found, most_confident(errors or _ERRORS_REPORTED), say)
    if limit is None and path.is_dir() and not path.samefile(SHIPPED_MODEL.parent):
        _note_in_run(path, found.metrics, data)
    if as_json:
        write_line(to_json_text(found.to_json()))
    else:
        for line in _tables(found):
            write_line(line)


class _Opened(NamedTuple):
    """A model ready to score."""

    encoder: TextEncoder
    score: Callable[[Sequence[str]], npt.NDArray[np.float32]]
    """From texts to the probability of the positive class, float32 [texts]."""


def _test_split(
    data: str | None, options: DataOptions, limit: int | None, run: Run | None
) -> Examples:
    """Load what is to be measured: the rows that a run kept out of its training, if it did."""
    if run is None or data is None:
        return load_split(data, "test", options, limit=limit, say=say)
    return measured_split(run.config, data, options, limit=limit, say=say)


def _open_run(run: Run) -> _Opened:
    from edgernn.training.models import probabilities

    def score(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        ids = run.encoder.encode_batch(texts)
        with busy("scoring with Keras"):
            return probabilities(run.load_model(), ids)

    return _Opened(run.encoder, score)


def _open_file(path: Path, device: str) -> _Opened:
    classifier = load_model(path, device)
    say(f"{path} on {classifier.device}")

    def score(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        found: list[float | None] = []
        with progress("scoring", len(texts)) as advance:
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                some = texts[start : start + _TEXTS_AT_ONCE]
                found += [score.probability for score in classifier.score(some, errors="raise")]
                advance(len(some))
        if len(found) != len(texts):
            raise DataError(f"{path}: scored {len(found)} of {len(texts)} examples")
        return np.array(found, np.float32)

    return _Opened(classifier.encoder, score)


def _note_in_run(folder: Path, metrics: Metrics, data: str | None) -> None:
    try:
        with busy("describing the data"):
            path = write_evaluation(folder, metrics, describe(data))
    except OSError as error:
        # Nobody asked for this file: what was measured is worth more than that it is written.
        say(f"warning: {folder / EVALUATION}: not written: {error.strerror}")
    else:
        say(f"wrote {path}")


def _tables(found: Evaluation) -> list[str]:
    lines = [*_metrics_table(found.metrics, found.labels), "", *_lengths_table(found.lengths)]
    if found.errors is not None:
        lines += ["", *_errors_table(found.errors, found.labels)]
    return lines


def _metrics_table(metrics: Metrics, labels: tuple[str, str]) -> list[str]:
    (true_negative, false_positive), (false_negative, true_positive) = metrics.confusion
    width = max(10, *map(len, labels))
    return [
        f"examples  {metrics.examples:,}",
        f"accuracy  {metrics.accuracy:.4f}",
        f"F1        {metrics.f1:.4f}",
        f"ROC AUC   {metrics.roc_auc:.4f}",
        f"log loss  {metrics.log_loss:.4f}",
        f"ECE       {metrics.expected_calibration_error:.4f}",
        "",
        f"{'true, given:':<{width + 2}}{labels[0]:>{width}}  {labels[1]:>{width}}",
        f"{labels[0]:<{width + 2}}{true_negative:>{width},}  {false_positive:>{width},}",
        f"{labels[1]:<{width + 2}}{false_negative:>{width},}  {true_positive:>{width},}",
    ]


def _lengths_table(buckets: Sequence[LengthBucket]) -> list[str]:
    return [
        "tokens    examples  accuracy  95% interval     called positive  mean probability",
        *map(_length_line, buckets),
    ]


def _length_line(bucket: LengthBucket) -> str:
    low, high = bucket.accuracy_interval or (None, None)
    interval = "-" if low is None else f"{low:.4f}-{high:.4f}"
    return (
        f"{bucket.name:<8}  {bucket.examples:>8,}  {_share(bucket.accuracy):>8}  {interval:<15}"
        f"  {_share(bucket.called_positive):>15}  {_share(bucket.mean_probability):>16}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _errors_table(errors: Sequence[ConfidentError], labels: tuple[str, str]) -> list[str]:
    if not errors:
        return ["no text was given the wrong label"]
    width = max(5, *map(len, labels))
    return [
        f"most confidently wrong; probability is that of {labels[1]}",
        f"{'row':>8}  {'true':<{width}}  {'given':<{width}}  probability  tokens  text",
        *(
            f"{error.row:>8}  {error.true:<{width}}  {error.given:<{width}}"
            f"  {error.probability:>11.4f}  {error.tokens:>6,}  {_shortened(error.text)}"
            for error in errors
        ),
    ]


def _shortened(text: str) -> str:
    """Return the start of a text on one line, without characters that would move the cursor."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _TEXT_SHOWN else line[: _TEXT_SHOWN - 1] + "\u2026"
