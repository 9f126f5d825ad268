"""Networks with random weights, of every kind of layer that the engine has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.cells import CELLS
from edgernn.ngrams import FLOAT32, NO_CHECK, NgramHash, ngram_buckets, ngram_checks, preceding
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    Function,
    Layer,
    MaxPool,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
)

VOCABULARY = 60


class Weights:
    """Draws weights; layers are given the number of features that they read."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def normal(self, *shape: int, scale: float = 1.0) -> npt.NDArray[np.float32]:
        """Return float32 of a normal distribution."""
        return self._rng.normal(0, scale, shape).astype(np.float32)

    def ids(self, length: int, vocabulary: int = VOCABULARY) -> npt.NDArray[np.int32]:
        """Return the ids of a text."""
        return self._rng.integers(0, vocabulary, length, dtype=np.int32)

    def embedding(self, units: int = 12, ids: int = VOCABULARY) -> Embedding:
        """Return vectors for `ids` ids."""
        return Embedding(self.normal(ids, units))

    def direction(self, cell: str, inputs: int, units: int, reset_after: bool = False) -> Direction:
        """Return the weights of one direction, that keep states away from -1 and 1."""
        width = len(CELLS[cell].gates) * units
        return Direction(
            self.normal(inputs, width, scale=inputs**-0.5),
            self.normal(units, width, scale=units**-0.5),
            self.normal(*((2, width) if reset_after else (width,)), scale=0.5),
        )

    def recurrent(
        self,
        cell: str,
        inputs: int,
        units: int,
        *,
        both: bool = False,
        sequences: bool = False,
        reset_after: bool = False,
        **more: Any,
    ) -> Recurrent:
        """Return a recurrent layer; `more` is what else it has."""
        directions = [self.direction(cell, inputs, units, reset_after) for _ in range(1 + both)]
        return Recurrent(
            cell, units, sequences, directions[0], directions[1] if both else None, **more
        )

    def dense(self, inputs: int, units: int = 1, activation: Function = "linear") -> Dense:
        """Return a dense layer."""
        scale = 2 * inputs**-0.5
        return Dense(self.normal(inputs, units, scale=scale), self.normal(units), activation)

    def conv(self, inputs: int, filters: int, width: int = 3, **more: Any) -> Conv:
        """Return a convolution; `more` is what else it has."""
        kernel = self.normal(width, inputs, filters, scale=(width * inputs) ** -0.5)
        return Conv(kernel, self.normal(filters), **more)

    def ngrams(
        self, texts: list[npt.NDArray[np.int32]], longest: int = 3, hash: NgramHash = FLOAT32
    ) -> Ngrams:
        """A table that holds n-grams of every second text, in far fewer buckets than there are."""
        buckets = 1009
        table, checks = np.zeros(buckets, np.float32), np.full(buckets, NO_CHECK, np.int8)
        for ids in texts[::2]:
            before = preceding(ids, longest)
            places = ngram_buckets(before, buckets, hash)
            table[places] = self.normal(*places.shape)
            checks[places] = ngram_checks(before, hash)
        return Ngrams(table, checks, longest, hash.name)

    def vectors(self, ngrams: Ngrams, units: int, outputs: int) -> NgramVectors:
        """A vector for each bucket of a table, and a kernel."""
        table = self.normal(ngrams.buckets, units)
        kernel = self.normal(units, outputs)
        return NgramVectors(table, ngrams.checks, ngrams.longest, ngrams.hash, kernel=kernel)


def cell_networks() -> Iterator[tuple[str, Network]]:
    """Each cell in each form of a recurrent layer, by name."""
    weights = Weights(1)
    for cell in CELLS:
        for reset_after in (False, True) if CELLS[cell].has_reset_after else (False,):
            more: dict[str, Any] = {"reset_after": reset_after}
            name = f"{cell}{', reset after' if reset_after else ''}"
            for units in (1, 5, 16, 33):
                layer = weights.recurrent(cell, 12, units, both=units == 5, **more)
                yield f"{name}, {units}", _ended(weights, layer)
            for activation, gates in (("relu", "sigmoid"), ("sigmoid", "hard_sigmoid")):
                odd = {"activation": activation, "gates": gates}
                layer = weights.recurrent(cell, 12, 6, both=True, **more, **odd)
                yield f"{name}, {activation}", _ended(weights, layer)
            stack = (
                weights.recurrent(cell, 12, 20, both=True, sequences=True, **more),
                weights.recurrent(cell, 40, 9, sequences=True, **more),
                weights.recurrent(cell, 9, 7, both=True, **more),
            )
            yield f"{name}, stacked", _ended(weights, *stack)
            for merge in ("sum", "ave", "mul"):
                layers = (
                    weights.recurrent(cell, 12, 6, both=True, sequences=True, merge=merge, **more),
                    weights.recurrent(cell, 6, 10, both=True, merge=merge, **more),
                )
                yield f"{name}, {merge}", _ended(weights, *layers)
            pooled = weights.recurrent(cell, 12, 11, both=True, sequences=True, **more)
            yield f"{name}, pooled", _ended(weights, pooled, Pool())


def other_networks() -> Iterator[tuple[str, Network]]:
    """Every other kind of layer, by name."""
    weights = Weights(2)
    for function in ("relu", "tanh", "sigmoid", "leaky_relu", "relu6", "elu", "selu", "silu"):
        yield function, _of_function(weights, function)  # type: ignore[arg-type]
    yield "softsign", _of_function(weights, "softsign")
    for padding in ("valid", "same", "causal"):
        for dilation in (1, 2):
            conv = weights.conv(12, 10, padding=padding, dilation=dilation)
            last = weights.recurrent("LSTM", 10, 6)
            yield f"conv, {padding}, {dilation}", _ended(weights, conv, last)
    strided = weights.conv(12, 9, 2, padding="valid", stride=2)
    for size, stride, padding in ((2, 2, "valid"), (3, 1, "valid"), (3, 3, "same")):
        pool = MaxPool(size, stride, padding)  # type: ignore[arg-type]
        ends = weights.recurrent("GRU", 9, 8, both=True)
        yield f"max pool, {size}, {stride}, {padding}", _ended(weights, strided, pool, ends)
    for of in (("max",), ("mean",), ("mean", "max"), ("max", "mean")):
        for padded in (None, 20):
            pool = Pool(of, padded)  # type: ignore[arg-type]
            yield f"pool of embeddings, {of}, {padded}", _ended(weights, pool)
            inner = weights.recurrent("LSTM", 12, 9, sequences=True)
            yield f"pool of states, {of}, {padded}", _ended(weights, inner, pool)
    summed = weights.recurrent("SimpleRNN", 12, 9, both=True, sequences=True, merge="sum")
    yield "pool of merged states", _ended(weights, summed, Pool())
    second = (weights.recurrent("GRU", 12, 7, sequences=True), weights.dense(7, 13, "relu"))
    scale = Scale(weights.normal(13), weights.normal(13))
    yield "dense on steps", _ended(weights, *second, scale, Pool())
    yield "softmax", _ended(weights, Pool(), outputs=5, head="softmax")
    yield "many sigmoids", _ended(weights, Pool(), outputs=19)


def _ended(weights: Weights, *layers: Layer, outputs: int = 1, **more: Any) -> Network:
    """Layers between an embedding and a dense layer."""
    features = 12
    for layer in layers:
        match layer:
            case Recurrent():
                features = layer.outputs
            case Dense():
                features = len(layer.bias)
            case Conv():
                features = len(layer.bias)
            case Pool():
                features *= len(layer.of)
    last = weights.dense(features, outputs)
    return Network((weights.embedding(), *layers, last), **more)


def _of_function(weights: Weights, function: Function) -> Network:
    """A function as a layer and as part of one; numbers reach what is far from zero."""
    inner = weights.recurrent("LSTM", 12, 8)
    factors = Scale(weights.normal(8, scale=6), weights.normal(8, scale=3))
    slope = 0.3 if function == "leaky_relu" else 0.0
    layers = (inner, factors, Activation(function, slope), weights.dense(8, 7, function))
    return _ended(weights, *layers)
