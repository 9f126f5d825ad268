"""Which reviews are scored: some that stand for all, and some of one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized

import numpy as np

__all__ = ["of_length", "stratified"]


def stratified(texts: Sequence[str], count: int, seed: int = 0) -> list[int]:
    """Return the places of `count` texts that are as long as all are, in their order.

    The texts are sorted by length and cut into `count` equal groups, and one is drawn of each: a
    few reviews drawn of all could be shorter than most by chance, and so faster to score.
    """
    if count >= len(texts):
        return list(range(len(texts)))
    order = np.argsort([len(text) for text in texts], kind="stable")
    edges = np.linspace(0, len(texts), count + 1).astype(np.int64)
    drawn = np.random.default_rng(seed).integers(edges[:-1], edges[1:])
    return sorted(order[drawn].tolist())


def of_length(
    texts: Sequence[str], tokens: int, count: int, encode: Callable[[str], Sized]
) -> list[str]:
    """Return the starts of `count` texts that have exactly so many tokens.

    Raises:
        ValueError: there are not so many.
    """
    found: list[str] = []
    for text in texts:
        pieces = text.split(" ")
        low, high = 0, len(pieces)
        while low < high:
            middle = (low + high) // 2
            if len(encode(" ".join(pieces[:middle]))) < tokens:
                low = middle + 1
            else:
                high = middle
        start = " ".join(pieces[:low])
        if len(encode(start)) == tokens:
            found.append(start)
            if len(found) == count:
                return found
    raise ValueError(f"{len(found)} texts, not {count}, have a start of {tokens} tokens")
