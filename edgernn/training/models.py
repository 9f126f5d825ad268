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

from edgernn.training.batches import pad, plan_validation
from edgernn.training.recipe import Dense, Dropout, Embedding, Layer, Recipe, Recurrent

__all__ = ["build", "logits", "probabilities", "summary"]

_BATCH = 128


def build(recipe: Recipe, vocabulary_size: int) -> Any:
    """Build the Keras model of a recipe.

    Args:
        recipe: its `layers` are used.
        vocabulary_size: number of ids, padding included.

    Returns:
        An uncompiled `keras.Sequential`: int32 ids [batch, time], zero-padded at the end, to
        float32 logits [batch, 1].
    """
    import keras

    layers = [_layer(keras.layers, layer, vocabulary_size) for layer in recipe.layers]
    model = keras.Sequential(
        [keras.Input((None,), dtype="int32", name="ids"), *layers],
        name=recipe.name.replace("-", "_"),
    )
    return model


def summary(model: Any) -> str:
    """Return Keras's table of a model's layers, shapes and parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, line_break=True: lines.append(line), line_length=100)
    return "".join(f"{line}\n" for line in lines)


def logits(model: Any, ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    """Return the model's logit of each encoded text, float32 [texts], in the order given."""
    found = np.zeros(len(ids), np.float32)
    lengths = np.array([len(text) for text in ids])
    for batch in plan_validation(lengths, _BATCH):
        for part in [batch] if model.layers[0].mask_zero else _of_one_length(batch, lengths):
            found[part] = model.predict_on_batch(pad([ids[i] for i in part]))[:, 0]
    return found


def probabilities(model: Any, ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    """Return the model's probability of the positive class for each text, float32 [texts]."""
    return (1 / (1 + np.exp(-logits(model, ids)))).astype(np.float32)


def _of_one_length(
    batch: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.int64]]:
    """Split a batch that is sorted by length."""
    return np.split(batch, np.flatnonzero(np.diff(lengths[batch])) + 1)


def _layer(layers: Any, layer: Layer, vocabulary_size: int) -> Any:
    match layer:
        case Embedding():
            return layers.Embedding(vocabulary_size, layer.units, mask_zero=layer.masked)
        case Recurrent():
            cell = getattr(layers, layer.cell)(
                layer.units, return_sequences=layer.sequences, dropout=layer.input_dropout
            )
            return layers.Bidirectional(cell) if layer.bidirectional else cell
        case Dense():
            return layers.Dense(layer.units, activation=layer.activation)
        case Dropout():
            return layers.Dropout(layer.rate)
        case _:
            assert_never(layer)
