"""Scales, which batch normalizations are once trained, folded into the layers beside them.

A scale moves into the layer before it where that one is linear, otherwise towards the next one that
multiplies. What a file computes is the same, with fewer operators; where there is no such way, the
scale stays an operator of its own. Products are made in float64 and rounded once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    Layer,
    MaxPool,
    Pool,
    Recurrent,
    Scale,
    Weights,
)

__all__ = ["fold"]

_Wide = npt.NDArray[np.float64]


def fold(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return layers that compute the same, with as few scales and activations as there may be."""
    found = list(layers)
    while True:
        for place, (first, second) in enumerate(pairwise(found)):
            together = _joined(first, second)
            if together is not None:
                found[place : place + 2] = together
                break
        else:
            return tuple(found)


def _joined(first: Layer, second: Layer) -> list[Layer] | None:
    """Return two layers as one, or with the scale behind the other; None where neither goes."""
    match first, second:
        case Embedding(), Scale():
            return [Embedding(_single(first.table * _wide(second.scale) + second.shift))]
        case ((Dense(activation="linear") | Conv()), Scale()):
            kernel = _single(first.kernel * _wide(second.scale))
            bias = _single(first.bias * _wide(second.scale) + second.shift)
            return [dataclasses.replace(first, kernel=kernel, bias=bias)]
        case Dense(activation="linear"), Activation(function=function) if function != "leaky_relu":
            return [dataclasses.replace(first, activation=function)]
        case Scale(), Dense():
            kernel, bias = _fed(second.kernel, second.bias, first)
            return [dataclasses.replace(second, kernel=kernel, bias=bias)]
        case Scale(), Conv(padding="valid"):
            kernel, bias = _fed(second.kernel, second.bias, first)
            return [dataclasses.replace(second, kernel=kernel, bias=bias)]
        case Scale(), Recurrent():
            backward = None if second.backward is None else _scaled(second.backward, first)
            forward = _scaled(second.forward, first)
            return [dataclasses.replace(second, forward=forward, backward=backward)]
        case Scale(), MaxPool() if (first.scale >= 0).all():
            return [second, first]
        case Scale(), Pool(padded_length=None) if second.of == ("mean",) or (
            (first.scale >= 0).all()
        ):
            repeated = [np.tile(array, len(second.of)) for array in (first.scale, first.shift)]
            return [second, Scale(*repeated)]
    return None


def _fed(kernel: Weights, bias: Weights, scale: Scale) -> tuple[Weights, Weights]:
    """Return kernel [..., inputs, outputs] and bias [outputs] for unscaled inputs."""
    wide = _wide(kernel)
    added = (_wide(scale.shift) @ wide).reshape(-1, kernel.shape[-1]).sum(axis=0)
    return _single(wide * _wide(scale.scale)[:, None]), _single(bias + added)


def _scaled(direction: Direction, scale: Scale) -> Direction:
    bias = direction.bias
    kernel, first = _fed(direction.kernel, bias if bias.ndim == 1 else bias[0], scale)
    moved = first if bias.ndim == 1 else np.stack([first, bias[1]])
    return Direction(kernel, direction.recurrent_kernel, moved)


def _wide(values: Weights) -> _Wide:
    return values.astype(np.float64)


def _single(values: _Wide) -> Weights:
    return values.astype(np.float32)
