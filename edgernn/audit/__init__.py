"""What is in a model file, and what in it fails elsewhere; standard library only."""

from edgernn.audit.audit import Audit, audit_file
from edgernn.audit.findings import Finding
from edgernn.audit.oldest_runtime import OldestRuntime
from edgernn.audit.rules import find_oldest_runtime, read_graph

__all__ = [
    "Audit",
    "Finding",
    "OldestRuntime",
    "audit_file",
    "find_oldest_runtime",
    "read_graph",
]
