"""What `edgernn.train_model` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgernn.training.label_figures import LabelFigures, ManyLabelFigures

__all__ = ["TrainedRun"]


@dataclass(frozen=True)
class TrainedRun:
    """A run folder that training wrote."""

    folder: Path
    validation_accuracy: float
    """Share of right labels among the texts that were held out, in [0, 1]."""
    held_out: LabelFigures | ManyLabelFigures | None
    """What else was counted on these texts, the latter where there are not just two labels; None
    where a checkpoint of an earlier version, which did not count it, was taken up."""
    epochs: int
    """How many were trained."""
    metrics: Mapping[str, Any]
    """All of the folder's `metrics.json`."""
