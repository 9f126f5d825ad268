"""The Pareto front: models that no other one beats in accuracy, size and latency at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Measured", "pareto_front"]


class Measured(NamedTuple):
    """What is weighed of one model."""

    accuracy: float
    bytes: int
    milliseconds: float

    def beats(self, other: Measured) -> bool:
        """Tell whether it is as good in all three and better in one."""
        return (
            self.accuracy >= other.accuracy
            and self.bytes <= other.bytes
            and self.milliseconds <= other.milliseconds
            and self != other
        )


def pareto_front(models: Sequence[Measured]) -> list[int]:
    """Return the places of the models that none of the others beats, in the order given.

    Of models that are equal in all three, each is on the front.
    """
    return [
        place
        for place, model in enumerate(models)
        if not any(other.beats(model) for other in models)
    ]
