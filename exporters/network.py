"""A trained network as plain layers and weights, which both exporters start from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgernn.cells import CELLS
from edgernn.ngrams import FLOAT32, HashName

__all__ = [
    "AS_A_LOOP",
    "OTHER_ACTIVATIONS",
    "Activation",
    "Batch",
    "Conv",
    "Dense",
    "Direction",
    "Embedding",
    "Function",
    "HashedNgrams",
    "Head",
    "Layer",
    "MaxPool",
    "Merge",
    "Network",
    "NgramVectors",
    "Ngrams",
    "Part",
    "Pool",
    "Recurrent",
    "RecurrentForm",
    "Scale",
    "Weights",
]

Weights = npt.NDArray[np.float32]
OTHER_ACTIVATIONS = " of other activations"
"""Behind the name of a cell whose activations are not tanh, with sigmoid gates: TFLite fuses none
of those."""
AS_A_LOOP = " as a loop"
"""Behind the name of a cell that a TFLite file computes in a loop, although there is a fused
operator."""
RecurrentForm = Literal["loop", "fused"]
"""What a TFLite file has for cells of which there is a fused operator."""
Part = str
"""What a network may have that not every format and precision has: a name of `edgernn.cells.CELLS`,
one with `OTHER_ACTIVATIONS` or `AS_A_LOOP` behind it, or Activation, Conv, MaxPool, Merge, Ngrams,
Pool, Scale, Softmax."""
Head = Literal["sigmoid", "softmax"]
"""What makes probabilities of the logits: a sigmoid each by itself, a softmax all together."""
Batch = Literal["many", "one"]
"""Texts a call: any number, padded, with their lengths; or one at its true length."""
Merge = Literal["concat", "sum", "ave", "mul"]
"""How the outputs of both directions become one, under Keras's names."""
Function = Literal[
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    "leaky_relu",
    "relu6",
    "elu",
    "selu",
    "silu",
    "softsign",
]
"""Functions of one number, under Keras's names."""


@dataclass(frozen=True)
class Embedding:
    """A table of vectors: float32 [ids, units]."""

    table: Weights


@dataclass(frozen=True)
class Direction:
    """The weights of one direction of a recurrent layer, in Keras's layout.

    The gates stand in the order that `edgernn.cells.CELLS` has them in.
    """

    kernel: Weights
    """float32 [inputs, gates * units]."""
    recurrent_kernel: Weights
    """float32 [units, gates * units]."""
    bias: Weights
    """float32 [gates * units]; [2, gates * units] for a GRU with `reset_after`, the input's and the
    state's."""


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer; with a backward direction both outputs are merged."""

    cell: str
    """A name of `edgernn.cells.CELLS`."""
    units: int
    sequences: bool
    forward: Direction
    backward: Direction | None
    merge: Merge = "concat"
    activation: Literal["tanh", "relu", "sigmoid"] = "tanh"
    gates: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    """The gates' activation; `hard_sigmoid` is that of Keras 3: x / 6 + 1/2, cut to [0, 1]."""
    is_loop: bool = False
    """Whether a TFLite file is to compute it in a loop, although there is a fused operator."""

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The forward direction, and the backward one if there is one."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)

    @property
    def reset_after(self) -> bool:
        """Whether a GRU's reset gate acts on the state's product and bias, not on the state."""
        return self.forward.bias.ndim == 2

    @property
    def outputs(self) -> int:
        """Number of features that it gives."""
        return self.units * (len(self.directions) if self.merge == "concat" else 1)

    @property
    def part(self) -> Part:
        """The kind of layer, as formats and precisions differ in it."""
        has_sigmoids = not CELLS[self.cell].sigmoid_gates or self.gates == "sigmoid"
        is_usual = self.activation == "tanh" and has_sigmoids
        if not is_usual:
            return f"{self.cell}{OTHER_ACTIVATIONS}"
        return f"{self.cell}{AS_A_LOOP}" if self.is_loop else self.cell

    @property
    def is_fused(self) -> bool:
        """Whether it becomes an operator of TFLite that is not a loop."""
        tflite = CELLS[self.cell].tflite
        return self.part == self.cell and tflite is not None and tflite.operator is not None


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: kernel float32 [inputs, units], bias float32 [units]."""

    kernel: Weights
    bias: Weights
    activation: Function


@dataclass(frozen=True)
class Activation:
    """A function of each number by itself."""

    function: Function
    slope: float = 0.0
    """Of `leaky_relu`, below zero."""


@dataclass(frozen=True)
class Scale:
    """Each feature times a number, plus a number: float32 [features] both."""

    scale: Weights
    shift: Weights


@dataclass(frozen=True)
class Conv:
    """A convolution along time: kernel float32 [width, inputs, filters], bias float32 [filters]."""

    kernel: Weights
    bias: Weights
    padding: Literal["valid", "same", "causal"]
    stride: int = 1
    """1 where the padding is not `valid`."""
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Number of steps between the first and the last that one output reads."""
        return (len(self.kernel) - 1) * self.dilation


@dataclass(frozen=True)
class MaxPool:
    """The largest value of each feature in windows along time."""

    size: int
    stride: int
    padding: Literal["valid", "same"]
    """`same`: the last window may be a shorter one; the stride is the size then."""


@dataclass(frozen=True)
class Pool:
    """Values of each feature over a text's tokens, concatenated in the order of `of`."""

    of: tuple[Literal["max", "mean"], ...] = ("max", "mean")
    padded_length: int | None = None
    """A text of fewer tokens has a zero among the values that the largest is taken of."""


@dataclass(frozen=True)
class HashedNgrams:
    """A table by the hashes of n-grams of ids, see `edgernn.ngrams`."""

    table: Weights
    """float32, a row for each bucket."""
    checks: npt.NDArray[np.int8]
    """int8 [buckets]: the check of the n-gram that a bucket counts for, or `NO_CHECK`."""
    longest: int
    """Ids in the longest n-grams."""
    hash: HashName = FLOAT32.name
    """What they are hashed with, a name of `edgernn.ngrams.HASHES`."""

    @property
    def buckets(self) -> int:
        """The size of the table."""
        return len(self.table)


class Ngrams(HashedNgrams):
    """A linear model: the table, [buckets], has a number a bucket."""


@dataclass(frozen=True)
class NgramVectors(HashedNgrams):
    """A vector a bucket, [buckets, units], and a kernel from a text's sum of them to the logits."""

    kernel: Weights = field(kw_only=True)
    """float32 [units, outputs]."""

    @property
    def scaled_kernel(self) -> Weights:
        """The kernel over the root of `longest`: what is left to divide by is a text's length."""
        return self.kernel * np.float32(1 / np.sqrt(self.longest))


Layer = Embedding | Recurrent | Pool | Dense | Activation | Scale | Conv | MaxPool


@dataclass(frozen=True)
class Network:
    """Layers from ids to a text's logits, of which a file makes probabilities."""

    layers: tuple[Layer, ...]
    ngrams: Ngrams | NgramVectors | None = None
    """What is added to the layers' logits."""
    head: Head = "sigmoid"
    batch: Batch = "many"
    """How many texts a graph takes a call, where a format has both."""

    @property
    def outputs(self) -> int:
        """How many logits a text has."""
        last = self.layers[-1]
        assert isinstance(last, Dense)
        return len(last.bias)

    @property
    def recurrent_layers(self) -> tuple[Recurrent, ...]:
        """The recurrent layers, a bidirectional one counted once."""
        return tuple(layer for layer in self.layers if isinstance(layer, Recurrent))

    def as_loops(self) -> Network:
        """Return it with a loop for each layer that TFLite has a fused operator for."""

        def looped(layer: Layer) -> Layer:
            if isinstance(layer, Recurrent) and layer.is_fused:
                return replace(layer, is_loop=True)
            return layer

        return replace(self, layers=tuple(looped(layer) for layer in self.layers))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The kinds of recurrent layers, and what it has beside them."""
        parts: list[Part] = [layer.part for layer in self.recurrent_layers]
        if any(layer.merge != "concat" for layer in self.recurrent_layers):
            parts.append("Merge")
        for layer in self.layers:
            match layer:
                case Pool():
                    parts.append("Pool")
                case Scale():
                    parts.append("Scale")
                case Conv():
                    parts.append("Conv")
                case MaxPool():
                    parts.append("MaxPool")
                case Activation() | Dense() if _function(layer) not in _EVERYWHERE:
                    parts.append("Activation")
        if self.ngrams is not None:
            parts.append("Ngrams")
        if self.head == "softmax":
            parts.append("Softmax")
        return tuple(dict.fromkeys(parts))


_EVERYWHERE = frozenset({"linear", "relu", "sigmoid", "tanh"})
"""Functions that are one operator in either format, and part of what every file may hold."""


def _function(layer: Activation | Dense) -> Function:
    return layer.function if isinstance(layer, Activation) else layer.activation
