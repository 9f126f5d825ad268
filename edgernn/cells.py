"""The recurrent cells, a row each: everything that differs from cell to cell, as data.

Recipes, import, export, the checks of a file's structure, audit, search and pictures read this
table; none of them knows a cell by its name. To add one:

1. Its row in `CELLS`, under the name of its Keras layer. What a format cannot have stays None, or
   is refused with the reason; the command line then says so.
2. A Keras layer of that name, if Keras has none: in `edgernn/training/layers.py`.
3. TFLite, for an operator of its own: the form in which a file may hold it, in
   `edgernn/bundle/tflite/forms.py`. Where the converter writes a loop although there is a fused
   operator: the layer that stands in for it, in `exporters/tflite_stand_ins.py`.
4. A recipe that has it, in `edgernn/recipes/catalogue.py`, and its tests: `tests/recipes`.

`tests/exporters/test_toy_cell.py` adds a cell in this way and follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from edgernn.errors import UsageError

__all__ = ["CELLS", "Cell", "Onnx", "Operator", "Tflite", "find_cell", "operators"]


class Operator(NamedTuple):
    """A fused operator of a format, and what its inputs are by position, counted from 0."""

    name: str
    """With its domain, if that is not the format's own: `com.microsoft::DynamicQuantizeLSTM`."""
    kernels: tuple[int, ...] = ()
    biases: tuple[int, ...] = ()
    scales: tuple[int, ...] = ()
    """Scales and zero points of the kernels."""
    has_cell_clip: bool = False
    """Whether it has TFLite's option `cell_clip`, which cuts the state of the cell."""

    @property
    def type(self) -> str:
        """The name without its domain."""
        return self.name.rpartition("::")[2]


class Onnx(NamedTuple):
    """A cell in ONNX files."""

    operator: Operator
    """Inputs: X, W, R, B, sequence_lens."""
    gate_order: tuple[int, ...]
    """Which of Keras's gates stands where in the operator's weights."""
    outputs: int = 2
    """Y and Y_h; 3 with a state of the cell, Y_c."""
    reset_attribute: str = ""
    """The attribute that says, as `reset_after` does, where the reset gate acts."""
    int8: Operator | None = None
    """ONNX Runtime's operator that quantizes the activations as it runs; inputs: X, W, R, B,
    sequence_lens, initial_h, initial_c, P, and scale and zero point of W and of R."""
    others: tuple[Operator, ...] = ()
    """Operators that compute the cell in files of other tools."""
    fused_from: tuple[Literal["keras", "tf_keras"], ...] = ()
    """Whose layers tf2onnx turns into the operator; it keeps a loop of the others."""

    @property
    def operators(self) -> tuple[Operator, ...]:
        """All operators that compute the cell."""
        own = (self.operator,) if self.int8 is None else (self.operator, self.int8)
        return (*own, *self.others)


class Tflite(NamedTuple):
    """A cell in TFLite files."""

    operator: Operator | None
    """None: there is none, so that it becomes a loop."""
    layer: str = ""
    """The name of its layer in tf_keras, where it is not the cell's."""
    stand_in: str = ""
    """A layer of tf_keras that the converter fuses, converted in its place; see
    `exporters.tflite_stand_ins`."""
    others: tuple[Operator, ...] = ()
    """Operators that compute the cell in files of other tools."""
    is_fused: bool = False
    """Whether the converter itself fuses the layer of tf_keras."""
    loop_cost: str = ""
    """What a loop costs in place of the operator, as measured, in words."""
    refused: Mapping[str, str] = {}
    """Precisions that cannot be had, and the reason, as measured."""

    @property
    def operators(self) -> tuple[Operator, ...]:
        """All operators that compute the cell."""
        return self.others if self.operator is None else (self.operator, *self.others)


class Cell(NamedTuple):
    """One kind of recurrent layer."""

    name: str
    """Its class in Keras."""
    code: str
    """In names of files and folders."""
    gates: tuple[str, ...]
    """In Keras's order, along the last axis of its weights."""
    sigmoid_gates: tuple[str, ...]
    """Those that have `recurrent_activation`, if there are any."""
    activations: tuple[Literal["gates", "activation"], ...]
    """The functions that a step applies, in ONNX's order: `recurrent_activation`, `activation`."""
    onnx: Onnx | None
    """None: there is no ONNX graph for it here."""
    tflite: Tflite | None
    """None: there is no TFLite graph for it here."""
    article: str = "a"
    has_reset_after: bool = False
    """Whether Keras's layer has the setting `reset_after`, with two biases."""
    step_cost: int = 4
    """What a step of training costs on a processor beside other cells', in no unit."""
    draws: int = 1
    """How often `edgernn choose` draws it beside other cells; 0: never."""

    @property
    def with_article(self) -> str:
        """The name as a sentence has it: `an LSTM`."""
        return f"{self.article} {self.name}"

    @property
    def sigmoid_places(self) -> tuple[int, ...]:
        """The places of `sigmoid_gates` among the gates."""
        return tuple(self.gates.index(gate) for gate in self.sigmoid_gates)

    def operators(self, format: str) -> tuple[Operator, ...]:
        """Return all operators that compute it in files of a format."""
        rules: Onnx | Tflite | None = {"onnx": self.onnx, "tflite": self.tflite}.get(format)
        return () if rules is None else rules.operators


_KERNELS, _BIAS = (1, 2), (3,)
_SEQUENCE_LSTM: Final = (tuple(range(1, 9)), tuple(range(12, 16)), (), True)

CELLS: Final[dict[str, Cell]] = {
    cell.name: cell
    for cell in (
        Cell(
            name="LSTM",
            code="lstm",
            article="an",
            gates=("input", "forget", "cell", "output"),
            sigmoid_gates=("input", "forget", "output"),
            activations=("gates", "activation", "activation"),
            onnx=Onnx(
                Operator("LSTM", _KERNELS, _BIAS),
                gate_order=(0, 3, 1, 2),
                outputs=3,
                int8=Operator(
                    "com.microsoft::DynamicQuantizeLSTM", _KERNELS, _BIAS, tuple(range(8, 12))
                ),
                others=(Operator("com.microsoft::AttnLSTM"),),
                fused_from=("keras", "tf_keras"),
            ),
            tflite=Tflite(
                Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", *_SEQUENCE_LSTM),
                others=(
                    Operator(
                        "BIDIRECTIONAL_SEQUENCE_LSTM",
                        (*range(1, 9), *range(18, 26)),
                        (*range(12, 16), *range(29, 33)),
                        has_cell_clip=True,
                    ),
                    Operator("LSTM", *_SEQUENCE_LSTM),
                ),
                is_fused=True,
                # 200 tokens, ai-edge-litert 2.3; with 16, 32, 64 and 128 units the fused operator
                # took 0.69, 0.88, 1.25 and 1.73 of the loop's time.
                loop_cost="a loop keeps no state between calls and is right; on x86 with one "
                "thread it is up to half as slow again as the fused operator below 64 units, and "
                "faster from there on",
                refused={
                    "int16x8": "the converter's words are: Quantization to 16x8-bit not yet "
                    "supported for op: 'UNIDIRECTIONAL_SEQUENCE_LSTM'",
                },
            ),
            draws=2,
        ),
        Cell(
            name="GRU",
            code="gru",
            gates=("update", "reset", "candidate"),
            sigmoid_gates=("update", "reset"),
            activations=("gates", "activation"),
            has_reset_after=True,
            onnx=Onnx(
                Operator("GRU", _KERNELS, _BIAS),
                gate_order=(0, 1, 2),
                reset_attribute="linear_before_reset",
                fused_from=("tf_keras",),
            ),
            tflite=Tflite(
                None,
                refused={
                    "int16x8": "the converter crashes on a loop, which a GRU is; with the loop "
                    "rewritten for it, it finds no ranges for the loop's tensors",
                    "int8-full": "the converter crashes on a loop, which a GRU is; with the loop "
                    "rewritten for it the state stays float32, and 3 of 500 labels change",
                },
            ),
            draws=2,
        ),
        Cell(
            name="SimpleRNN",
            code="rnn",
            gates=("state",),
            sigmoid_gates=(),
            activations=("activation",),
            onnx=Onnx(Operator("RNN", _KERNELS, _BIAS), gate_order=(0,)),
            tflite=Tflite(
                Operator("UNIDIRECTIONAL_SEQUENCE_RNN", _KERNELS, _BIAS),
                stand_in="LSTM",
                others=(
                    Operator("BIDIRECTIONAL_SEQUENCE_RNN", (1, 2, 5, 6), (3, 7)),
                    Operator("RNN", _KERNELS, _BIAS),
                ),
                loop_cost="a loop keeps no state between calls and is right; on x86 with one "
                "thread it takes two to three times as long as the fused operator",
                refused={
                    "int16x8": "TFLite's operator for it has no form with int16 activations, and "
                    "as a loop it is refused as a GRU is",
                    "int8-full": "TFLite's operator for it has no int8 form; as a loop, which the "
                    "converter crashes on unless it is rewritten for it, scores were 0.17 off and "
                    "4 of 500 labels changed",
                },
            ),
            step_cost=2,
        ),
    )
}
"""By name."""


def find_cell(name: str) -> Cell:
    """Return the cell of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in CELLS:
        raise UsageError(f"no recurrent cell {name!r}; there are {', '.join(CELLS)}")
    return CELLS[name]


def operators(format: str) -> Iterator[tuple[Operator, Cell]]:
    """Yield all fused operators of a format, each with the cell that it computes."""
    for cell in CELLS.values():
        for operator in cell.operators(format):
            yield operator, cell
