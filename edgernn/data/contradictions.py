"""Texts that a file holds several times, and not with the same label each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import Labels

__all__ = ["contradictions"]


def contradictions(
    texts: Sequence[str],
    labels: Labels,
    groups: npt.NDArray[np.int64] | None,
    rows: Sequence[int] | None = None,
) -> str | None:
    """Say in a line how many texts stand there with different labels; None where there are none.

    White space does not tell texts apart.

    Args:
        texts: all of them.
        labels: theirs; see `Examples.labels`.
        groups: theirs, as `edgernn.data.groups.group` numbers them: only texts of one group are
            compared.
        rows: the number of each text's row; None where there are no rows.
    """
    if groups is None:
        return None
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    compared = np.flatnonzero(sizes[group_of] > 1)
    first: dict[str, tuple[int, object]] = {}
    contradicted: dict[int, int] = {}
    for row, label in zip(compared.tolist(), labels[compared].tolist(), strict=True):
        other, others_label = first.setdefault(" ".join(texts[row].split()), (row, label))
        if label != others_label:
            contradicted.setdefault(other, row)
    if not contradicted:
        return None
    count, row = len(contradicted), min(contradicted)
    where = ""
    if rows is not None:
        where = f" ({'the first in ' if count > 1 else ''}rows {rows[row]} and "
        where += f"{rows[contradicted[row]]})"
    stand = "text stands" if count == 1 else "texts stand"
    return (
        f"{count:,} {stand} there several times, with different labels{where}: no model can be "
        "right about all of them; correct the labels or leave such rows out"
    )
