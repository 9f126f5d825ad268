"""The table of recipes."""

import dataclasses

import pytest

from edgernn.errors import UsageError
from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES, find_recipe
from edgernn.recipes.recipe import Dense, Dropout, Embedding, Pool, Recurrent
from edgernn.text import SubwordEncoder, TextContract, TextEncoder
from edgernn.training.vocabulary import make_contract

TUTORIALS = {name: recipe for name, recipe in RECIPES.items() if recipe.published is not None}
PUBLISHED = [recipe.as_published() for recipe in TUTORIALS.values()]

recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
both_ways = pytest.mark.parametrize("recipe", [*RECIPES.values(), *PUBLISHED])


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


@both_ways
def test_layers_run_from_ids_to_one_logit(recipe):
    """One embedding first, recurrent layers, dense ones; the last one gives the logit."""
    kinds = [type(layer) for layer in recipe.layers if not isinstance(layer, Dropout)]
    recurrent = [layer for layer in recipe.layers if isinstance(layer, Recurrent)]
    dense, pools = kinds.count(Dense), kinds.count(Pool)
    assert kinds == [
        Embedding,
        *[Recurrent] * len(recurrent),
        *[Pool] * pools,
        *[Dense] * dense,
    ]
    assert pools <= 1
    sequences = [layer.sequences for layer in recurrent]
    assert sequences == [True] * (len(recurrent) - 1) + [bool(pools)]
    assert recipe.layers[-1] == Dense(1, "linear")
    for layer in recipe.layers:
        if isinstance(layer, Dropout):
            assert 0 < layer.rate < 1
        elif not isinstance(layer, Pool):
            assert layer.units >= 1
    assert all(0 <= layer.input_dropout < 1 for layer in recurrent)


@both_ways
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


@both_ways
def test_text_rules_make_a_contract(recipe):
    """The contract takes every rule over, and can be written and read back."""
    subwords = recipe.text.tokenizer == "subwords"
    vocabulary = SubwordEncoder(["a_"]).to_bytes() if subwords else b"film\n"
    contract = make_contract(recipe.text, vocabulary)
    for rule in dataclasses.fields(recipe.text):
        if rule.name != "target_vocabulary_size":
            assert getattr(contract, rule.name) == getattr(recipe.text, rule.name)
    assert TextEncoder(contract, vocabulary).encode("A film")
    assert TextContract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("name", ["", "lstm", "Subword-BiLSTM", "../subword-bilstm"])
def test_an_unknown_recipe_lists_the_known(name):
    """The message names the option, what was asked for, and all that there are."""
    with pytest.raises(UsageError) as caught:
        find_recipe(name)
    assert str(caught.value).startswith(f"--recipe {name}: no such recipe")
    for known in RECIPES:
        assert known in str(caught.value)


def test_the_flagship_s_buckets_are_a_prime_number():
    """So that all of them are used, and no two ids of an n-gram's place collide."""
    buckets = RECIPES["flagship"].ngrams.buckets
    assert buckets > 2**15
    assert all(buckets % divisor for divisor in range(2, int(buckets**0.5) + 1))


@pytest.mark.parametrize("recipe", TUTORIALS.values(), ids=TUTORIALS.keys())
def test_published_recipes_are_plain(recipe):
    """Keras's Adam, random first values, every epoch, nothing that the tutorial did not have."""
    published = recipe.as_published()
    assert published.name == recipe.name
    settings = published.fit
    assert not settings.cosine_decay
    assert settings.clip_norm is None
    assert settings.weight_average == settings.token_dropout == settings.crops == 0
    assert settings.patience >= settings.epochs
    assert settings.keep == "last"
    for layer in published.layers:
        if isinstance(layer, Embedding):
            assert layer.start == "random"
        if isinstance(layer, Recurrent):
            assert layer.input_dropout == 0


def test_nothing_is_chosen_by_the_test_split():
    """Settings that would do so cannot be made."""
    settings = RECIPES["bilstm"].as_published().fit
    for change in ({"keep": "best"}, {"patience": 3}):
        with pytest.raises(ValueError, match="nothing may be chosen by the test split"):
            dataclasses.replace(settings, **change)


def test_a_recipe_of_no_tutorial():
    """It cannot be trained as published."""
    own = dataclasses.replace(RECIPES["bilstm"], name="own", published=None)
    with pytest.raises(UsageError, match="--published: recipe own comes from no tutorial"):
        own.as_published()
