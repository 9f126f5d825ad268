"""Keras models out of recipes: padding changes nothing, sizes are as stated."""

import dataclasses

import numpy as np
import pytest
from toy import RECIPE

from edgernn.training.batches import pad
from edgernn.training.models import build, logits, probabilities
from edgernn.training.recipe import Dense, Embedding, Recurrent
from edgernn.training.recipes import RECIPES

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
    together = model.predict_on_batch(pad(texts))[:, 0]
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
