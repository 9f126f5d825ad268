"""The picture of accuracy over size on disk: our files, peers measured here, published models.

    python -m benchmarks.accuracy.plot

Writes `docs/accuracy_over_size.png` and `.svg` from the committed results. Published models are
hollow: neither their accuracy nor their size was measured here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accuracy.collected import (
    FLAGSHIP,
    OURS,
    PEER,
    PUBLISHED,
    RECIPE,
    Collected,
    ModelRow,
    collect,
)
from benchmarks.accuracy.labels import Box, place_labels
from edgernn.cli.console import done
from edgernn.pictures import needs_matplotlib, save_picture
from edgernn.privacy import import_quietly

__all__ = ["draw", "main"]

PICTURES = (Path("docs/accuracy_over_size.png"), Path("docs/accuracy_over_size.svg"))
_FONT = 10.5
"""Points; a phone shows the picture at a third of its size."""
_ACCURACIES = (70, 75, 80, 85, 88, 90, 92, 94, 95, 96, 97, 98)
_MEGABYTES = (0.01, 0.1, 1, 10, 100, 1000, 10_000)


@dataclass(frozen=True)
class _Style:
    legend: str
    colour: str
    marker: str
    size: float
    hollow: bool = False


_STYLES = {
    FLAGSHIP: _Style("edgernn: flagship", "#c2272d", "*", 17),
    OURS: _Style("edgernn: other runs", "#e6720e", "P", 8),
    RECIPE: _Style("edgernn: tutorials' recipes", "#1f77b4", "o", 8),
    PEER: _Style("other programs, measured here", "#4d4d4d", "s", 7),
    PUBLISHED: _Style("published, not measured here", "#7d4bb3", "D", 7, hollow=True),
}


def main() -> None:
    """Draw the committed results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, nargs="+", default=PICTURES)
    pictures = parser.parse_args().output
    figure = draw(collect())
    for path in pictures:
        save_picture(figure, path)
        done(f"wrote {path}")


def draw(collected: Collected) -> Any:
    """Return a matplotlib figure of all rows that have an accuracy and a size.

    Size is logarithmic, and so is the share of errors, by which models of 90 % and more differ.

    Raises:
        MissingPackageError: matplotlib is not installed.
        ValueError: no row has both.
    """
    with needs_matplotlib():
        FigureCanvasAgg = import_quietly("matplotlib.backends.backend_agg").FigureCanvasAgg
        Figure = import_quietly("matplotlib.figure").Figure
        Line2D = import_quietly("matplotlib.lines").Line2D
    rows = [row for row in collected.rows if row.accuracy is not None and row.bytes]
    if not rows:
        raise ValueError("no result has both an accuracy and a size")
    figure = Figure(figsize=(6.3, 6.9), dpi=200, facecolor="white", layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for row in rows:
        _mark(axes, row, _STYLES[row.kind])
    _scale(axes, rows)
    axes.set_xlabel("size on disk, MB (logarithmic)", fontsize=_FONT)
    axes.set_ylabel("accuracy on 25,000 IMDB test reviews, %", fontsize=_FONT)
    figure.supxlabel("\n".join(_notes(rows)), fontsize=_FONT - 1.5, color="0.35")
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.tick_params(labelsize=_FONT)
    axes.spines[["top", "right"]].set_visible(False)
    kinds = [kind for kind in _STYLES if any(row.kind == kind for row in rows)]
    handles = [Line2D([], [], linestyle="none", **_marker(_STYLES[kind])) for kind in kinds]
    figure.legend(
        handles,
        [_STYLES[kind].legend for kind in kinds],
        loc="outside upper center",
        ncols=2,
        frameon=False,
        fontsize=_FONT,
    )
    # The layout moves the axes, and labels are placed by where the points are then.
    canvas.draw()
    figure.set_layout_engine("none")
    _label(axes, rows, canvas.get_renderer())
    return figure


def _mark(axes: Any, row: ModelRow, style: _Style) -> None:
    size, error = row.bytes / 1e6 if row.bytes else 0, _error(row.accuracy)
    if len(row.accuracies) > 1:
        low, high = (_error(found) for found in (max(row.accuracies), min(row.accuracies)))
        # Above the marker, which may be larger than the spread.
        axes.errorbar(
            [size], [error], [[error - low], [high - error]], color="0.1", capsize=4, zorder=4
        )
    axes.plot([size], [error], linestyle="none", zorder=3, **_marker(style))


def _marker(style: _Style) -> dict[str, Any]:
    return {
        "marker": style.marker,
        "markersize": style.size,
        "markeredgecolor": style.colour if style.hollow else "white",
        "markerfacecolor": "white" if style.hollow else style.colour,
        "markeredgewidth": 1.6 if style.hollow else 0.8,
    }


def _name(row: ModelRow) -> str:
    name = f"{row.title}{'*' * row.own_split} {100 * (row.accuracy or 0):.1f}"
    if len(row.accuracies) < 2:
        return name
    low, high = (100 * found for found in (min(row.accuracies), max(row.accuracies)))
    return f"{name}\n{len(row.accuracies)} seeds: {low:.1f} to {high:.1f}"


def _notes(rows: Sequence[ModelRow]) -> list[str]:
    """Return what the picture needs said below it."""
    notes = []
    if any(row.kind == PUBLISHED for row in rows):
        notes.append("published: one byte a parameter, mostly counted from the layers' sizes")
    if any(row.own_split for row in rows):
        notes.append("* on its own held-out reviews, not on the test split")
    return notes


def _scale(axes: Any, rows: Sequence[ModelRow]) -> None:
    ticker = import_quietly("matplotlib.ticker")

    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = [row.bytes / 1e6 for row in rows if row.bytes]
    errors = [_error(row.accuracy) for row in rows]
    axes.set_xlim(min(sizes) / 2.2, max(sizes) * 2.2)
    axes.set_ylim(max(errors) * 1.15, min(errors) / 1.15)
    for axis, ticks in (
        (axes.xaxis, _MEGABYTES),
        (axes.yaxis, [100 - accuracy for accuracy in _ACCURACIES]),
    ):
        axis.set_major_locator(ticker.FixedLocator(ticks))
        axis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda size, _: f"{size:,g}"))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda error, _: f"{100 - error:g}"))


def _label(axes: Any, rows: Sequence[ModelRow], renderer: Any) -> None:
    """Write each row's name beside its marker, on no other name and on no marker.

    A line leads to a name that found room only farther away.
    """
    scale = renderer.points_to_pixels(1)
    texts, points, radii = [], [], []
    for row in rows:
        style = _STYLES[row.kind]
        point = axes.transData.transform(
            (row.bytes / 1e6 if row.bytes else 0, _error(row.accuracy))
        )
        text = axes.annotate(
            _name(row),
            (0, 0),
            xycoords="figure pixels",
            fontsize=_FONT + 1.5 if row.kind == FLAGSHIP else _FONT - 1,
            fontweight="bold" if row.kind == FLAGSHIP else "normal",
            color=style.colour,
            parse_math=False,
        )
        texts.append(text)
        points.append((float(point[0]), float(point[1])))
        radii.append(style.size * scale / 2 + 2 * scale)
    boxes = [text.get_window_extent(renderer) for text in texts]
    frame = axes.get_window_extent(renderer)
    beside, above = 1.5 * scale, 0.2 * scale
    places = place_labels(
        points,
        radii,
        [(box.width + 2 * beside, box.height + 2 * above) for box in boxes],
        Box(frame.x0, frame.y0, frame.x1, frame.y1),
    )
    for text, point, radius, place in zip(texts, points, radii, places, strict=True):
        text.xy = (place.left + beside, place.bottom + above)
        text.set_position(text.xy)
        nearest = place.nearest(point)
        if abs(nearest[0] - point[0]) + abs(nearest[1] - point[1]) > 2.2 * radius:
            axes.annotate(
                "",
                point,
                nearest,
                xycoords="figure pixels",
                textcoords="figure pixels",
                arrowprops={"arrowstyle": "-", "color": text.get_color(), "linewidth": 0.6},
            )


def _error(accuracy: float | None) -> float:
    return 100 * (1 - (accuracy or 0))


if __name__ == "__main__":
    main()
