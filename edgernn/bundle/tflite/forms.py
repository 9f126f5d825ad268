"""The operators that an exported .tflite file may hold, and in which form each.

An engine runs a graph in native code that trusts most of what a file says. So an operator is let
through only in a form that the exporter writes: with these types of inputs and outputs, constant
where it needs a constant, with these options. A test compares the names with the exporter's list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgernn.bundle.tflite.flatwire import Scalar
from edgernn.bundle.tflite.schema import TENSOR_TYPES
from edgernn.bundle.tflite.schema import ActivationFunctionType as Activation
from edgernn.bundle.tflite.schema import BuiltinOptions as Options

__all__ = [
    "ABSENT",
    "FORMS",
    "LETTERS",
    "QUANTIZED",
    "SHIFTED",
    "VARIABLES",
    "WHILE",
    "Form",
    "Option",
]

LETTERS: Final[Mapping[str, str]] = {
    "FLOAT32": "f",
    "FLOAT16": "h",
    "INT8": "p",
    "INT16": "s",
    "INT32": "i",
    "BOOL": "b",
}
"""One letter a tensor: its type, in upper case for a constant. Other types are not exported.

An INT8 tensor without a scale holds whole numbers, which only a cast may turn into FLOAT32, or
into INT32 where they are checks of n-grams; an INT16 tensor without one holds the bits of FLOAT16.
"""

QUANTIZED: Final[Mapping[str, str]] = {"INT8": "q", "INT16": "t", "INT32": "w"}
"""The letters of tensors with one scale, in which 0 stands for 0."""

SHIFTED: Final[Mapping[str, str]] = {"INT8": "a"}
"""The letters of tensors with one scale, in which another number stands for 0."""

ABSENT: Final = "-"
"""The letter of an optional input that is left out."""

VARIABLES: Final[Mapping[str, str]] = {"f": "v", "q": "u", "a": "u", "t": "y"}
"""The letters of variables, which keep a state from one call to the next, by what they would be."""

WHILE: Final = "WHILE"


@dataclass(frozen=True, slots=True)
class Option:
    """One scalar of an operator's options."""

    kind: Scalar
    """How it is stored; a float counts as the integer of the same bits."""
    allowed: frozenset[int] | None = None
    """The values known here; None: the engine checks them."""
    is_count: bool = False
    """Whether it must be the number of the operator's outputs."""


@dataclass(frozen=True, slots=True)
class Form:
    """In which form an operator is let through."""

    tensors: str
    """A pattern, compiled when it is needed, for the letters of its inputs, `>`, and the letters of
    its outputs; behind them stand `~` and the letters of its intermediates, if it has any."""
    options_type: int = 0
    """A number of the schema's union BuiltinOptions; 0: the operator has no options."""
    options: tuple[Option, ...] = ()
    """The fields of the options' table, in order; it may hold no others."""


def _form(tensors: str, options_type: int = 0, *options: Option) -> Form:
    return Form(tensors, options_type, options)


_INT = Option("i")
_COUNT = Option("i", is_count=True)
_NONE = Option("b", frozenset({0}))
_NONE_INT = Option("i", frozenset({0}))
_NO_FLOAT = Option("I", frozenset({0}))
_FLAG = Option("B", frozenset({0, 1}))
_OFF = Option("B", frozenset({0}))

_RELU, _RELU6, _TANH = Activation.RELU, Activation.RELU6, Activation.TANH
_INT32 = TENSOR_TYPES.index("INT32")
_ONE: Final = 0x3F800000
"""The bits of the float 1."""
_FUSED = frozenset({Activation.NONE, _RELU, _RELU6, _TANH})
_PADDING = Option("b", frozenset({0, 1}))
_STEPS, _DILATION = (Option("i", frozenset(range(least, 4097))) for least in (1, 0))

FORMS: Final[Mapping[str, Form]] = {
    "ABS": _form(r"f>f"),
    # Of a recurrent layer with relu, or gates of hard_sigmoid.
    "ADD": _form(
        r"[fF]{2}>f|[iI]{2}>i", Options.ADD, Option("b", frozenset({0, _RELU, _RELU6})), _FLAG
    ),
    "BITCAST": _form(r"s>h"),
    "CAST": _form(r"[pib]>f|p>i"),
    "CONCATENATION": _form(
        r"f{2,8}>f|[qa]{2,8}>[qa]|[iI]{2,8}>i", Options.CONCATENATION, _INT, _NONE
    ),
    # Of a file for newer runtimes, the state that an LSTM starts from is a float16 constant too.
    "DEQUANTIZE": _form(r"[qahH]>f|H>v"),
    # Steps as a picture of one row; strides are no zeros. Dilations of 1 are left unsaid.
    "CONV_2D": _form(
        r"fF{2}>f",
        Options.CONV_2D,
        _PADDING,
        _STEPS,
        _STEPS,
        Option("b", _FUSED),
        _DILATION,
        _DILATION,
        _NONE,
    ),
    "DIV": _form(r"f[fF]>f", Options.DIV, _NONE),
    "DYNAMIC_UPDATE_SLICE": _form(r"ffi>f"),
    "ELU": _form(r"f>f"),
    "EQUAL": _form(r"ii>b"),
    "EXPAND_DIMS": _form(r"fI>f", Options.EXPAND_DIMS),
    "FILL": _form(r"i[fF]>f"),
    "FLOOR_MOD": _form(r"iI>i"),
    "FULLY_CONNECTED": _form(
        r"f[fFQ][fF-]>f|[qa]Q[W-]>[qa]",
        Options.FULLY_CONNECTED,
        Option("b", _FUSED),
        _NONE,
        _OFF,
        _FLAG,
        _NONE,
    ),
    "GATHER": _form(r"[fF]i>f|Qi>q|Ai>a|Pi>p|Si>s", Options.GATHER, _NONE_INT, _NONE_INT),
    "LEAKY_RELU": _form(r"f>f", Options.LEAKY_RELU, Option("I")),
    "LESS": _form(r"i[iI]>b"),
    "LOGISTIC": _form(r"f>f|[qa]>[qa]"),
    "MAXIMUM": _form(r"f[fF]>f"),
    "MAX_POOL_2D": _form(
        r"f>f",
        Options.POOL_2D,
        _PADDING,
        _STEPS,
        _STEPS,
        _STEPS,
        _STEPS,
        Option("b", frozenset({0})),
    ),
    "MEAN": _form(r"fI>f|[qa]I>[qa]", Options.REDUCER, _FLAG),
    "MINIMUM": _form(r"f[fF]>f"),
    "MUL": _form(r"f[fF]>f|iI>i", Options.MUL, _NONE),
    "NEG": _form(r"f>f", Options.NEG),
    "PAD": _form(r"iI>i", Options.PAD),
    "REDUCE_MAX": _form(r"fI>f|[qa]I>[qa]", Options.REDUCER, _FLAG),
    "RELU": _form(r"f>f"),
    "RESHAPE": _form(r"fI>f|[qa]I>[qa]|iI>i"),
    "REVERSE_V2": _form(r"fI>f|[qa]I>[qa]"),
    "RSQRT": _form(r"f>f"),
    "SHAPE": _form(r"[fi]>i", Options.SHAPE, Option("b", frozenset({_INT32}))),
    "SOFTMAX": _form(r"f>f", Options.SOFTMAX, Option("I", frozenset({_ONE}))),
    "SPLIT": _form(r"If>f{2,4}", Options.SPLIT, _COUNT),
    "SPLIT_V": _form(r"fII>f{2,4}", Options.SPLIT_V, _COUNT),
    "STRIDED_SLICE": _form(
        r"fIII>f|[qa]III>[qa]|iIII>i",
        Options.STRIDED_SLICE,
        _INT,
        _INT,
        _NONE_INT,
        _NONE_INT,
        _INT,
        Option("B", frozenset({0})),
    ),
    "SUB": _form(r"[fF]f>f", Options.SUB, _NONE, _FLAG),
    "SUM": _form(r"fI>f", Options.REDUCER, _FLAG),
    "TANH": _form(r"f>f|[qa]>[qa]"),
    "TRANSPOSE": _form(r"fI>f"),
    # Input; four gates' input and recurrent weights; four biases; output and cell state. Integers
    # have one more tensor for its scale, that of the output before a projection.
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _form(
        r"f(?:Q{8}|[fF]{8})---[fF]{4}--vv---->f|[qa]Q{8}---W{4}--uy---->[qa]~f{4}[qa]",
        Options.UNIDIRECTIONAL_SEQUENCE_LSTM,
        Option("b", frozenset({_TANH})),
        _NO_FLOAT,
        _NO_FLOAT,
        _OFF,
        _FLAG,
        _OFF,
    ),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _form(
        r"f(?:Q{2}|[fF]{2})[fF]v>f",
        Options.SEQUENCE_RNN,
        _OFF,
        Option("b", frozenset({_TANH})),
        _FLAG,
    ),
    # A loop may start from a state that is zero after a reset, which the converter shares.
    WHILE: _form(r"[fFiIv]{2,16}>[fi]{2,16}", Options.WHILE, _INT, _INT),
}
