"""Golden vectors: a few texts with the ids and the probability that a model file gives for them.

They travel in the file, so that any runtime, in any language, can prove on the spot that it answers
as the file did when it was exported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgernn.errors import ModelFileError
from edgernn.text import TextContract

__all__ = ["GOLDEN", "Golden", "GoldenVector"]

GOLDEN = "golden.json"

MAX_VECTORS = 256
MAX_CHARACTERS = 1 << 16
_FIELDS = {"text", "ids", "probability"}


@dataclass(frozen=True, slots=True)
class GoldenVector:
    """A text, and what the file makes of it."""

    text: str
    ids: tuple[int, ...]
    """As the network sees them, padding of the contract included."""
    probability: float | None
    """Probability of the second label; None where no id is left, which is an error of the text."""


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden vectors of a file."""

    tolerance: float
    """How far a runtime's probability may lie from a vector's."""
    vectors: tuple[GoldenVector, ...]

    def to_json(self) -> str:
        """Return the attachment: ASCII, a line for each vector."""
        lines = [
            json.dumps({"text": v.text, "ids": list(v.ids), "probability": v.probability})
            for v in self.vectors
        ]
        joined = ",\n".join(lines)
        return f'{{"tolerance": {json.dumps(self.tolerance)}, "vectors": [\n{joined}\n]}}\n'

    @classmethod
    def from_json(cls, data: bytes, contract: TextContract) -> Golden:
        """Read the attachment of a file with this contract.

        Raises:
            ModelFileError: not JSON, or a value that no file with the contract gives.
        """
        try:
            values = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{GOLDEN}: not JSON: {error}") from error
        if not isinstance(values, dict) or set(values) != {"tolerance", "vectors"}:
            raise ModelFileError(f"{GOLDEN}: not an object of tolerance and vectors")
        tolerance, vectors = values["tolerance"], values["vectors"]
        if not _is_number(tolerance) or not 0 < tolerance < 1:
            raise ModelFileError(f"{GOLDEN}: tolerance {tolerance!r} is not in (0, 1)")
        if not isinstance(vectors, list) or not 1 <= len(vectors) <= MAX_VECTORS:
            raise ModelFileError(f"{GOLDEN}: vectors is not a list of 1 to {MAX_VECTORS}")
        return cls(
            float(tolerance), tuple(_vector(v, i, contract) for i, v in enumerate(vectors, start=1))
        )


def _vector(value: Any, number: int, contract: TextContract) -> GoldenVector:
    def refused(reason: str) -> ModelFileError:
        return ModelFileError(f"{GOLDEN}: vector {number}: {reason}")

    if not isinstance(value, dict) or set(value) != _FIELDS:
        raise refused(f"not an object of {', '.join(sorted(_FIELDS))}")
    text, ids, probability = value["text"], value["ids"], value["probability"]
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise refused(f"text is not a string of at most {MAX_CHARACTERS} characters")
    if not isinstance(ids, list) or len(ids) > contract.max_length or not _are_ids(ids, contract):
        raise refused(
            f"ids is not a list of at most {contract.max_length} integers in "
            f"[0, {contract.vocabulary_size - 1}]"
        )
    if (probability is None) != (not ids):
        raise refused("there is a probability where there are ids, null where there are none")
    if probability is not None and not (_is_number(probability) and 0 <= probability <= 1):
        raise refused(f"probability {probability!r} is not in [0, 1]")
    return GoldenVector(text, tuple(ids), None if probability is None else float(probability))


def _is_number(value: Any) -> bool:
    # A whole number may be too large for `isfinite`.
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _are_ids(values: Sequence[Any], contract: TextContract) -> bool:
    return all(type(id) is int and 0 <= id < contract.vocabulary_size for id in values)
