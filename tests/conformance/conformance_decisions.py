"""Cases from probabilities to labels: each decision at its edges, which 32 bits would get wrong.

Labels come from fractions, which round nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

__all__ = ["THRESHOLDS", "decisions"]

THRESHOLDS = (0.5, 0.7, 0.1, 0.3, 0.9, 0.625, 0.05, 0.999)

_SIDES = (("one below", -1), ("nearest to", 0), ("one above", 1))
_MANY = 1024
"""The most labels that a contract may have."""


@dataclass(frozen=True)
class _Rule:
    """The fields of a contract that decide."""

    decision: str
    threshold: float | None = None
    thresholds: tuple[float, ...] = ()
    none_below: float | None = None

    def given(self, probabilities: Sequence[float]) -> list[int]:
        """Return the numbers of the labels that a text gets."""
        exact = [Fraction(value) for value in probabilities]
        if self.decision == "each":
            return [i for i, least in enumerate(self.thresholds) if exact[i] >= Fraction(least)]
        if self.threshold is not None:
            (second,) = exact
            number = int(second >= Fraction(self.threshold))
            confidence = second if number else 1 - second
        else:
            confidence = max(exact)
            number = exact.index(confidence)
        if self.none_below is not None and confidence < Fraction(self.none_below):
            return []
        return [number]


def decisions() -> Iterator[dict[str, Any]]:
    """Yield the cases."""
    cases = [*_threshold(), *_threshold_or_none(), *_largest(), *_each()]
    for number, (about, rule, probabilities) in enumerate(cases, 1):
        yield {
            "id": f"decision/{number}",
            "about": about,
            "decision": rule.decision,
            "threshold": rule.threshold,
            "thresholds": list(rule.thresholds),
            "none_below": rule.none_below,
            "probabilities": probabilities,
            "given": rule.given(probabilities),
        }


_Cases = Iterable[tuple[str, _Rule, list[float]]]


def _threshold() -> _Cases:
    """float32 scores beside thresholds that float32 does not have, and some that it has."""
    for threshold in THRESHOLDS:
        for side, step in _SIDES:
            about = f"{side} the threshold in float32"
            yield about, _Rule("threshold", threshold), [_narrow(threshold, step)]


def _threshold_or_none() -> _Cases:
    """Either label may be too unlikely; of the first, the probability is 1 minus the score."""
    for least in (0.9, 0.7, 0.625):
        rule = _Rule("threshold", 0.5, none_below=least)
        for side, step in _SIDES:
            about = f"{side} what the second label needs in float32"
            yield about, rule, [_narrow(least, step)]
            about = f"{side} what the first label leaves in float32"
            yield about, rule, [_narrow(1 - least, step)]
    rule = _Rule("threshold", 0.3, none_below=0.5)
    yield "called, and less likely than the other", rule, [_narrow(0.4)]
    yield "called, and just likely enough", rule, [0.5]
    yield "not called, and likely enough", rule, [0.25]
    yield "no doubt", rule, [0.0]


def _largest() -> _Cases:
    plain = _Rule("largest")
    yield "the first", plain, [0.5, 0.25, 0.25]
    yield "the last", plain, [0.125, 0.25, 0.625]
    yield "two equal: the first of them", plain, [0.25, 0.375, 0.375]
    yield "all equal: the first", plain, [0.25, 0.25, 0.25, 0.25]
    yield "one step of float32 apart", plain, [_narrow(0.4), _narrow(0.4, 1), _narrow(0.2)]
    yield "one step of float32 apart, near 0", plain, [1.0, _narrow(1e-30), _narrow(1e-30, 1)]
    for least in (0.7, 0.3, 0.625):
        rule = _Rule("largest", none_below=least)
        for side, step in _SIDES:
            score = _narrow(least, step)
            rest = _narrow((1 - score) / 3)
            yield f"{side} what a label needs in float32", rule, [rest, rest, score, rest]
    many = [_narrow(1 / (2 * _MANY))] * _MANY
    many[_MANY - 2] = 0.5
    yield "as many labels as there may be", plain, many
    yield "as many, and none", _Rule("largest", none_below=0.75), many


def _each() -> _Cases:
    for side, step in _SIDES:
        about = f"{side} the thresholds in float32"
        yield about, _Rule("each", None, THRESHOLDS), [_narrow(t, step) for t in THRESHOLDS]
    rule = _Rule("each", None, (0.5, 0.7, 0.3))
    yield "none", rule, [0.25, 0.625, 0.125]
    yield "all", rule, [1.0, 1.0, 1.0]
    yield "the least likely alone", rule, [0.4375, 0.625, 0.375]
    yield "two of three", rule, [0.5, 0.0, 0.5]
    two = _Rule("each", None, (0.5, 0.5))
    yield "two labels, none", two, [0.25, 0.25]
    yield "two labels, both", two, [0.75, 0.5]


def _narrow(value: float, step: int = 0) -> float:
    """Return the float32 nearest to a number, or some steps of float32 above it."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    (narrow,) = struct.unpack("<f", struct.pack("<i", bits + step))
    return float(narrow)
