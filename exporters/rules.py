"""What can be exported, as one table: the command line, the checks and the tests read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, get_args

from edgernn.bundle import CONTAINERS
from edgernn.bundle.container import missing
from edgernn.cells import CELLS, Cell
from edgernn.errors import ExportError, UsageError
from exporters.network import AS_A_LOOP, OTHER_ACTIVATIONS, Batch, Part, RecurrentForm

__all__ = [
    "FORMATS",
    "RECURRENT_FORMS",
    "CellRules",
    "FormatRules",
    "PrecisionRules",
    "check_cells",
    "find_batch",
    "find_format",
    "find_precision",
    "find_recurrent_form",
    "no_graph",
]


T = TypeVar("T")


def no_graph(format: str) -> str:
    """Return why a cell cannot be had in a format at all."""
    return f"its row in edgernn/cells.py says nothing of {format}"


@dataclass(frozen=True)
class CellRules:
    """What one kind of recurrent layer becomes in a format."""

    operator: str
    """The one that computes it: fused, or a loop."""
    beside: frozenset[str] = frozenset()
    """Operators that it needs beside that one."""
    loop: bool = False
    """Whether the operator is a loop."""


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
    cells: Mapping[Part, CellRules] = field(default_factory=dict)
    """Recurrent layers that become something else than in the format's other files."""
    refused: Mapping[Part, str] = field(default_factory=dict)
    """Recurrent layers, and other parts, that cannot be had in it, and the reason, as measured."""
    one_text: bool = False
    """Whether its graphs take one text a call, with lengths or without."""
    rounds_loops_more: bool = False
    """Whether recurrent layers as loops are further from the Keras model than fused operators."""
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
    cells: Mapping[Part, CellRules]
    extra: Mapping[Part, frozenset[str]]
    """Operators that pooling, n-grams and the like are made of beside those."""
    precisions: Mapping[str, PrecisionRules]
    """By name, the most exact first."""
    has_forms: bool = False
    """Whether recurrent layers may be loops although there is a fused operator, see
    `RecurrentForm`."""
    batches: tuple[Batch, ...] = ("one",)
    """How many texts a call its graphs can take, the default first."""

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
                rule = self.cells[part]
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
_OWN_LOOP = replace(_LOOP, beside=_LOOP.beside | {"DIV", "MAXIMUM"})
"""One of `exporters.tflite_loops`, which may pool as it runs."""
_OTHER_LOOP = replace(_LOOP, beside=_LOOP.beside | {"MAXIMUM", "MINIMUM", "RELU"})


class _OfCells(Mapping[Part, T]):
    """What holds for each kind of recurrent layer: read from the table of cells at each look."""

    def __init__(
        self, of: Callable[[Cell, str], T | None], others: Mapping[Part, T] | None = None
    ) -> None:
        """Ask `of` with a cell and what stands behind its name; None leaves it out.

        `others` is what holds for parts of other kinds.
        """
        self._of = of
        self._others = others or {}

    def _now(self) -> dict[Part, T]:
        found = {
            f"{cell.name}{behind}": self._of(cell, behind)
            for behind in ("", OTHER_ACTIVATIONS, AS_A_LOOP)
            for cell in CELLS.values()
        }
        return {k: value for k, value in found.items() if value is not None} | dict(self._others)

    def __getitem__(self, part: Part) -> T:
        return self._now()[part]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def _in_onnx(cell: Cell, behind: str) -> CellRules | None:
    return None if cell.onnx is None or behind == AS_A_LOOP else CellRules(cell.onnx.operator.name)


def _in_onnx_int8(cell: Cell, behind: str) -> CellRules | None:
    if cell.onnx is None or cell.onnx.int8 is None or behind == AS_A_LOOP:
        return None
    return CellRules(cell.onnx.int8.name)


def _no_onnx_int8(cell: Cell, behind: str) -> str | None:
    if cell.onnx is None or cell.onnx.int8 is not None or behind == AS_A_LOOP:
        return None
    known = [one.with_article for one in CELLS.values() if one.onnx and one.onnx.int8]
    return (
        f"ONNX Runtime quantizes the activations of {' and '.join(known)} alone, and would leave "
        "this layer float32"
    )


def _in_tflite(cell: Cell, behind: str) -> CellRules | None:
    if cell.tflite is None:
        return None
    if behind == OTHER_ACTIVATIONS:
        return _OTHER_LOOP
    if behind == AS_A_LOOP:
        return None if cell.tflite.operator is None else _OWN_LOOP
    return _LOOP if cell.tflite.operator is None else CellRules(cell.tflite.operator.name)


def _no_tflite_integers(precision: str) -> Callable[[Cell, str], str | None]:
    """Return what refuses cells in a precision whose activations are integers."""

    def refused(cell: Cell, behind: str) -> str | None:
        if _in_tflite(cell, behind) is None or cell.tflite is None:
            return None
        reason = None if behind else cell.tflite.refused.get(precision)
        if reason is None and (behind or cell.tflite.operator is None):
            why = (
                ": leave out --recurrent loop"
                if behind == AS_A_LOOP
                else ", which TFLite has for it"
            )
            return f"the converter crashes on a loop{why}"
        return reason

    return refused


_ONNX_MASK = frozenset({"CumSum", "Div", "Less", "LessOrEqual", "Unsqueeze"})
"""Operators that tell a text's tokens from what stands behind them."""


def _table(*rules: PrecisionRules) -> dict[str, PrecisionRules]:
    return {rule.name: rule for rule in rules}


FORMATS: dict[str, FormatRules] = {
    rules.name: rules
    for rules in (
        FormatRules(
            name="onnx",
            batches=("many", "one"),
            operators=frozenset(
                {"Add", "Cast", "Gather", "MatMul", "Mul", "Relu"}
                | {"Reshape", "Sigmoid", "Tanh", "Transpose"}
            ),
            cells=_OfCells(_in_onnx),
            extra={
                "Activation": frozenset({"Abs", "Div", "Elu", "LeakyRelu", "Min"}),
                "Conv": _ONNX_MASK | {"Conv", "Slice", "Sub", "Where"},
                "MaxPool": _ONNX_MASK | {"MaxPool", "Slice", "Sub", "Where"},
                "Merge": frozenset({"ReduceMean", "ReduceProd", "ReduceSum"}),
                "Scale": frozenset(),
                "Softmax": frozenset({"Softmax"}),
                "Pool": _ONNX_MASK
                | {"Concat", "Max", "ReduceMax", "ReduceMean", "ReduceSum"}
                | {"Squeeze", "Where"},
                "Ngrams": _ONNX_MASK
                | {"Abs", "Equal", "Mod", "Pad", "ReduceMean", "ReduceSum"}
                | {"Slice", "Split", "Sqrt"},
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
                    one_text=True,
                    cells=_OfCells(_in_onnx_int8),
                    refused=_OfCells(_no_onnx_int8),
                ),
            ),
        ),
        FormatRules(
            name="tflite",
            has_forms=True,
            operators=frozenset(
                {"CAST", "CONCATENATION", "DEQUANTIZE", "FULLY_CONNECTED", "GATHER", "LOGISTIC"}
                | {"MUL", "RESHAPE", "REVERSE_V2", "STRIDED_SLICE", "TANH"}
            ),
            cells=_OfCells(_in_tflite),
            extra={
                "Activation": frozenset(
                    {"ABS", "ADD", "DIV", "ELU", "LEAKY_RELU", "MINIMUM", "RELU"}
                ),
                "Conv": frozenset({"CONV_2D", "EXPAND_DIMS", "RELU"}),
                "MaxPool": frozenset({"EXPAND_DIMS", "MAX_POOL_2D"}),
                "Merge": frozenset({"ADD"}),
                "Scale": frozenset({"ADD"}),
                "Softmax": frozenset({"SOFTMAX"}),
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
                    # A model of 77 labels and 64 units was 0.022 off as loops, 0.016 when fused.
                    rounds_loops_more=True,
                ),
                PrecisionRules(
                    "int16x8",
                    "weights as int8, activations as int16, for a representative sample of texts",
                    tolerance=2e-2,
                    refused=_OfCells(_no_tflite_integers("int16x8")),
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
                    refused=_OfCells(
                        _no_tflite_integers("int8-full"),
                        {
                            "Ngrams": "the converter leaves float32 what the integers that they "
                            "are hashed from become"
                        },
                    ),
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
        raise UsageError(f"--format {name}: choose one of {', '.join(FORMATS)}, all")
    return FORMATS[name]


def find_precision(rules: FormatRules, name: str) -> PrecisionRules:
    """Return the rules of one of a format's precisions.

    Raises:
        UsageError: the format has none of that name.
    """
    if name not in rules.precisions:
        raise UsageError(f"--precision {name}: {rules.name} has {', '.join(rules.precisions)}")
    return rules.precisions[name]


RECURRENT_FORMS: tuple[RecurrentForm, ...] = get_args(RecurrentForm)


def find_recurrent_form(name: str | None, formats: Iterable[FormatRules]) -> RecurrentForm | None:
    """Return the form of TFLite's recurrent layers of a name; None is the format's choice.

    Raises:
        UsageError: there is none of that name, or none of the formats has several.
    """
    if name is None:
        return None
    for form in RECURRENT_FORMS:
        if form == name:
            if not any(rules.has_forms for rules in formats):
                having = ", ".join(rules.name for rules in FORMATS.values() if rules.has_forms)
                raise UsageError(f"--recurrent {name}: is for {having} files alone")
            return form
    raise UsageError(f"--recurrent {name}: choose one of {', '.join(RECURRENT_FORMS)}")


def find_batch(formats: Sequence[FormatRules], name: str | None) -> dict[str, Batch]:
    """Return how many texts a call the files of each format take, by the format's name.

    Args:
        formats: those that are exported.
        name: `many` or `one`; None: each format's default.

    Raises:
        UsageError: there is none of that name, or no format has it.
    """
    names: tuple[Batch, ...] = get_args(Batch)
    if name is not None and name not in names:
        raise UsageError(f"--batch {name}: choose one of {', '.join(names)}")
    found: dict[str, Batch] = {}
    for rules in formats:
        asked = next((batch for batch in rules.batches if batch == name), None)
        found[rules.name] = rules.batches[0] if asked is None else asked
    if name is not None and name not in found.values():
        raise UsageError(f"--batch {name}: {formats[0].name} files take one text a call")
    return found


def check_cells(rules: FormatRules, precision: str, cells: Iterable[Part]) -> None:
    """Refuse recurrent layers, and other parts, that a format cannot have in a precision.

    Raises:
        ExportError: with the reason.
    """
    refused = rules.precisions[precision].refused
    for cell in cells:
        if cell in refused:
            raise ExportError(f"{rules.name} {precision}: no {cell}: {refused[cell]}")
        if cell not in rules.cells and cell not in rules.extra:
            raise ExportError(f"{rules.name} {precision}: no {cell}: {no_graph(rules.name)}")
