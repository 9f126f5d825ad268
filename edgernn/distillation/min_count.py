"""What settings that were chosen on thousands of texts become where there are a handful."""

from __future__ import annotations

__all__ = ["scaled_min_count"]

_ENOUGH = 100
"""From so many texts on, settings are as they were chosen."""


def scaled_min_count(chosen: int, texts: int) -> int:
    """Return how often an n-gram has to be met to be looked at.

    Hardly any is met several times in a handful of texts.

    Args:
        chosen: how often it is where there are many texts, at least 1.
        texts: how many there are.
    """
    return min(chosen, round(1 + (chosen - 1) * texts / _ENOUGH))
