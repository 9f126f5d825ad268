"""Pictures of an evaluation: accuracy by length, calibration, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgernn.evaluation.calibration import Bin
from edgernn.evaluation.lengths import Bucket
from edgernn.pictures import needs_matplotlib, save_picture
from edgernn.privacy import import_quietly
from edgernn.training.label_figures import wilson_interval

__all__ = [
    "LONGEST_TITLE",
    "empty_figure",
    "plain",
    "plot_calibration",
    "plot_confusion",
    "plot_lengths",
]

_BLUE, _GREY = "tab:blue", "0.45"
LONGEST_TITLE, _LONGEST_LABEL = 48, 20
"""In characters; what is longer would run out of its picture or into its neighbour."""


def plot_lengths(buckets: Sequence[Bucket], accuracy: float, path: Path, title: str) -> None:
    """Draw a bar of accuracy for each range of lengths, with its 95 % interval, into a PNG file.

    Args:
        buckets: as `length_buckets` gives them.
        accuracy: that of all texts, drawn as a line.
        path: the file.
        title: what was measured.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    figure = empty_figure(7.5, 4.2)
    axes = figure.subplots()
    for place, bucket in enumerate(buckets):
        top = 0.0
        if bucket.accuracy is not None and bucket.accuracy_interval is not None:
            low, top = bucket.accuracy_interval
            axes.bar(place, bucket.accuracy, 0.7, color=_BLUE, alpha=0.75)
            whiskers = [[bucket.accuracy - low], [top - bucket.accuracy]]
            axes.errorbar(place, bucket.accuracy, whiskers, color="black", capsize=4, linewidth=1)
        axes.annotate(
            f"{bucket.examples:,}",
            (place, top),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            color=_GREY if bucket.examples == 0 else "black",
            # Over the line of all texts it would not be read.
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    axes.axhline(accuracy, color=_GREY, linestyle="--", linewidth=1)
    axes.annotate(
        f"all: {accuracy:.1%}",
        (1, accuracy),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=_GREY,
    )
    axes.set_xticks(range(len(buckets)), [bucket.name for bucket in buckets])
    axes.set_xlim(-0.6, len(buckets) - 0.4)
    axes.set_xlabel("length of the text in tokens")
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    _titles(figure, axes, title, "accuracy with 95% interval; number of texts above the bars")
    save_picture(figure, path)


def plot_calibration(
    bins: Sequence[Bin],
    error: float,
    path: Path,
    title: str,
    *,
    probability: str,
    share: str,
    counted: str = "texts",
) -> None:
    """Draw a reliability diagram, and how many texts each bin has, into a PNG file.

    Args:
        bins: as `edgernn.evaluation.calibration` gives them.
        error: the expected calibration error, for the title.
        path: the file.
        title: what was measured.
        probability: of what it is, for the axis of that name, such as `the likeliest label`.
        share: which texts came true, likewise, such as `are right`.
        counted: what the bins hold.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    figure = empty_figure(7, 6.8)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axes.plot((0, 1), (0, 1), color=_GREY, linestyle="--", linewidth=1, label="perfect")
    means, shares, under, over = [], [], [], []
    for one in bins:
        if one.predicted is not None and one.observed is not None:
            low, high = wilson_interval(round(one.observed * one.examples), one.examples)
            means.append(one.predicted)
            shares.append(one.observed)
            under.append(max(0.0, one.observed - low))
            over.append(max(0.0, high - one.observed))
    axes.errorbar(
        means,
        shares,
        (under, over),
        fmt="o-",
        markersize=4,
        linewidth=1,
        capsize=3,
        color=_BLUE,
        label="model, with 95% interval",
    )
    axes.set_ylabel(f"share of texts that {share}")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
    width = 1 / len(bins)
    below.bar([one.lower for one in bins], [one.examples for one in bins], width, align="edge",
              color=_BLUE, alpha=0.75, edgecolor="white")  # fmt: skip
    for one in bins:
        middle = (one.lower + one.upper) / 2
        below.annotate(
            f"{one.examples:,}",
            (middle, one.examples),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    below.margins(y=0.18)
    below.set_ylabel(counted)
    below.set_xlabel(f"probability of {probability}")
    _thousands(below.yaxis)
    _titles(
        figure,
        axes,
        title,
        f"expected calibration error {error:.4f}, {len(bins)} bins of equal width",
    )
    save_picture(figure, path)


def plot_confusion(
    confusion: tuple[tuple[int, int], tuple[int, int]],
    labels: tuple[str, ...],
    path: Path,
    title: str,
) -> None:
    """Draw the confusion matrix, with the share of each row, into a PNG file.

    Args:
        confusion: counts by true label (rows) and given label (columns), negative first.
        labels: names of the negative and the positive class.
        path: the file.
        title: what was measured.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    figure = empty_figure(5, 4.6)
    axes = figure.subplots()
    shares = [[count / max(1, sum(row)) for count in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            axes.text(
                j,
                i,
                f"{count:,}\n{shares[i][j]:.1%}",
                ha="center",
                va="center",
                fontsize=13,
                color="white" if shares[i][j] > 0.5 else "black",
            )
    names = [plain(label) for label in labels]
    axes.set_xticks((0, 1), names)
    axes.set_yticks((0, 1), names, rotation=90, va="center")
    axes.set_xlabel("label given by the model")
    axes.set_ylabel("true label")
    axes.tick_params(length=0)
    _titles(figure, axes, title, "number of texts, and their share of the true label")
    save_picture(figure, path)


def empty_figure(width: float, height: float, layout: str | None = "constrained") -> Any:
    """Return an empty figure.

    Args:
        width: in inches, as is the next.
        height: likewise.
        layout: how matplotlib places what is in it; None: it does not.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    with needs_matplotlib():
        Figure = import_quietly("matplotlib.figure").Figure
    return Figure(figsize=(width, height), dpi=120, layout=layout)


def _titles(figure: Any, axes: Any, title: str, what: str) -> None:
    figure.suptitle(plain(title, LONGEST_TITLE))
    axes.set_title(what, fontsize=10)


def plain(name: str, longest: int = _LONGEST_LABEL) -> str:
    """Return a name for a picture: cut at `longest`, and a dollar sign starts no formula."""
    short = name if len(name) <= longest else name[: longest - 1] + "\u2026"
    return short.replace("$", r"\$")


def _thousands(axis: Any) -> None:
    ticker = import_quietly("matplotlib.ticker")

    axis.set_major_locator(ticker.MaxNLocator(3, integer=True))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
