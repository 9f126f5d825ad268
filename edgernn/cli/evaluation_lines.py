"""Figures in lines: what `edgernn evaluate` and the end of `edgernn train` print."""

from __future__ import annotations

from collections.abc import Sequence

from edgernn.cli.many_label_lines import (
    many_error_lines,
    many_label_lines,
    many_label_rows,
    shortened,
)
from edgernn.evaluation.closing import HeldOut
from edgernn.evaluation.confident_errors import AnyError, ConfidentError
from edgernn.evaluation.lengths import AnswerBucket, LengthBucket
from edgernn.evaluation.metrics import Metrics
from edgernn.evaluation.report import Evaluation
from edgernn.training.label_figures import LabelFigures

__all__ = ["evaluation_lines", "figure_rows", "in_columns", "label_lines"]


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    """Return what was measured as lines of tables."""
    metrics, labels = evaluation.metrics, evaluation.labels
    rows = [("examples", f"{metrics.examples:,}"), ("split", _split(evaluation))]
    lines = [
        *in_columns([*rows, *figure_rows(metrics, labels)]),
        "",
        *label_lines(metrics, labels),
        "",
        *_lengths_table(evaluation.lengths),
    ]
    if evaluation.errors is not None:
        lines += ["", *_errors_table(evaluation.errors, labels)]
    return lines


def figure_rows(metrics: HeldOut, labels: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return names and values of what is measured over all texts."""
    if not isinstance(metrics, LabelFigures):
        return many_label_rows(metrics)
    low, high = metrics.accuracy_interval
    rows = [
        ("accuracy", f"{metrics.accuracy:.4f}  95% interval {low:.4f}-{high:.4f}"),
        ("larger class alone", f"{metrics.larger_class:.4f}"),
        ("balanced accuracy", _share(metrics.balanced_accuracy)),
        *(
            (f"F1 of {label}", _share(f1))
            for label, f1 in zip(labels, metrics.f1_of_each, strict=True)
        ),
    ]
    if isinstance(metrics, Metrics):
        rows += [
            ("ROC AUC", _share(metrics.roc_auc)),
            ("log loss", f"{metrics.log_loss:.4f}"),
            ("ECE", f"{metrics.expected_calibration_error:.4f}"),
        ]
    return rows


def in_columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return rows of a name and a value as aligned lines."""
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {value}" for name, value in rows]


def label_lines(metrics: HeldOut, labels: tuple[str, ...]) -> list[str]:
    """Return tables of what labels say: of two the confusion matrix, of more what is found of each.

    In a matrix a row is a true label and a column a given one.
    """
    if not isinstance(metrics, LabelFigures):
        return many_label_lines(metrics, labels)
    width = max(10, *map(len, labels))
    return [
        f"{'true, given:':<{width + 2}}" + "  ".join(f"{label:>{width}}" for label in labels),
        *(
            f"{label:<{width + 2}}" + "  ".join(f"{count:>{width},}" for count in counts)
            for label, counts in zip(labels, metrics.confusion, strict=True)
        ),
    ]


def _split(evaluation: Evaluation) -> str:
    if evaluation.seen is None or evaluation.split != "test":
        return evaluation.split
    known = evaluation.metrics.examples - evaluation.seen["new"]
    return f"test, {known:,} of its texts known to the model" if known else "test"


def _lengths_table(buckets: Sequence[LengthBucket] | Sequence[AnswerBucket]) -> list[str]:
    # The two columns that differ are as wide as their names.
    last = "  answered  mean confidence"
    if isinstance(buckets[0], LengthBucket):
        last = "  called positive  mean probability"
    return [f"tokens    examples  accuracy  95% interval   {last}", *map(_length_line, buckets)]


def _length_line(bucket: LengthBucket | AnswerBucket) -> str:
    low, high = bucket.accuracy_interval or (None, None)
    interval = "-" if low is None else f"{low:.4f}-{high:.4f}"
    if isinstance(bucket, LengthBucket):
        last = f"{_share(bucket.called_positive):>15}  {_share(bucket.mean_probability):>16}"
    else:
        last = f"{_share(bucket.answered):>8}  {_share(bucket.mean_confidence):>15}"
    return (
        f"{bucket.name:<8}  {bucket.examples:>8,}  {_share(bucket.accuracy):>8}  {interval:<15}"
        f"  {last}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _errors_table(errors: Sequence[AnyError], labels: tuple[str, ...]) -> list[str]:
    if not errors:
        return ["no text was given the wrong label"]
    two = [error for error in errors if isinstance(error, ConfidentError)]
    if not two:
        return many_error_lines(errors)
    width = max(5, *map(len, labels))
    return [
        f"most confidently wrong; probability is that of {labels[1]}",
        f"{'row':>8}  {'true':<{width}}  {'given':<{width}}  probability  tokens  text",
        *(
            f"{error.row:>8}  {error.true:<{width}}  {error.given:<{width}}"
            f"  {error.probability:>11.4f}  {error.tokens:>6,}  {shortened(error.text)}"
            for error in two
        ),
    ]
