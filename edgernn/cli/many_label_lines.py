"""Figures in lines, of three labels or more, of several a text, and where a text may have none."""

from __future__ import annotations

from collections.abc import Sequence

from edgernn.evaluation.confident_errors import AnyError, ConfidentChoiceError, ConfidentLabelError
from edgernn.evaluation.many_metrics import ChoiceMetrics, SeveralMetrics
from edgernn.training.label_figures import ManyLabelFigures

__all__ = ["many_error_lines", "many_label_lines", "many_label_rows", "shortened"]

_TEXT_SHOWN = 200
"""Characters of a text in the list of errors."""
_MOST_LABELS = 20
"""In the table; of more only those that are found worst are in it."""
_WORST_LABELS = 10
_MOST_PAIRS = 10
_NAME_SHOWN = 32
_WIDEST_MATRIX = 100
"""In characters, of a confusion matrix."""


def many_label_rows(metrics: ManyLabelFigures) -> list[tuple[str, str]]:
    """Return names and values of what is measured over all texts."""
    low, high = metrics.accuracy_interval
    accuracy = f"{metrics.accuracy:.4f}  95% interval {low:.4f}-{high:.4f}"
    macro_f1 = ("macro F1", _share(metrics.macro_f1))
    if isinstance(metrics, SeveralMetrics):
        none = f"{metrics.without_label:,} texts get none"
        return [
            ("exactly right", accuracy),
            ("most frequent alone", f"{metrics.larger_class:.4f}"),
            ("micro F1", _share(metrics.micro_f1)),
            macro_f1,
            ("weighted F1", _share(metrics.weighted_f1)),
            ("mean average precision", _share(metrics.mean_average_precision)),
            ("Hamming loss", f"{metrics.hamming_loss:.4f}"),
            ("labels of a text", f"{metrics.labels_of_a_text:.2f}"),
            ("labels given", f"{metrics.labels_given:.2f}; {none}"),
            *_losses(metrics),
        ]
    counts = metrics.counts
    has_one = sum(counts.true) == metrics.examples
    rows = [
        ("accuracy" if has_one else "exactly right", accuracy),
        ("most frequent alone", f"{metrics.larger_class:.4f}"),
        ("balanced accuracy", _share(counts.macro_recall)),
        macro_f1,
    ]
    if not isinstance(metrics, ChoiceMetrics):
        return [*rows, ("log loss", f"{metrics.log_loss:.4f}")]
    rows += [("weighted F1", _share(metrics.weighted_f1)), *_answered(metrics)]
    if len(counts.true) == 2:
        rows.append(("ROC AUC", _share(metrics.roc_auc)))
    return rows + _losses(metrics)


def many_label_lines(metrics: ManyLabelFigures, labels: tuple[str, ...]) -> list[str]:
    """Return a table of labels, and of one label a text what they are confused with."""
    lines = _label_table(metrics, labels)
    if isinstance(metrics, ChoiceMetrics):
        lines += ["", *(_matrix(metrics, labels) or _pairs(metrics, labels))]
    return lines


def many_error_lines(errors: Sequence[AnyError]) -> list[str]:
    """Return the most confidently wrong texts as a table."""
    choices = [error for error in errors if isinstance(error, ConfidentChoiceError)]
    if choices:
        true = _column("true", [error.true for error in choices])
        given = _column("given", [error.given for error in choices])
        head = "confidence  of true  tokens  text"
        return [
            "most confidently wrong; confidence is the probability of the label given",
            f"{'row':>8}  {true[0]}  {given[0]}  {head}",
            *(
                f"{error.row:>8}  {a}  {b}  {error.confidence:>10.4f}"
                f"  {error.probability_of_true:>7.4f}  {error.tokens:>6,}  {shortened(error.text)}"
                for error, a, b in zip(choices, true[1:], given[1:], strict=True)
            ),
        ]
    wrong = [error for error in errors if isinstance(error, ConfidentLabelError)]
    what = _column("wrong", [f"{'+-'[error.label in error.true]}{error.label}" for error in wrong])
    true = _column("true", ["; ".join(error.true) or "-" for error in wrong])
    return [
        "most confidently wrong; + was given and is not true, - is true and was not given",
        f"{'row':>8}  {what[0]}  probability  {true[0]}  tokens  text",
        *(
            f"{error.row:>8}  {a}  {error.probability:>11.4f}  {b}  {error.tokens:>6,}"
            f"  {shortened(error.text)}"
            for error, a, b in zip(wrong, what[1:], true[1:], strict=True)
        ),
    ]


def shortened(text: str, longest: int = _TEXT_SHOWN) -> str:
    """Return the start of a text on one line, without characters that would move the cursor."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "\u2026"


def _losses(metrics: ChoiceMetrics | SeveralMetrics) -> list[tuple[str, str]]:
    return [
        ("log loss", f"{metrics.log_loss:.4f}"),
        ("ECE", f"{metrics.expected_calibration_error:.4f}"),
    ]


def _answered(metrics: ChoiceMetrics) -> list[tuple[str, str]]:
    found = metrics.answered
    if found is None:
        return []
    low, high = found.accuracy_interval or (0.0, 1.0)
    interval = f"  95% interval {low:.4f}-{high:.4f}" if found.texts else ""
    return [
        (
            "coverage",
            f"{found.coverage:.4f}: {found.texts:,} texts have a label of at least "
            f"{found.none_below:g}",
        ),
        ("accuracy of those", f"{_share(found.accuracy)}{interval}"),
        ("accuracy if all had one", f"{found.accuracy_of_likeliest:.4f}"),
    ]


def _label_table(metrics: ManyLabelFigures, labels: tuple[str, ...]) -> list[str]:
    counts = metrics.counts
    f1 = counts.f1_of_each
    numbers = list(range(len(labels)))
    title = []
    if len(numbers) > _MOST_LABELS:
        numbers = [number for number in numbers if counts.true[number]]
        numbers = sorted(numbers, key=lambda n: (f1[n] or 0.0, -counts.true[n]))[:_WORST_LABELS]
        title = [f"the {len(numbers)} of {len(labels):,} labels with the lowest F1"]
    names = _column("label", [labels[number] for number in numbers])
    head = "   texts  precision  recall      F1"
    if isinstance(metrics, SeveralMetrics):
        head += "  average precision  threshold"
    lines = [*title, f"{names[0]}{head}"]
    for name, number in zip(names[1:], numbers, strict=True):
        true, given, right = counts.true[number], counts.given[number], counts.right[number]
        line = (
            f"{name}{true:>8,}  {_share(right / given if given else None):>9}"
            f"  {_share(right / true if true else None):>6}  {_share(f1[number]):>6}"
        )
        if isinstance(metrics, SeveralMetrics):
            average = _share(metrics.average_precision[number])
            line += f"  {average:>17}  {metrics.thresholds[number]:>9.4f}"
        lines.append(line)
    return lines


def _matrix(metrics: ChoiceMetrics, labels: tuple[str, ...]) -> list[str] | None:
    """Return the confusion matrix, if a terminal has room for it."""
    columns = [*labels, "(no label)"][: len(metrics.confusion[0])]
    width = max(8, *map(len, columns))
    if (width + 2) * (len(columns) + 1) > _WIDEST_MATRIX:
        return None
    return [
        f"{'true, given:':<{max(width, 12) + 2}}" + "  ".join(f"{c:>{width}}" for c in columns),
        *(
            f"{label:<{max(width, 12) + 2}}" + "  ".join(f"{count:>{width},}" for count in counts)
            for label, counts in zip(labels, metrics.confusion, strict=True)
        ),
    ]


def _pairs(metrics: ChoiceMetrics, labels: tuple[str, ...]) -> list[str]:
    pairs = metrics.confused(labels, _MOST_PAIRS)
    if not pairs:
        return ["no text was given another label than its own"]
    true = _column("most confused: true", [pair.true for pair in pairs])
    given = _column("given", [pair.given for pair in pairs])
    return [
        f"{true[0]}  {given[0]}   texts  of the true label",
        *(
            f"{a}  {b}  {pair.texts:>6,}  {pair.share:>17.1%}"
            for pair, a, b in zip(pairs, true[1:], given[1:], strict=True)
        ),
    ]


def _column(title: str, names: Sequence[str]) -> list[str]:
    """Return a title and names, cut where they are long, all of one width."""
    shown = [title, *(shortened(name, _NAME_SHOWN) for name in names)]
    width = max(map(len, shown))
    return [name.ljust(width) for name in shown]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
