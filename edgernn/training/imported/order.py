"""In which order layers must stand: from ids over states to one unit, or one for each label."""

from __future__ import annotations

import dataclasses
import re

from edgernn.cells import CELLS
from edgernn.errors import ModelFileError
from edgernn.training.imported.layers import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Layer,
    MaxPool,
    Norm,
    Pool,
    Recurrent,
)

__all__ = ["check_masks", "check_order", "join_activations"]

_LETTERS: dict[type[Layer], str] = {
    **{Embedding: "E", Recurrent: "R", Pool: "P", Dense: "D"},
    **{Conv: "C", MaxPool: "M", Norm: "N", Activation: "A"},
}
_NAMES: dict[type[Layer], str] = {
    **{Pool: "pooling", Conv: "convolution", MaxPool: "max pooling"},
    **{Norm: "batch normalization"},
}

_ENDS_OF_LABELS = ("linear", "softmax", "sigmoid")
_MOST_LABELS = 1024


def join_activations(layers: list[Layer], file: str) -> list[tuple[Layer, Layer]]:
    """Make activations part of the dense layer before them, where they are.

    Returns:
        Each layer with the one that it was made of.

    Raises:
        ModelFileError: a softmax that is not at the end.
    """
    found: list[tuple[Layer, Layer]] = []
    for layer in layers:
        if isinstance(layer, Activation):
            before = found[-1][0] if found else None
            if layer.function == "linear":
                continue
            joins = isinstance(before, Dense) and before.activation == "linear"
            if joins and layer.function != "leaky_relu":
                assert isinstance(before, Dense)
                joined = dataclasses.replace(before, activation=layer.function)
                found[-1] = (joined, found[-1][1])
                continue
            if layer.function == "softmax":
                raise ModelFileError(
                    f"{file}: cannot be carried over exactly: layer {layer.name}: a softmax must "
                    "be at the end, after a dense layer that has no activation"
                )
        found.append((layer, layer))
    return found


def check_order(layers: list[Layer], file: str) -> None:
    """Check that layers run from ids over states to the last units.

    Raises:
        ModelFileError: they do not; the message says which.
    """
    kinds = "".join(_LETTERS[type(layer)] for layer in layers)
    if not re.fullmatch("E[CMNA]*R[CMNAR]*(P[NA]*)?D[DNA]*", kinds):
        names = [_NAMES.get(type(layer), type(layer).__name__.lower()) for layer in layers]
        *others, last = CELLS
        known = f"{', '.join(others)} or {last}"
        missing = "" if "R" in kinds else f", and no {known}, which a model must have"
        raise ModelFileError(
            f"{file}: layers must be one embedding, recurrent ones, dense ones; found "
            f"{', '.join(names) or 'none'}{missing}"
        )
    recurrent = [layer for layer in layers if isinstance(layer, Recurrent)]
    pooled = "P" in kinds
    wrong = [
        layer.name
        for layer in recurrent
        if layer.sequences != (pooled or layer is not recurrent[-1])
    ]
    if wrong:
        which = "before a pooling" if pooled else "but the last"
        raise ModelFileError(
            f"{file}: every recurrent layer {which} must return sequences; see {', '.join(wrong)}"
        )
    steps = kinds.rindex("P" if pooled else "R")
    if not pooled and re.search("[CM]", kinds[steps:]):
        raise ModelFileError(f"{file}: a convolution must come before the last recurrent layer")
    for place, layer in enumerate(layers):
        if isinstance(layer, Norm) and layer.axis not in (-1, 2 if place < steps else 1):
            raise ModelFileError(
                f"{file}: cannot be carried over exactly: layer {layer.name} "
                f"(BatchNormalization): axis={layer.axis}, must be the last one, -1"
            )
    _check_end(layers, file)


def _check_end(layers: list[Layer], file: str) -> None:
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    inner = [layer.name for layer in dense[:-1] if layer.activation == "softmax"]
    if inner:
        raise ModelFileError(
            f"{file}: cannot be carried over exactly: layer {inner[0]} (Dense): "
            "activation='softmax', which only the last layer may have"
        )
    last = layers[-1]
    ends = ("linear", "sigmoid") if getattr(last, "units", 1) == 1 else _ENDS_OF_LABELS
    if isinstance(last, Dense) and last.activation in ends and last.units <= _MOST_LABELS:
        return
    if not isinstance(last, Dense):
        raise ModelFileError(
            f"{file}: cannot be carried over exactly: layer {last.name} "
            f"({type(last).__name__.lower()}): must come after a dense layer without an "
            "activation, or not at the end"
        )
    raise ModelFileError(
        f"{file}: the last layer must be one unit, a logit or a sigmoid, or 2 to {_MOST_LABELS:,} "
        f"units, logits, a softmax or sigmoids; {last.name} has {last.units:,} with activation "
        f"{last.activation!r}"
    )


def check_masks(layers: list[Layer], file: str) -> tuple[tuple[Layer, ...], bool]:
    """Follow the embedding's mask through the layers.

    Conv1D and MaxPooling1D drop a mask without an error, in Keras 2 and 3: the layers behind them
    read padding.

    Returns:
        The layers, the embedding with `mask_zero` as it takes effect, and that.

    Raises:
        ModelFileError: some layers would see the mask, and others read the padding.
    """
    first = layers[0]
    assert isinstance(first, Embedding)
    alive = masked = first.mask_zero
    read = False
    for layer in layers:
        if isinstance(layer, Conv | MaxPool) and alive:
            if read:
                raise ModelFileError(
                    f"{file}: cannot be carried over exactly: layer {layer.name} drops the mask "
                    "of the embedding behind a recurrent layer that has it, and reads padding: "
                    "mask_zero=False and a new training can be carried over"
                )
            alive = masked = False
        read = read or isinstance(layer, Recurrent | Pool)
    layers = [dataclasses.replace(first, mask_zero=masked), *layers[1:]]
    if masked:
        _check_pooled_padding(layers, file)
    return tuple(layers), masked


def _check_pooled_padding(layers: list[Layer], file: str) -> None:
    """Check that masked steps are zeros, or as others, where the largest value is taken."""
    place = next((i for i, x in enumerate(layers) if isinstance(x, Pool) and x.of == "max"), None)
    if place is None:
        return
    before = place - 1
    while not isinstance(layers[before], Recurrent):
        layer = layers[before]
        if isinstance(layer, Norm) or (
            isinstance(layer, Activation) and layer.function == "sigmoid"
        ):
            raise ModelFileError(
                f"{file}: cannot be carried over exactly: layer {layer.name} stands between a "
                "masked recurrent layer and GlobalMaxPooling1D, which knows no mask and reads what "
                "the layer makes of padding: mask_zero=False, or the layer behind the pooling, "
                "and a new training can be carried over"
            )
        before -= 1
