"""Networks handed to the C engine as a reader would have made them of a file."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from network_structures import (
    BYTES,
    CELL_NAMES,
    FLOATS,
    FUNCTIONS,
    HEADS,
    KINDS,
    MERGES,
    NETWORK,
    PADDINGS,
    PARTS,
)

from edgernn.engine import Library, Model
from edgernn.ngrams import CHECKS, HASHES
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    Layer,
    MaxPool,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
)
from exporters.ngram_table import hash_matrix


def open_network(library: Library, network: Network, level: str = "auto", **more: Any) -> Model:
    """Open a network in a library that has `edgernn_test_open`."""
    assert library.functions.edgernn_test_network_size() == ctypes.sizeof(NETWORK)
    made = as_c(network)
    return library.open_with(
        lambda *arguments: int(library.functions.edgernn_test_open(ctypes.byref(made), *arguments)),
        level,
        **more,
    )


def blocks(allowed: int) -> Callable[[int], bytearray | None]:
    """An allocator that gives so many blocks and no more."""
    left = allowed

    def allocate(count: int) -> bytearray | None:
        nonlocal left
        left -= 1
        return bytearray(count) if left >= 0 else None

    return allocate


def as_c(network: Network) -> Any:
    """Return a network as the engine has it; it holds the weights that it points to."""
    made: Any = NETWORK()
    made.count = len(network.layers)
    features = 0
    for at, layer in enumerate(network.layers):
        name, _ = KINDS[type(layer)]
        made.layers[at].kind = list(KINDS).index(type(layer))
        features = _fill(getattr(made.layers[at].layer, name), layer, features)
    if network.ngrams is not None:
        _fill_ngrams(made.ngrams, network.ngrams)
        if isinstance(network.ngrams, NgramVectors):
            # Nobody else has it: the structure itself holds what it points to.
            made.held = kernel = np.ascontiguousarray(network.ngrams.scaled_kernel, np.float32)
            made.ngrams.kernel = _floats(kernel)
    made.head = HEADS.index(network.head)
    made.outputs = network.outputs
    return made


def _floats(weights: Any) -> Any:
    array = np.ascontiguousarray(weights, np.float32)
    # A pointer made by `data_as` holds its array.
    return array.ctypes.data_as(FLOATS)


def _fill(to: Any, layer: Layer, features: int) -> int:
    """Fill a layer's structure; return the features that it gives."""
    match layer:
        case Embedding():
            to.ids, to.units = layer.table.shape
            to.table = _floats(layer.table)
            return int(to.units)
        case Recurrent():
            to.cell = CELL_NAMES.index(layer.cell)
            to.inputs, to.units = len(layer.forward.kernel), layer.units
            to.sequences, to.reset_after = layer.sequences, layer.reset_after
            to.has_forward, to.has_backward = True, layer.backward is not None
            for name, direction in zip(("forward", "backward"), layer.directions, strict=False):
                _fill_direction(getattr(to, name), direction)
            to.merge = MERGES.index(layer.merge)
            to.activation = FUNCTIONS.index(layer.activation)
            to.gates = FUNCTIONS.index(layer.gates)
            return layer.outputs
        case Dense():
            to.inputs, to.units = layer.kernel.shape
            to.kernel, to.bias = _floats(layer.kernel), _floats(layer.bias)
            to.activation = FUNCTIONS.index(layer.activation)
            return int(to.units)
        case Activation():
            to.function, to.slope = FUNCTIONS.index(layer.function), layer.slope
        case Scale():
            to.features = features
            to.scale, to.shift = _floats(layer.scale), _floats(layer.shift)
        case Conv():
            to.width, to.inputs, to.filters = layer.kernel.shape
            to.stride, to.dilation = layer.stride, layer.dilation
            to.padding = PADDINGS.index(layer.padding)
            to.kernel, to.bias = _floats(layer.kernel), _floats(layer.bias)
            return int(to.filters)
        case MaxPool():
            to.size, to.stride, to.padding = layer.size, layer.stride, PADDINGS.index(layer.padding)
        case Pool():
            to.count = len(layer.of)
            for at, part in enumerate(layer.of):
                to.of[at] = PARTS.index(part)
            to.padded_length = layer.padded_length or 0
            return features * len(layer.of)
    return features


def _fill_direction(to: Any, direction: Direction) -> None:
    to.kernel = _floats(direction.kernel)
    to.recurrent_kernel = _floats(direction.recurrent_kernel)
    bias, *more = np.atleast_2d(direction.bias)
    to.bias = _floats(bias)
    if more:
        to.more = _floats(more[0])


def _fill_ngrams(to: Any, ngrams: Ngrams | NgramVectors) -> None:
    to.longest, to.buckets, to.checks = ngrams.longest, ngrams.buckets, CHECKS
    to.units = 1
    if isinstance(ngrams, NgramVectors):
        to.units = ngrams.table.shape[1]
    to.table = _floats(ngrams.table)
    checks = np.ascontiguousarray(ngrams.checks, np.int8)
    to.check_table = checks.ctypes.data_as(BYTES)
    hash = HASHES[ngrams.hash]
    to.factor, to.modulus = (hash.factor, hash.modulus) if hash.modulus else (0, 0)
    for hashes, of_checks in ((to.bucket_hash, False), (to.check_hash, True)):
        matrix, offsets = hash_matrix(hash, ngrams.longest, checks=of_checks)
        for at in range(ngrams.longest):
            hashes[at].offset = int(offsets[at])
            hashes[at].multipliers[: ngrams.longest] = [int(each) for each in matrix[:, at]]
