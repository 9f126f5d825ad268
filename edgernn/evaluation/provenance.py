"""Which split texts are of, for a model that is measured on them: its own, or new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.text import Decision
from edgernn.training.run import OWN_SPLITS
from edgernn.training.seen_texts import Seen, SeenTexts, read_seen_texts

__all__ = [
    "MeasuredSplit",
    "Provenance",
    "find_provenance",
    "split_of",
    "training_data",
]

MeasuredSplit = Literal["test", "train", "validation", "not known"]


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where the texts that a model is measured on come from, as seen from the model."""

    split: MeasuredSplit
    seen: Seen | None
    """Which of the texts the model has met; None where nobody can tell."""
    unknown: str | None = None
    """Why nobody can tell; None where it is known, or the data set's own splits say."""
    note: str | None = None
    """What is to be known about how it was found out."""

    def to_json(
        self,
        probabilities: npt.NDArray[np.float32],
        labels: npt.NDArray[Any],
        decision: Decision,
    ) -> dict[str, Any] | None:
        """Return how many texts the model has met, and its accuracy on the others.

        Args:
            probabilities: float32 [texts] or [texts, labels], as `Decision` describes them.
            labels: the true ones, as `Decision.right` takes them.
            decision: from probabilities to labels.
        """
        if self.seen is None:
            return None
        new = self.seen.new
        right = decision.right(probabilities, labels)
        return {
            "learnt": int(np.count_nonzero(self.seen.learnt)),
            "watched": int(np.count_nonzero(self.seen.watched)),
            "new": int(np.count_nonzero(new)),
            "accuracy_of_new": float(right[new].mean()) if new.any() else None,
        }


def split_of(seen: Seen) -> MeasuredSplit:
    """Return which split texts are of: that of most of them, where most are known to the model."""
    known = len(seen.new) - np.count_nonzero(seen.new)
    if 2 * known <= len(seen.new):
        return "test"
    return "validation" if 2 * np.count_nonzero(seen.watched) > known else "train"


def find_provenance(
    examples: Examples,
    described: Mapping[str, Any],
    *,
    run: Path | None,
    trained_on: Mapping[str, Any] | None,
    learnt: Callable[[], Examples],
) -> Provenance:
    """Find out which of the texts that a model is measured on it has met in training.

    Args:
        examples: what it is measured on.
        described: the data that they come from, by `edgernn.data.describe`.
        run: the model's run folder, which may hold hashes of what it has met; None: not at hand.
        trained_on: the description of its training data, if it is known.
        learnt: loads the training split of the data that `examples` come from.

    Raises:
        DataError: the training split cannot be read.
        ModelFileError: the run's hashes are broken.
    """
    note = None
    hashes = None if run is None else read_seen_texts(run)
    if hashes is None and trained_on is not None and _same(described, trained_on):
        if described.get("kind") in OWN_SPLITS:
            return Provenance("test", None)
        hashes = SeenTexts.of(learnt().texts)
        if run is None:
            note = (
                "the model was trained on this file; which of its rows were held out, if any, is "
                "known to its run folder alone: --run names it"
            )
    if hashes is not None:
        seen = hashes.find(examples.texts)
        split = split_of(seen)
        return Provenance(split, seen, note=None if split == "test" else note)
    if trained_on is not None and _are_imdb(described, trained_on):
        return Provenance("test", None)
    if run is None:
        reason = "a model file does not say; --run names the run folder that it was exported from"
    elif trained_on is None:
        reason = "the model was trained elsewhere"
    else:
        reason = "the run is of an earlier version, which kept no hashes of its texts"
    return Provenance("not known", None, reason)


def training_data(training: object) -> dict[str, Any] | None:
    """Return the description of a model's training data, if it is known.

    Args:
        training: a run's `config.json`, or what the card of a model file has under `training`.
    """
    data = training.get("data") if isinstance(training, dict) else None
    if isinstance(data, dict) and isinstance(data.get("description"), dict):
        data = data["description"]
    return data if isinstance(data, dict) else None


def _same(described: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two descriptions are of the same data, whatever its name."""
    return {**described, "name": None} == {**other, "name": None}


def _are_imdb(described: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether both are the IMDB reviews, one of them as tensorflow_datasets has them."""
    kinds = {described.get("kind"), other.get("kind")}
    return kinds <= OWN_SPLITS and "tensorflow_datasets" in kinds
