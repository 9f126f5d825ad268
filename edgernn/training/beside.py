"""Training from a model that is there: n-grams of the new texts beside what it knows.

The layers stay as they are. The new texts' words join the vocabulary, and a linear model of their
words, pairs and spelling learns what the old model does not say of them. It is added to the old
model's table of n-grams, so that one model of the same kind is left. How much each counts is found
by a logistic regression on texts that the linear model has not seen, in five folds (stacked
generalization: Wolpert, 1992).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded, balanced
from edgernn.distillation.folds import stratified
from edgernn.distillation.linear_model import LinearModel, TextFeatures, margins_of, solve
from edgernn.distillation.vector_table import Entries, entries_of, kept_of_each_bucket, pulled_in
from edgernn.ngrams import NO_CHECK
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import ClassWeight, Embedding, Ngrams, Recipe
from edgernn.text import EVEN, TextEncoder
from edgernn.training.blend import Blend, fit_blend
from edgernn.training.history import Epoch, History
from edgernn.training.label_figures import figures_of_logits
from edgernn.training.linear_ngrams import words_of
from edgernn.training.models import NGRAMS, build, deep_layers, embedding_of, logits
from edgernn.training.prepare import PreparedData
from edgernn.training.run import Run
from edgernn.training.validation import cross_entropy

__all__ = ["Beside", "cross_fitted", "fit_beside", "offset_of", "orientation", "started"]

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]

_FOLDS = 5
_OFFSET = 0.4
"""How much of the old model's logit the linear model, whose margins are 1, adds to."""
_DAMP = 1.0
"""How much its weights are held back. Both were chosen on Amazon and Yelp sentences, by validation
texts: docs/train.md."""
_SPREAD = 0.32
"""How far the threshold is expected to move. So 100 Amazon and Yelp sentences add 0.3 points, 0.1
with a free constant, and nothing where they have to be better by a standard error; 200 add 0.9, 1.0
and 0.8 (60 random splits)."""
_LONGEST = 2
"""Words in the longest n-grams that are learned."""
_LARGEST = 10.0
"""Times the root mean square of the numbers of the table: what is beyond is pulled in. A dozen of
the pretrained model's are, by which int8 would round all others twice as much; its answers to
sentences of Amazon and Yelp do not change."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What training from a model gave."""

    model: Any
    """The whole model, in Keras."""
    recipe: Recipe
    history: History
    """One epoch, which is all of it."""
    sums: Floats
    """float32 [held out]: what a model that has not seen the held-out texts says of them."""
    measured: dict[str, Any]
    """For `metrics.json`."""


def started(run: Run, recipe: Recipe, size: int) -> tuple[Any, Recipe]:
    """Return a run's model for a vocabulary that has more words, each as the unknown word is.

    Args:
        run: what training starts from.
        recipe: its recipe.
        size: number of ids, padding included.

    Returns:
        The Keras model, and the recipe with embedding and n-grams as the model has them.
    """
    old = run.load_model()
    table = old.get_layer(NGRAMS)
    ngrams = Ngrams(buckets=table.buckets, longest=table.longest, hash=table.hash)
    # An earlier version's recipe may have had another width.
    width = int(embedding_of(old).output_dim)
    layers = tuple(
        dataclasses.replace(layer, units=width) if isinstance(layer, Embedding) else layer
        for layer in recipe.layers
    )
    recipe = dataclasses.replace(recipe, ngrams=ngrams, layers=layers)
    model = build(recipe, size)
    for own, other in zip(deep_layers(model), deep_layers(old), strict=True):
        weights = other.get_weights()
        if own is embedding_of(model):
            new = np.repeat(weights[0][[run.contract.unknown_id or 0]], size - len(weights[0]), 0)
            weights = [np.concatenate([weights[0], new])]
        own.set_weights(weights)
    model.get_layer(NGRAMS).set_weights(table.get_weights())
    return model, recipe


def cross_fitted(
    features: TextFeatures,
    labels: npt.NDArray[Any],
    offset: Floats,
    seed: int,
    class_weight: ClassWeight | None = None,
) -> Floats:
    """Return what linear models say of texts that they have not seen, in five folds.

    Equal texts are in one fold.

    Args:
        features: of the texts.
        labels: 0 or 1 [texts].
        offset: float32 [texts], what they add to.
        seed: of the folds.
        class_weight: whether both labels count alike.

    Returns:
        float32 [texts], the offset not among it.
    """
    folds = stratified(labels, _FOLDS, np.random.Generator(np.random.PCG64([seed, _FOLDS])))
    first: dict[bytes, int] = {}
    folds = folds[[first.setdefault(ids.tobytes(), row) for row, ids in enumerate(features.texts)]]
    found = np.zeros(len(labels), np.float32)
    for fold in range(_FOLDS):
        unseen = np.flatnonzero(folds == fold)
        if not len(unseen):
            continue
        model = _solved(features, np.flatnonzero(folds != fold), labels, offset, class_weight)
        found[unseen] = features.sums(model, unseen)[:, 0] + model.constant[0]
    return found


def fit_beside(run: Run, data: PreparedData, seed: int, say: Say, busy: Busy) -> Beside:
    """Train from a run.

    Args:
        run: of two labels, with n-grams.
        data: this training's, its vocabulary that of `pretrained.extended`.
        seed: of the folds.
        say: gets a line of how good the model is before training, and after it.
        busy: called with a title, gives a context to show that a long step is under way.
    """
    begun = time.monotonic()
    contract, held_out = data.encoder.contract, data.validation
    class_weight = data.recipe.fit.class_weight
    both = Encoded(
        [*data.train.ids, *held_out.ids], np.concatenate([data.train.labels, held_out.labels])
    )
    with busy("scoring the texts with the model as it is"):
        model, recipe = started(run, data.recipe, contract.vocabulary_size)
        known = logits(model, both.ids)
    towards = orientation(known, both.labels)
    known = known * towards
    with busy("fitting n-grams to what the model does not say"):
        features = beside_features(both.ids, data.encoder, recipe)
        offset = offset_of(known)
        unseen = cross_fitted(features, both.labels, offset, seed, class_weight)
        every = np.arange(len(both))
        found = _solved(features, every, both.labels, offset, class_weight)
    factors = fit_blend(known, unseen, both.labels, class_weight, constant_spread=_SPREAD)
    summed = factors.layers * known + factors.ngrams * unseen + factors.constant
    factors = dataclasses.replace(factors, layers=factors.layers * towards)
    _add(model, factors, found, entries_of(features, found, contract.first_word_id or 1), recipe)
    sums, rows = summed.astype(np.float32), slice(len(data.train), None)
    alone = fit_blend(known, np.zeros_like(known), both.labels, class_weight)
    as_it_was = alone.layers * known + alone.constant
    say(
        f"right of all {len(both):,} texts: the model that training starts from "
        f"{_right(as_it_was, both.labels):.2%}, the trained model {_right(sums, both.labels):.2%} "
        "(by cross-validation)"
    )
    figures = figures_of_logits(sums[rows], held_out.labels)
    loss = _loss(sums[rows], held_out.labels)
    epoch = Epoch(
        epoch=1,
        loss=_loss(sums, both.labels),
        accuracy=_right(sums, both.labels),
        validation_loss=loss,
        validation_accuracy=_right(sums[rows], held_out.labels),
        seconds=round(time.monotonic() - begun, 1),
    )
    measured = {
        "held_out": dataclasses.asdict(figures),
        "as_it_was_accuracy": _right(as_it_was, both.labels),
        "cross_fitted_accuracy": epoch.accuracy,
        "blend": dataclasses.asdict(factors),
    }
    return Beside(model, recipe, History([epoch]), sums[rows], measured)


def beside_features(ids: Sequence[Ids], encoder: TextEncoder, recipe: Recipe) -> TextFeatures:
    """Return the columns of the linear model that is fitted beside a recipe's."""
    assert isinstance(recipe.ngrams, Ngrams)
    ngrams = dataclasses.replace(recipe.ngrams, longest=min(_LONGEST, recipe.ngrams.longest))
    return TextFeatures(ids, words_of(encoder), ngrams)


def orientation(known: Floats, labels: npt.NDArray[Any]) -> float:
    """Return 1 where a model's logits rise with the labels, -1 where they fall.

    Args:
        known: float32 [texts], the logits.
        labels: 0 or 1 [texts]; which of them the model's positive one is, they say.
    """
    means = [float(known[labels == label].mean()) for label in (0, 1)]
    return 1.0 if means[1] >= means[0] else -1.0


def offset_of(known: Floats) -> Floats:
    """Return what the linear model adds to: the old model's logits, small."""
    return known * np.float32(_OFFSET)


def _solved(
    features: TextFeatures,
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[Any],
    offset: Floats,
    class_weight: ClassWeight | None,
) -> LinearModel:
    weights = None
    if class_weight is not None:
        weights = balanced(Encoded([features.texts[row] for row in rows], labels[rows])).weights
    margins = margins_of(labels[rows], None)
    return solve(features, rows, margins, damp=_DAMP, weights=weights, offset=offset[rows, None])


def _add(model: Any, factors: Blend, found: LinearModel, entries: Entries, recipe: Recipe) -> None:
    """Put the linear model into the old one: n-grams into its table, the constant into its bias."""
    ngrams = recipe.ngrams
    assert isinstance(ngrams, Ngrams)
    last = deep_layers(model)[-1]
    kernel, bias = last.get_weights()
    constant = factors.constant + factors.ngrams * found.constant
    last.set_weights([kernel * factors.layers, bias * factors.layers + constant])
    layer = model.get_layer(NGRAMS)
    numbers, checks = layer.get_weights()
    numbers = numbers * np.float32(factors.layers)
    # The table's sums are over the root of its own longest n-grams.
    scale = factors.ngrams * np.sqrt(ngrams.longest / min(_LONGEST, ngrams.longest))
    kept, at, own = kept_of_each_bucket(entries, ngrams.buckets, ngrams.hash)
    new = kept.weights[:, 0] * np.float32(scale)
    same, empty = checks[at] == own, checks[at] == NO_CHECK
    # What the new texts hold takes the place of what they may never.
    takes = empty | (np.abs(new) * np.sqrt(kept.counts) > np.abs(numbers[at]))
    numbers[at[same]] += new[same]
    takes &= ~same
    numbers[at[takes]], checks[at[takes]] = new[takes], own[takes]
    held = checks != NO_CHECK
    numbers[held] = pulled_in(numbers[held], _LARGEST)
    layer.set_weights([numbers, checks])


def _right(sums: npt.NDArray[np.floating], labels: npt.NDArray[Any]) -> float:
    return float(np.mean(EVEN.right_logits(sums, labels)))


def _loss(sums: Floats, labels: npt.NDArray[Any]) -> float:
    return float(np.mean(cross_entropy(sums, labels, "threshold")))
