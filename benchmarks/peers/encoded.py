"""Ids ready-made: what the shipped model's text contract makes of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.bundle import read_model_file
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["Ids", "encode"]

Ids = npt.NDArray[np.int32]


def encode(texts: Sequence[str]) -> list[Ids]:
    """Return int32 [tokens] for each text.

    Raises:
        ValueError: no token is left of a text.
    """
    ids = read_model_file(SHIPPED_MODEL).bundle.encoder.encode_batch(texts)
    if not all(map(len, ids)):
        raise ValueError("no token is left of a text")
    return ids
