"""A Keras model's layers and weights, read into the plain ones that both exporters start from.

Only layers that can be carried over exactly are taken; any other is named in the error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast, get_args

import numpy as np

from edgernn.cells import CELLS
from edgernn.errors import ExportError, UsageError
from edgernn.ngrams import CHECKS, HASHES, NO_CHECK, check_ngrams
from edgernn.privacy import import_quietly
from edgernn.text import TextContract
from exporters.folding import fold
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    Function,
    Head,
    Layer,
    MaxPool,
    Merge,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
    Weights,
)

__all__ = ["network_of", "read_network"]

# What a recurrent layer must be set to for both formats to compute the same, where it has it.
_SETTINGS: dict[str, tuple[Any, ...]] = {
    "activation": ("tanh", "relu", "sigmoid"),
    "recurrent_activation": ("sigmoid", "hard_sigmoid"),
    "use_bias": (True,),
    "go_backwards": (False,),
    "stateful": (False,),
    "return_state": (False,),
    "unroll": (False,),
}
_NGRAMS = frozenset({"HashedNgrams", "HashedNgramVectors"})
_ONLY_IN_TRAINING = frozenset({"InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise"})
# One letter a kind of layer, for the order that they may stand in.
_LETTERS: dict[type[Layer], str] = {
    **{Embedding: "E", Recurrent: "R", Pool: "P", Dense: "D"},
    **{Conv: "C", MaxPool: "M", Scale: "S", Activation: "A"},
}


def network_of(model: Any, contract: TextContract) -> Network:
    """Read the layers of a Keras model whose labels are those of a contract.

    Raises:
        ExportError: see `read_network`.
    """
    head: Head = "softmax" if contract.decision == "largest" else "sigmoid"
    return read_network(model, contract.outputs, head)


def read_network(model: Any, outputs: int = 1, head: Head = "sigmoid") -> Network:
    """Read the layers of a Keras model that gives logits.

    Args:
        model: a chain of layers, with or without n-grams beside it, as
            `edgernn.training.models.build` makes them: int32 ids [batch, time] to logits
            [batch, outputs].
        outputs: how many logits it must give for a text.
        head: what makes probabilities of them.

    Raises:
        ExportError: a layer, or a setting of one, or how they hang together, cannot be carried
            over exactly.
    """
    chain, hashed = _branches(model)
    masked = any(getattr(layer, "mask_zero", False) for layer in chain)
    layers: list[Layer] = []
    for layer in chain:
        if type(layer).__name__ not in _ONLY_IN_TRAINING:
            layers.append(_read(layer, masked, last=layer is chain[-1]))
    if hashed is not None and not masked:
        raise _refused(chain[0], "with n-grams it must mask padding (mask_zero)")
    _check_shape(layers, outputs)
    if hashed is not None and (given := hashed.output.shape[-1]) != outputs:
        raise _refused(hashed, f"it gives something for {given} logits, not for {outputs}")
    return Network(fold(layers), None if hashed is None else _ngrams(hashed, layers), head)


def _read(layer: Any, masked: bool, *, last: bool) -> Layer:
    """Read one layer; `masked`: whether the embedding masks padding."""
    match type(layer).__name__:
        case "Embedding":
            # Without `mask_zero` too: the exported graph sees no padding either way.
            return Embedding(_weights(layer)[0])
        case name if name in CELLS:
            return _recurrent(layer, layer, None)
        case "Bidirectional":
            return _recurrent(layer, layer.forward_layer, layer.backward_layer)
        case "MaxMeanPooling":
            return Pool(layer.of, layer.padded_length)
        case "Dense":
            return _dense(layer, last=last)
        case "Activation":
            return Activation(_function(layer))
        case "LeakyReLU":
            return Activation("leaky_relu", float(layer.negative_slope))
        case "BatchNormalization":
            return _scale(layer)
        case "Conv1D" | "MaxPooling1D" if masked:
            raise _refused(layer, "it drops the embedding's mask, and reads padding")
        case "Conv1D":
            return _conv(layer)
        case "MaxPooling1D":
            return _max_pool(layer)
    raise _refused(layer, "no exact counterpart in ONNX and TFLite is known here")


def _scale(layer: Any) -> Scale:
    """Read what a BatchNormalization does once it is trained."""
    mean, variance = (np.asarray(w, np.float64) for w in layer.get_weights()[-2:])
    scale = 1 / np.sqrt(variance + layer.epsilon)
    shift = -mean * scale
    if layer.scale:
        gamma = np.asarray(layer.gamma, np.float64)
        scale, shift = scale * gamma, shift * gamma
    if layer.center:
        shift = shift + np.asarray(layer.beta, np.float64)
    return Scale(scale.astype(np.float32), shift.astype(np.float32))


def _conv(layer: Any) -> Conv:
    config = layer.get_config()
    stride, dilation = layer.strides[0], layer.dilation_rate[0]
    for name, known in (
        ("data_format", ("channels_last",)),
        ("groups", (1,)),
        ("use_bias", (True,)),
        ("activation", ("linear",)),
        ("padding", ("valid", "same", "causal")),
    ):
        if config[name] not in known:
            raise _refused(layer, f"{name}={config[name]!r}, must be {_listed(known)}")
    if stride > 1 and config["padding"] != "valid":
        raise _refused(layer, f"strides={stride}, must be 1 with padding={config['padding']!r}")
    kernel, bias = _weights(layer)
    return Conv(kernel, bias, config["padding"], stride, dilation)


def _max_pool(layer: Any) -> MaxPool:
    config = layer.get_config()
    size, stride = layer.pool_size[0], layer.strides[0]
    if config["data_format"] != "channels_last":
        raise _refused(layer, f"data_format={config['data_format']!r}, must be 'channels_last'")
    if config["padding"] == "same" and stride != size:
        raise _refused(layer, f"strides={stride}, must be {size} with padding='same'")
    return MaxPool(size, stride, config["padding"])


def _function(layer: Any) -> Function:
    name = layer.get_config()["activation"]
    if name not in get_args(Function) or name == "leaky_relu":
        known = _listed([known for known in get_args(Function) if known != "leaky_relu"])
        raise _refused(layer, f"activation={name!r}, must be {known}")
    return cast(Function, name)


def _listed(known: Sequence[Any]) -> str:
    return " or ".join(map(repr, known))


def _branches(model: Any) -> tuple[Sequence[Any], Any | None]:
    """Return the layers from ids to a logit, and the n-grams' layer where there is one.

    Raises:
        ExportError: the model is neither a chain nor a chain with n-grams beside it.
    """
    keras = import_quietly("keras")

    if isinstance(model, keras.Sequential) or not isinstance(model, keras.Model):
        return model.layers, None
    if len(model.inputs or ()) != 1 or len(model.outputs or ()) != 1:
        raise ExportError("the model must have one input, the ids, and one output, the logits")
    (ids,), (output,) = model.inputs, model.outputs
    sum_of, terms = _made(output)
    if type(sum_of).__name__ != "Add" or len(terms) != 2:
        return _chain(model, ids, output), None
    hashed, sources = _made(terms[1])
    if type(hashed).__name__ not in _NGRAMS or [id(t) for t in sources] != [id(ids)]:
        raise _refused(sum_of, "it must add what the ids' n-grams give to the logits")
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
        needs_mask = type(layer).__name__ in ("MaxMeanPooling", "Bidirectional", *CELLS)
        if needs_mask and bool(masked) != (len(_made(layer.output)[1]) > 1):
            raise _refused(layer, "the mask of the embedding must reach it")
    return found


def _made(tensor: Any) -> tuple[Any, list[Any]]:
    """Return the layer that makes a symbolic tensor, and what it makes it of, a mask behind."""
    history = tensor._keras_history
    layer = history.operation
    return layer, list(layer._inbound_nodes[history.node_index].input_tensors)


def _ngrams(layer: Any, layers: Sequence[Layer]) -> Ngrams | NgramVectors:
    table, *kernels, checks = (np.asarray(weight) for weight in layer.get_weights())
    embedding = layers[0]
    assert isinstance(embedding, Embedding)
    try:
        check_ngrams(len(table), layer.longest, len(embedding.table), HASHES[layer.hash])
    except UsageError as error:
        raise _refused(layer, str(error)) from error
    if not np.isin(checks, np.arange(NO_CHECK, CHECKS)).all():
        raise _refused(layer, f"its checks must be whole numbers from {NO_CHECK} to {CHECKS - 1}")
    rows, small = table.astype(np.float32), checks.astype(np.int8)
    if not kernels:
        return Ngrams(rows, small, layer.longest, layer.hash)
    (kernel,) = (kernel.astype(np.float32) for kernel in kernels)
    return NgramVectors(rows, small, layer.longest, layer.hash, kernel=kernel)


def _recurrent(outer: Any, forward: Any, backward: Any | None) -> Recurrent:
    cell = type(forward).__name__
    for layer in (forward, backward):
        if layer is None:
            continue
        if type(layer).__name__ not in CELLS:
            known = ", ".join(CELLS)
            raise _refused(outer, f"only {known} are known here, not {type(layer).__name__}")
        config = layer.get_config()
        expected = {**_SETTINGS, "go_backwards": (layer is backward,)}
        for name, accepted in expected.items():
            if config.get(name, accepted[0]) not in accepted:
                raise _refused(outer, f"{name}={config[name]!r}, must be {_listed(accepted)}")
    if backward is not None:
        if type(backward) is not type(forward):
            raise _refused(outer, f"{cell} and {type(backward).__name__}, must agree")
        if outer.merge_mode not in get_args(Merge):
            raise _refused(
                outer, f"merge_mode={outer.merge_mode!r}, must be {_listed(get_args(Merge))}"
            )
        for name in ("units", "reset_after", "activation", "recurrent_activation"):
            values = [layer.get_config().get(name) for layer in (forward, backward)]
            if values[0] != values[1]:
                raise _refused(outer, f"{name}={values[0]} and {values[1]}, must agree")
    return Recurrent(
        cell=cell,
        units=forward.units,
        sequences=forward.return_sequences,
        forward=Direction(*_weights(forward)),
        backward=None if backward is None else Direction(*_weights(backward)),
        merge="concat" if backward is None else outer.merge_mode,
        activation=forward.get_config()["activation"],
        gates=forward.get_config().get("recurrent_activation", "sigmoid"),
    )


def _dense(layer: Any, *, last: bool) -> Dense:
    config = layer.get_config()
    if last and config["activation"] not in ("linear", "relu", "tanh"):
        raise _refused(
            layer,
            f"activation={config['activation']!r}, must be 'linear': the model must end in "
            "logits, of which the file makes probabilities",
        )
    function = _function(layer)
    if not config["use_bias"]:
        raise _refused(layer, "use_bias=False, must be True")
    kernel, bias = _weights(layer)
    return Dense(kernel, bias, function)


def _check_shape(layers: list[Layer], outputs: int) -> None:
    """Check that the layers run from ids over states to the logits."""
    kinds = "".join(_LETTERS[type(layer)] for layer in layers)
    recurrent = [layer for layer in layers if isinstance(layer, Recurrent)]
    if not re.fullmatch("E[CMSA]*R[CMSAR]*(P[SA]*)?D[DSA]*", kinds) or layers == []:
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
    elif re.search("[CM]", kinds[kinds.rindex("R") :]):
        raise ExportError(
            "a convolution or MaxPool behind the last recurrent layer needs sequences"
        )
    last = layers[-1]
    if not isinstance(last, Dense) or len(last.bias) != outputs or last.activation != "linear":
        many = f"{outputs} linear units, the logits"
        units = "one linear unit, the logit" if outputs == 1 else many
        raise ExportError(f"the last layer must be {units}")


def _weights(layer: Any) -> list[Weights]:
    return [np.asarray(weight, np.float32) for weight in layer.get_weights()]


def _refused(layer: Any, reason: str) -> ExportError:
    return ExportError(
        f"layer {layer.name} ({type(layer).__name__}) cannot be exported exactly: {reason}"
    )
