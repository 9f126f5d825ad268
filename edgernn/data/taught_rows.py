"""Rows with what a teacher says of them: labelled ones, and others that add to what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import Unlabelled
from edgernn.data.groups import group
from edgernn.data.label_values import Meanings
from edgernn.data.options import DataOptions
from edgernn.data.rows_kept import Rows
from edgernn.data.soft_labels import TaughtRows, read_soft_labels
from edgernn.errors import DataError
from edgernn.text.decision import DecisionRule

__all__ = ["Taught", "teach"]


@dataclass(frozen=True, eq=False)
class Taught:
    """What a file of soft labels adds to a labelled file."""

    soft: npt.NDArray[np.float32]
    """float32 [labelled rows, labels]; see `Examples.soft`."""
    ties: npt.NDArray[np.int64] | None
    """int64 [labelled rows]; see `Examples.ties`."""
    unlabelled: Unlabelled
    splits: tuple[str, ...]
    """The split of each of these, where the file says it."""
    lines: list[str]
    """What to say of it."""


def teach(
    rows: Rows,
    used: Sequence[int],
    options: DataOptions,
    name: str,
    meanings: Meanings,
    *,
    several: bool,
) -> Taught:
    """Read the soft labels of a file's rows.

    Args:
        rows: of the file, with those that have no label.
        used: which of the labelled ones are.
        options: with `soft_labels`.
        name: the file, for messages.
        meanings: of the labels.
        several: whether a text may have several labels.

    Raises:
        DataError: see `read_soft_labels`; with `strict`, a row has neither a label nor soft labels.
    """
    others = rows.unlabelled
    assert others is not None
    texts = [*(rows.texts[row] for row in used), *others.texts]
    numbers = [*(rows.numbers[row] for row in used), *others.numbers]
    keys = [*(rows.keys[row] for row in used), *others.keys] if options.soft_key else None
    rule: DecisionRule = (
        "each" if several else "threshold" if len(meanings.classes) == 2 else "largest"
    )
    found = read_soft_labels(
        options,
        TaughtRows(
            name,
            texts,
            numbers,
            [*(rows.places[row] for row in used), *others.places],
            keys,
            rows.total,
        ),
        meanings.classes,
        meanings.labels,
        rule,
    )
    labelled = len(used)
    soft = found.probabilities[:labelled]
    told = ~np.isnan(found.probabilities[:, 0])
    taken = np.flatnonzero(told[labelled:])
    lines = list(found.lines)
    silent = len(others.texts) - len(taken)
    if silent:
        first = numbers[labelled + int(np.flatnonzero(~told[labelled:])[0])]
        if options.strict:
            raise DataError(f"{name}, row {first}: there is neither a label nor soft labels")
        lines.append(
            f"{name}: {silent:,} of {rows.total:,} rows left out: there is neither a label nor "
            f"soft labels (first row {first})"
        )
    named = None
    if options.group_column is not None:
        named = [*(rows.groups[row] for row in used), *others.groups]
    ties = group(texts, named)
    if ties is None:
        ties = np.arange(len(texts))
    return Taught(
        soft,
        ties[:labelled] if len(taken) else None,
        Unlabelled(
            tuple(others.texts[row] for row in taken),
            found.probabilities[labelled:][taken],
            np.array([others.numbers[row] for row in taken], np.int64),
            ties[labelled:][taken],
        ),
        tuple(others.splits[row] for row in taken) if others.splits else (),
        lines,
    )
