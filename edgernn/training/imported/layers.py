"""The layers that can be carried over, as plain data, and the shapes of their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from edgernn.cells import CELLS

__all__ = [
    "Activation",
    "Architecture",
    "Array",
    "Conv",
    "Dense",
    "Embedding",
    "End",
    "Function",
    "Layer",
    "MaxPool",
    "Merge",
    "Nest",
    "Norm",
    "Place",
    "Pool",
    "Recurrent",
    "fitting_length",
]

Merge = Literal["concat", "sum", "ave", "mul"]
Function = Literal[
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    "softmax",
    "leaky_relu",
    "relu6",
    "elu",
    "selu",
    "silu",
    "softsign",
]
End = Literal["sigmoid", "logit", "softmax", "logits", "sigmoids"]
"""What a model gives: one probability, its logit, or two or more of either."""


class Array(NamedTuple):
    """One weight of a layer: where Keras keeps it, its name there, and its shape."""

    path: tuple[str, ...]
    """The objects that lead to it from the layer, such as `forward_layer`, `cell`."""
    role: str
    """Its name: `embeddings`, `kernel`, `recurrent_kernel`, `bias`, `gamma` and so on."""
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Embedding:
    """One vector an id; `mask_zero`: what has id 0 reaches no state."""

    name: str
    rows: int
    units: int
    mask_zero: bool

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order; `inputs` plays no part."""
        return [Array((), "embeddings", (self.rows, self.units))]

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return self.units


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer; both directions' outputs are merged."""

    name: str
    cell: str
    """A name of `edgernn.cells.CELLS`."""
    units: int
    bidirectional: bool
    sequences: bool
    use_bias: bool
    reset_after: bool = False
    """Of a cell that has it: the reset gate acts behind the recurrent kernel, which has a bias of
    its own."""
    merge: Merge = "concat"
    activation: Literal["tanh", "relu", "sigmoid"] = "tanh"
    gates: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    steep: bool = False
    """Whether `hard_sigmoid` is that of Keras 2, 0.2 x + 0.5; in Keras 3 it is x / 6 + 0.5."""
    zeros_behind: bool = False
    """Whether its outputs at masked steps are zeros; otherwise those of the step before."""

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order, the forward direction first."""
        directions = ("forward_layer", "backward_layer") if self.bidirectional else (None,)
        width = len(CELLS[self.cell].gates) * self.units
        found = []
        for direction in directions:
            path = (direction, "cell") if direction else ("cell",)
            found.append(Array(path, "kernel", (inputs, width)))
            found.append(Array(path, "recurrent_kernel", (self.units, width)))
            if self.use_bias:
                shape = (2, width) if self.reset_after else (width,)
                found.append(Array(path, "bias", shape))
        return found

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return 2 * self.units if self.bidirectional and self.merge == "concat" else self.units


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    name: str
    units: int
    activation: Function
    use_bias: bool

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order."""
        bias = [Array((), "bias", (self.units,))] if self.use_bias else []
        return [Array((), "kernel", (inputs, self.units)), *bias]

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return self.units


@dataclass(frozen=True)
class Conv:
    """A convolution along time, without an activation."""

    name: str
    filters: int
    width: int
    padding: Literal["valid", "same", "causal"]
    stride: int
    dilation: int
    use_bias: bool

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order."""
        bias = [Array((), "bias", (self.filters,))] if self.use_bias else []
        return [Array((), "kernel", (self.width, inputs, self.filters)), *bias]

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return self.filters


@dataclass(frozen=True)
class Norm:
    """A batch normalization, which scales and shifts each feature once it is trained."""

    name: str
    axis: int
    epsilon: float
    center: bool
    scale: bool

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order."""
        roles = ["gamma"] if self.scale else []
        roles += ["beta"] if self.center else []
        return [Array((), role, (inputs,)) for role in (*roles, "moving_mean", "moving_variance")]

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return inputs


@dataclass(frozen=True)
class _Weightless:
    """A layer without weights, which gives as many features as it reads."""

    name: str

    def arrays(self, inputs: int) -> list[Array]:
        """There are none."""
        return []

    def outputs(self, inputs: int) -> int:
        """Return the number of features that it gives."""
        return inputs


@dataclass(frozen=True)
class MaxPool(_Weightless):
    """The largest value of each feature in windows along time."""

    size: int
    stride: int
    padding: Literal["valid", "same"]


@dataclass(frozen=True)
class Pool(_Weightless):
    """The largest value, or the mean, of each feature over all steps."""

    of: Literal["max", "mean"]


@dataclass(frozen=True)
class Activation(_Weightless):
    """An activation that stands for itself."""

    function: Function
    slope: float = 0.0
    """Of `leaky_relu`, below zero."""


Layer = Embedding | Recurrent | Dense | Conv | Norm | MaxPool | Pool | Activation


class Nest(NamedTuple):
    """A model within the model."""

    kind: str
    """Its class, such as `sequential`, as Keras names groups of weights."""
    name: str


@dataclass(frozen=True)
class Architecture:
    """The layers of a model, from ids to one unit a text; those of training alone are left out."""

    layers: tuple[Layer, ...]
    input_length: int | None
    """Number of ids that the model takes, where it is fixed."""
    nests: tuple[tuple[Nest, ...], ...] = ()
    """For each layer the models that it stands in, the outermost first; empty where none does."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read."""
    mixed: str | None = None
    """The policy of mixed precision that it was trained with: Keras rounds what it computes."""

    @property
    def embedding(self) -> Embedding:
        """The first layer."""
        first = self.layers[0]
        assert isinstance(first, Embedding)
        return first

    @property
    def end(self) -> End:
        """What the model gives."""
        last = self._last
        if last.activation == "softmax":
            return "softmax"
        if last.units == 1:
            return "sigmoid" if last.activation == "sigmoid" else "logit"
        return "sigmoids" if last.activation == "sigmoid" else "logits"

    @property
    def units(self) -> int:
        """How many numbers it gives."""
        return self._last.units

    @property
    def _last(self) -> Dense:
        last = self.layers[-1]
        assert isinstance(last, Dense)
        return last

    @property
    def sigmoid(self) -> bool:
        """Whether the model gives probabilities; otherwise logits."""
        return self.end in ("sigmoid", "softmax", "sigmoids")

    def places(self) -> list[Place]:
        """Return the layers that have weights."""
        nests = self.nests or ((),) * len(self.layers)
        found = zip(self.layers, nests, self.arrays(), strict=True)
        return [Place(number, *one) for number, one in enumerate(found) if one[2]]

    def arrays(self) -> list[list[Array]]:
        """Return the weights of each layer."""
        found = []
        inputs = 0
        for layer in self.layers:
            found.append(layer.arrays(inputs))
            inputs = layer.outputs(inputs)
        return found


class Place(NamedTuple):
    """A layer with weights: where it stands, and which weights it has."""

    number: int
    """Among all layers of the model."""
    layer: Layer
    nests: tuple[Nest, ...]
    arrays: list[Array]


def fitting_length(layers: tuple[Layer, ...], length: int) -> tuple[Layer, int] | None:
    """Return the first layer that cannot read a text of a length as it must, and the steps it has.

    Args:
        layers: of a model whose texts all have that length.
        length: in ids.
    """
    for layer in layers:
        if isinstance(layer, Conv) and layer.padding == "valid":
            rest = length - (layer.width - 1) * layer.dilation
            steps = (rest - 1) // layer.stride + 1
        elif isinstance(layer, MaxPool) and layer.padding == "valid":
            steps = (length - layer.size) // layer.stride + 1
        elif isinstance(layer, MaxPool):
            steps = -(-length // layer.stride)
            # Keras divides the padding between both ends, and the graphs put it behind.
            if steps * layer.size - length > 1:
                return layer, length
        else:
            continue
        if steps < 1:
            return layer, length
        length = steps
    return None
