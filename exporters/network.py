"""The weights of a trained Keras model as plain layers, which both exporters start from.

Only layers that can be carried over exactly are taken; any other is named in the error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from edgernn.errors import ExportError, UsageError
from edgernn.privacy import import_quietly
from edgernn.training.ngrams import CHECKS, NO_CHECK, check_ngrams

__all__ = [
    "Cell",
    "Dense",
    "Direction",
    "Embedding",
    "Layer",
    "Network",
    "Ngrams",
    "Part",
    "Pool",
    "Recurrent",
    "Weights",
    "read_network",
]

Weights = npt.NDArray[np.float32]
Cell = Literal["LSTM", "GRU", "SimpleRNN"]
"""The kinds of recurrent layers, under Keras's names."""
Part = Cell | Literal["Pool", "Ngrams"]
"""What a network may have that not every format and precision has."""


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


@dataclass(frozen=True)
class Pool:
    """The largest value of each feature over a text's tokens, and the mean, concatenated."""


@dataclass(frozen=True)
class Ngrams:
    """A linear model over hashed n-grams of ids, see `edgernn.training.ngrams`."""

    table: Weights
    """float32 [buckets]."""
    checks: npt.NDArray[np.int8]
    """int8 [buckets]: the check of the n-gram that a bucket counts for, or `NO_CHECK`."""
    longest: int
    """Ids in the longest n-grams."""

    @property
    def buckets(self) -> int:
        """The size of the table."""
        return len(self.table)


Layer = Embedding | Recurrent | Pool | Dense


@dataclass(frozen=True)
class Network:
    """Layers from ids to one logit a text."""

    layers: tuple[Layer, ...]
    ngrams: Ngrams | None = None
    """What is added to the layers' logit."""

    @property
    def recurrent_layers(self) -> tuple[Recurrent, ...]:
        """The recurrent layers, a bidirectional one counted once."""
        return tuple(layer for layer in self.layers if isinstance(layer, Recurrent))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The kinds of recurrent layers, and what it has beside them."""
        parts: list[Part] = [layer.cell for layer in self.recurrent_layers]
        if any(isinstance(layer, Pool) for layer in self.layers):
            parts.append("Pool")
        if self.ngrams is not None:
            parts.append("Ngrams")
        return tuple(dict.fromkeys(parts))


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
    """Read the layers of a Keras model that gives one logit a text.

    Args:
        model: a chain of layers, with or without n-grams beside it, as
            `edgernn.training.models.build` makes them: int32 ids [batch, time] to logits
            [batch, 1].

    Raises:
        ExportError: a layer, or a setting of one, or how they hang together, cannot be carried
            over exactly.
    """
    chain, hashed = _branches(model)
    layers: list[Layer] = []
    for layer in chain:
        kind = type(layer).__name__
        if kind in _ONLY_IN_TRAINING:
            continue
        config = layer.get_config()
        match kind:
            case "Embedding":
                if hashed is not None and not layer.mask_zero:
                    raise _refused(layer, "with n-grams it must mask padding (mask_zero)")
                # Without `mask_zero` too: the exported graph sees no padding either way.
                layers.append(Embedding(_weights(layer)[0]))
            case "LSTM" | "GRU" | "SimpleRNN":
                layers.append(_recurrent(layer, layer, None))
            case "Bidirectional":
                if config["merge_mode"] != "concat":
                    raise _refused(layer, f"merge_mode={config['merge_mode']!r}, must be 'concat'")
                layers.append(_recurrent(layer, layer.forward_layer, layer.backward_layer))
            case "MaxMeanPooling":
                layers.append(Pool())
            case "Dense":
                layers.append(_dense(layer, last=layer is chain[-1]))
            case _:
                raise _refused(layer, "no exact counterpart in ONNX and TFLite is known here")
    _check_shape(layers)
    return Network(tuple(layers), None if hashed is None else _ngrams(hashed, layers))


def _branches(model: Any) -> tuple[Sequence[Any], Any | None]:
    """Return the layers from ids to a logit, and the n-grams' layer where there is one.

    Raises:
        ExportError: the model is neither a chain nor a chain with n-grams beside it.
    """
    keras = import_quietly("keras")

    if isinstance(model, keras.Sequential) or not isinstance(model, keras.Model):
        return model.layers, None
    if len(model.inputs or ()) != 1 or len(model.outputs or ()) != 1:
        raise ExportError("the model must have one input, the ids, and one output, the logit")
    (ids,), (output,) = model.inputs, model.outputs
    sum_of, terms = _made(output)
    if type(sum_of).__name__ != "Add" or len(terms) != 2:
        return _chain(model, ids, output), None
    hashed, sources = _made(terms[1])
    if type(hashed).__name__ != "HashedNgrams" or [id(t) for t in sources] != [id(ids)]:
        raise _refused(sum_of, "it must add the sum of the ids' n-grams to a logit")
    return _chain(model, ids, terms[0], (sum_of, hashed)), hashed


def _chain(model: Any, ids: Any, output: Any, beside: Sequence[Any] = ()) -> Sequence[Any]:
    """Return the layers from ids to an output, which together with others are all of a model."""
    found: list[Any] = []
    tensor = output
    while tensor is not ids:
        layer, sources = _made(tensor)
        masks = sources[1:]
        if (
            not sources
            or len(layer._inbound_nodes) != 1
            # Masks of an embedding, which Keras makes of the ids.
            or any(type(_made(mask)[0]).__name__ != "NotEqual" for mask in masks)
            or any(_made(mask)[1][0] is not ids for mask in masks)
        ):
            raise _refused(layer, "the layers must be one chain")
        found.insert(0, layer)
        tensor = sources[0]
    others = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if {id(layer) for layer in (*found, *beside)} != {id(layer) for layer in others}:
        raise ExportError("the layers must be one chain, with n-grams beside it or nothing")
    masked = [layer for layer in found if getattr(layer, "mask_zero", False)]
    for layer in found:
        needs_mask = type(layer).__name__ in ("MaxMeanPooling", "Bidirectional", *get_args(Cell))
        if needs_mask and bool(masked) != (len(_made(layer.output)[1]) > 1):
            raise _refused(layer, "the mask of the embedding must reach it")
    return found


def _made(tensor: Any) -> tuple[Any, list[Any]]:
    """Return the layer that makes a symbolic tensor, and what it makes it of, a mask behind."""
    history = tensor._keras_history
    layer = history.operation
    return layer, list(layer._inbound_nodes[history.node_index].input_tensors)


def _ngrams(layer: Any, layers: Sequence[Layer]) -> Ngrams:
    table, checks = (np.asarray(weight) for weight in layer.get_weights())
    embedding = layers[0]
    assert isinstance(embedding, Embedding)
    try:
        check_ngrams(len(table), layer.longest, len(embedding.table))
    except UsageError as error:
        raise _refused(layer, str(error)) from error
    if not np.isin(checks, np.arange(NO_CHECK, CHECKS)).all():
        raise _refused(layer, f"its checks must be whole numbers from {NO_CHECK} to {CHECKS - 1}")
    return Ngrams(table.astype(np.float32), checks.astype(np.int8), layer.longest)


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
    if not re.fullmatch("ER+P?D+", kinds):
        names = ", ".join(type(layer).__name__ for layer in layers)
        raise ExportError(
            "layers must be an embedding, recurrent ones, at most one pooling, dense ones; "
            f"found {names}"
        )
    if "P" in kinds:
        if not all(layer.sequences for layer in recurrent):
            raise ExportError("every recurrent layer before a pooling must return sequences")
    elif any(layer.sequences != (layer is not recurrent[-1]) for layer in recurrent):
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
