"""What was measured of the recipes, which ships with the package."""

from edgernn.measured.results import (
    FORMATS_FILE,
    LABELS_FILE,
    NOT_MEASURED,
    RECIPES_FILE,
    read_exports,
    read_labels,
    read_recipes,
)

__all__ = [
    "FORMATS_FILE",
    "LABELS_FILE",
    "NOT_MEASURED",
    "RECIPES_FILE",
    "read_exports",
    "read_labels",
    "read_recipes",
]
