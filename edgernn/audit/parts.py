"""Where the bytes of a model file go; the parts together are the file, to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgernn.audit.weights import ROLES, Weight
from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.bundle import CONTRACT

__all__ = ["Part", "divide"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file."""

    name: str
    bytes: int


def divide(
    weights: Iterable[Weight], sizes: StoredSizes, vocabulary: str | None
) -> tuple[Part, ...]:
    """Divide a file into its parts.

    Args:
        weights: all that the graph stores.
        sizes: how the file divides into graph and attachments.
        vocabulary: name of the attachment that is the vocabulary, where the file has one.

    Returns:
        Weights by role, the rest of the graph, attachments and what holds them; empty ones left
        out. Their bytes add up to the file's.
    """
    stored = dict.fromkeys(ROLES, 0)
    for weight in weights:
        stored[weight.role] += weight.bytes
    attachments = dict(sizes.attachments)
    named = {
        "vocabulary": 0 if vocabulary is None else attachments.pop(vocabulary, 0),
        CONTRACT: attachments.pop(CONTRACT, 0),
    }
    parts = [
        *(Part(f"weights: {role}", size) for role, size in stored.items()),
        Part("graph without weights", sizes.graph - sum(stored.values())),
        *(Part(name, size) for name, size in named.items()),
        Part("other attachments", sum(attachments.values())),
        Part("container of the attachments", sizes.overhead),
    ]
    return tuple(part for part in parts if part.bytes)
