"""Labels of texts of which each may have several or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgernn.data.label_options import MOST_LABELS, LabelRule
from edgernn.data.label_spelling import ordered, shown
from edgernn.data.label_values import LabelsError, Meanings, check_names, meanings_of_names
from edgernn.errors import UsageError
from edgernn.text.contract import TextContract

__all__ = ["LabelSets", "decide_sets"]


class LabelSets(NamedTuple):
    """What the labels of texts mean that may have several."""

    meanings: Meanings
    flags: npt.NDArray[np.bool_]
    """bool [rows, labels]."""
    kept: npt.NDArray[np.bool_]
    """bool [rows]: which are used."""

    def line(self) -> str:
        """Say in a line which labels there are."""
        flags = self.flags[self.kept]
        counts = flags.sum(axis=1)
        several, none = int((counts > 1).sum()), int((counts == 0).sum())
        return (
            f"{self.meanings.line()}; of {len(flags):,} texts {several:,} have several, {none:,} "
            "none"
        )


def decide_sets(
    sets: Sequence[tuple[str, ...]],
    rule: LabelRule,
    *,
    name: str,
    column: str,
    names: Mapping[str, str],
    contract: TextContract | None = None,
    order: tuple[str, ...] = (),
) -> LabelSets:
    """Decide what the values in sets of labels mean.

    Args:
        sets: the folded values of each row.
        rule: what a person says about them: rows with a value that it drops are left out.
        name: the file, for messages.
        column: likewise.
        names: how each folded value is spelled as a label's name.
        contract: that of the model that the labels are for; None where one is to be trained.
        order: all labels in their order, where columns have it; none: that of their names.

    Raises:
        LabelsError: there are too few or too many, or one is not known.
        UsageError: the rule makes positive and negative ones of them.
    """
    if rule.positive or rule.negative:
        raise UsageError(
            f"{name}: a text may have several labels in column {shown(column)!r}: leave --positive "
            "and --negative out"
        )
    counts = Counter(value for labels in sets for value in labels)
    known = rule.labels or (() if contract is None else contract.labels)
    if known:
        found = meanings_of_names(
            known, counts, rule, name=name, column=column, of_model=not rule.labels
        )
    else:
        found = _of_their_own(counts, rule, name, column, names, order)
    kept = np.ones(len(sets), np.bool_)
    flags = np.zeros((len(sets), len(found.classes)), np.bool_)
    for row, labels in enumerate(sets):
        for value in labels:
            number = found.labels[value]
            if number is None:
                kept[row] = False
            else:
                flags[row, number] = True
    return LabelSets(found, flags, kept)


def _of_their_own(
    counts: Mapping[str, int],
    rule: LabelRule,
    name: str,
    column: str,
    names: Mapping[str, str],
    order: tuple[str, ...],
) -> Meanings:
    dropped = [value for value in counts if rule.meaning(value) == "drop"]
    kept = [value for value in order or ordered([*counts]) if value not in dropped]
    start = f"{name}: column {shown(column)!r} holds {len(kept):,} labels"
    if not 2 <= len(kept) <= MOST_LABELS:
        raise LabelsError(
            f"{start}; a model tells 2 to {MOST_LABELS:,} apart: name another column with "
            "--label-column, or the labels to use with --labels"
        )
    classes = tuple(names.get(value, value) for value in kept)
    check_names(classes, name, column)
    labels: dict[str, int | None] = {value: number for number, value in enumerate(kept)}
    labels.update(dict.fromkeys(dropped))
    # A column of labels that says yes nowhere has a label, too.
    return Meanings(column, labels, {**dict.fromkeys(kept, 0), **counts}, classes)
