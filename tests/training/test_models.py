"""Keras models out of recipes: padding changes nothing, sizes are as stated."""

import dataclasses

import numpy as np
import pytest
from matching_checks import matching_checks
from toy import RECIPE

from edgernn.errors import UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Dropout, Embedding, Ngrams, Pool, Recipe, Recurrent
from edgernn.text.padding import pad
from edgernn.training.models import (
    build,
    deep_layers,
    embedding_of,
    logits,
    probabilities,
    summary,
)

IDS = 30
SMALL = {"units": 5}


@pytest.fixture(scope="module")
def model():
    """The layers of subword-bilstm, 5 units each, with weights large enough to tell."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(3)
    recipe = RECIPES["subword-bilstm"]
    layers = tuple(
        dataclasses.replace(layer, **SMALL)
        if isinstance(layer, Embedding | Recurrent) or layer == Dense(64, "relu")
        else layer
        for layer in recipe.layers
    )
    model = build(dataclasses.replace(recipe, layers=layers), IDS)
    model.set_weights([weight * 1.5 for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def texts():
    """Texts of 1 to 40 ids, in no order."""
    rng = np.random.default_rng(5)
    return [rng.integers(1, IDS, n).astype(np.int32) for n in (7, 1, 40, 2, 23, 3, 1)]


@pytest.fixture(scope="module")
def alone(model, texts):
    """The logit of each text by itself, unpadded."""
    return np.array([model.predict_on_batch(text[None])[0, 0] for text in texts])


def test_logits_differ(alone):
    """The texts can be told apart, so that the tests below mean something."""
    assert np.ptp(alone) > 0.1


def test_a_batch_changes_no_logit(model, texts, alone):
    """In one batch with longer texts each logit is what it is alone."""
    together = model.predict_on_batch(pad(texts)[0])[:, 0]
    assert np.abs(together - alone).max() <= 1e-5


@pytest.mark.parametrize("more", [1, 17, 200])
def test_padding_changes_no_logit(model, texts, alone, more):
    """Zeros behind a text never reach a state, in neither direction."""
    padded = [np.pad(text, (0, more)) for text in texts]
    found = np.array([model.predict_on_batch(text[None])[0, 0] for text in padded])
    assert np.abs(found - alone).max() <= 1e-5


def test_logits_come_in_the_order_given(model, texts, alone):
    """Texts are sorted by length inside and given back as they came."""
    found = logits(model, texts)
    assert found.dtype == np.float32
    assert np.abs(found - alone).max() <= 1e-5
    assert np.allclose(probabilities(model, texts), 1 / (1 + np.exp(-alone)), atol=1e-6)


def test_more_texts_than_a_batch(model):
    """Every text of several batches gets its own logit."""
    ids = [np.full(1 + i % 3, 1 + i % (IDS - 1), np.int32) for i in range(300)]
    found = logits(model, ids)
    for i in (0, 1, 150, 299):
        assert found[i] == pytest.approx(model.predict_on_batch(ids[i][None])[0, 0], abs=1e-5)


def test_no_texts(model):
    """Nothing to score is no error."""
    assert logits(model, []).shape == (0,)


def test_size_of_the_default_model():
    """The parameters that README and model card name."""
    pytest.importorskip("keras")
    assert build(RECIPES["subword-bilstm"], 8185).count_params() == 635_329


def test_each_layer_is_built():
    """Layers, sizes and directions are those of the recipe."""
    pytest.importorskip("keras")
    model = build(RECIPE, IDS)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["Embedding", "Bidirectional", "LSTM", "Dense", "Dropout", "Dense"]
    embedding, both, one, relu, _, logit = model.layers
    assert (embedding.input_dim, embedding.output_dim, embedding.mask_zero) == (IDS, 4, True)
    assert (both.forward_layer.units, both.return_sequences) == (3, True)
    assert both.forward_layer.dropout == one.dropout == 0.2
    assert (one.units, one.return_sequences) == (3, False)
    assert relu.activation.__name__ == "relu"
    assert logit.activation.__name__ == "linear"
    assert model.output_shape == (None, 1)


WIDE = dataclasses.replace(
    RECIPE,
    layers=(
        Embedding(4),
        Dropout(0.2),
        Recurrent(3, "GRU", bidirectional=True, sequences=True),
        Pool(),
        Dense(1),
    ),
    ngrams=Ngrams(101),
)


@pytest.fixture(scope="module")
def wide(texts):
    """A model with pooling, and with n-grams beside its layers, half of which count."""
    pytest.importorskip("keras")
    model = build(WIDE, IDS)
    rng = np.random.default_rng(3)
    *weights, _ = (rng.normal(size=array.shape) for array in model.get_weights())
    model.set_weights([*weights, matching_checks(texts, 101, WIDE.ngrams.longest)])
    return model


def test_ngrams_stand_beside_the_layers(wide):
    """Layers are found in the recipe's order, under names that do not depend on other models."""
    names = ["embedding_1", "dropout_2", "recurrent_3", "pool_4", "dense_5"]
    assert [layer.name for layer in deep_layers(wide)] == names
    assert [layer.name for layer in wide.layers] == ["ids", *names, "ngrams", "logit"]
    assert [layer.name for layer in build(WIDE, IDS).layers] == [x.name for x in wide.layers]
    assert embedding_of(wide) is deep_layers(wide)[0]
    assert wide.output_shape == (None, 1)
    assert [array.shape for array in wide.get_layer("ngrams").get_weights()] == [(101,), (101,)]
    for part in ("pool_4", "ngrams", "HashedNgrams", "101", "Total params"):
        assert part in summary(wide)


def test_a_chain_has_the_same_helpers(model):
    """Without n-grams all layers are deep ones."""
    assert deep_layers(model) == model.layers
    assert embedding_of(model) is model.layers[0]


def test_a_model_without_an_embedding():
    """There is none to return."""
    keras = pytest.importorskip("keras")
    with pytest.raises(ValueError, match="without an embedding"):
        embedding_of(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))


def test_both_branches_are_added(wide, texts):
    """The logit is that of the layers and the n-grams' sum, in a batch as alone."""
    found = logits(wide, texts)
    alone = np.array([wide.predict_on_batch(text[None])[0, 0] for text in texts])
    together = wide.predict_on_batch(pad([*texts, np.ones(90, np.int32)])[0])[:-1, 0]
    assert np.ptp(alone) > 0.1
    assert np.abs(found - alone).max() <= 1e-5
    assert np.abs(together - alone).max() <= 1e-5
    hashed = np.array([np.asarray(wide.get_layer("ngrams")(text[None]))[0, 0] for text in texts])
    without = build(dataclasses.replace(WIDE, ngrams=None), IDS)
    without.set_weights(wide.get_weights()[:-2])
    assert np.ptp(hashed) > 0.1
    assert np.abs(logits(without, texts) + hashed - alone).max() <= 1e-5


def test_a_vocabulary_too_large_for_ngrams():
    """Refused before a model is made, in words."""
    with pytest.raises(UsageError, match="n-grams of up to 3 ids: a vocabulary of 50,000"):
        build(WIDE, 50_000)


def test_ngrams_of_padding_are_refused():
    """What a tutorial pads in front would be n-grams of zeros."""
    text = dataclasses.replace(RECIPE.text, padding="start")
    with pytest.raises(ValueError, match="no padding"):
        dataclasses.replace(WIDE, text=text)


def test_as_published_has_no_ngrams():
    """The tutorials have none."""
    recipe: Recipe = dataclasses.replace(RECIPES["bilstm"], ngrams=Ngrams(101))
    assert recipe.as_published().ngrams is None
