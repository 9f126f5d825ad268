"""The operators that an exported .onnx file may hold, and in which form each.

An engine runs a graph in native code that trusts most of what a file says. So an operator is let
through only in a form that the exporter writes: with these kinds of inputs, these attributes and
these constants. A test compares the names with the exporter's list.

What n-grams and pooling are computed from has kinds of its own, each of which one operator takes
and one gives: places, masks and hashes cannot be joined to anything else, or to themselves again.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgernn.cells import CELLS

__all__ = [
    "DATA",
    "DECODERS",
    "FORMS",
    "IDS",
    "LENGTHS",
    "LETTERS",
    "WEIGHT",
    "Form",
    "recurrent_forms",
]

IDS, LENGTHS, DATA, WEIGHT = "ids", "lengths", "x", "w"
"""Kinds of tensors: the two inputs, what depends on the text, and weights made of initializers."""

LETTERS: Final[Mapping[str, tuple[str, int]]] = {
    "FLOAT": ("F", 4),
    "INT8": ("Q", 1),
    "INT32": ("I", 4),
    "INT64": ("L", 8),
    "FLOAT16": ("H", 2),
}
"""Letter and bytes of the types that an initializer may have."""


@dataclass(frozen=True, slots=True)
class Form:
    """In which form an operator is let through."""

    inputs: str
    """A pattern, compiled when it is needed, for its inputs: an initializer is its letter and
    number of dimensions, `w` a weight made of initializers alone, `x` what depends on the text,
    other words what n-grams and pooling are made from."""
    gives: str
    """What kind its outputs are; those of a decoder that reads no text are `w`."""
    attributes: Mapping[str, Container[int] | None]
    """The attributes it may have, and their values where not all are let through; each of a list
    must be one of them."""
    numbers: str
    """What the numbers of its integer constants must match, a space between; empty: any."""

    def first_strange(
        self, attributes: Sequence[tuple[str, tuple[int, ...]]]
    ) -> tuple[str, int] | None:
        """Return the first attribute that it may not have, None where it may have all."""
        for name, values in attributes:
            allowed = self.attributes.get(name, frozenset())
            for value in values if allowed is not None else ():
                if allowed is not None and value not in allowed:
                    return name, value
        return None


def _form(
    inputs: str, gives: str = DATA, numbers: str = "", **attributes: Container[int] | None
) -> Form:
    return Form(inputs, gives, attributes, numbers)


# Of a graph for one text without lengths.
_RECURRENT = r"x (F3|w) (F3|w) F2( lengths)?"
# Weights with a scale for each direction; no first state, no peepholes.
_QUANTIZED_RECURRENT = r"x Q3 Q3 F2 (lengths|nothing) nothing nothing nothing F1 Q1 F1 Q1"
_WIDTH: Final[Mapping[str, Any]] = {"direction": None, "hidden_size": None}
_OTHER_ACTIVATIONS: Final[Mapping[str, Any]] = {
    "activations": None,
    "activation_alpha": None,
    "activation_beta": None,
}
_STEPS, _PADS = range(1, 4097), range(4097)
"""Sizes of windows along time, their strides and dilations, and what is padded for them."""
_TO_FLOAT, _TO_INT32 = frozenset({1}), frozenset({6})
_FIRST, _SECOND, _THIRD = frozenset({0}), frozenset({1}), frozenset({2})
_FIRST_TWO = frozenset({0, 1})
_LAST_OF_TWO = frozenset({-1, 1})

FORMS: Final[Mapping[str, tuple[Form, ...]]] = {
    "Abs": (_form(r"found", "sizes"), _form(r"x")),
    "Add": (
        _form(r"x (x|F1|wide)"),
        _form(r"(hashed|product) I1", "hashed", r"\d+( \d+)*"),
        _form(r"hashed product", "hashed"),
        _form(r"lengths I1", "lengths", r"\d{1,4}"),
    ),
    "Cast": (
        _form(r"x|H2|Q[23]", to=_TO_FLOAT),
        _form(r"found", "found", to=_TO_FLOAT),
        _form(r"found", "held", to=_TO_INT32),
        _form(r"vectors", "vectors", to=_TO_FLOAT),
        _form(r"alike", "counts", to=_TO_FLOAT),
        _form(r"same", "ones", to=_TO_INT32),
        _form(r"ends", "count", to=_TO_FLOAT),
        _form(r"mask", "real", to=_TO_FLOAT),
    ),
    "Concat": (
        _form(r"tokens( shifted){1,7}", "grams", axis=_THIRD),
        _form(r"largest mean", "pooled", axis=_THIRD),
    ),
    "Conv": (_form(r"x F3 F1", kernel_shape=_STEPS, strides=_STEPS, dilations=_STEPS, pads=_PADS),),
    "CumSum": (_form(r"ones L[01]", "places", r"1"),),
    "DequantizeLinear": (_form(r"Q2 F1 Q1", axis=None),),
    # By no zero: it would end the process.
    "Div": (
        _form(r"real count", "share"),
        _form(r"lengths I1", "lengths", r"[1-9]\d{0,3}"),
        _form(r"x x"),
    ),
    "Elu": (_form(r"x", alpha=None),),
    "Equal": (_form(r"ids ids", "same"), _form(r"held bucket", "alike")),
    "Gather": (
        _form(r"[FHQ]2 ids", axis=_FIRST),
        _form(r"[FHQ]1 bucket", "found", axis=_FIRST),
        _form(r"[FHQ]2 bucket", "vectors", axis=_FIRST),
    ),
    # What optimizers make of a product and a sum.
    "Gemm": (
        _form(
            r"(x|features) (F2|w) (x|F1|wide)",
            alpha=None,
            beta=None,
            transA=_FIRST,
            transB=_FIRST_TWO,
        ),
    ),
    "LeakyRelu": (_form(r"x", alpha=None),),
    "Less": (_form(r"ends I1", "brief"), _form(r"ids I1", "same", r"2147483647")),
    "LessOrEqual": (_form(r"places ends", "mask"),),
    "MatMul": (
        _form(r"(x|features) (F2|w)"),
        _form(r"(tokens|grams) I2", "hashed"),
        _form(r"shares states", "mean"),
        _form(r"shares counted", "means"),
        _form(r"shares sums", "mean"),
    ),
    "Max": (_form(r"largest F1", "largest"),),
    "MaxPool": (_form(r"x", kernel_shape=_STEPS, strides=_STEPS, pads=_PADS),),
    "Min": (_form(r"x F1"),),
    "Mod": (
        _form(r"hashed I1", "bucket", r"[1-9]\d*", fmod=_FIRST),
        _form(r"product I1", "tokens", r"[1-9]\d*", fmod=_FIRST),
    ),
    "Mul": (
        _form(r"x (x|F1)"),
        # A scale for each channel; its shape is looked at.
        _form(r"w F[23]"),
        _form(r"(tokens|shifted) I1", "product"),
        _form(r"found sizes", "found"),
        _form(r"found F1", "found"),
        _form(r"found counts", "counted"),
        _form(r"vectors F1", "vectors"),
        _form(r"vectors each", "chosen"),
        _form(r"features root", "features"),
        _form(r"sum F1", "sum"),
        _form(r"sum root", "wide"),
    ),
    "Pad": (_form(r"tokens L1", "padded", r"0 [1-7] 0 0 0 0", mode=None),),
    # Axes are an input since opset 18, which converters write.
    "ReduceMax": (_form(r"(states|x)( L1)?", "largest", r"1?", axes=None, keepdims=_SECOND),),
    "ReduceMean": (
        _form(r"x( L1)?", DATA, r"[01]?", axes=_FIRST_TWO, keepdims=_FIRST),
        _form(r"x( L1)?", "mean", r"1?", axes=_SECOND, keepdims=_SECOND),
        _form(r"counted( L1)?", "means", r"1?", axes=_SECOND, keepdims=_SECOND),
        _form(r"sums( L1)?", "mean", r"1?", axes=_SECOND, keepdims=_SECOND),
    ),
    "ReduceProd": (_form(r"x( L1)?", DATA, r"[01]?", axes=_FIRST_TWO, keepdims=_FIRST),),
    "ReduceSum": (
        _form(r"ones L1", "ends", r"1", keepdims=_SECOND),
        _form(r"means L1", "sum", r"2", keepdims=_FIRST),
        _form(r"chosen L1", "sums", r"2", keepdims=_FIRST),
        _form(r"x L1", DATA, r"[01]", keepdims=_FIRST),
    ),
    "Relu": (_form(r"x"),),
    "Reshape": (_form(r"[xw] L1"),),
    "Sigmoid": (_form(r"x"),),
    "Slice": (
        _form(r"padded L1 L1 L1", "shifted", r"[0-7] -[1-7] 1"),
        _form(r"ids( [IL]1){3,4}", IDS),
    ),
    "Softmax": (_form(r"x", axis=_LAST_OF_TWO),),
    "Split": (_form(r"hashed L1", "hashed", r"[1-8] [1-8]", axis=_THIRD),),
    "Sqrt": (_form(r"count", "root"),),
    "Squeeze": (_form(r"(pooled|largest|mean) L1", "features", r"1"),),
    "Sub": (_form(r"lengths I1", "lengths", r"\d{1,4}"),),
    "Tanh": (_form(r"x"),),
    "Transpose": (_form(r"x|states", perm=None),),
    "Unsqueeze": (
        _form(r"ids L1", "tokens", r"2"),
        _form(r"lengths L1", "ends", r"1"),
        _form(r"mask L1", "kept", r"2"),
        _form(r"brief L1", "briefly", r"2"),
        _form(r"share L1", "shares", r"1"),
        _form(r"counts L1", "each", r"3"),
    ),
    "Where": (
        _form(r"kept x F1", "states"),
        _form(r"briefly largest largest", "largest"),
    ),
}
DECODERS: Final = frozenset({"Cast", "DequantizeLinear", "Mul", "Reshape"})
"""Operators that turn stored weights into weights."""


def recurrent_forms() -> dict[str, tuple[Form, ...]]:
    """Return the forms of the operators that recurrent layers become, by name."""
    found: dict[str, tuple[Form, ...]] = {}
    for onnx in (cell.onnx for cell in CELLS.values() if cell.onnx is not None):
        reset: dict[str, Any] = dict.fromkeys(filter(None, [onnx.reset_attribute]))
        form = _form(_RECURRENT, **_WIDTH, **reset, **_OTHER_ACTIVATIONS)
        found[onnx.operator.name] = (form,)
        if onnx.int8 is not None:
            found[onnx.int8.name] = (_form(_QUANTIZED_RECURRENT, **_WIDTH),)
    return found
