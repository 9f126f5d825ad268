"""Every recipe through the battery of `recipe_checks`, and a toy that nobody has measured.

Where others have the same kinds of layers and text rules, the battery is slow but for the numbers
that the recipe learns.
"""

import pytest
from recipe_checks import RecipeChecks
from toy import RECIPE

from edgernn.recipes.catalogue import RECIPES


class TestFlagship(RecipeChecks):
    """A pooled bidirectional LSTM beside n-grams."""

    recipe = RECIPES["flagship"]
    # Layers, and a number and a check for each bucket of its n-grams.
    parameters = 10_000 * 48 + 2 * 4 * 32 * (48 + 32 + 1) + 128 + 1 + 2 * 131_071


class TestPooledBilstm(RecipeChecks):
    """A pooled bidirectional LSTM."""

    recipe = RECIPES["pooled-bilstm"]
    parameters = 16_000 * 64 + 2 * 4 * 64 * (64 + 64 + 1) + 256 + 1


class TestNgramBilstm(RecipeChecks):
    """A pooled bidirectional LSTM beside vectors of n-grams."""

    recipe = RECIPES["ngram-bilstm"]
    # Layers, and of its n-grams a vector and a check for each bucket, and a kernel.
    parameters = 10_000 * 64 + 2 * 4 * 64 * (64 + 64 + 1) + 256 + 1 + (16 + 1) * 32_771 + 16 * 1


@pytest.mark.slow
class TestLinearBilstm(RecipeChecks):
    """A pooled bidirectional LSTM beside a linear model: the layers of the recipe before."""

    recipe = RECIPES["linear-bilstm"]
    parameters = 8_000 * 64 + 2 * 4 * 64 * (64 + 64 + 1) + 256 + 1 + (16 + 1) * 40_009 + 16 * 1


class TestSubwordBilstm(RecipeChecks):
    """Two bidirectional LSTMs on subwords."""

    recipe = RECIPES["subword-bilstm"]
    parameters = 635_329


class TestLinearSubwords(RecipeChecks):
    """A small bidirectional LSTM beside a linear model of subwords, in lower case."""

    recipe = RECIPES["linear-subwords"]
    subwords = 400
    parameters = 400 * 16 + 2 * 4 * 16 * (16 + 16 + 1) + 64 + 1 + (24 + 1) * 50_021 + 24 * 1


class TestWordLstm(RecipeChecks):
    """An LSTM between two dropouts."""

    recipe = RECIPES["word-lstm"]
    parameters = 2_510_657


class TestSimpleRnn(RecipeChecks):
    """A SimpleRNN."""

    recipe = RECIPES["simple-rnn"]
    parameters = 161_909


class TestBigru(RecipeChecks):
    """A bidirectional GRU."""

    recipe = RECIPES["bigru"]
    parameters = 170_261


@pytest.mark.slow
class TestBilstm(RecipeChecks):
    """A bidirectional LSTM."""

    recipe = RECIPES["bilstm"]
    parameters = 173_205


@pytest.mark.slow
class TestStopwordBilstm(RecipeChecks):
    """Two bidirectional LSTMs on words."""

    recipe = RECIPES["stopword-bilstm"]
    parameters = 1_315_233


@pytest.mark.slow
class TestKerasLstm(RecipeChecks):
    """A wide LSTM."""

    recipe = RECIPES["keras-lstm"]
    parameters = 1_447_551


class TestToy(RecipeChecks):
    """A recipe that was added a minute ago: nothing was trained or measured."""

    recipe = RECIPE
    parameters = 1_528
    subwords = 300


@pytest.mark.keras
@pytest.mark.parametrize("checks", [TestBilstm, TestStopwordBilstm, TestKerasLstm])
def test_parameters_of_the_slow_ones(checks: type[RecipeChecks]) -> None:
    """To the last digit, too."""
    checks().test_parameters()


def test_every_recipe_is_checked() -> None:
    """A new one has a class here, five lines long."""
    assert {checks.recipe.name for checks in RecipeChecks.__subclasses__()} == {*RECIPES, "toy"}
