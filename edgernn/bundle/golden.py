"""Golden vectors: a few texts with the ids and the probabilities that a model file gives for them.

They travel in the file, so that any runtime, in any language, can prove on the spot that it answers
as the file did when it was exported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgernn.errors import ModelFileError
from edgernn.text import TextContract

__all__ = ["FEWEST", "GOLDEN", "GOLDEN_BATCH", "Golden", "GoldenVector"]

GOLDEN = "golden.json"
GOLDEN_BATCH = "golden_batch.json"

FEWEST = 16
"""An export has fewer vectors only of a model that is sure of fewer texts."""

MAX_VECTORS = 256
MAX_BATCH = 64
MAX_CHARACTERS = 1 << 16
_ONE, _SEVERAL = "probability", "probabilities"
"""The last field, by how many probabilities the model gives for a text."""
_THERE = {_ONE: "is a probability", _SEVERAL: "are probabilities"}


@dataclass(frozen=True, slots=True)
class GoldenVector:
    """A text, and what the file makes of it."""

    text: str
    ids: tuple[int, ...]
    """As the network sees them, padding of the contract included."""
    probability: float | None = None
    """With the decision `threshold`, the probability of the second label; None where no id is left,
    which is an error of the text."""
    probabilities: tuple[float, ...] | None = None
    """With another decision, the probability of each label; likewise."""

    @property
    def scores(self) -> float | tuple[float, ...] | None:
        """What the file gives, whichever the decision; None where no id is left."""
        return self.probability if self.probabilities is None else self.probabilities


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden vectors of a file."""

    tolerance: float
    """How far each of a runtime's probabilities may lie from a vector's."""
    vectors: tuple[GoldenVector, ...]
    batch: tuple[int, ...] = ()
    """Places in `vectors` of texts to score in one call, shorter ones padded; none in a file whose
    graph takes one text a call."""

    def batch_to_json(self) -> str:
        """Return the attachment that `batch` is."""
        return json.dumps(list(self.batch)) + "\n"

    def to_json(self, outputs: int = 1) -> str:
        """Return the attachment: ASCII, a line for each vector.

        Args:
            outputs: how many probabilities the model gives for a text, `TextContract.outputs`.
        """
        last = _last_field(outputs)
        lines = [
            json.dumps({"text": v.text, "ids": list(v.ids), last: getattr(v, last)})
            for v in self.vectors
        ]
        joined = ",\n".join(lines)
        return f'{{"tolerance": {json.dumps(self.tolerance)}, "vectors": [\n{joined}\n]}}\n'

    @classmethod
    def from_json(cls, data: bytes, contract: TextContract, batch: bytes | None = None) -> Golden:
        """Read the attachment of a file with this contract, and the one that `batch` is.

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
        read = tuple(_vector(v, i, contract) for i, v in enumerate(vectors, start=1))
        return cls(float(tolerance), read, () if batch is None else _batch(batch, read))


def _batch(data: bytes, vectors: Sequence[GoldenVector]) -> tuple[int, ...]:
    try:
        places = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{GOLDEN_BATCH}: not JSON: {error}") from error
    if not isinstance(places, list) or not 2 <= len(places) <= MAX_BATCH:
        raise ModelFileError(f"{GOLDEN_BATCH}: not a list of 2 to {MAX_BATCH} places")
    for place in places:
        if type(place) is not int or not 0 <= place < len(vectors) or not vectors[place].ids:
            raise ModelFileError(
                f"{GOLDEN_BATCH}: {place!r} is not the place of a vector that has ids"
            )
    return tuple(places)


def _vector(value: Any, number: int, contract: TextContract) -> GoldenVector:
    def refused(reason: str) -> ModelFileError:
        return ModelFileError(f"{GOLDEN}: vector {number}: {reason}")

    last = _last_field(contract.outputs)
    names = {"text", "ids", last}
    if not isinstance(value, dict) or set(value) != names:
        raise refused(f"not an object of {', '.join(sorted(names))}")
    text, ids, found = value["text"], value["ids"], value[last]
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise refused(f"text is not a string of at most {MAX_CHARACTERS} characters")
    if not isinstance(ids, list) or len(ids) > contract.max_length or not _are_ids(ids, contract):
        raise refused(
            f"ids is not a list of at most {contract.max_length} integers in "
            f"[0, {contract.vocabulary_size - 1}]"
        )
    if (found is None) != (not ids):
        raise refused(f"there {_THERE[last]} where there are ids, null where there are none")
    if found is None:
        return GoldenVector(text, ())
    if last == _SEVERAL:
        if not isinstance(found, list) or len(found) != contract.outputs:
            raise refused(f"{last} is not a list of {contract.outputs} numbers")
        several = tuple(_probability(one, refused) for one in found)
        return GoldenVector(text, tuple(ids), probabilities=several)
    return GoldenVector(text, tuple(ids), _probability(found, refused))


def _last_field(outputs: int) -> str:
    return _ONE if outputs == 1 else _SEVERAL


def _probability(value: Any, refused: Callable[[str], ModelFileError]) -> float:
    if not (_is_number(value) and 0 <= value <= 1):
        raise refused(f"probability {value!r} is not in [0, 1]")
    return float(value)


def _is_number(value: Any) -> bool:
    # A whole number may be too large for `isfinite`.
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _are_ids(values: Sequence[Any], contract: TextContract) -> bool:
    return all(type(id) is int and 0 <= id < contract.vocabulary_size for id in values)
