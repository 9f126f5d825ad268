"""The pictures of a report, as SVG that stands inside a page and takes its colours from it."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from edgernn.bench.results import BenchRow, Report
from edgernn.pictures import needs_matplotlib
from edgernn.privacy import import_quietly

__all__ = [
    "COLOURS",
    "MARKERS",
    "accuracy_plot",
    "check_matplotlib",
    "latency_plot",
    "throughput_plot",
]

COLOURS = 8
"""How many the page has, as `--s0` and so on."""
MARKERS = "os^Dv*PX"

_WIDTH = 3.7
"""Inches; a phone's screen shows an inch of the picture as an inch."""
_POINTS = 11.5
_MOST_TICKS = 5
_BESIDE, _BELOW = 0.12, 0.07
"""Shares of a picture's width and height within which two numbers would meet."""
_LABEL = 40
"""Characters above a bar."""

# Colours that nobody would choose, to be replaced by the page's.
_TEXT, _GRID = "#010203", "#020304"
_SERIES = "#0a0b"
_STAND_INS = re.compile(rf"{_TEXT}|{_GRID}|{_SERIES}[0-9a-f]{{2}}")

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_FONT = re.compile(r"font-family: [^;]*; ?")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def check_matplotlib() -> None:
    """Make sure that pictures can be drawn, before anything is measured for them.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    with needs_matplotlib("an HTML report"):
        import_quietly("matplotlib.figure")


def latency_plot(report: Report) -> str | None:
    """Draw the median time of one review over its length, a line a row; None without any."""
    numbered = [(i, row) for i, row in enumerate(report.rows) if row.latency]
    if not numbered:
        return None
    height = max(3.4, 1.4 + 0.16 * len(numbered))
    figure, axes = _figure(height)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = []
    for i, row in numbered:
        points = sorted(row.latency, key=lambda latency: latency.tokens)
        x = [latency.tokens for latency in points]
        y = [latency.p50_ms for latency in points]
        axes.plot(x, y, color=_colour(i), marker=_marker(i), markersize=5, linewidth=1.4)
        ends.append((i, x[-1], y[-1]))
    lengths = sorted({latency.tokens for _, row in numbered for latency in row.latency})
    _ticks(axes.xaxis, lengths, str)
    _ticks(axes.yaxis, _nice(*axes.get_ylim()), lambda value: f"{value:g}")
    low, high = axes.get_xlim()
    # Room for the numbers at the right.
    axes.set_xlim(low, high * (high / low) ** 0.14)
    _number_ends(axes, ends, high * (high / low) ** 0.045)
    axes.set_xlabel("tokens")
    axes.set_ylabel("median, ms")
    return _to_svg(figure, "latency", "Median time of one review over its length in tokens")


def accuracy_plot(report: Report) -> str | None:
    """Draw accuracy over size, a point a model file; None where no accuracy is known."""
    files: dict[str, list[tuple[int, BenchRow]]] = {}
    for i, row in enumerate(report.rows):
        if row.accuracy is not None:
            files.setdefault(row.model.sha256, []).append((i, row))
    if not files:
        return None
    figure, axes = _figure(3.4)
    axes.set_xscale("log")
    points = []
    for same in files.values():
        i, row = same[0]
        assert row.accuracy is not None
        point = row.model.bytes / 1000, 100 * row.accuracy.accuracy
        axes.plot(*point, color=_colour(i), marker=_marker(i), markersize=8, linestyle="none")
        points.append((*point, [number + 1 for number, _ in same]))
    axes.margins(0.18)
    low, high = axes.get_xlim()
    if high / low < 2:
        axes.set_xlim(low / 2, high * 2)
    for x, y, numbers in _joined(points, axes.get_xlim(), axes.get_ylim()):
        axes.annotate(
            ", ".join(map(str, sorted(numbers))),
            (x, y),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=_TEXT,
            fontsize=_POINTS,
        )
    _ticks(axes.xaxis, _nice(*axes.get_xlim()), lambda value: f"{value:,g}")
    axes.set_xlabel("size of the file, kB")
    axes.set_ylabel("accuracy, %")
    return _to_svg(figure, "accuracy", "Accuracy over the size of the model file")


def _joined(
    points: Sequence[tuple[float, float, list[int]]],
    across: tuple[float, float],
    upright: tuple[float, float],
) -> list[tuple[float, float, list[int]]]:
    """Put the numbers of points that lie so close that they would meet at the uppermost of them."""
    width, height = math.log(across[1] / across[0]), upright[1] - upright[0]
    found: list[tuple[float, float, list[int]]] = []
    for x, y, numbers in sorted(points, key=lambda point: -point[1]):
        for other_x, other_y, others in found:
            beside = abs(math.log(x / other_x)) < _BESIDE * width
            if beside and other_y - y < _BELOW * height:
                others += numbers
                break
        else:
            found.append((x, y, list(numbers)))
    return found


def throughput_plot(report: Report) -> str | None:
    """Draw reviews per second, a bar a row; None where no row has them."""
    numbered = [(i, row) for i, row in enumerate(report.rows) if row.throughput is not None]
    if not numbered:
        return None
    figure, axes = _figure(0.7 + 0.46 * len(numbered))
    rates = [row.throughput.reviews_per_second for _, row in numbered if row.throughput]
    axes.barh(
        range(len(numbered)),
        rates,
        height=0.42,
        color=[_colour(i) for i, _ in numbered],
    )
    for place, ((i, row), rate) in enumerate(zip(numbered, rates, strict=True)):
        label = f"{i + 1}  {row.title}"
        label = label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
        above = place - 0.42
        # No mathematics: a file's name may hold any sign.
        written = {"color": _TEXT, "fontsize": _POINTS, "va": "center", "parse_math": False}
        axes.text(0, above, label, **written)
        axes.text(rate + 0.015 * max(rates), place, f"{rate:,.0f}", **written)
    axes.set_xlim(0, max(rates) * 1.22)
    axes.set_ylim(len(numbered) - 0.6, -0.75)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=False)
    return _to_svg(figure, "throughput", "Reviews per second")


def _figure(height: float) -> tuple[Any, Any]:
    check_matplotlib()
    Figure = import_quietly("matplotlib.figure").Figure

    figure = Figure(figsize=(_WIDTH, height), dpi=72, layout="constrained", facecolor="none")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(_TEXT)
    axes.tick_params(which="both", colors=_TEXT, labelsize=_POINTS)
    axes.xaxis.label.set_color(_TEXT)
    axes.yaxis.label.set_color(_TEXT)
    axes.xaxis.label.set_fontsize(_POINTS)
    axes.yaxis.label.set_fontsize(_POINTS)
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _colour(number: int) -> str:
    return f"{_SERIES}{number % COLOURS:02x}"


def _marker(number: int) -> str:
    # Rows of one colour differ in the marker.
    return MARKERS[(number + number // COLOURS) % len(MARKERS)]


def _nice(low: float, high: float) -> list[float]:
    """Return round values within a range, no more than fit beside each other."""
    found: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [n * 10.0**e for e in range(-9, 16) for n in steps if low <= n * 10.0**e <= high]
        if len(found) <= _MOST_TICKS:
            break
    return found


def _ticks(axis: Any, values: Sequence[float], show: Callable[[Any], str]) -> None:
    ticker = import_quietly("matplotlib.ticker")

    axis.set_major_locator(ticker.FixedLocator(values))
    axis.set_major_formatter(ticker.FixedFormatter([show(value) for value in values]))
    axis.set_minor_locator(ticker.NullLocator())


def _number_ends(axes: Any, ends: Sequence[tuple[int, float, float]], x: float) -> None:
    """Write each row's number at the right, moved up or down where two would meet."""
    low, high = axes.get_ylim()
    heights = [math.log(y / low) / math.log(high / low) for _, _, y in ends]
    places = _apart(heights, min(0.07, 1 / len(ends)))
    for (number, _, _), place in zip(ends, places, strict=True):
        y = low * (high / low) ** place
        style = {"color": _colour(number), "fontsize": _POINTS, "fontweight": "bold"}
        axes.text(x, y, str(number + 1), va="center", **style)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights in [0, 1] in the same order, at least `gap` from each other."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed: list[float] = []
    for i in order:
        placed.append(max(heights[i], placed[-1] + gap if placed else 0.0))
    most = 1.0
    for j in reversed(range(len(placed))):
        placed[j] = min(placed[j], most)
        most = placed[j] - gap
    return [placed[order.index(i)] for i in range(len(heights))]


def _to_svg(figure: Any, name: str, title: str) -> str:
    """Return the picture as an element for a page, in the page's colours; `name` sets it apart."""
    matplotlib = import_quietly("matplotlib")

    out = io.BytesIO()
    # Without the salt every name inside would be another each time.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "edgernn"}
    with warnings.catch_warnings(), matplotlib.rc_context(settings):
        # The page's fonts draw what matplotlib's own lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(out, format="svg", metadata={"Date": None}, facecolor="none")
    root = ElementTree.fromstring(out.getvalue())
    # The page says how large it is.
    del root.attrib["width"], root.attrib["height"]
    root.set("role", "img")
    root.set("aria-label", title)
    root.set("class", "plot")
    for part in list(root):
        # Its style sheet would be the whole page's.
        is_style = part.find(f"{{{_SVG}}}style") is not None
        if is_style or part.tag == f"{{{_SVG}}}metadata":
            root.remove(part)
    link = f"{{{_XLINK}}}href"
    for element in root.iter():
        # Names are the page's, which holds several pictures.
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.attrib['id']}")
        if link in element.attrib:
            element.set(link, element.attrib[link].replace("#", f"#{name}-", 1))
        for key, value in element.attrib.items():
            if key not in ("id", link, "aria-label"):
                value = _REFERENCE.sub(rf"url(#{name}-\1)", value)
                element.set(key, _FONT.sub("", _STAND_INS.sub(_page_colour, value)))
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _page_colour(found: re.Match[str]) -> str:
    named = {_TEXT: "var(--text)", _GRID: "var(--grid)"}
    return named.get(found[0]) or f"var(--s{int(found[0][-2:], 16)})"
