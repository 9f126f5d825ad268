"""N-grams that are a linear model: fitted before the layers are trained, and added to them after.

The linear model and the layers err on other texts, since one knows words and the other their order.
How much each counts is found on held-out texts; with that known, the linear model is fitted once
more, to the held-out texts too. Where those do not show that the layers add anything, which is so
where few texts have each label, the n-grams are left alone: beside them are layers of next to no
size, which count nothing.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded, balanced
from edgernn.distillation.linear_model import TextFeatures, margins_of, solve
from edgernn.distillation.vector_table import VectorTable, entries_of, vector_table
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import Dense, Embedding, NgramVectors, Pool, Recipe, Recurrent
from edgernn.text import TextContract, TextEncoder
from edgernn.text.decision import DecisionRule
from edgernn.training.blend import Blend, fit_blend
from edgernn.training.label_figures import figures_of_logits
from edgernn.training.models import NGRAMS, build, deep_layers, labels_of, logits, scores_of
from edgernn.training.prepare import PreparedData
from edgernn.training.validation import cross_entropy, even_decision, is_better

__all__ = ["LinearNgrams", "add_linear", "fit_linear", "fit_scales", "words_of"]

Floats = npt.NDArray[np.float32]

_SCALES = (1.0, 4.0)
"""Where the search for how much layers and n-grams count begins: a support vector machine's sums
are about 1."""
_LEAST = 1.0
"""What a linear model's sum, which is 1 or more where it is sure, counts at least: two or three
held-out texts may say that it tells nothing, or the opposite."""
_SPREAD = 1.0
"""How far from 0 the constant of n-grams alone is expected, and from the start the logarithm of
their scale. Two held-out texts would move the constant to where both are right, and then be said to
be, and make the model as sure as it can get; fifty still find what is right."""
_FEWEST = 100
"""Held-out texts that can show whether layers add something. By 50, which choose the epoch too,
one of four trainings on 500 film reviews took layers that cost it points, and no int8 file could
be written of it."""
_NO_LAYERS = (Embedding(2), Recurrent(2, sequences=True), Pool(), Dense(1))
"""What stands in for layers that count nothing: a model has some."""


@dataclass(frozen=True, eq=False)
class LinearNgrams:
    """What was fitted."""

    recipe: Recipe
    """The run's, with a table of the size that there are n-grams for."""
    held_out_sums: Floats
    """float32 [held out, labels]: what the model without the held-out texts says of them."""
    table: VectorTable
    """Of the model that knows the held-out texts, too."""
    constant: Floats
    """float32 [labels]: that model's."""
    is_alone: bool
    """Whether the layers beside it are next to none from the beginning."""


def fit_linear(recipe: Recipe, data: PreparedData, say: Say, busy: Busy) -> LinearNgrams:
    """Fit the n-grams of a recipe to a run's texts.

    Args:
        recipe: its n-grams are `fitted`.
        data: the run's.
        say: gets a line of how good they are by themselves.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError: there is nothing to fit.
        MissingPackageError: scikit-learn is not installed.
    """
    most, contract = recipe.ngrams, data.encoder.contract
    assert isinstance(most, NgramVectors)
    count, rule = labels_of(contract), contract.decision
    are_pieces = contract.tokenizer == "subwords"
    both = Encoded(
        [*data.train.ids[: len(data.learnt)], *data.validation.ids],
        np.concatenate([data.examples.labels[data.learnt], data.validation.labels]),
    )
    learnt, every = np.arange(len(data.learnt)), np.arange(len(both))

    # What a smaller vocabulary leaves of the room that the embedding may take.
    units = next(layer.units for layer in recipe.layers if isinstance(layer, Embedding))
    unused = recipe.text.target_vocabulary_size - contract.vocabulary_size
    spare = max(0, unused) * units

    def fitted(rows: npt.NDArray[np.int64]) -> tuple[VectorTable, Floats]:
        texts = [both.ids[row] for row in rows]
        features = TextFeatures(texts, words_of(data.encoder), most, are_pieces)
        known = Encoded(features.texts, both.labels[rows])
        weights = None
        # Of a dozen texts a label some labels have three or four, and were hardly ever answered.
        if recipe.fit.class_weight == "balanced" or (are_pieces and rule == "largest"):
            weights = balanced(known, rule).weights
        margins = margins_of(known.labels, count)
        found = solve(features, np.arange(len(rows)), margins, weights=weights)
        first = contract.first_word_id or 1
        return vector_table(entries_of(features, found, first), most, spare), found.constant

    what = "words, pairs and spelling"
    if are_pieces:
        what = "pieces of words, pairs of them and characters"
    with busy(f"fitting a linear model of {what}"):
        table, constant = fitted(learnt)
        sums = table.sums(data.validation.ids) + constant
        right = even_decision(rule, sums.shape[1]).right(
            _scores(sums, rule), data.validation.labels
        )
    say(f"linear model of {what}: {np.mean(right):.2%} of the held-out texts")
    recipe = dataclasses.replace(recipe, ngrams=table.ngrams)
    is_alone = len(data.validation) < _FEWEST
    if is_alone:
        say(f"{len(data.validation)} held-out texts cannot tell whether layers add to it: left out")
        fit = dataclasses.replace(recipe.fit, epochs=1)
        recipe = dataclasses.replace(recipe, layers=_NO_LAYERS, fit=fit)
    with busy("fitting it to the held-out texts, too"):
        table, constant = fitted(every)
    return LinearNgrams(
        recipe=dataclasses.replace(recipe, ngrams=table.ngrams),
        held_out_sums=sums,
        table=table,
        constant=constant,
        is_alone=is_alone,
    )


def add_linear(
    linear: LinearNgrams, contract: TextContract, layers: Any, measured: Encoded
) -> tuple[Recipe, Any, dict[str, Any], Floats]:
    """Add fitted n-grams to trained layers.

    Args:
        linear: the n-grams.
        contract: the run's.
        layers: the trained model of the recipe without n-grams.
        measured: the held-out texts.

    Returns:
        The recipe as the model has it; the model; for `metrics.json` what was measured of both
        parts and of their sum, with the n-grams that have not seen the texts that it is measured
        on; and that sum of each of them, float32 [texts], or [texts, labels].
    """
    rule, class_weight = contract.decision, linear.recipe.fit.class_weight
    of_layers = logits(layers, measured.ids)
    of_ngrams = linear.held_out_sums.reshape(of_layers.shape)
    labels = measured.labels
    weights = balanced(measured, rule).weights if class_weight else None
    spread = _SPREAD if linear.is_alone else math.inf

    def blend(first: Floats) -> tuple[Blend, Floats]:
        if rule == "threshold":
            factors = fit_blend(
                first,
                of_ngrams,
                labels,
                class_weight,
                constant_spread=spread,
                least=(0.0, _LEAST),
            )
        else:
            factors = fit_scales(first, of_ngrams, labels, rule, weights, spread=spread)
        summed = factors.layers * first + factors.ngrams * of_ngrams + factors.constant
        return factors, summed.astype(np.float32)

    factors, both = blend(of_layers)
    alone, of_ngrams_alone = blend(np.zeros_like(of_layers))
    recipe = linear.recipe
    if linear.is_alone or not is_better(both, of_ngrams_alone, labels, rule, weights):
        factors, both = dataclasses.replace(alone, layers=0.0), of_ngrams_alone
        recipe = dataclasses.replace(recipe, layers=_NO_LAYERS)
    model = build(recipe, contract.vocabulary_size, labels_of(contract))
    if recipe is linear.recipe:
        for own, other in zip(deep_layers(model), deep_layers(layers), strict=True):
            own.set_weights(other.get_weights())
    last = deep_layers(model)[-1]
    kernel, bias = last.get_weights()
    bias = bias * factors.layers + linear.constant * factors.ngrams + factors.constant
    last.set_weights([kernel * factors.layers, bias])
    table, hashed = linear.table, model.get_layer(NGRAMS)
    hashed.set_weights([table.vectors, table.kernel * factors.ngrams, table.checks])
    found = {
        **_measured(both, labels, rule),
        "layers_validation_accuracy": _accuracy(of_layers, labels, rule),
        "ngrams_validation_accuracy": _accuracy(of_ngrams, labels, rule),
        "blend": dataclasses.asdict(factors),
    }
    if rule == "threshold":
        found["held_out"] = dataclasses.asdict(figures_of_logits(both, labels))
    return recipe, model, found, both


def fit_scales(
    layers: Floats,
    ngrams: Floats,
    labels: npt.NDArray[Any],
    rule: DecisionRule,
    weights: Floats | None = None,
    *,
    spread: float = math.inf,
) -> Blend:
    """Find how much layers and n-grams count where each label has a logit, or a text several.

    Args:
        layers: float32 [texts, labels], the layers' logits of texts that they were not trained on.
        ngrams: float32 [texts, labels], the n-grams' sums of the same texts.
        labels: see `Encoded.labels`.
        rule: `largest` or `each`.
        weights: see `Encoded.weights`.
        spread: how far from the start the logarithms of the scales are expected, as a standard
            deviation; by itself they are found as they may be.
    """
    from scipy.optimize import minimize

    wide, sums = layers.astype(np.float64), ngrams.astype(np.float64)
    begin = np.log(_SCALES)

    def loss_of(logarithms: npt.NDArray[np.float64]) -> float:
        first, second = np.exp(logarithms)
        losses = cross_entropy((first * wide + second * sums).astype(np.float32), labels, rule)
        unlikely = np.square((logarithms - begin) / spread).sum() / (2 * len(losses))
        return float(np.mean(losses if weights is None else losses * weights) + unlikely)

    # Neither counts against what it says, nor more than some dozen held-out texts can tell.
    bounds = [(np.log(1e-3), np.log(20.0))] * 2
    found = minimize(loss_of, begin, method="Nelder-Mead", bounds=bounds)
    first, second = np.exp(found.x)
    return Blend(float(first), float(second), 0.0)


def words_of(encoder: TextEncoder) -> list[str | None]:
    """Return the word or subword of each id; None of those that stand for none."""
    contract = encoder.contract
    first = contract.first_word_id or 1
    none: list[str | None] = [None] * first
    return none + [encoder.decode([number]) for number in range(first, contract.vocabulary_size)]


def _scores(sums: Floats, rule: DecisionRule) -> Floats:
    return scores_of(sums[:, 0] if rule == "threshold" else sums, rule)


def _accuracy(sums: Floats, labels: npt.NDArray[Any], rule: DecisionRule) -> float:
    decision = even_decision(rule, 1 if sums.ndim == 1 else sums.shape[1])
    return float(np.mean(decision.right(scores_of(sums, rule), labels)))


def _measured(sums: Floats, labels: npt.NDArray[Any], rule: DecisionRule) -> dict[str, Any]:
    """Return accuracy and loss, under the names of `metrics.json`."""
    return {
        "validation_accuracy": _accuracy(sums, labels, rule),
        "validation_loss": float(np.mean(cross_entropy(sums, labels, rule))),
    }
