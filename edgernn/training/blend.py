"""How layers and n-grams are added, and what each and both say of held-out texts.

A logistic regression on held-out texts finds how much each counts, and calibrates the sum (Platt,
1999; Guo et al., 2017).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded
from edgernn.distillation.ngram_table import NgramTable, ngram_sums
from edgernn.recipes.recipe import ClassWeight, Recipe
from edgernn.text import EVEN
from edgernn.training.distill import Distillation
from edgernn.training.label_figures import figures_of_logits
from edgernn.training.models import NGRAMS, build, deep_layers, logits
from edgernn.training.validation import cross_entropy

__all__ = ["Blend", "add_ngrams", "assemble", "fit_blend"]

Floats = npt.NDArray[np.float64]

_FREEDOM = 10.0
"""How little factors are held back."""


@dataclass(frozen=True)
class Blend:
    """How the layers' logit and the n-grams' sum are added: the factors of each, and a constant."""

    layers: float
    ngrams: float
    constant: float


def fit_blend(
    layers: npt.NDArray[np.float32],
    ngrams: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8] | npt.NDArray[np.float32],
    class_weight: ClassWeight | None = None,
    *,
    constant_spread: float = math.inf,
    least: tuple[float, float] = (0.0, 0.0),
) -> Blend:
    """Find how much the layers and the n-grams count, on texts that neither was trained on.

    Neither counts against what it says, which a handful of texts may ask for.

    A label counts as (n + 1) / (n + 2) of one, n being the texts that have it. A few dozen texts
    that are all told apart would ask for factors without bound: a model that is surer than they can
    tell, and numbers so large that int8 rounds a score 0.03 off.

    Source: "Probabilistic Outputs for Support Vector Machines" (Platt, 1999), section 2.2.

    Args:
        layers: float32 [texts], the layers' logits.
        ngrams: float32 [texts], the n-grams' sums.
        labels: int8 [texts], 0 or 1.
        class_weight: whether both classes count alike, however many texts each has.
        constant_spread: how far from 0 the constant is expected, as a standard deviation; by
            itself it is found as it may be. A few dozen texts would move a threshold that is
            right.
        least: what the factors of the layers and of the n-grams are at least.

    Raises:
        ValueError: a logit or a sum is not finite.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    positive = np.asarray(labels) == 1
    counts = np.where(positive, positive.sum(), (~positive).sum())
    weights = np.ones(len(labels))
    if class_weight is not None:
        weights = len(labels) / (2 * counts)
    own = weights * (counts + 1) / (counts + 2)
    of_positive = np.where(positive, own, weights - own)
    columns = np.column_stack([layers, ngrams, np.ones(len(weights))]).astype(np.float64)
    if not np.isfinite(columns).all():
        raise ValueError("logits that are no finite numbers cannot be added")
    held = np.array([1 / _FREEDOM, 1 / _FREEDOM, 1 / constant_spread**2])

    def loss(factors: Floats) -> tuple[float, Floats]:
        sums = columns @ factors
        losses = weights * np.logaddexp(0, sums) - of_positive * sums
        slopes = columns.T @ (weights * expit(sums) - of_positive) + held * factors
        return float(losses.sum() + held @ np.square(factors) / 2), slopes

    bounds = [(least[0], None), (least[1], None), (None, None)]
    found = minimize(loss, [1, 1, 0], jac=True, method="L-BFGS-B", bounds=bounds).x
    return Blend(*map(float, found))


def assemble(model: Any, layers: Any, table: NgramTable, factors: Blend) -> None:
    """Put trained layers and a table of n-grams into a recipe's whole model.

    Args:
        model: a fresh model of the recipe, with n-grams.
        layers: the trained model of the recipe without them.
        table: the n-grams' numbers and checks.
        factors: how much each counts.
    """
    trained = deep_layers(layers)
    for own, other in zip(deep_layers(model), trained, strict=True):
        own.set_weights(other.get_weights())
    last = deep_layers(model)[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel * factors.layers, bias * factors.layers + factors.constant])
    model.get_layer(NGRAMS).set_weights([table.numbers * factors.ngrams, table.checks])


def add_ngrams(
    recipe: Recipe, size: int, layers: Any, distilled: Distillation, measured: Encoded
) -> tuple[Any, dict[str, Any], npt.NDArray[np.float32]]:
    """Add the n-grams to trained layers.

    Args:
        recipe: the recipe, with n-grams.
        size: of the vocabulary, padding included.
        layers: the trained model of the recipe without n-grams.
        distilled: the n-grams.
        measured: texts that neither was trained on, but for the lesson's last table.

    Returns:
        The model; for `metrics.json` what was measured of both parts and of their sum, with the
        table that has not seen the texts that it is measured on; and that sum of each of them,
        float32 [texts].
    """
    of_layers = logits(layers, measured.ids)
    of_ngrams = ngram_sums(measured.ids, distilled.table)
    factors = fit_blend(of_layers, of_ngrams, measured.labels, recipe.fit.class_weight)
    both = factors.layers * of_layers + factors.ngrams * of_ngrams + factors.constant
    model = build(recipe, size)
    assemble(model, layers, distilled.final_table, factors)

    def accuracy(sums: npt.NDArray[np.floating]) -> float:
        return float(np.mean(EVEN.right_logits(sums, measured.labels)))

    found = {
        "held_out": dataclasses.asdict(figures_of_logits(both, measured.labels)),
        "validation_accuracy": accuracy(both),
        "validation_loss": float(np.mean(cross_entropy(both, measured.labels, "threshold"))),
        "layers_validation_accuracy": accuracy(of_layers),
        "ngrams_validation_accuracy": accuracy(of_ngrams),
        "teacher_accuracy": distilled.teacher_accuracy,
        **(
            {}
            if distilled.reader_accuracy is None
            else {"reader_accuracy": distilled.reader_accuracy}
        ),
        "blend": dataclasses.asdict(factors),
    }
    return model, found, both.astype(np.float32)
