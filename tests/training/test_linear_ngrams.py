"""How fitted n-grams and layers are added: when layers count."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgernn.data.batches import Encoded
from edgernn.distillation.vector_table import VectorTable
from edgernn.ngrams import NO_CHECK
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import NgramVectors
from edgernn.text import EVEN
from edgernn.text.words import write_words
from edgernn.training.linear_ngrams import _NO_LAYERS, LinearNgrams, add_linear, fit_scales
from edgernn.training.validation import is_better
from edgernn.training.vocabulary import make_contract


@pytest.mark.parametrize(("texts", "expected"), [(20, False), (2000, True)])
@pytest.mark.parametrize("rule", ["threshold", "largest"])
def test_layers_count_where_they_add_more_than_chance(texts, expected, rule) -> None:
    """The same gain a text is believed of many texts, and not of a few."""
    labels = np.arange(texts) // 2 % 2
    towards = np.where(labels == 1, 1, -1)
    # Half of the texts gain 0.19, half lose 0.12.
    alone, both = towards * 1.0, towards * np.where(np.arange(texts) % 2, 2.0, 0.6)
    if rule == "largest":
        alone, both = (np.stack([-one / 2, one / 2], axis=1) for one in (alone, both))
    assert is_better(both, alone, labels, rule, None) is expected
    assert not is_better(alone, both, labels, rule, None)
    assert not is_better(alone, alone, labels, rule, None)


def test_by_the_loss_that_counts() -> None:
    """With weights a rare label's texts decide; of several labels a text, all of its losses."""
    labels = np.arange(400) % 20 == 0
    alone, both = np.where(labels, 0.1, -3.0), np.where(labels, 1.5, -2.5)
    weights = np.where(labels, 10.0, 0.5)
    assert is_better(both, alone, labels, "threshold", weights)
    assert not is_better(both, alone, labels, "threshold", None)
    several, others = np.stack([labels, labels], axis=1), np.stack([alone, alone], axis=1)
    assert not is_better(np.stack([both, both], axis=1), others, several, "each", None)
    assert is_better(np.stack([both, 2 * alone], axis=1), others, several, "each", None)


def test_two_texts_do_not_move_the_threshold() -> None:
    """A constant that tells them apart would make both right, of n-grams that call all good."""
    models = pytest.importorskip("edgernn.training.models", reason="needs TensorFlow")
    table = NgramVectors(1021, 1, 1, fitted=True)
    recipe = dataclasses.replace(RECIPES["linear-bilstm"], layers=_NO_LAYERS, ngrams=table)
    contract = make_contract(recipe.text, write_words(["film"]))
    linear = LinearNgrams(
        recipe,
        held_out_sums=np.array([[1.5], [0.9]], np.float32),
        table=VectorTable(
            np.zeros((1021, 1), np.float32),
            np.ones((1, 1), np.float32),
            np.full(1021, NO_CHECK, np.int32),
            table,
        ),
        constant=np.zeros(1, np.float32),
        is_alone=True,
    )
    measured = Encoded([np.array([1], np.int32)] * 2, np.array([1, 0], np.int8))
    layers = models.build(dataclasses.replace(recipe, ngrams=None), contract.vocabulary_size)
    _, _, found, sums = add_linear(linear, contract, layers, measured)
    assert found["validation_accuracy"] == found["ngrams_validation_accuracy"] == 0.5
    assert EVEN.right_logits(sums, measured.labels).tolist() == [True, False]


def test_five_texts_make_no_model_sure() -> None:
    """All told apart they would ask for the largest scale that there is; many texts get it."""
    sums, labels = np.eye(5, dtype=np.float32) - 0.5, np.arange(5)
    nothing = np.zeros_like(sums)
    assert fit_scales(nothing, sums, labels, "largest").ngrams == pytest.approx(20, rel=0.01)
    assert 4 < fit_scales(nothing, sums, labels, "largest", spread=1.0).ngrams < 8
    many, of_many = np.repeat(sums, 500, axis=0), np.repeat(labels, 500)
    found = fit_scales(np.zeros_like(many), many, of_many, "largest", spread=1.0)
    assert found.ngrams > 10
