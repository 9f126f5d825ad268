"""What can be exported, as one table: the command line, the checks and the tests read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from edgernn.bundle import CONTAINERS
from edgernn.bundle.container import missing
from edgernn.errors import ExportError, UsageError
from exporters.network import Part, RecurrentPart

__all__ = [
    "FORMATS",
    "CellRules",
    "FormatRules",
    "PrecisionRules",
    "check_cells",
    "find_format",
    "find_precision",
]


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
class PrecisionRules:
    """How a format's files store weights, and compute, in one precision."""

    name: str
    summary: str
    """What it is, in a line for people."""
    tolerance: float
    """Largest difference allowed from the Keras model, in probability."""
    quantized: bool = True
    """Whether weights are rounded to fewer steps than float32 has."""
    golden_tolerance: float = 1e-4
    """How far apart two runtimes' scores of one file may be. Weights are stored smaller, but the
    arithmetic is float32, unless a precision says otherwise."""
    operators: frozenset[str] = frozenset()
    """Operators that its files may hold beside the format's."""
    cells: Mapping[RecurrentPart, CellRules] = field(default_factory=dict)
    """Recurrent layers that become something else than in the format's other files."""
    refused: Mapping[Part, str] = field(default_factory=dict)
    """Recurrent layers, and other parts, that cannot be had in it, and the reason, as measured."""
    needs_representative: bool = False
    """Whether the converter takes ranges from texts that it runs."""
    searched: bool = True
    """Whether `edgernn choose` measures its candidates in it: a conversion to TFLite takes seconds,
    and int8-full takes a sample of texts that a trained model is run on."""


@dataclass(frozen=True)
class FormatRules:
    """What holds for all files of one format."""

    name: str
    """One of `CONTAINERS`."""
    operators: frozenset[str]
    """Operators that a file may hold beside those of its recurrent layers: builtin, and known to
    the oldest runtimes supported, as those are."""
    cells: Mapping[RecurrentPart, CellRules]
    extra: Mapping[Part, frozenset[str]]
    """Operators that pooling and n-grams are made of beside those."""
    precisions: Mapping[str, PrecisionRules]
    """By name, the most exact first."""

    @property
    def suffix(self) -> str:
        """Of a file's name."""
        return CONTAINERS[self.name].suffix

    @property
    def per_direction(self) -> bool:
        """Whether a bidirectional layer takes one recurrent operator a direction, or one in all."""
        return CONTAINERS[self.name].operator_per_direction

    def allowed(self, parts: Iterable[Part]) -> frozenset[str]:
        """Return the operators that a file of a network with these parts may hold."""
        found = self.operators
        for part in parts:
            if part in self.extra:
                found |= self.extra[part]
            else:
                rule = self.cells[cast(RecurrentPart, part)]
                found |= {rule.operator} | rule.beside
        return found

    def at(self, precision: str) -> FormatRules:
        """Return what holds for the files of one precision."""
        rules = self.precisions[precision]
        return replace(
            self,
            operators=self.operators | rules.operators,
            cells={**self.cells, **rules.cells},
        )


_FLOAT32 = PrecisionRules(
    "float32", "weights and arithmetic as they were trained", tolerance=1e-4, quantized=False
)
_EMBEDDING = PrecisionRules(
    "int8-embedding",
    "the embedding as int8 with a scale for each row, all else float32",
    tolerance=2e-2,
)


_LOOP = CellRules(
    "WHILE",
    frozenset(
        {"ADD", "DYNAMIC_UPDATE_SLICE", "FILL", "LESS", "SHAPE", "SPLIT"}
        | {"SPLIT_V", "SUB", "TRANSPOSE"}
    ),
    loop=True,
)
_OTHER_LOOP = replace(_LOOP, beside=_LOOP.beside | {"MAXIMUM", "MINIMUM", "RELU"})
_NO_LOOP: dict[Part, str] = {
    part: "the converter crashes on a loop, which TFLite has for it"
    for part in (
        "LSTM of other activations",
        "GRU of other activations",
        "SimpleRNN of other activations",
    )
}
_ONNX_MASK = frozenset({"CumSum", "Div", "Equal", "LessOrEqual", "Unsqueeze"})
"""Operators that tell a text's tokens from what stands behind them."""


def _table(*rules: PrecisionRules) -> dict[str, PrecisionRules]:
    return {rule.name: rule for rule in rules}


FORMATS: dict[str, FormatRules] = {
    rules.name: rules
    for rules in (
        FormatRules(
            name="onnx",
            operators=frozenset(
                {"Add", "Cast", "DequantizeLinear", "Gather", "MatMul", "Mul", "Relu"}
                | {"Reshape", "Sigmoid", "Tanh", "Transpose"}
            ),
            cells={
                "LSTM": CellRules("LSTM"),
                "GRU": CellRules("GRU"),
                "SimpleRNN": CellRules("RNN"),
                "LSTM of other activations": CellRules("LSTM"),
                "GRU of other activations": CellRules("GRU"),
                "SimpleRNN of other activations": CellRules("RNN"),
            },
            extra={
                "Activation": frozenset({"Abs", "Div", "Elu", "LeakyRelu", "Min"}),
                "Conv": _ONNX_MASK | {"Conv", "Slice", "Sub", "Where"},
                "MaxPool": _ONNX_MASK | {"MaxPool", "Slice", "Sub", "Where"},
                "Merge": frozenset({"ReduceMean", "ReduceProd", "ReduceSum"}),
                "Scale": frozenset(),
                "Pool": _ONNX_MASK | {"Concat", "Less", "Max", "ReduceMax", "Squeeze", "Where"},
                "Ngrams": _ONNX_MASK
                | {"Abs", "Concat", "Mod", "Pad", "ReduceSum", "Slice", "Sqrt"},
            },
            precisions=_table(
                _FLOAT32,
                PrecisionRules(
                    "float16",
                    "weights as float16, decoded as they are loaded; where the embedding is most "
                    "of the network, that alone",
                    tolerance=2e-3,
                ),
                _EMBEDDING,
                PrecisionRules(
                    "int8",
                    "weights as int8, decoded as they are loaded; where the embedding is most of "
                    "the network, that alone, with a scale for each row",
                    tolerance=2e-2,
                ),
                PrecisionRules(
                    "int8-dynamic",
                    "weights as int8, LSTM layers' activations quantized as they run; one text a "
                    "call, on the CPU only",
                    tolerance=5e-2,
                    # Another processor may add up in another order, and round to another step.
                    golden_tolerance=1e-2,
                    cells={
                        "LSTM": CellRules("com.microsoft::DynamicQuantizeLSTM"),
                        "LSTM of other activations": CellRules(
                            "com.microsoft::DynamicQuantizeLSTM"
                        ),
                    },
                    refused={
                        "GRU": "ONNX Runtime quantizes the activations of an LSTM alone, and would "
                        "leave this layer float32",
                        "SimpleRNN": "ONNX Runtime quantizes the activations of an LSTM alone, and "
                        "would leave this layer float32",
                        "GRU of other activations": "ONNX Runtime quantizes the activations of an "
                        "LSTM alone, and would leave this layer float32",
                        "SimpleRNN of other activations": "ONNX Runtime quantizes the activations "
                        "of an LSTM alone, and would leave this layer float32",
                    },
                ),
            ),
        ),
        FormatRules(
            name="tflite",
            operators=frozenset(
                {"CAST", "CONCATENATION", "DEQUANTIZE", "FULLY_CONNECTED", "GATHER", "LOGISTIC"}
                | {"MUL", "RESHAPE", "REVERSE_V2", "STRIDED_SLICE", "TANH"}
            ),
            cells={
                "LSTM": CellRules("UNIDIRECTIONAL_SEQUENCE_LSTM"),
                "GRU": _LOOP,
                "SimpleRNN": CellRules("UNIDIRECTIONAL_SEQUENCE_RNN"),
                "LSTM of other activations": _OTHER_LOOP,
                "GRU of other activations": _OTHER_LOOP,
                "SimpleRNN of other activations": _OTHER_LOOP,
            },
            extra={
                "Activation": frozenset(
                    {"ABS", "ADD", "DIV", "ELU", "LEAKY_RELU", "MINIMUM", "RELU"}
                ),
                "Conv": frozenset({"CONV_2D", "EXPAND_DIMS", "RELU"}),
                "MaxPool": frozenset({"EXPAND_DIMS", "MAX_POOL_2D"}),
                "Merge": frozenset({"ADD"}),
                "Scale": frozenset({"ADD"}),
                "Pool": frozenset({"ADD", "LESS", "MEAN", "NEG", "REDUCE_MAX", "RELU", "SHAPE"}),
                "Ngrams": frozenset(
                    {"ABS", "ADD", "EQUAL", "FLOOR_MOD", "PAD", "RSQRT", "SHAPE", "SUM"}
                ),
            },
            precisions=_table(
                _FLOAT32,
                PrecisionRules(
                    "float16",
                    "the embedding as float16, decoded row by row, all else float32",
                    tolerance=2e-3,
                    operators=frozenset({"BITCAST"}),
                    searched=False,
                ),
                _EMBEDDING,
                PrecisionRules(
                    "int8",
                    "weights as int8, activations quantized as they run; where the embedding is "
                    "most of the network, that alone, with a scale for each row",
                    tolerance=2e-2,
                    golden_tolerance=1e-2,
                ),
                PrecisionRules(
                    "int16x8",
                    "weights as int8, activations as int16, for a representative sample of texts",
                    tolerance=2e-2,
                    refused={
                        "LSTM": "the converter's words are: Quantization to 16x8-bit not yet "
                        "supported for op: 'UNIDIRECTIONAL_SEQUENCE_LSTM'",
                        "GRU": "the converter crashes on a loop, which a GRU is; with the loop "
                        "rewritten for it, it finds no ranges for the loop's tensors",
                        "SimpleRNN": "TFLite's operator for it has no form with int16 activations, "
                        "and as a loop it is refused as a GRU is",
                        **_NO_LOOP,
                    },
                    needs_representative=True,
                    searched=False,
                ),
                PrecisionRules(
                    "int8-full",
                    "weights and activations as int8, for a representative sample of texts and "
                    "devices without float arithmetic",
                    tolerance=0.1,
                    # A probability has 256 steps, and a runtime may round to the next.
                    golden_tolerance=1e-2,
                    refused={
                        "GRU": "the converter crashes on a loop, which a GRU is; with the loop "
                        "rewritten for it the state stays float32, and 3 of 500 labels change",
                        "SimpleRNN": "TFLite's operator for it has no int8 form; as a loop, which "
                        "the converter crashes on unless it is rewritten for it, scores were 0.17 "
                        "off and 4 of 500 labels changed",
                        **_NO_LOOP,
                        "Ngrams": "the converter leaves float32 what the integers that they are "
                        "hashed from become",
                    },
                    needs_representative=True,
                    searched=False,
                ),
            ),
        ),
    )
}


def find_format(name: str) -> FormatRules:
    """Return the rules of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name in CONTAINERS and name not in FORMATS:
        raise UsageError(
            f"--format {name}: {missing(name, 'export', 'FORMATS in exporters/rules.py')}"
        )
    if name not in FORMATS:
        raise UsageError(f"--format {name}: there are {', '.join(FORMATS)}, and all")
    return FORMATS[name]


def find_precision(rules: FormatRules, name: str) -> PrecisionRules:
    """Return the rules of one of a format's precisions.

    Raises:
        UsageError: the format has none of that name.
    """
    if name not in rules.precisions:
        raise UsageError(f"--precision {name}: {rules.name} has {', '.join(rules.precisions)}")
    return rules.precisions[name]


def check_cells(rules: FormatRules, precision: str, cells: Iterable[Part]) -> None:
    """Refuse recurrent layers, and other parts, that a format cannot have in a precision.

    Raises:
        ExportError: with the reason.
    """
    refused = rules.precisions[precision].refused
    for cell in cells:
        if cell in refused:
            raise ExportError(f"{rules.name} {precision}: no {cell}: {refused[cell]}")
