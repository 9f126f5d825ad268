"""Draws which package imports which into docs/architecture.svg, from the imports themselves.

    python -m benchmarks.architecture            # draw the picture anew
    python -m benchmarks.architecture --check    # exit 1 when it is not up to date

An arrow that other arrows imply is left out. A package stands one row above the highest one that it
imports. The modules at the bottom are files of their own that any package may import.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

from edgernn.files import write_text

__all__ = ["PICTURE", "draw", "imports", "main"]

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "architecture.svg"

_FACE = "import edgernn"
_PLACES = {
    "cli": (4.4, "the commands: parse, call, print"),
    _FACE: (2.6, "the public functions and classes"),
    "choose": (1.2, "search for a model within limits"),
    "evaluation": (3.0, "metrics, reports, comparison"),
    "exporters": (1.0, "from a run to a checked file"),
    "bench": (3.97, "latency, memory, start-up"),
    "training": (1.0, "Keras models, fitting, importing"),
    "distillation": (1.0, "teacher, soft labels, n-grams"),
    "audit": (3.0, "what is in anybody's model file"),
    "runtime": (4.0, "engines, batches, scores"),
    "conformance": (5.1, "answers of other languages"),
    "web": (2.0, "a page for a model file"),
    "data": (0.0, "labels, splits, examples"),
    "recipes": (1.0, "models as data"),
    "bundle": (3.0, "model files: contents and checks"),
    "rows": (0.0, "rows of text out of files"),
    "text": (2.0, "the text contract: text to ids"),
    "engine": (4.0, "the compiled C engine"),
}
"""Column and meaning of each package. The row follows from what it imports."""

_COLUMN, _ROW, _WIDTH, _HEIGHT, _MARGIN = 190, 92, 176, 50, 16


def imports() -> dict[str, set[str]]:
    """Return, for each package or module of edgernn, and for exporters, what it imports."""
    graph = grimp.build_graph("edgernn", "exporters", cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        importer = _room(module)
        found.setdefault(importer, set())
        for imported in graph.find_modules_directly_imported_by(module):
            if _room(imported) != importer:
                found[importer].add(_room(imported))
    return found


def _room(module: str) -> str:
    top, _, rest = module.partition(".")
    first = rest.partition(".")[0]
    if top == "exporters":
        return top
    if first in ("", "api", "duckdb", "polars", "sklearn", "spark"):
        return _FACE
    return "cli" if first == "__main__" else first


def draw(graph: Mapping[str, set[str]]) -> str:
    """Return the picture as SVG.

    Args:
        graph: What each package imports, without circles.

    Raises:
        KeyError: A package imports another one and has no place in the picture.
    """
    shown = {
        package: below & _PLACES.keys() for package, below in graph.items() if package in _PLACES
    }
    alone = sorted(graph.keys() - shown.keys())
    for package in alone:
        if graph[package] & shown.keys():
            raise KeyError(f"{package} needs a place in benchmarks/architecture.py")
    rows = {package: _row(package, shown) for package in shown}
    top = max(rows.values())
    width = int(max(column for column, _ in _PLACES.values()) * _COLUMN) + _WIDTH + 2 * _MARGIN
    bottom = top * _ROW + _HEIGHT + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 60}" '
        f'font-family="Helvetica, Arial, sans-serif" role="img">',
        "<title>Packages of edgernn: each arrow points to what is imported</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
    ]
    for package in sorted(shown):
        implied = set().union(*(_all_below(other, shown) for other in shown[package]))
        for other in sorted(shown[package] - implied):
            lines.append(_arrow(_corner(package, rows, top), _corner(other, rows, top)))
    for package in sorted(shown):
        x, y = _corner(package, rows, top)
        lines += [
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="7" '
            f'fill="#eef2ff" stroke="#4f6bed"/>',
            _text(x + _WIDTH // 2, y + 21, package, 14, "#1e293b", bold=True),
            _text(x + _WIDTH // 2, y + 38, _PLACES[package][1], 10, "#475569"),
        ]
    lines += [
        f'<rect x="{_MARGIN}" y="{bottom}" width="{width - 2 * _MARGIN}" height="40" rx="7" '
        'fill="#f1f5f9" stroke="#94a3b8"/>',
        _text(width // 2, bottom + 24, " · ".join(alone), 12, "#334155"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(package: str, graph: Mapping[str, set[str]]) -> int:
    return max((_row(other, graph) + 1 for other in graph[package]), default=0)


def _all_below(package: str, graph: Mapping[str, set[str]]) -> set[str]:
    return graph[package].union(*(_all_below(other, graph) for other in graph[package]))


def _corner(package: str, rows: Mapping[str, int], top: int) -> tuple[int, int]:
    return _MARGIN + int(_PLACES[package][0] * _COLUMN), _MARGIN + (top - rows[package]) * _ROW


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    # From the lower edge to the upper edge, a little aside of the middle towards the other box.
    aside = max(-40, min(40, (end[0] - start[0]) // 8))
    x, y = start[0] + _WIDTH // 2 + aside, start[1] + _HEIGHT
    to_x, to_y = end[0] + _WIDTH // 2 - aside, end[1] - 2
    return (
        f'<path d="M{x} {y}C{x} {y + 24} {to_x} {to_y - 24} {to_x} {to_y}" fill="none" '
        'stroke="#64748b" stroke-width="1.3" marker-end="url(#to)"/>'
    )


def _text(x: int, y: int, words: str, size: int, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="middle"{weight}>'
        f"{escape(words)}</text>"
    )


def main() -> None:
    """Draw the picture, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    drawn = draw(imports())
    if not check:
        write_text(PICTURE, drawn)
    elif drawn != PICTURE.read_text(encoding="utf-8"):
        sys.exit("docs/architecture.svg is not up to date: run python -m benchmarks.architecture")


if __name__ == "__main__":
    main()
