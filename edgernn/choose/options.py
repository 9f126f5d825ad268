"""What a search is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgernn.choose.limits import Limits
from edgernn.choose.space import Space
from edgernn.data import DataOptions, describe
from edgernn.data.options import DEFAULTS

__all__ = ["ChooseOptions", "asked_for"]


@dataclass(frozen=True, kw_only=True)
class ChooseOptions:
    """What a search is asked for."""

    output: Path
    limits: Limits
    budget: float
    """Seconds of wall-clock time, with those before a search was resumed."""
    data: str | None = None
    reading: DataOptions = DEFAULTS
    """How a labelled file is read."""
    min_df: int | None = None
    """How many texts must hold a word for it to be in a vocabulary; None: see `least_texts`."""
    limit: int | None = None
    test_fraction: float | None = None
    """How much of each class of a labelled file is kept out of the search."""
    seed: int = 1
    format: str = "onnx"
    space: Space = field(default_factory=Space)


def asked_for(options: ChooseOptions) -> dict[str, Any]:
    """Return what a search keeps of its options; one that is resumed must be asked for the same.

    Args:
        options: of the search.

    Returns:
        Options by their names without dashes, and `data`, a description of the data.
    """
    limits = options.limits
    more = {"test-fraction": options.test_fraction} | options.reading.to_json()
    del more["text_column"], more["label_column"], more["format"]
    more["data-format"] = options.reading.format
    return {
        "max-size": limits.bytes,
        "max-latency": limits.milliseconds,
        "min-accuracy": limits.accuracy,
        "format": options.format,
        "seed": options.seed,
        "limit": options.limit,
        "min-df": options.min_df,
        "text-column": options.reading.text_column,
        "label-column": options.reading.label_column,
        "data": describe(options.data),
        # A search of an earlier version does not have these.
        **{
            name.replace("_", "-"): value
            for name, value in more.items()
            if value not in (None, [], True)
        },
    }
