"""The table of recipes."""

import pytest

from edgernn.errors import UsageError
from edgernn.text import TextContract
from edgernn.training.recipes import (
    DEFAULT_RECIPE,
    RECIPES,
    Dense,
    Dropout,
    Embedding,
    Recurrent,
    find_recipe,
)
from edgernn.training.vocabulary import make_contract

recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())


def test_the_default_is_one_of_them():
    """The name that is taken when none is given is in the table."""
    assert find_recipe(DEFAULT_RECIPE) is RECIPES[DEFAULT_RECIPE]


@recipes
def test_names_are_file_names(recipe):
    """A recipe is found by its own name, which serves as a folder and a file name everywhere."""
    assert find_recipe(recipe.name) is recipe
    assert recipe.name == recipe.name.lower()
    assert recipe.name.replace("-", "").isalnum()
    assert recipe.title
    assert recipe.source


@recipes
def test_layers_run_from_ids_to_one_logit(recipe):
    """One embedding first, recurrent layers, dense ones; the last one gives the logit."""
    kinds = [type(layer) for layer in recipe.layers if not isinstance(layer, Dropout)]
    recurrent = [layer for layer in recipe.layers if isinstance(layer, Recurrent)]
    dense = kinds.count(Dense)
    assert kinds == [Embedding, *[Recurrent] * len(recurrent), *[Dense] * dense]
    assert [layer.sequences for layer in recurrent] == [True] * (len(recurrent) - 1) + [False]
    assert recipe.layers[-1] == Dense(1, "linear")
    for layer in recipe.layers:
        if isinstance(layer, Dropout):
            assert 0 < layer.rate < 1
        else:
            assert layer.units >= 1
    assert all(0 <= layer.input_dropout < 1 for layer in recurrent)


@recipes
def test_settings_can_be_trained_with(recipe):
    """Counts are positive, shares lie in [0, 1)."""
    settings = recipe.fit
    assert settings.epochs >= 1
    assert settings.batch_size >= 1
    assert settings.patience >= 1
    assert 0 < settings.learning_rate < 1
    assert 0 <= settings.weight_average < 1
    assert 0 <= settings.token_dropout < 1
    assert settings.clip_norm is None or settings.clip_norm > 0


@recipes
def test_text_rules_make_a_contract(recipe):
    """The contract takes every rule over, and can be written and read back."""
    contract = make_contract(recipe.text, b"vocabulary", 300)
    for rule in ("tokenizer", "unicode_form", "html_breaks", "control_characters", "case"):
        assert getattr(contract, rule) == getattr(recipe.text, rule)
    assert contract.max_length == recipe.text.max_length
    assert contract.cut == recipe.text.cut
    assert TextContract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("name", ["", "bilstm", "Subword-BiLSTM", "../subword-bilstm"])
def test_an_unknown_recipe_lists_the_known(name):
    """The message names the option, what was asked for, and all that there are."""
    with pytest.raises(UsageError) as caught:
        find_recipe(name)
    assert str(caught.value).startswith(f"--recipe {name}: no such recipe")
    for known in RECIPES:
        assert known in str(caught.value)
