"""The weights of a trained Keras model as plain layers, which both exporters start from.

Only layers that can be carried over exactly are taken; any other is named in the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from edgernn.errors import ExportError

__all__ = [
    "Cell",
    "Dense",
    "Direction",
    "Embedding",
    "Layer",
    "Network",
    "Recurrent",
    "Weights",
    "read_network",
]

Weights = npt.NDArray[np.float32]
Cell = Literal["LSTM", "GRU", "SimpleRNN"]
"""The kinds of recurrent layers, under Keras's names."""


@dataclass(frozen=True)
class Embedding:
    """A table of vectors: float32 [ids, units]."""

    table: Weights


@dataclass(frozen=True)
class Direction:
    """The weights of one direction of a recurrent layer, in Keras's layout.

    The gates stand in the order input, forget, cell, output for an LSTM and update, reset,
    candidate for a GRU; a SimpleRNN has one.
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
    """A recurrent layer; with a backward direction both outputs are concatenated."""

    cell: Cell
    units: int
    sequences: bool
    forward: Direction
    backward: Direction | None

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The forward direction, and the backward one if there is one."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)

    @property
    def reset_after(self) -> bool:
        """Whether a GRU's reset gate acts on the state's product and bias, not on the state."""
        return self.forward.bias.ndim == 2


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: kernel float32 [inputs, units], bias float32 [units]."""

    kernel: Weights
    bias: Weights
    activation: Literal["linear", "relu", "tanh"]


Layer = Embedding | Recurrent | Dense


@dataclass(frozen=True)
class Network:
    """Layers from ids to one logit a text."""

    layers: tuple[Layer, ...]

    @property
    def recurrent_layers(self) -> tuple[Recurrent, ...]:
        """The recurrent layers, a bidirectional one counted once."""
        return tuple(layer for layer in self.layers if isinstance(layer, Recurrent))


# What a recurrent layer must be set to for both formats to compute the same, where it has it.
_SETTINGS = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
    "unroll": False,
}
_ONLY_IN_TRAINING = frozenset({"InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise"})


def read_network(model: Any) -> Network:
    """Read the layers of a sequential Keras model that gives one logit a text.

    Args:
        model: `keras.Sequential`, int32 ids [batch, time] to logits [batch, 1].

    Raises:
        ExportError: a layer, or a setting of one, cannot be carried over exactly.
    """
    layers: list[Layer] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in _ONLY_IN_TRAINING:
            continue
        config = layer.get_config()
        match kind:
            case "Embedding":
                # Without `mask_zero` too: the exported graph sees no padding either way.
                layers.append(Embedding(_weights(layer)[0]))
            case "LSTM" | "GRU" | "SimpleRNN":
                layers.append(_recurrent(layer, layer, None))
            case "Bidirectional":
                if config["merge_mode"] != "concat":
                    raise _refused(layer, f"merge_mode={config['merge_mode']!r}, must be 'concat'")
                layers.append(_recurrent(layer, layer.forward_layer, layer.backward_layer))
            case "Dense":
                layers.append(_dense(layer, last=layer is model.layers[-1]))
            case _:
                raise _refused(layer, "no exact counterpart in ONNX and TFLite is known here")
    _check_shape(layers)
    return Network(tuple(layers))


def _recurrent(outer: Any, forward: Any, backward: Any | None) -> Recurrent:
    cell = type(forward).__name__
    for layer in (forward, backward):
        if layer is None:
            continue
        if type(layer).__name__ not in get_args(Cell):
            known = ", ".join(get_args(Cell))
            raise _refused(outer, f"only {known} are known here, not {type(layer).__name__}")
        config = layer.get_config()
        expected = {**_SETTINGS, "go_backwards": layer is backward}
        for name, value in expected.items():
            if config.get(name, value) != value:
                raise _refused(outer, f"{name}={config[name]!r}, must be {value!r}")
    if backward is not None:
        if type(backward) is not type(forward):
            raise _refused(outer, f"{cell} and {type(backward).__name__}, must agree")
        for name in ("units", "reset_after"):
            values = [getattr(layer, name, None) for layer in (forward, backward)]
            if values[0] != values[1]:
                raise _refused(outer, f"{name}={values[0]} and {values[1]}, must agree")
    return Recurrent(
        cell=cast(Cell, cell),
        units=forward.units,
        sequences=forward.return_sequences,
        forward=Direction(*_weights(forward)),
        backward=None if backward is None else Direction(*_weights(backward)),
    )


def _dense(layer: Any, *, last: bool) -> Dense:
    config = layer.get_config()
    if config["activation"] not in ("linear", "relu", "tanh"):
        reason = f"activation={config['activation']!r}, must be 'linear', 'relu' or 'tanh'"
        if last:
            reason += ": the model must end in a logit, of which the file makes a probability"
        raise _refused(layer, reason)
    if not config["use_bias"]:
        raise _refused(layer, "use_bias=False, must be True")
    kernel, bias = _weights(layer)
    return Dense(kernel, bias, config["activation"])


def _check_shape(layers: list[Layer]) -> None:
    """Check that the layers run from ids over states to one logit."""
    kinds = "".join(type(layer).__name__[0] for layer in layers)
    recurrent = [layer for layer in layers if isinstance(layer, Recurrent)]
    if (
        kinds.rstrip("D").lstrip("E").strip("R")
        or not (kinds.startswith("ER") and kinds.endswith("D"))
        or kinds.count("E") != 1
    ):
        names = ", ".join(type(layer).__name__ for layer in layers)
        raise ExportError(f"layers must be an embedding, recurrent ones, dense ones; found {names}")
    if any(layer.sequences != (layer is not recurrent[-1]) for layer in recurrent):
        raise ExportError("every recurrent layer but the last must return sequences")
    last = layers[-1]
    if not isinstance(last, Dense) or last.kernel.shape[1] != 1 or last.activation != "linear":
        raise ExportError("the last layer must be one linear unit, the logit")


def _weights(layer: Any) -> list[Weights]:
    return [np.asarray(weight, np.float32) for weight in layer.get_weights()]


def _refused(layer: Any, reason: str) -> ExportError:
    return ExportError(
        f"layer {layer.name} ({type(layer).__name__}) cannot be exported exactly: {reason}"
    )
