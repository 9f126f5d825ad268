"""The labels of some data as numbers of a model's own labels, which may stand in another order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import CLASSES, Examples
from edgernn.errors import DataError
from edgernn.text import TextContract

__all__ = ["as_labels_of"]

_LISTED = 8
"""Labels that a message names."""


def as_labels_of(contract: TextContract, examples: Examples, name: str) -> Examples:
    """Return examples whose labels are those of a model, found by their names.

    A negative and a positive class are the first and the second of two labels, whatever those are
    called. The data need not have each label.

    Args:
        contract: the model's.
        examples: labelled by the names of their own classes.
        name: where they come from, for messages.

    Returns:
        The same texts; `classes` are the contract's labels, and `labels` int8 [texts] of two, int16
        [texts] of more, and bool [texts, labels] where a text may have several.

    Raises:
        DataError: a label is none of the model's, or a text has several and the model gives one.
    """
    labels: npt.NDArray[Any] = examples.labels
    if not (contract.decides.is_binary and examples.classes == CLASSES):
        places = _places(contract.labels, examples, name)
        if labels.ndim == 2:
            found = np.zeros((len(examples), len(contract.labels)), bool)
            here = np.flatnonzero(places >= 0)
            found[:, places[here]] = labels[:, here]
            labels = found
        else:
            labels = places[labels]
    if contract.decision == "each":
        if labels.ndim == 1:
            labels = np.equal(labels[:, None], np.arange(len(contract.labels)))
    else:
        if labels.ndim == 2:
            several = np.flatnonzero(labels.sum(axis=1) != 1)
            if len(several):
                raise DataError(
                    f"{name}: {len(several):,} of {len(examples):,} texts have several labels or "
                    "none, and the model gives each text one: name data with one label a text"
                )
            labels = labels.argmax(axis=1)
        labels = labels.astype(np.int8 if len(contract.labels) == 2 else np.int16)
    return dataclasses.replace(examples, labels=labels, classes=contract.labels)


def _places(labels: tuple[str, ...], examples: Examples, name: str) -> npt.NDArray[np.int64]:
    """Return the number that each class of some data has in a model, int64 [classes]; -1: none."""
    numbers = {label: number for number, label in enumerate(labels)}
    places = np.array([numbers.get(own, -1) for own in examples.classes], np.int64)
    counts = examples.counts
    unknown = np.flatnonzero((places < 0) & (counts > 0))
    if len(unknown):
        named = [f"{examples.classes[number]} ({counts[number]:,})" for number in unknown]
        hint = "leave these rows out with --drop, or measure a model that has them"
        if len(labels) == 2:
            hint = "say with --positive and --negative which is which"
        raise DataError(
            f"{name}: {_listed(named)} {'is' if len(named) == 1 else 'are'} none of the model's "
            f"labels, {_listed(labels)}: {hint}"
        )
    return places


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
