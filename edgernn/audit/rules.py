"""What an audit knows of each file format, as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from edgernn.audit.findings import Occurrence
from edgernn.audit.graphs import Graph
from edgernn.audit.oldest_runtime import OldestRuntime, onnx_oldest_runtime, tflite_oldest_runtime
from edgernn.audit.onnx_findings import onnx_findings
from edgernn.audit.onnx_graph import read_onnx
from edgernn.audit.recurrent import LOOPS
from edgernn.audit.tflite_findings import tflite_findings
from edgernn.audit.tflite_graph import read_tflite
from edgernn.audit.weights import INPUTS
from edgernn.bundle import ModelFile
from edgernn.bundle.container import missing
from edgernn.errors import ModelFileError

__all__ = ["RULES", "AuditRules", "find_oldest_runtime", "read_graph", "rules_of"]


@dataclass(frozen=True, slots=True)
class AuditRules:
    """What an audit asks about a format."""

    read_graph: Callable[[Any], Graph]
    """Of the format's own `Content`."""
    findings: Callable[[Graph], Iterable[Occurrence]]
    find_oldest_runtime: Callable[[Graph], OldestRuntime]


RULES: Final[dict[str, AuditRules]] = {
    "onnx": AuditRules(read_onnx, onnx_findings, onnx_oldest_runtime),
    "tflite": AuditRules(read_tflite, tflite_findings, tflite_oldest_runtime),
}


def rules_of(format: str) -> AuditRules:
    """Return the rules of a format.

    Raises:
        ModelFileError: there are none, or a table beside them has no row for it.
    """
    for table, what, name in (
        (RULES, "audit", "RULES in edgernn/audit/rules.py"),
        (LOOPS, "list of loops", "LOOPS in edgernn/audit/recurrent.py"),
        (INPUTS, "list of weights' inputs", "INPUTS in edgernn/audit/weights.py"),
    ):
        if format not in table:
            raise ModelFileError(missing(format, what, name))
    return RULES[format]


def read_graph(file: ModelFile) -> Graph:
    """Return the graph of a model file.

    Raises:
        ModelFileError: there is no audit of its format, or a part that scoring does not look at is
            broken.
    """
    return rules_of(file.format).read_graph(file.content)


def find_oldest_runtime(graph: Graph) -> OldestRuntime:
    """Return the oldest runtime that a graph runs on, of those that are supported at all."""
    return rules_of(graph.format).find_oldest_runtime(graph)
