"""What can be exported, as one table: the command line, the checks and the tests read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgernn.bundle import Format
from edgernn.errors import UsageError
from exporters.network import Cell

__all__ = ["FORMATS", "PRECISIONS", "CellRules", "FormatRules", "find_format", "find_precision"]


@dataclass(frozen=True)
class CellRules:
    """What one kind of recurrent layer becomes in a format."""

    operator: str
    """The one that computes it: fused, or a loop."""
    beside: frozenset[str] = frozenset()
    """Operators that it needs beside that one."""
    loop: bool = False
    """Whether the operator is a loop, for want of a fused one."""


@dataclass(frozen=True)
class FormatRules:
    """What holds for all files of one format."""

    name: Format
    suffix: str
    operators: frozenset[str]
    """Operators that a file may hold beside those of its recurrent layers: builtin, and known to
    the oldest runtimes supported, as those are."""
    cells: Mapping[Cell, CellRules]
    per_direction: bool
    """Whether a bidirectional layer takes one recurrent operator a direction, or one in all."""

    def allowed(self, cells: Iterable[Cell]) -> frozenset[str]:
        """Return the operators that a file with these kinds of recurrent layers may hold."""
        rules = [self.cells[cell] for cell in cells]
        return self.operators.union(*({rule.operator} | rule.beside for rule in rules))


FORMATS: dict[str, FormatRules] = {
    rules.name: rules
    for rules in (
        FormatRules(
            name="onnx",
            suffix=".onnx",
            operators=frozenset(
                {"Add", "Cast", "DequantizeLinear", "Gather", "MatMul", "Mul", "Relu"}
                | {"Reshape", "Sigmoid", "Tanh", "Transpose"}
            ),
            cells={
                "LSTM": CellRules("LSTM"),
                "GRU": CellRules("GRU"),
                "SimpleRNN": CellRules("RNN"),
            },
            per_direction=False,
        ),
        FormatRules(
            name="tflite",
            suffix=".tflite",
            operators=frozenset(
                {"CAST", "CONCATENATION", "DEQUANTIZE", "FULLY_CONNECTED", "GATHER", "LOGISTIC"}
                | {"MUL", "RESHAPE", "REVERSE_V2", "STRIDED_SLICE", "TANH"}
            ),
            cells={
                "LSTM": CellRules("UNIDIRECTIONAL_SEQUENCE_LSTM"),
                "GRU": CellRules(
                    "WHILE",
                    frozenset(
                        {"ADD", "DYNAMIC_UPDATE_SLICE", "FILL", "LESS", "SHAPE", "SPLIT"}
                        | {"SPLIT_V", "SUB", "TRANSPOSE"}
                    ),
                    loop=True,
                ),
                "SimpleRNN": CellRules("UNIDIRECTIONAL_SEQUENCE_RNN"),
            },
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
