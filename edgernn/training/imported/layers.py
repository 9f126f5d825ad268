"""The layers that can be carried over, as plain data, and the shapes of their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Architecture", "Array", "Cell", "Dense", "Embedding", "Layer", "Recurrent"]

Cell = Literal["LSTM", "GRU", "SimpleRNN"]

_GATES: dict[Cell, int] = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


class Array(NamedTuple):
    """One weight of a layer: where Keras keeps it, its name there, and its shape."""

    path: tuple[str, ...]
    """The objects that lead to it from the layer, such as `forward_layer`, `cell`."""
    role: str
    """Its name: `embeddings`, `kernel`, `recurrent_kernel` or `bias`."""
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


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer with Keras's default activations; both directions are concatenated."""

    name: str
    cell: Cell
    units: int
    bidirectional: bool
    sequences: bool
    use_bias: bool
    reset_after: bool = False
    """Of a GRU: the reset gate acts behind the recurrent kernel, which has a bias of its own."""

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order, the forward direction first."""
        directions = ("forward_layer", "backward_layer") if self.bidirectional else (None,)
        width = _GATES[self.cell] * self.units
        found = []
        for direction in directions:
            path = (direction, "cell") if direction else ("cell",)
            found.append(Array(path, "kernel", (inputs, width)))
            found.append(Array(path, "recurrent_kernel", (self.units, width)))
            if self.use_bias:
                shape = (2, width) if self.reset_after else (width,)
                found.append(Array(path, "bias", shape))
        return found

    @property
    def outputs(self) -> int:
        """Number of features that it gives."""
        return 2 * self.units if self.bidirectional else self.units


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    name: str
    units: int
    activation: Literal["linear", "relu", "sigmoid"]
    use_bias: bool

    def arrays(self, inputs: int) -> list[Array]:
        """Return its weights in Keras's order."""
        bias = [Array((), "bias", (self.units,))] if self.use_bias else []
        return [Array((), "kernel", (inputs, self.units)), *bias]


Layer = Embedding | Recurrent | Dense


@dataclass(frozen=True)
class Architecture:
    """The layers of a model, from ids to one unit a text; those of training alone are left out."""

    layers: tuple[Layer, ...]
    input_length: int | None
    """Number of ids that the model takes, where it is fixed."""

    @property
    def embedding(self) -> Embedding:
        """The first layer."""
        first = self.layers[0]
        assert isinstance(first, Embedding)
        return first

    @property
    def sigmoid(self) -> bool:
        """Whether the model gives probabilities; otherwise logits."""
        last = self.layers[-1]
        return isinstance(last, Dense) and last.activation == "sigmoid"

    def arrays(self) -> list[list[Array]]:
        """Return the weights of each layer."""
        found = []
        inputs = 0
        for layer in self.layers:
            found.append(layer.arrays(inputs))
            inputs = layer.outputs if isinstance(layer, Recurrent) else layer.units
        return found
