"""The picture of a confusion matrix of more than two answers, from three labels to a thousand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.evaluation.report_plots import LONGEST_TITLE, empty_figure, plain
from edgernn.pictures import save_picture
from edgernn.privacy import import_quietly

__all__ = ["NO_ANSWER", "plot_confusions"]

NO_ANSWER = "(no label)"
"""The column of texts that got none."""

_MOST_SHARES, _MOST_COUNTS, _MOST_GRID = 8, 24, 48
"""Labels up to which a cell has room for count and share, for the count, and for a border."""
_DARK = 0.65
"""Share of its row from which on white on a cell's blue is easier to read than black."""
_SMALLEST, _LARGEST = 3.2, 20.0
"""Sides of the matrix, in inches, as are all sizes here."""
_NARROWEST = 6.8
"""Of the picture, which has room for its title then."""
_LONGEST = 28
"""Characters of a name."""
_NAME_HEIGHT = 0.105
"""Between two names that can be read."""
_TOP, _AXIS_NAME, _EDGE, _BAR = 0.7, 0.45, 0.2, 0.22


def plot_confusions(
    confusion: tuple[tuple[int, ...], ...], labels: tuple[str, ...], path: Path, title: str
) -> None:
    """Draw a confusion matrix into a PNG file, of which each cell's colour is its share of its row.

    What is right is blue and what is wrong is orange, each with its own scale: of a good model the
    errors would else not be seen. Few labels have numbers in their cells, many a colour bar; of
    very many only some have their names.

    Args:
        confusion: counts by true label (rows) and given label (columns); a last column may be
            those without an answer.
        labels: their names, by number.
        path: the file.
        title: what was measured.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    counts = np.array(confusion, np.int64)
    rows, columns = counts.shape
    names = [*labels, *([NO_ANSWER] if columns > rows else [])]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = float(np.clip(_cell(rows) * rows, _SMALLEST, _LARGEST))
    # Placed by hand: matplotlib's own layout takes seconds of many names.
    figure = empty_figure(_NARROWEST, _NARROWEST, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    images = _drawn(axes, shares)
    _name(axes, names, rows, side)
    if rows <= _MOST_COUNTS:
        _write_cells(axes, counts, shares, with_shares=rows <= _MOST_SHARES)
    if rows <= _MOST_GRID:
        axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="0.85", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    _place(figure, axes, (side * columns / rows, side), images if rows > _MOST_COUNTS else ())
    what = "share of the true label's texts"
    if rows <= _MOST_COUNTS:
        what = "number of texts; the colour is their share of the true label"
    if rows <= _MOST_SHARES:
        what = "number of texts, and their share of the true label"
    height = figure.get_figheight()
    figure.suptitle(plain(title, LONGEST_TITLE), y=1 - 0.12 / height, va="top")
    what += "; blue is right, orange wrong"
    figure.text(0.5, 1 - 0.42 / height, what, ha="center", va="top", fontsize=10)
    save_picture(figure, path)


def _cell(rows: int) -> float:
    """Return the side of a cell, before the matrix is made to fit."""
    if rows <= _MOST_SHARES:
        return 0.8
    return 0.42 if rows <= _MOST_COUNTS else 0.13


def _drawn(axes: Any, shares: npt.NDArray[np.float64]) -> tuple[Any, Any]:
    """Draw the diagonal in one colour and the rest in another; nothing where no text is."""
    colors = import_quietly("matplotlib.colors")
    colormaps = import_quietly("matplotlib").colormaps

    diagonal = np.eye(*shares.shape) > 0
    off = np.where(diagonal, 0.0, shares)
    # The root, as one pair that is often confused would leave the others white.
    has_numbers = len(shares) <= _MOST_COUNTS
    largest = max(0.25 if has_numbers else 0.1, float(off.max()))
    scale = colors.PowerNorm(0.5, vmin=0, vmax=largest)
    # Numbers in black can be read on the lighter part.
    part = (0.05, 0.7) if has_numbers else (0.2, 1.0)
    oranges = colors.ListedColormap(colormaps["Oranges"](np.linspace(*part, 256)))
    right = axes.imshow(
        np.ma.masked_where(~diagonal | (shares == 0), shares), cmap="Blues", vmin=0, vmax=1
    )
    wrong = axes.imshow(np.ma.masked_where(off == 0, off), cmap=oranges, norm=scale)
    return right, wrong


def _name(axes: Any, names: list[str], rows: int, side: float) -> None:
    """Write the names of the labels; where they would not be read, only some of them."""
    size = 10.0 if rows <= _MOST_SHARES else 8.0 if rows <= _MOST_COUNTS else 6.5
    step = max(1, int(np.ceil(_NAME_HEIGHT * rows / side)))
    shown = [plain(_shortened(name), _LONGEST) for name in names]
    # A letter is about two thirds as wide as it is high.
    across = step == 1 and max(map(len, shown)) * size / 100 < side / rows
    axes.set_xticks(
        range(0, len(names), step), shown[::step], fontsize=size, rotation=0 if across else 90
    )
    axes.set_yticks(range(0, rows, step), shown[:rows:step], fontsize=size)
    axes.set_xlabel("label given by the model")
    axes.set_ylabel("true label")


def _shortened(name: str) -> str:
    """Cut a long name in its middle: names of one subject often start with the same words."""
    if len(name) <= _LONGEST:
        return name
    end = _LONGEST // 2 - 1
    return f"{name[: _LONGEST - end - 1]}\u2026{name[-end:]}"


def _place(figure: Any, axes: Any, size: tuple[float, float], images: tuple[Any, ...]) -> None:
    """Make the figure as large as the matrix, its names and its colour bars are."""
    agg = import_quietly("matplotlib.backends.backend_agg")

    renderer = agg.FigureCanvasAgg(figure).get_renderer()
    across, up = (
        [label.get_window_extent(renderer) for label in labels]
        for labels in (axes.get_yticklabels(), axes.get_xticklabels())
    )
    left = max(box.width for box in across) / figure.dpi + _AXIS_NAME + _EDGE
    bottom = max(box.height for box in up) / figure.dpi + _AXIS_NAME + _EDGE
    right = _EDGE + len(images) * 4 * _BAR
    spare = max(0.0, _NARROWEST - left - size[0] - right) / 2
    left, right = left + spare, right + spare
    width, height = left + size[0] + right, bottom + size[1] + _TOP
    figure.set_size_inches(width, height)
    axes.set_position((left / width, bottom / height, size[0] / width, size[1] / height))
    tall = min(size[1], 4.0)
    for number, (image, what) in enumerate(zip(images, ("right", "wrong"), strict=False)):
        place = left + size[0] + _EDGE + number * 4 * _BAR
        below = bottom + size[1] - tall
        box = (place / width, below / height, _BAR / width, tall / height)
        bar = figure.colorbar(image, cax=figure.add_axes(box))
        bar.set_label(what, fontsize=9)
        bar.ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        bar.ax.tick_params(labelsize=8)


def _write_cells(
    axes: Any,
    counts: npt.NDArray[np.int64],
    shares: npt.NDArray[np.float64],
    *,
    with_shares: bool,
) -> None:
    for (i, j), count in np.ndenumerate(counts):
        if not count:
            continue
        share = shares[i, j]
        axes.text(
            j,
            i,
            f"{count:,}\n{share:.1%}" if with_shares else f"{count:,}",
            ha="center",
            va="center",
            fontsize=9 if with_shares else 7,
            color="white" if i == j and share > _DARK else "black",
        )
