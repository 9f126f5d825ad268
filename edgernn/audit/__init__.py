"""What is in a model file, and what in it fails elsewhere; standard library only."""

from edgernn.audit.audit import Audit, audit_file, read_graph
from edgernn.audit.findings import Finding
from edgernn.audit.oldest_runtime import OldestRuntime, find_oldest_runtime

__all__ = [
    "Audit",
    "Finding",
    "OldestRuntime",
    "audit_file",
    "find_oldest_runtime",
    "read_graph",
]
