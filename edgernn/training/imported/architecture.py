"""From a model's config to plain layers, without Keras: nothing that the config names is created.

Configs of Keras 2 (2.2 and later) and 3 are read. Layers and settings that cannot be carried over
exactly are collected and named in one error.
"""

from __future__ import annotations

import dataclasses
from typing import Any, cast, get_args

from edgernn.errors import ModelFileError
from edgernn.training.imported.chain import find_break
from edgernn.training.imported.layers import (
    Architecture,
    Cell,
    Dense,
    Embedding,
    Layer,
    Recurrent,
)
from edgernn.training.imported.settings import Settings, plain, shown

__all__ = ["read_architecture"]

_ONLY_IN_TRAINING = frozenset({"Dropout", "SpatialDropout1D", "GaussianNoise"})
# The operation that Keras 3 writes for a mask; `find_break` looks at what it compares.
_MASK = "NotEqual"
_OWN_MODULES = ("keras", "tf_keras", "tensorflow")
_MAX_LAYERS = 256


@dataclasses.dataclass(frozen=True)
class _Activation:
    """An activation that stands as a layer of its own; it joins the dense layer before it."""

    name: str
    function: str


def read_architecture(config: object, file: str) -> Architecture:
    """Read the layers of a sequential model, or of a functional one that is a plain chain.

    Args:
        config: what `model.to_json()` holds.
        file: named in error messages.

    Raises:
        ModelFileError: not the config of such a model, or something in it cannot be carried over
            exactly; the message names all of it.
    """
    kind, settings, entries = _entries(config, file)
    problems: list[str] = []
    read = [_read(entry, kind, problems) for entry in entries]
    if problems:
        raise ModelFileError(f"{file}: cannot be carried over exactly: {'; '.join(problems)}")
    layers = [layer for layer, _ in read if layer is not None]
    if kind != "Sequential":
        masked = any(isinstance(layer, Embedding) and layer.mask_zero for layer in layers)
        reason = find_break(settings, entries, masked)
        if reason is not None:
            raise ModelFileError(f"{file}: must be a plain chain of layers: {reason}")
    lengths = {length for _, length in read if length is not None}
    if len(lengths) > 1:
        raise ModelFileError(f"{file}: two layers name different input lengths")
    return Architecture(_in_order(layers, file), lengths.pop() if lengths else None)


def _entries(config: object, file: str) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return the kind of model, its own settings, and its layers' entries."""
    kind = config.get("class_name") if isinstance(config, dict) else None
    if kind not in ("Sequential", "Functional", "Model"):
        raise ModelFileError(
            f"{file}: must be a sequential or functional Keras model, not {shown(kind)}"
        )
    assert isinstance(config, dict)
    settings = config.get("config")
    if isinstance(settings, list):  # Keras 2.2.2 and earlier
        settings = {"layers": settings}
    entries = settings.get("layers") if isinstance(settings, dict) else None
    if (
        not isinstance(settings, dict)
        or not isinstance(entries, list)
        or not all(isinstance(entry, dict) for entry in entries)
        or not 1 <= len(entries) <= _MAX_LAYERS
    ):
        raise ModelFileError(f"{file}: its config holds no list of layers")
    return str(kind), settings, entries


def _read(
    entry: dict[str, Any], model: str, problems: list[str]
) -> tuple[Layer | _Activation | None, int | None]:
    """Read one layer; None if it plays no part. The second is the input length it names."""
    kind, name, label = _labelled(entry)
    config = entry.get("config")
    if not _is_of_keras(entry):
        problems.append(f"{label}, a layer of one's own")
        return None, None
    if kind in _ONLY_IN_TRAINING or (kind == _MASK and model != "Sequential"):
        return None, None
    layer: Layer | _Activation | None = None
    settings = Settings(label, config, problems)
    match kind:
        case "InputLayer":
            settings.one_of("sparse", (False,), False)
            settings.one_of("ragged", (False,), False)
            settings.one_of("optional", (False,), False)
            settings.get("dtype")  # whatever it is: ids are whole numbers
            return None, _input_length(settings)
        case "Embedding":
            layer = Embedding(
                name,
                rows=settings.count("input_dim"),
                units=settings.count("output_dim"),
                mask_zero=settings.one_of("mask_zero", (False, True), False),
            )
        case "LSTM" | "GRU" | "SimpleRNN":
            layer = _recurrent(name, kind, settings)
        case "Bidirectional":
            layer = _bidirectional(name, label, settings, problems)
        case "Dense":
            layer = Dense(
                name,
                units=settings.count("units"),
                activation=cast(
                    Any, settings.one_of("activation", ("linear", "relu", "sigmoid"), "linear")
                ),
                use_bias=settings.one_of("use_bias", (True, False), True),
            )
        case "Activation":
            layer = _Activation(name, settings.one_of("activation", ("relu", "sigmoid", "linear")))
        case _:
            problems.append(label)
            return None, None
    length = _input_length(settings)
    settings.finish()
    return layer, length


def _recurrent(
    name: str,
    cell: Cell,
    settings: Settings,
    *,
    bidirectional: bool = False,
    backward: bool = False,
) -> Recurrent:
    """Read a recurrent layer, or one direction of a bidirectional one."""
    settings.one_of("activation", ("tanh",), "tanh")
    if cell != "SimpleRNN":
        # Keras 2 before TensorFlow 2 had another default, and always writes it down.
        settings.one_of("recurrent_activation", ("sigmoid",), "sigmoid")
    settings.one_of("go_backwards", (backward,), None if backward else False)
    settings.one_of("time_major", (False,), False)
    settings.one_of("stateful", (False,), False)
    settings.one_of("return_state", (False,), False)
    return Recurrent(
        name,
        cell,
        units=settings.count("units"),
        bidirectional=bidirectional,
        sequences=settings.one_of("return_sequences", (False, True), False),
        use_bias=settings.one_of("use_bias", (True, False), True),
        # A GRU without this setting is older than it.
        reset_after=cell == "GRU" and settings.one_of("reset_after", (False, True), False),
    )


def _bidirectional(
    name: str, label: str, settings: Settings, problems: list[str]
) -> Recurrent | None:
    """Read both directions, which must be alike; the backward one may be left unsaid."""
    settings.one_of("merge_mode", ("concat",), "concat")
    both: list[Recurrent] = []
    for setting in ("layer", "backward_layer"):
        entry = settings.get(setting)
        if entry is None and both:
            continue
        kind, _, inner = _labelled(entry) if isinstance(entry, dict) else ("", "", "")
        if kind not in get_args(Cell) or not _is_of_keras(entry):
            problems.append(f"{label} of {inner or 'nothing'}")
            return None
        own = Settings(f"{label}, {setting}", entry.get("config"), problems)
        backward = setting == "backward_layer"
        both.append(_recurrent(name, cast(Cell, kind), own, bidirectional=True, backward=backward))
        _input_length(own)
        own.finish()
    if both[-1] != both[0]:
        problems.append(f"{label}: both directions must be alike")
    return both[0]


def _input_length(settings: Settings) -> int | None:
    """Return the number of ids that a layer says it takes, from any of the names for that.

    A shape with a batch size is that of the first batch that Keras 3 saw, and binds nobody.
    """
    shape = settings.get("batch_shape") or settings.get("batch_input_shape")
    length = settings.get("input_length")
    if isinstance(shape, list) and len(shape) == 2 and shape[0] is None and length is None:
        length = shape[1]
    return length if type(length) is int else None


def _labelled(entry: dict[str, Any]) -> tuple[str, str, str]:
    """Return a layer's class, its name, and both as an error message has them."""
    kind, config = entry.get("class_name"), entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return str(kind), plain(name), f"layer {plain(name)} ({plain(kind)})"


def _is_of_keras(entry: dict[str, Any]) -> bool:
    """Tell whether a class is Keras's own, not one of the same name registered by somebody."""
    kind, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    return registered in (None, kind) and (
        module is None or (isinstance(module, str) and module.split(".")[0] in _OWN_MODULES)
    )


def _in_order(found: list[Layer | _Activation], file: str) -> tuple[Layer, ...]:
    """Check that the layers run from ids over states to one unit; join activations to them."""
    layers: list[Layer] = []
    for layer in found:
        if not isinstance(layer, _Activation):
            layers.append(layer)
            continue
        before = layers[-1] if layers else None
        if layer.function == "linear":
            continue
        if not isinstance(before, Dense) or before.activation != "linear":
            raise ModelFileError(
                f"{file}: cannot be carried over exactly: layer {layer.name} (Activation): must "
                "stand behind a dense layer that has no activation"
            )
        layers[-1] = dataclasses.replace(before, activation=cast(Any, layer.function))
    kinds = "".join(type(layer).__name__[0] for layer in layers)
    if kinds != "E" + "R" * kinds.count("R") + "D" * kinds.count("D") or "RD" not in kinds:
        names = ", ".join(type(layer).__name__.lower() for layer in layers) or "none"
        raise ModelFileError(
            f"{file}: layers must be one embedding, recurrent ones, dense ones; found {names}"
        )
    recurrent = [layer for layer in layers if isinstance(layer, Recurrent)]
    wrong = [layer.name for layer in recurrent if layer.sequences != (layer is not recurrent[-1])]
    if wrong:
        raise ModelFileError(
            f"{file}: every recurrent layer but the last must return sequences; see "
            f"{', '.join(wrong)}"
        )
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    inner = [layer.name for layer in dense[:-1] if layer.activation == "sigmoid"]
    if inner:
        raise ModelFileError(
            f"{file}: cannot be carried over exactly: layer {inner[0]} (Dense): "
            "activation='sigmoid', must be 'linear' or 'relu' but in the last layer"
        )
    if dense[-1].units != 1 or dense[-1].activation == "relu":
        raise ModelFileError(
            f"{file}: the last layer must be one unit, a logit or a sigmoid; {dense[-1].name} has "
            f"{dense[-1].units} with activation {dense[-1].activation!r}"
        )
    return tuple(layers)
