"""What can be exported, as one table: the command line, the checks and the tests read it."""

from __future__ import annotations

from dataclasses import dataclass

from edgernn.bundle import Format
from edgernn.errors import UsageError

__all__ = ["FORMATS", "PRECISIONS", "FormatRules", "find_format", "find_precision"]


@dataclass(frozen=True)
class FormatRules:
    """What holds for all files of one format."""

    name: Format
    suffix: str
    operators: frozenset[str]
    """Operators that a file may hold: builtin, and known to the oldest runtimes supported."""
    recurrent_operator: str
    per_direction: bool
    """Whether a bidirectional layer takes one recurrent operator a direction, or one in all."""


FORMATS: dict[str, FormatRules] = {
    rules.name: rules
    for rules in (
        FormatRules(
            name="onnx",
            suffix=".onnx",
            operators=frozenset(
                {"Add", "Cast", "DequantizeLinear", "Gather", "LSTM", "MatMul", "Relu", "Reshape"}
                | {"Sigmoid", "Transpose"}
            ),
            recurrent_operator="LSTM",
            per_direction=False,
        ),
        FormatRules(
            name="tflite",
            suffix=".tflite",
            operators=frozenset(
                {"CONCATENATION", "DEQUANTIZE", "FULLY_CONNECTED", "GATHER", "LOGISTIC", "RESHAPE"}
                | {"REVERSE_V2", "STRIDED_SLICE", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
            ),
            recurrent_operator="UNIDIRECTIONAL_SEQUENCE_LSTM",
            per_direction=True,
        ),
    )
}

PRECISIONS: dict[str, float] = {"float32": 1e-4, "float16": 2e-3, "int8": 2e-2}
"""Largest difference allowed from the Keras model, in probability, by precision."""


def find_format(name: str) -> FormatRules:
    """Return the rules of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FORMATS:
        raise UsageError(f"--format {name}: there are {', '.join(FORMATS)}, and all")
    return FORMATS[name]


def find_precision(name: str) -> float:
    """Return the tolerance of a precision.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in PRECISIONS:
        raise UsageError(f"--precision {name}: there are {', '.join(PRECISIONS)}")
    return PRECISIONS[name]
