"""Reads the measurements of the recipes: what each reached, and what its exports gave.

A recipe, or a precision, that was not measured yet has no entry; what shows them says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = [
    "FORMATS_FILE",
    "LABELS_FILE",
    "NOT_MEASURED",
    "RECIPES_FILE",
    "read_exports",
    "read_labels",
    "read_recipes",
]

FORMATS_FILE = Path(__file__).with_name("formats.json")
"""What an export of each trained recipe gave; `benchmarks/exports.py` wrote it."""
LABELS_FILE = Path(__file__).with_name("labels.json")
"""What recipes for many labels reached; `benchmarks/labels` wrote it."""
RECIPES_FILE = Path(__file__).with_name("recipes.json")
"""What the recipes reached; `benchmarks/recipes.py` wrote it."""
NOT_MEASURED = "not measured"
"""What stands for a figure that nobody has measured yet."""


def read_exports(file: Path = FORMATS_FILE) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the outcome of each export by recipe, format and precision."""
    cells = json.loads(file.read_text("utf-8"))["cells"]
    return {(cell["recipe"], cell["format"], cell["precision"]): cell for cell in cells}


def read_recipes(file: Path = RECIPES_FILE) -> dict[str, dict[str, Any]]:
    """Return what each recipe reached, by its name."""
    return {row["recipe"]: row for row in json.loads(file.read_text("utf-8"))["recipes"]}


def read_labels(file: Path = LABELS_FILE) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what each recipe reached on data of many labels, by recipe and data set.

    Beside what was measured of the recipe there are the data set's number of `labels`, and of texts
    in its `test` split.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, data_set in json.loads(file.read_text("utf-8"))["sets"].items():
        about = {key: data_set[key] for key in ("labels", "test")}
        for recipe, measured in data_set["recipes"].items():
            found.setdefault(recipe, {})[name] = {**about, **measured}
    return found
