"""A candidate of the search: what it is, what was measured of it, and what became of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from edgernn.choose.limits import Limits, Miss
from edgernn.choose.measure import Variant
from edgernn.choose.space import Point

__all__ = ["Candidate", "Status", "standard_error"]

Status = Literal["refused", "waiting", "training", "dropped", "finished"]
"""Refused before training, waiting for its turn, in the running, beaten by others at a rung, or
trained to the end."""


@dataclass
class Candidate:
    """One point of the search space; a rung of successive halving is so many epochs."""

    point: Point
    status: Status
    reason: str = ""
    """Why it was refused or dropped."""
    variants: tuple[Variant, ...] = ()
    """What its files have in each precision, the smallest first."""
    bracket: int | None = None
    """The round of successive halving that it takes part in."""
    rungs: int = 0
    """How many rungs it has reached."""
    epochs: int = 0
    accuracy: float | None = None
    """On the held-out texts, of its best epoch so far: a share in [0, 1]."""
    macro_f1: float | None = None
    """Of the same epoch on the same texts, where there are not just two labels."""
    held_out: int = 0
    """Number of held-out texts."""
    epoch_seconds: float | None = None
    """How long an epoch took."""
    file_accuracy: float | None = None
    """That of its exported file on the held-out texts, where one was written."""

    @property
    def name(self) -> str:
        """Its name, and that of its run folder."""
        return self.point.name

    @property
    def error(self) -> float | None:
        """The standard error of its accuracy, which comes from the number of held-out texts."""
        return None if self.accuracy is None else standard_error(self.accuracy, self.held_out)

    def variant(self, limits: Limits) -> Variant:
        """Return the smallest variant that keeps the limits of size and latency, else the nearest.

        Raises:
            ValueError: it has none.
        """
        return min(
            self.variants,
            key=lambda v: (_excess(limits.misses(v.bytes, v.milliseconds)), v.bytes),
        )

    def excess(self, limits: Limits) -> float:
        """Return how far its best variant is beyond the limits of size and latency, as shares."""
        best = self.variant(limits)
        return _excess(limits.misses(best.bytes, best.milliseconds))

    def misses(self, limits: Limits) -> tuple[Miss, ...]:
        """Return the limits that it breaks, by its exported file's accuracy if that is known."""
        best = self.variant(limits)
        known = self.accuracy if self.file_accuracy is None else self.file_accuracy
        return limits.misses(best.bytes, best.milliseconds, known)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Candidate:
        """Read a candidate back.

        Raises:
            KeyError, TypeError, ValueError: these are not the values of one.
        """
        if values["status"] not in get_args(Status):
            raise ValueError(f"status {values['status']!r}")
        return cls(
            **{
                **values,
                "point": Point(**values["point"]),
                "variants": tuple(Variant(**variant) for variant in values["variants"]),
            }
        )


def standard_error(accuracy: float, texts: int) -> float:
    """Return the standard error of an accuracy that was measured on so many texts.

    After two right and two wrong texts are added (Agresti and Coull, Approximate is better than
    "exact" for interval estimation of binomial proportions, 1998): it is not 0 where none was
    wrong.
    """
    share = (accuracy * texts + 2) / (texts + 4)
    return math.sqrt(share * (1 - share) / (texts + 4))


def _excess(misses: tuple[Miss, ...]) -> float:
    return sum(miss.share for miss in misses)
