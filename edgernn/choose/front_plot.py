"""The picture of a search: accuracy over size, latency as colour, limits shaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgernn.choose.candidate import standard_error
from edgernn.choose.result import Result, ResultRow
from edgernn.pictures import needs_matplotlib, save_picture
from edgernn.privacy import import_quietly

__all__ = ["plot_front"]

_OUTSIDE = "#c2272d"
_CHOSEN = "#e6720e"
_MOST_NAMES = 6


def plot_front(result: Result, path: Path) -> None:
    """Draw the candidates of a search that were trained.

    Args:
        result: with one row or more.
        path: a .png, .svg or .pdf file.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    with needs_matplotlib():
        LogNorm = import_quietly("matplotlib.colors").LogNorm
        Figure = import_quietly("matplotlib.figure").Figure
        ticker = import_quietly("matplotlib.ticker")
    rows = result.rows
    figure = Figure(figsize=(8.6, 5.2), dpi=130, layout="constrained")
    axes = figure.subplots()
    kilobytes = [row.variant.bytes / 1000 for row in rows]
    times = [row.variant.milliseconds for row in rows]
    # One latency alone gives no range to colour.
    fastest, slowest = min(times) / 1.02, max(times) * 1.02
    norm = LogNorm(fastest, slowest)
    axes.set_xscale("log")
    axes.errorbar(
        kilobytes,
        [100 * row.accuracy for row in rows],
        [100 * standard_error(row.accuracy, row.candidate.held_out) for row in rows],
        fmt="none",
        ecolor="0.75",
        elinewidth=1,
        zorder=1,
    )
    _draw_step(axes, rows)
    finished = [row.candidate.status == "finished" for row in rows]
    for marker, done, label in (("o", True, "trained to the end"), ("v", False, "stopped before")):
        chosen = [row for row, end in zip(rows, finished, strict=True) if end is done]
        if not chosen:
            continue
        points = axes.scatter(
            [row.variant.bytes / 1000 for row in chosen],
            [100 * row.accuracy for row in chosen],
            c=[row.variant.milliseconds for row in chosen],
            norm=norm,
            cmap="viridis",
            marker=marker,
            s=[70 if row.on_front else 34 for row in chosen],
            edgecolors=["black" if row.on_front else "white" for row in chosen],
            linewidths=[1.2 if row.on_front else 0.5 for row in chosen],
            zorder=3,
        )
        axes.scatter([], [], marker=marker, s=50, color="0.5", label=label)
    _name_front(axes, result)
    bar = figure.colorbar(points, ax=axes, pad=0.02)
    bar.set_label("latency of one review, one thread, ms")
    plain = ticker.FuncFormatter(lambda value, place: f"{value:g}")
    bar.ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 3, 5)))
    bar.ax.yaxis.set_major_formatter(plain)
    bar.ax.yaxis.set_minor_formatter(ticker.NullFormatter())
    _draw_chosen(axes, result)
    _draw_limits(axes, result)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    longest = result.limits.milliseconds
    if longest is not None:
        bar.ax.set_title(f"at most {longest:g}", fontsize=9, color=_OUTSIDE)
        if fastest <= longest <= slowest:
            bar.ax.axhline(longest, color=_OUTSIDE, linewidth=2)
    axes.set_xlabel("size of the exported file, kB, logarithmic")
    axes.set_ylabel("accuracy on held-out texts, %, and standard error")
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    save_picture(figure, path)


def _draw_step(axes: Any, rows: tuple[ResultRow, ...]) -> None:
    """Draw the best accuracy that each size can have."""
    best = 0.0
    places: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda row: (row.variant.bytes, -row.accuracy)):
        if row.accuracy > best:
            best = row.accuracy
            places.append((row.variant.bytes / 1000, 100 * best))
    places.append((max(row.variant.bytes for row in rows) / 1000, 100 * best))
    axes.step(
        [x for x, _ in places],
        [y for _, y in places],
        where="post",
        color="0.35",
        linewidth=1.4,
        label="best of its size",
        zorder=2,
    )


def _name_front(axes: Any, result: Result) -> None:
    """Write the names of the candidates on the front beside them, if there is room for all."""
    rows = result.rows
    front = {row.candidate.name: row for row in rows if row.on_front}
    # The title names it.
    front.pop(result.chosen.candidate.name, None)
    if len(front) > _MOST_NAMES:
        return
    middle = sorted(row.variant.bytes for row in rows)[len(rows) // 2]
    for name, row in front.items():
        left = row.variant.bytes <= middle
        axes.annotate(
            name,
            (row.variant.bytes / 1000, 100 * row.accuracy),
            xytext=(8 if left else -8, -13),
            textcoords="offset points",
            ha="left" if left else "right",
            fontsize=7.5,
            color="0.25",
        )


def _draw_chosen(axes: Any, result: Result) -> None:
    chosen = result.chosen
    name = "nearest" if chosen.misses else "chosen"
    axes.scatter(
        [chosen.variant.bytes / 1000],
        [100 * chosen.accuracy],
        s=300,
        facecolors="none",
        edgecolors=_CHOSEN,
        linewidths=2.2,
        label=f"{name}, the file itself",
        zorder=4,
    )
    axes.set_title(f"{name}: {chosen.candidate.name}, {chosen.variant.precision}", fontsize=10)


def _draw_limits(axes: Any, result: Result) -> None:
    """Give all points room, and shade what lies beyond a limit."""
    limits, rows = result.limits, result.rows
    sizes = [row.variant.bytes / 1000 for row in rows]
    percents = [100 * row.accuracy for row in rows]
    errors = [100 * standard_error(row.accuracy, row.candidate.held_out) for row in rows]
    if limits.bytes is not None:
        sizes.append(limits.bytes / 1000)
    low, high = min(sizes) / 1.2, max(sizes) * 1.2
    bottom = min(y - e for y, e in zip(percents, errors, strict=True))
    top = max(y + e for y, e in zip(percents, errors, strict=True))
    if limits.accuracy is not None:
        bottom, top = min(bottom, 100 * limits.accuracy), max(top, 100 * limits.accuracy)
    margin = 0.06 * (top - bottom)
    bottom, top = bottom - margin, top + margin
    shade = {"color": _OUTSIDE, "alpha": 0.07, "linewidth": 0, "zorder": 0}
    line = {"color": _OUTSIDE, "linewidth": 1.2, "linestyle": "--", "zorder": 1}
    if limits.bytes is not None:
        axes.axvspan(limits.bytes / 1000, high, **shade)
        axes.axvline(limits.bytes / 1000, **line)
    if limits.accuracy is not None:
        axes.axhspan(bottom, 100 * limits.accuracy, **shade)
        axes.axhline(100 * limits.accuracy, **line)
    if limits.bytes is not None or limits.accuracy is not None:
        axes.fill_between([], [], color=_OUTSIDE, alpha=0.12, label="beyond a limit")
    axes.set_xlim(low, high)
    axes.set_ylim(bottom, top)
