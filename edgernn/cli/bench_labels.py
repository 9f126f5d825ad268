"""Whether the labels of reviews may be measured on: not where they trained the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgernn.bench.reviews import Reviews
from edgernn.bundle import read_model_file
from edgernn.cli.console import say
from edgernn.data import DataOptions, describe, load_split
from edgernn.errors import ModelFileError
from edgernn.evaluation.provenance import find_provenance, training_data
from edgernn.training.run import Run

__all__ = ["without_training_labels"]


def without_training_labels(
    reviews: Reviews,
    data: str | None,
    options: DataOptions,
    run: Path | None,
    files: Sequence[Path],
) -> Reviews:
    """Take the labels of reviews away, with a warning, where they trained one of the models.

    Args:
        reviews: what is measured on.
        data: where they come from.
        options: how that is read.
        run: a run folder among the models, or None.
        files: the model files.

    Raises:
        DataError: the data cannot be read again.
        ModelFileError: the run is broken.
    """
    examples = reviews.examples
    if examples is None or data is None:
        return reviews
    described = describe(data)
    trained_on = {path: _training_data(path) for path in files}
    if run is not None:
        trained_on[run] = training_data(Run.open(run).config)
    for path, known in trained_on.items():
        found = find_provenance(
            examples,
            described,
            run=run if path == run else None,
            trained_on=known,
            learnt=lambda: load_split(data, "train", options),
        )
        if found.split in ("train", "validation"):
            say(
                f"warning: {path}: most of these texts are of its {found.split} split: accuracies "
                "on them are none of a test and left out"
            )
            return replace(reviews, labels=None)
    return reviews


def _training_data(file: Path) -> dict[str, Any] | None:
    try:
        return training_data(read_model_file(file).bundle.card.get("training"))
    except ModelFileError:
        # The file's own row of the table says why.
        return None
