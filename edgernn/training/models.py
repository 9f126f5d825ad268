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
from edgernn.ngrams import HASHES, check_ngrams
from edgernn.privacy import import_quietly
from edgernn.recipes.recipe import (
    Dense,
    Dropout,
    Embedding,
    Layer,
    Ngrams,
    NgramVectors,
    Pool,
    Recipe,
    Recurrent,
)
from edgernn.text import EVEN, TextContract
from edgernn.text.decision import Decision, DecisionRule
from edgernn.text.padding import pad
from edgernn.training.layers import custom_layers, recurrent_layer

__all__ = [
    "LOGIT",
    "NGRAMS",
    "build",
    "deep_layers",
    "embedding_of",
    "labels_of",
    "logits",
    "probabilities",
    "scores_of",
    "summary",
]

NGRAMS = "ngrams"
"""Name of the layer that a recipe's n-grams become."""
LOGIT = "logit"
"""Name of the layer that adds the n-grams' sums to the other layers' logits."""

_BATCH = 128


def build(recipe: Recipe, vocabulary_size: int, labels: int | None = None) -> Any:
    """Build the Keras model of a recipe.

    Args:
        recipe: its `layers` and `ngrams` are used.
        vocabulary_size: number of ids, padding included.
        labels: how many labels have a logit of their own, with the decisions `largest` and `each`;
            None: two labels have one logit between them, with `threshold`.

    Returns:
        An uncompiled Keras model: int32 ids [batch, time], zero-padded at the end, to float32
        logits [batch, 1], or [batch, labels]. It is a `keras.Sequential`, or where the recipe has
        n-grams a functional `keras.Model` of the same layers (`deep_layers`), and `NGRAMS` beside
        them.

    Raises:
        UsageError: the vocabulary is too large for n-grams to be hashed, or the recipe has n-grams
            that know two labels alone.
    """
    keras = import_quietly("keras")

    chain = recipe.layers_for(labels)
    name = recipe.name.replace("-", "_")
    ids = keras.Input((None,), dtype="int32", name="ids")
    if recipe.ngrams is None:
        layers = [_layer(keras.layers, layer, vocabulary_size) for layer in chain]
        return keras.Sequential([ids, *layers], name=name)
    wanted = recipe.ngrams
    check_ngrams(wanted.buckets, wanted.longest, vocabulary_size, HASHES[wanted.hash])
    deep: Any = ids
    for number, layer in enumerate(chain, start=1):
        # Keras would count on from one model to the next.
        own = f"{type(layer).__name__.lower()}_{number}"
        deep = _layer(keras.layers, layer, vocabulary_size, own)(deep)
    wide = _ngrams(wanted, deep.shape[-1])(ids)
    return keras.Model(ids, keras.layers.Add(name=LOGIT)([deep, wide]), name=name)


def labels_of(contract: TextContract) -> int | None:
    """Return how many labels have a logit of their own, as `build` takes it."""
    return None if contract.decides.is_binary else len(contract.labels)


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
    """Return the model's logits of each encoded text, in the order given.

    Args:
        model: one of `build`, or another of the same kind.
        ids: one int32 array [tokens] a text.

    Returns:
        float32 [texts], or [texts, labels] of a model with several logits.
    """
    is_masked = embedding_of(model).mask_zero
    _trace(model)
    found = np.zeros((len(ids), model.output_shape[-1]), np.float32)
    lengths = np.array([len(text) for text in ids])
    for batch in plan_validation(lengths, _BATCH):
        for part in [batch] if is_masked else _of_one_length(batch, lengths):
            padded, _ = pad([ids[i] for i in part])
            found[part] = model.predict_on_batch(padded)
    return found[:, 0] if found.shape[1] == 1 else found


def probabilities(
    model: Any, ids: Sequence[npt.NDArray[np.int32]], decision: Decision = EVEN
) -> npt.NDArray[np.float32]:
    """Return the model's scores of each encoded text, in the order given.

    Args:
        model: see `logits`.
        ids: likewise.
        decision: of the model's contract, `TextContract.decides`; its rule alone plays a part.

    Returns:
        float32 [texts], the probability of the second label; with more logits [texts, labels].

    Raises:
        ValueError: the decision is not one that the model's number of logits is for.
    """
    return scores_of(logits(model, ids), decision.rule)


def scores_of(logits: npt.NDArray[np.float32], rule: DecisionRule) -> npt.NDArray[np.float32]:
    """Return scores of logits: a sigmoid's, and with `largest` a softmax's.

    Args:
        logits: float32 [texts], or [texts, labels].
        rule: what the scores are for.

    Returns:
        float32, of the shape of `logits`.

    Raises:
        ValueError: the rule is not one of that many logits.
    """
    if logits.ndim != (1 if rule == "threshold" else 2):
        raise ValueError(f"logits of shape {logits.shape} are not for the decision {rule!r}")
    if rule == "threshold":
        return (1 / (1 + np.exp(-logits))).astype(np.float32)
    wide = logits.astype(np.float64)
    if rule == "each":
        sigmoids: npt.NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -wide))
        return sigmoids.astype(np.float32)
    powers: npt.NDArray[np.float64] = np.exp(wide - wide.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def _ngrams(ngrams: Ngrams | NgramVectors, outputs: int) -> Any:
    """Return the layer that reads n-grams and gives what is added to each logit."""
    of = {"buckets": ngrams.buckets, "longest": ngrams.longest, "hash": ngrams.hash}
    if isinstance(ngrams, Ngrams):
        return custom_layers().hashed_ngrams(**of, name=NGRAMS)
    layer = custom_layers().hashed_ngram_vectors
    return layer(**of, units=ngrams.units, outputs=outputs, name=NGRAMS)


def _trace(model: Any) -> None:
    """Trace a model's prediction for rows of any number, unless it was traced or is not to be.

    Keras would trace it for the first batch's shape, and again for the second's.
    """
    if model.predict_function or model.run_eagerly:
        return
    tf = import_quietly("tensorflow")
    model.make_predict_function()
    rows = tf.TensorSpec((None, model.input_shape[1]), tf.int32)
    model.predict_function.get_concrete_function([(rows,)])


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
