"""Limits that a person sets, with their units, and how far a model is beyond them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgernn.errors import UsageError

__all__ = [
    "Limits",
    "Miss",
    "parse_accuracy",
    "parse_budget",
    "parse_latency",
    "parse_size",
]

_NUMBER = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*([a-zA-Z%\u00b5\u03bc]*)\s*")
_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "kib": 1024, "mib": 1024**2}
_MILLISECONDS = {"us": 1e-3, "\u00b5s": 1e-3, "\u03bcs": 1e-3, "ms": 1.0, "s": 1e3}
_SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Miss:
    """A limit that a model breaks."""

    limit: str
    """`size`, `latency` or `accuracy`."""
    wanted: float
    """The limit: bytes, milliseconds, or a share in [0, 1]."""
    actual: float
    """The model's, in the same unit."""

    @property
    def by(self) -> float:
        """How far beyond the limit, in its unit; above 0."""
        return abs(self.actual - self.wanted)

    @property
    def share(self) -> float:
        """How far beyond the limit, as a share of the limit: comparable from one to another."""
        return self.by / self.wanted

    def __str__(self) -> str:
        """Say it in words."""
        match self.limit:
            case "size":
                return (
                    f"size {self.actual:,.0f} bytes is {self.by:,.0f} bytes over --max-size "
                    f"{self.wanted:,.0f} bytes"
                )
            case "latency":
                return (
                    f"latency {self.actual:.3g} ms is {self.by:.3g} ms over --max-latency "
                    f"{self.wanted:g} ms"
                )
            case _:
                return (
                    f"held-out accuracy {self.actual:.2%} is {100 * self.by:.2f} points below "
                    f"--min-accuracy {100 * self.wanted:g}%"
                )


@dataclass(frozen=True)
class Limits:
    """What a model must keep to; None is no limit."""

    bytes: int | None = None
    """Most bytes of the exported file, with all that it carries."""
    milliseconds: float | None = None
    """Longest time of one review on one thread, encoding included."""
    accuracy: float | None = None
    """Least accuracy on the held-out part of the training split, a share in [0, 1]."""

    def misses(
        self,
        bytes: float | None = None,
        milliseconds: float | None = None,
        accuracy: float | None = None,
    ) -> tuple[Miss, ...]:
        """Return the limits that are broken by what is known of a model; None is not known."""
        found = []
        if bytes is not None and self.bytes is not None and bytes > self.bytes:
            found.append(Miss("size", self.bytes, bytes))
        if (
            milliseconds is not None
            and self.milliseconds is not None
            and milliseconds > self.milliseconds
        ):
            found.append(Miss("latency", self.milliseconds, milliseconds))
        if accuracy is not None and self.accuracy is not None and accuracy < self.accuracy:
            found.append(Miss("accuracy", self.accuracy, accuracy))
        return tuple(found)

    def to_json(self) -> dict[str, float | None]:
        """Return the limits as JSON values."""
        return {
            "max_bytes": self.bytes,
            "max_latency_ms": self.milliseconds,
            "min_accuracy": self.accuracy,
        }


def parse_size(text: str) -> int:
    """Read a number of bytes, such as `500kB` (500,000 bytes), `1.5MB` or `512KiB`.

    Raises:
        UsageError: it has no unit, or is not of that form.
    """
    size = _read("--max-size", text, _BYTES, "500kB, 1.5MB or 512KiB")
    if size < 1:
        raise UsageError(f"--max-size {text}: a file has at least one byte")
    return int(size)


def parse_latency(text: str) -> float:
    """Read a time in milliseconds, such as `2ms`, `500us` or `0.5s`.

    Raises:
        UsageError: it has no unit, or is not of that form.
    """
    return _read("--max-latency", text, _MILLISECONDS, "2ms, 500us or 0.5s")


def parse_budget(text: str) -> float:
    """Read a time in seconds, such as `30min`, `90s` or `2h`.

    Raises:
        UsageError: it has no unit, or is not of that form.
    """
    return _read("--budget", text, _SECONDS, "30min, 90s or 2h")


def parse_accuracy(text: str) -> float:
    """Read an accuracy in percent, such as `90` or `90%`; return it as a share.

    Raises:
        UsageError: it is not of that form, or cannot be an accuracy in percent.
    """
    form = "give it in percent, such as 90 or 90.5%"
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in ("", "%"):
        raise UsageError(f"--min-accuracy {text}: {form}")
    percent = float(found[1])
    if not 1 < percent <= 100:
        raise UsageError(f"--min-accuracy {text}: {form}; more than 1 and at most 100")
    return percent / 100


def _read(option: str, text: str, units: Mapping[str, float], examples: str) -> float:
    found = _NUMBER.fullmatch(text)
    unit = None if found is None else units.get(found[2].lower())
    if found is None or unit is None:
        raise UsageError(f"{option} {text}: give a number and a unit, such as {examples}")
    value = float(found[1]) * unit
    if value <= 0:
        raise UsageError(f"{option} {text}: must be more than 0")
    return value
