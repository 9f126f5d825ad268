"""What a search found: its candidates, the front, and what was chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgernn.choose.candidate import Candidate, standard_error
from edgernn.choose.finish import Chosen
from edgernn.choose.front import Measured, pareto_front
from edgernn.choose.limits import Limits
from edgernn.choose.measure import Variant
from edgernn.choose.state import State

__all__ = ["Result", "ResultRow", "result_of"]

_CLEARLY = 0.85
"""A file that takes so much of another's time is faster, whatever else the machine did."""


@dataclass(frozen=True)
class ResultRow:
    """A trained candidate in one precision."""

    candidate: Candidate
    variant: Variant
    accuracy: float
    """Of the trained model on the held-out texts; rounding its weights hardly changes it."""
    on_front: bool
    broken: tuple[str, ...]
    """Names of the limits that it breaks."""


@dataclass(frozen=True)
class Result:
    """All of it."""

    state: State
    limits: Limits
    budget: float
    """Seconds."""
    rows: tuple[ResultRow, ...]
    """What is on the front or was trained: the most accurate first."""
    chosen: Chosen
    points: int
    """How many points the search space has."""

    def untried(self) -> int:
        """Return how many candidates within the limits were measured and had no turn."""
        return sum(c.status == "waiting" for c in self.state.candidates)

    def cut_short(self) -> int:
        """Return how many were in the running when the time ended."""
        return sum(
            c.status == "training" or (c.status == "dropped" and "no time" in c.reason)
            for c in self.state.candidates
        )

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values; accuracies and F1 are shares in [0, 1].

        Macro F1 is null of two labels.
        """
        chosen = self.chosen
        described = {
            "candidate": chosen.candidate.name,
            "precision": chosen.variant.precision,
            "bytes": chosen.variant.bytes,
            "latency_ms": chosen.variant.milliseconds,
            "held_out_accuracy": chosen.accuracy,
            "standard_error": standard_error(chosen.accuracy, chosen.candidate.held_out),
            "held_out_macro_f1": chosen.macro_f1,
            "run": str(chosen.file.parent),
            "file": str(chosen.file),
        }
        return {
            "limits": self.limits.to_json(),
            "budget_s": self.budget,
            "spent_s": round(self.state.spent, 1),
            "points": self.points,
            "drawn": self.state.drawn,
            "candidates": [self._candidate(c) for c in self.state.candidates],
            "front": [_row(row) for row in self.rows if row.on_front],
            "chosen": None if chosen.misses else described,
            "nearest": described if chosen.misses else None,
            "missed": [{**asdict(miss), "by": miss.by} for miss in chosen.misses],
        }

    def _candidate(self, candidate: Candidate) -> dict[str, Any]:
        return {
            "candidate": candidate.name,
            "config": asdict(candidate.point),
            "files": [
                {"precision": v.precision, "bytes": v.bytes, "latency_ms": v.milliseconds}
                for v in candidate.variants
            ],
            "held_out_accuracy": candidate.accuracy,
            "standard_error": candidate.error,
            "held_out_macro_f1": candidate.macro_f1,
            "held_out_texts": candidate.held_out,
            "file_accuracy": candidate.file_accuracy,
            "epochs": candidate.epochs,
            "epoch_seconds": candidate.epoch_seconds,
            "rung": candidate.rungs,
            "status": candidate.status,
            "reason": candidate.reason,
        }


def result_of(state: State, limits: Limits, budget: float, chosen: Chosen, points: int) -> Result:
    """Put a search's result together."""
    pairs = [
        (candidate, variant, candidate.accuracy)
        for candidate in state.candidates
        if candidate.accuracy is not None
        for variant in _distinct(candidate, limits, chosen)
    ]
    measured = [Measured(accuracy, v.bytes, v.milliseconds) for _, v, accuracy in pairs]
    front = set(pareto_front(measured))
    rows = []
    for place, (candidate, variant, accuracy) in enumerate(pairs):
        if place in front or variant in _wanted(candidate, limits, chosen):
            broken = limits.misses(variant.bytes, variant.milliseconds, accuracy)
            rows.append(
                ResultRow(
                    candidate, variant, accuracy, place in front, tuple(m.limit for m in broken)
                )
            )
    rows.sort(key=lambda row: (-row.accuracy, row.variant.bytes))
    return Result(state, limits, budget, tuple(rows), chosen, points)


def _distinct(candidate: Candidate, limits: Limits, chosen: Chosen) -> list[Variant]:
    """Leave out larger files that are hardly faster: most precisions run the same arithmetic."""
    wanted = _wanted(candidate, limits, chosen)
    kept: list[Variant] = []
    for variant in sorted(candidate.variants, key=lambda v: (v.bytes, v.milliseconds)):
        clearly = all(variant.milliseconds < _CLEARLY * other.milliseconds for other in kept)
        if variant in wanted or clearly:
            kept.append(variant)
    return kept


def _wanted(candidate: Candidate, limits: Limits, chosen: Chosen) -> list[Variant]:
    """Return the variant that was exported, or else the one that would be."""
    if candidate is chosen.candidate:
        return [v for v in candidate.variants if v.precision == chosen.variant.precision]
    return [candidate.variant(limits)]


def _row(row: ResultRow) -> dict[str, Any]:
    return {
        "candidate": row.candidate.name,
        "precision": row.variant.precision,
        "bytes": row.variant.bytes,
        "latency_ms": row.variant.milliseconds,
        "held_out_accuracy": row.accuracy,
    }
