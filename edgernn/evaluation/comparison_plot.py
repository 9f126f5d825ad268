"""The picture of a comparison: how runs learnt, one colour a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgernn.evaluation.comparison import ComparedRun
from edgernn.pictures import needs_matplotlib, picture_format, save_picture
from edgernn.privacy import import_quietly

__all__ = ["plot_comparison"]

_COLOURS = (
    *("#1f77b4", "#e6720e", "#2a9134", "#c2272d"),
    *("#7d4bb3", "#8c6239", "#d65fae", "#4d4d4d"),
)
_MARKERS = "os^Dv*PX"
_LONGEST_NAME = 48
_MANY_EPOCHS = 12
_MUCH_LONGER = 4
_TICKS = tuple(n * 10**i for i in range(5) for n in (1, 2, 3, 5))
_LEGEND_WIDTH = 110
"""Characters that fit beside each other below the panels, at the legend's size."""


def plot_comparison(runs: Sequence[ComparedRun], path: Path) -> None:
    """Draw accuracy and loss of all runs over the epochs.

    Validation is a solid line and training a thin dashed one; a large marker is the epoch whose
    weights were kept. The legend stands below the panels, so that it covers no line.

    Args:
        runs: one or more.
        path: a .png, .svg or .pdf file.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OSError: the file cannot be written; the message names it.
        UsageError: the file's name is that of no picture.
    """
    picture_format(path)
    with needs_matplotlib():
        Figure = import_quietly("matplotlib.figure").Figure
        ConstrainedLayoutEngine = import_quietly("matplotlib.layout_engine").ConstrainedLayoutEngine
        Line2D = import_quietly("matplotlib.lines").Line2D
    names = [_cut(run.name) for run in runs]
    columns = _columns(names)
    rows = -(-len(runs) // columns)
    figure = Figure(
        figsize=(11, 4.8 + 0.22 * rows), dpi=130, layout=ConstrainedLayoutEngine(wspace=0.06)
    )
    styles = [_style(i) for i in range(len(runs))]
    one_of_many = runs[0].contract.decision == "largest"
    cross_entropy = "cross-entropy" if one_of_many else "binary cross-entropy"
    panels = (
        ("accuracy", "accuracy", "validation_accuracy"),
        (f"loss ({cross_entropy})", "loss", "validation_loss"),
    )
    for axes, (label, train, validation) in zip(figure.subplots(1, 2), panels, strict=True):
        for run, style in zip(runs, styles, strict=True):
            _draw(axes, run, style, train, validation)
        _scale_epochs(axes, [len(run.history.epochs) for run in runs])
        axes.set_ylabel(label)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    explained = {
        "validation": Line2D([], [], color="0.3", linewidth=1.8),
        "training": Line2D([], [], color="0.3", linewidth=1.0, linestyle="--", alpha=0.7),
        "epoch whose weights were kept": Line2D(
            [], [], color="0.3", marker="o", markersize=8, linestyle="none"
        ),
    }
    figure.legend(explained.values(), explained, loc="outside upper center", ncols=3, frameon=False)
    lines = [
        Line2D([], [], linewidth=1.8, markersize=8, color=colour, marker=marker)
        for colour, marker in styles
    ]
    legend = figure.legend(
        lines, names, loc="outside lower center", ncols=columns, frameon=False, fontsize=9
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_picture(figure, path)


def _draw(axes: Any, run: ComparedRun, style: tuple[str, str], train: str, validation: str) -> None:
    epochs = [epoch.epoch for epoch in run.history.epochs]
    colour, marker = style
    axes.plot(
        epochs,
        [getattr(epoch, train) for epoch in run.history.epochs],
        color=colour,
        linestyle="--",
        linewidth=1.0,
        alpha=0.7,
        # A run of one epoch has no line.
        marker="_" if len(epochs) == 1 else None,
        zorder=2,
    )
    axes.plot(
        epochs,
        [getattr(epoch, validation) for epoch in run.history.epochs],
        color=colour,
        linewidth=1.8,
        zorder=3,
    )
    axes.plot(
        [run.selected.epoch],
        [getattr(run.selected, validation)],
        color=colour,
        marker=marker,
        markersize=13 if marker == "*" else 9,
        markeredgecolor="white",
        markeredgewidth=1.0,
        zorder=4,
    )


def _scale_epochs(axes: Any, epochs: Sequence[int]) -> None:
    """Give short runs room beside long ones: a logarithmic axis where the numbers differ much."""
    ticker = import_quietly("matplotlib.ticker")

    longest = max(epochs)
    if longest >= max(_MANY_EPOCHS, _MUCH_LONGER * min(epochs)):
        axes.set_xscale("log")
        axes.set_xlim(0.93, longest * 1.08)
        axes.xaxis.set_major_locator(
            ticker.FixedLocator([tick for tick in _TICKS if tick <= longest])
        )
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("epoch, logarithmic")
    else:
        margin = max(0.25, 0.03 * (longest - 1))
        axes.set_xlim(1 - margin, longest + margin)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")


def _style(i: int) -> tuple[str, str]:
    """Return colour and marker of a run; the first 64 are all different."""
    turn, place = divmod(i, len(_COLOURS))
    return _COLOURS[place], _MARKERS[(place + turn) % len(_MARKERS)]


def _columns(names: Sequence[str]) -> int:
    widest = max(len(name) for name in names) + 7
    return max(1, min(len(names), 4, _LEGEND_WIDTH // widest))


def _cut(name: str) -> str:
    """Return the end of a long name, which is what tells runs apart."""
    return name if len(name) <= _LONGEST_NAME else f"\u2026{name[1 - _LONGEST_NAME :]}"
