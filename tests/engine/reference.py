"""Networks computed in float64 by numpy, a text at a time, as plainly as can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.ngrams import HASHES, ngram_buckets, ngram_checks, preceding
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    MaxPool,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
)

Numbers = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int32]


def probabilities(network: Network, ids: Ids) -> Numbers:
    """Return the probabilities of one text: float64 [outputs]."""
    state: Any = ids
    for layer in network.layers:
        match layer:
            case Embedding():
                state = layer.table.astype(np.float64)[ids]
            case Recurrent():
                state = _recurrent(layer, state)
            case Dense():
                state = apply(layer.activation, state @ layer.kernel + layer.bias)
            case Activation():
                state = apply(layer.function, state, layer.slope)
            case Scale():
                state = state * layer.scale + layer.shift
            case Conv():
                state = _conv(layer, state)
            case MaxPool():
                state = _max_pool(layer, state)
            case Pool():
                state = _pool(layer, state)
    if network.ngrams is not None:
        state = state + _ngrams(network.ngrams, ids)
    if network.head == "softmax":
        powers = np.exp(state - state.max())
        return powers / powers.sum()
    return sigmoid(state)


def sigmoid(x: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-x))


def apply(function: str, x: Numbers, slope: float = 0.0) -> Numbers:
    """Return a function of each number, under Keras's names."""
    below = np.minimum(x, 0)
    match function:
        case "linear":
            return x
        case "relu":
            return np.maximum(x, 0)
        case "tanh":
            return np.tanh(x)
        case "sigmoid":
            return sigmoid(x)
        case "hard_sigmoid":
            return np.clip(x / 6 + 0.5, 0, 1)
        case "leaky_relu":
            return np.where(x > 0, x, slope * x)
        case "relu6":
            return np.clip(x, 0, 6)
        case "elu":
            return np.where(x > 0, x, np.expm1(below))
        case "selu":
            alpha, scale = 1.6732632423543772, 1.0507009873554805
            return scale * np.where(x > 0, x, alpha * np.expm1(below))
        case "silu":
            return x * sigmoid(x)
        case "softsign":
            return x / (1 + abs(x))
    raise ValueError(function)


def _recurrent(layer: Recurrent, steps: Numbers) -> Numbers:
    found = [_direction(layer, layer.forward, steps)]
    if layer.backward is not None:
        # Aligned with the steps read: the last state is the first step's.
        found.append(_direction(layer, layer.backward, steps[::-1])[::-1])
    if not layer.sequences:
        found = [states[-1 if place == 0 else 0] for place, states in enumerate(found)]
    if layer.backward is None:
        return found[0]
    one, other = found
    match layer.merge:
        case "concat":
            return np.concatenate(found, axis=-1)
        case "sum":
            return one + other
        case "ave":
            return (one + other) / 2
        case "mul":
            return one * other


def _direction(layer: Recurrent, direction: Direction, steps: Numbers) -> Numbers:
    units = layer.units
    bias, *more = np.atleast_2d(direction.bias)
    recurrent_bias = more[0] if more else np.zeros_like(bias)
    recurrent_kernel = direction.recurrent_kernel.astype(np.float64)
    state, cell = np.zeros(units), np.zeros(units)
    found = []
    for step in steps:
        inputs = step @ direction.kernel + bias
        product = state @ recurrent_kernel + recurrent_bias
        match layer.cell:
            case "SimpleRNN":
                state = apply(layer.activation, inputs + product)
            case "LSTM":
                i, f, g, o = np.split(inputs + product, 4)
                fresh = apply(layer.gates, i) * apply(layer.activation, g)
                cell = apply(layer.gates, f) * cell + fresh
                state = apply(layer.gates, o) * apply(layer.activation, cell)
            case "GRU":
                z, r, c = np.split(inputs, 3)
                zh, rh, ch = np.split(product, 3)
                update, reset = apply(layer.gates, z + zh), apply(layer.gates, r + rh)
                if layer.reset_after:
                    candidate = c + reset * ch
                else:
                    candidate = c + (reset * state) @ recurrent_kernel[:, 2 * units :]
                state = update * state + (1 - update) * apply(layer.activation, candidate)
        found.append(state)
    return np.array(found)


def _conv(layer: Conv, steps: Numbers) -> Numbers:
    before = {"valid": 0, "same": layer.reach // 2, "causal": layer.reach}[layer.padding]
    after = layer.reach - before if layer.padding == "same" else 0
    padded = np.pad(steps, ((before, after), (0, 0)))
    found = [
        sum(
            padded[start + place * layer.dilation] @ weights
            for place, weights in enumerate(layer.kernel.astype(np.float64))
        )
        for start in range(0, len(padded) - layer.reach, layer.stride)
    ]
    return np.array(found) + layer.bias


def _max_pool(layer: MaxPool, steps: Numbers) -> Numbers:
    last = len(steps) if layer.padding == "same" else len(steps) - layer.size + 1
    starts = range(0, last, layer.stride)
    return np.array([steps[start : start + layer.size].max(axis=0) for start in starts])


def _pool(layer: Pool, steps: Numbers) -> Numbers:
    found = []
    for part in layer.of:
        if part == "mean":
            found.append(steps.mean(axis=0))
        else:
            largest = steps.max(axis=0)
            is_short = layer.padded_length is not None and len(steps) < layer.padded_length
            found.append(np.maximum(largest, 0) if is_short else largest)
    return np.concatenate(found)


def _ngrams(ngrams: Ngrams | NgramVectors, ids: Ids) -> Numbers:
    before = preceding(ids, ngrams.longest)
    hash = HASHES[ngrams.hash]
    buckets = ngram_buckets(before, ngrams.buckets, hash)
    counted = ngrams.checks[buckets] == ngram_checks(before, hash)
    total = ngrams.table.astype(np.float64)[buckets][counted].sum(axis=0)
    if isinstance(ngrams, NgramVectors):
        total = total @ ngrams.kernel.astype(np.float64)
    found: Numbers = total / np.sqrt(ngrams.longest * len(ids))
    return found
