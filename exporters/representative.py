"""Texts for a converter that takes the ranges of activations from what it runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.text import TextEncoder

__all__ = ["REPRESENTATIVE_TEXTS", "representative_ids"]

REPRESENTATIVE_TEXTS = 500
"""How many texts are taken, if there are so many."""

_SEED = 0
_WHOLE = 5


def representative_ids(
    texts: Sequence[str], encoder: TextEncoder, count: int = REPRESENTATIVE_TEXTS
) -> list[npt.NDArray[np.int32]]:
    """Choose texts and cut most of them off somewhere: the same ones each time.

    The converter sees the state of a recurrent layer behind the last token alone. A text that is
    cut off shows it a state on the way; one text in five stays whole. All stay so where the
    contract pads them: such a model never meets another length.

    Args:
        texts: to choose from.
        encoder: turns them into ids.
        count: the most to take.

    Returns:
        int32 [tokens] for each text, none empty; texts of which no token is left are passed over.
    """
    rng = np.random.default_rng(_SEED)
    chosen = [texts[place] for place in rng.permutation(len(texts))[:count]]
    rows = [ids for ids in encoder.encode_batch(chosen) if len(ids)]
    if encoder.contract.padding != "none":
        return rows
    return [
        ids if place % _WHOLE == 0 else ids[: rng.integers(1, len(ids) + 1)]
        for place, ids in enumerate(rows)
    ]
