"""What in a graph is slow, wrong or missing elsewhere, why it arose and what to change.

A `problem` makes a file fail, or score differently, somewhere that it should run; a `note` is
worth knowing and may be as it should be. The rules of each format stand in
`edgernn.audit.onnx_findings` and `edgernn.audit.tflite_findings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from edgernn.audit.graphs import Graph, Operator
from edgernn.bundle.messages import one_line

__all__ = [
    "CUDNN",
    "IMPORT_AND_EXPORT",
    "Finding",
    "Occurrence",
    "Severity",
    "collect",
    "of_operators",
    "random_operators",
    "text_inputs",
]

Severity = Literal["problem", "note"]

CUDNN: Final = "CudnnRNN"
"""Part of the names of TensorFlow's operators that only cuDNN computes."""

IMPORT_AND_EXPORT: Final = "`edgernn import` and `edgernn export` do that"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and everywhere that it was."""

    severity: Severity
    subject: str
    """The operator, or what else it is about."""
    places: tuple[str, ...]
    """Where it stands; empty where it is about the file as a whole."""
    why: str
    """Why it arose, and what follows from it."""
    change: str
    """What to change."""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "severity": self.severity,
            "subject": self.subject,
            "places": list(self.places),
            "why": self.why,
            "change": self.change,
        }


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A finding at one place; equal ones are put together.

    Only `subject` may hold names as they stand in a file; the rest is fit for a terminal.
    """

    severity: Severity
    subject: str
    why: str
    change: str
    location: str | None = None
    """The operator, in words; None where the whole file is meant."""


def collect(occurrences: Iterable[Occurrence]) -> tuple[Finding, ...]:
    """Put equal findings together, problems first, otherwise in the order of the graph."""
    places: dict[tuple[Severity, str, str, str], list[str]] = {}
    for one in occurrences:
        at = places.setdefault((one.severity, one.subject, one.why, one.change), [])
        if one.location is not None:
            at.append(one.location)
    findings = [
        Finding(severity, one_line(subject), tuple(at), why, change)
        for (severity, subject, why, change), at in places.items()
    ]
    return tuple(sorted(findings, key=lambda finding: finding.severity != "problem"))


def of_operators(
    graph: Graph, operators: Iterable[Operator], severity: Severity, why: str, change: str
) -> Iterator[Occurrence]:
    """Yield the same finding for several operators, each under its type."""
    for operator in operators:
        yield Occurrence(severity, operator.full_type, why, change, graph.location(operator))


def random_operators(graph: Graph, types: Iterable[str], change: str) -> Iterator[Occurrence]:
    """Yield a finding for each operator of a format's random ones."""
    yield from of_operators(
        graph,
        graph.of_type(*types),
        "problem",
        "a random operator: the same text scores differently from call to call; dropout or noise "
        "of the training was left in the graph",
        change,
    )


def text_inputs(graph: Graph) -> Iterator[Occurrence]:
    """Yield a finding for each input that takes text."""
    for value in graph.inputs:
        if value.type == "STRING":
            yield Occurrence(
                "note",
                "input of type STRING",
                "the graph takes text apart itself: its rules for that are in the graph, with the "
                "operators that they need",
                "keep the text rules beside the graph, as the contract of a file of edgernn does, "
                "if it is to run where those operators are missing",
                one_line(value.name),
            )
