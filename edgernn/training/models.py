"""From a recipe's layers to a Keras model.

Padding never reaches a state: a masked embedding hides id 0 and every recurrent layer skips masked
steps, so that a text's logit is the same alone, in a batch of longer ones and with padding behind
it. Batches are padded at the end, which lets the GPU use cuDNN's kernels with the mask. A model
without a mask, as most tutorials train, is given texts of one length a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import plan_validation
from edgernn.ngrams import check_ngrams
from edgernn.privacy import import_quietly
from edgernn.recipes.recipe import Dense, Dropout, Embedding, Layer, Pool, Recipe, Recurrent
from edgernn.text.padding import pad
from edgernn.training.layers import custom_layers, recurrent_layer

__all__ = [
    "LOGIT",
    "NGRAMS",
    "build",
    "deep_layers",
    "embedding_of",
    "logits",
    "probabilities",
    "summary",
]

NGRAMS = "ngrams"
"""Name of the layer that a recipe's n-grams become."""
LOGIT = "logit"
"""Name of the layer that adds the n-grams' sum to the other layers' logit."""

_BATCH = 128


def build(recipe: Recipe, vocabulary_size: int) -> Any:
    """Build the Keras model of a recipe.

    Args:
        recipe: its `layers` and `ngrams` are used.
        vocabulary_size: number of ids, padding included.

    Returns:
        An uncompiled Keras model: int32 ids [batch, time], zero-padded at the end, to float32
        logits [batch, 1]. It is a `keras.Sequential`, or where the recipe has n-grams a functional
        `keras.Model` of the same layers (`deep_layers`), and `NGRAMS` beside them.

    Raises:
        UsageError: the vocabulary is too large for n-grams to be hashed.
    """
    keras = import_quietly("keras")

    name = recipe.name.replace("-", "_")
    ids = keras.Input((None,), dtype="int32", name="ids")
    if recipe.ngrams is None:
        layers = [_layer(keras.layers, layer, vocabulary_size) for layer in recipe.layers]
        return keras.Sequential([ids, *layers], name=name)
    check_ngrams(recipe.ngrams.buckets, recipe.ngrams.longest, vocabulary_size)
    deep: Any = ids
    for number, layer in enumerate(recipe.layers, start=1):
        # Keras would count on from one model to the next.
        own = f"{type(layer).__name__.lower()}_{number}"
        deep = _layer(keras.layers, layer, vocabulary_size, own)(deep)
    hashed = custom_layers().hashed_ngrams
    wide = hashed(recipe.ngrams.buckets, recipe.ngrams.longest, name=NGRAMS)(ids)
    return keras.Model(ids, keras.layers.Add(name=LOGIT)([deep, wide]), name=name)


def deep_layers(model: Any) -> list[Any]:
    """Return the layers that a recipe's `layers` became, in that order."""
    beside = (NGRAMS, LOGIT)
    return [
        layer
        for layer in model.layers
        if layer.name not in beside and type(layer).__name__ != "InputLayer"
    ]


def embedding_of(model: Any) -> Any:
    """Return a model's embedding, the first of its layers that is one.

    Raises:
        ValueError: it has none.
    """
    for layer in model.layers:
        if type(layer).__name__ == "Embedding":
            return layer
    raise ValueError("a model without an embedding")


def summary(model: Any) -> str:
    """Return Keras's table of a model's layers, shapes and parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, line_break=True: lines.append(line), line_length=80)
    return "".join(f"{line}\n" for line in lines)


def logits(model: Any, ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    """Return the model's logit of each encoded text, float32 [texts], in the order given."""
    is_masked = embedding_of(model).mask_zero
    found = np.zeros(len(ids), np.float32)
    lengths = np.array([len(text) for text in ids])
    for batch in plan_validation(lengths, _BATCH):
        for part in [batch] if is_masked else _of_one_length(batch, lengths):
            padded, _ = pad([ids[i] for i in part])
            found[part] = model.predict_on_batch(padded)[:, 0]
    return found


def probabilities(model: Any, ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    """Return the model's probability of the positive class for each text, float32 [texts]."""
    return (1 / (1 + np.exp(-logits(model, ids)))).astype(np.float32)


def _of_one_length(
    batch: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.int64]]:
    """Split a batch that is sorted by length."""
    return np.split(batch, np.flatnonzero(np.diff(lengths[batch])) + 1)


def _layer(layers: Any, layer: Layer, vocabulary_size: int, name: str | None = None) -> Any:
    match layer:
        case Embedding():
            return layers.Embedding(vocabulary_size, layer.units, mask_zero=layer.masked, name=name)
        case Recurrent():
            one = None if layer.bidirectional else name
            cell = recurrent_layer(layer.cell)(
                layer.units,
                return_sequences=layer.sequences,
                dropout=layer.input_dropout,
                name=one,
            )
            return layers.Bidirectional(cell, name=name) if layer.bidirectional else cell
        case Dense():
            return layers.Dense(layer.units, activation=layer.activation, name=name)
        case Dropout():
            return layers.Dropout(layer.rate, name=name)
        case Pool():
            return custom_layers().max_mean_pooling(name=name)
        case _:
            assert_never(layer)
