"""Our own Keras layers: what they compute, that padding changes nothing, that they can be kept."""

import subprocess
import sys

import numpy as np
import pytest
from matching_checks import matching_checks

from edgernn.errors import UsageError
from edgernn.ngrams import (
    INT32,
    LONGEST,
    NO_CHECK,
    hashed_ngrams,
    ngram_buckets,
    ngram_checks,
    preceding,
)
from edgernn.text.padding import pad
from edgernn.training.layers import custom_layers

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

BUCKETS = 101


_RNG = np.random.default_rng(5)
TEXTS = [_RNG.integers(1, 50, n).astype(np.int32) for n in (1, 2, 3, 20, 4)]


@pytest.fixture
def texts():
    """Texts of 1 to 20 ids."""
    return TEXTS


def ngrams(longest: int):
    """A layer with random numbers, which count for half of the n-grams, and what it holds."""
    layer = custom_layers().hashed_ngrams(BUCKETS, longest)
    layer.build((None, None))
    table = np.random.default_rng(1).normal(size=BUCKETS).astype(np.float32)
    checks = matching_checks(TEXTS, BUCKETS, longest)
    layer.set_weights([table, checks])
    return layer, table, checks


def counting(ids, checks, longest: int):
    """The buckets of a text's n-grams that have their bucket's check."""
    before = preceding(ids, longest)
    at = ngram_buckets(before, BUCKETS)
    return at[checks[at] == ngram_checks(before)]


@pytest.mark.parametrize("longest", range(1, LONGEST + 1))
def test_ngrams_are_those_of_numpy(texts, longest):
    """The sum over the root of the number of n-grams, in a padded batch and alone."""
    layer, table, checks = ngrams(longest)
    expected = [
        table[counting(ids, checks, longest)].sum() / np.sqrt(longest * len(ids)) for ids in texts
    ]
    whole = table[hashed_ngrams(TEXTS[3], BUCKETS, longest)].sum() / np.sqrt(longest * 20)
    assert abs(whole - expected[3]) > 0.01
    found = np.asarray(layer(pad(texts)[0]))
    assert found.shape == (len(texts), 1)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)
    for ids, value in zip(texts, expected, strict=True):
        assert np.asarray(layer(np.pad(ids, (0, 9))[None]))[0, 0] == pytest.approx(value, abs=1e-5)


def vectors(longest: int):
    """A layer with random vectors of 4 and 3 outputs, like `ngrams`, and what it holds."""
    layer = custom_layers().hashed_ngram_vectors(BUCKETS, longest, 4, 3)
    layer.build((None, None))
    table, kernel, _ = layer.get_weights()
    assert (table.shape, kernel.shape) == ((BUCKETS, 4), (4, 3))
    # An n-gram that was never trained counts for nothing.
    assert not table.any()
    assert kernel.any()
    table = np.random.default_rng(1).normal(size=table.shape).astype(np.float32)
    checks = matching_checks(TEXTS, BUCKETS, longest)
    layer.set_weights([table, kernel, checks])
    return layer, table, kernel, checks


@pytest.mark.parametrize("longest", range(1, LONGEST + 1))
def test_vectors_are_added_up(texts, longest):
    """Those of the n-grams that have their bucket's check, in a padded batch and alone."""
    layer, table, kernel, checks = vectors(longest)
    expected = np.stack(
        [
            table[counting(ids, checks, longest)].sum(axis=0) / np.sqrt(longest * len(ids)) @ kernel
            for ids in texts
        ]
    )
    found = np.asarray(layer(pad(texts)[0]))
    assert np.ptp(expected, axis=0).min() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for ids, values in zip(texts, expected, strict=True):
        alone = np.asarray(layer(np.pad(ids, (0, 9))[None]))[0]
        np.testing.assert_allclose(alone, values, atol=1e-5)


def test_a_text_without_tokens():
    """It is zero, not a division by zero."""
    layer, *_ = ngrams(3)
    assert np.asarray(layer(np.zeros((2, 4), np.int32))).tolist() == [[0.0], [0.0]]
    layer, *_ = vectors(3)
    assert np.asarray(layer(np.zeros((2, 4), np.int32))).tolist() == [[0.0] * 3] * 2


def test_more_buckets_than_int32_can_hash():
    """Refused as the layer is made."""
    with pytest.raises(UsageError, match="buckets"):
        custom_layers().hashed_ngrams(0, 3)


def test_the_table_learns(texts):
    """A gradient reaches the buckets whose check a text's n-grams have, and no other; no check."""
    tensorflow = pytest.importorskip("tensorflow")
    layer, _, checks = ngrams(2)
    assert [variable.name for variable in layer.trainable_variables] == ["table"]
    ids = texts[3]
    with tensorflow.GradientTape() as tape:
        found = layer(np.append(ids, 0)[None])
    gradient = tensorflow.convert_to_tensor(tape.gradient(found, layer.trainable_variables[0]))
    hit = set(counting(ids, checks, 2).tolist())
    assert 0 < len(hit) < len(set(hashed_ngrams(ids, BUCKETS, 2).tolist()))
    assert set(np.flatnonzero(gradient).tolist()) == hit


def test_an_untrained_layer_is_empty(texts):
    """No n-gram has the check that its buckets have."""
    layer = custom_layers().hashed_ngrams(BUCKETS, 2)
    layer.build((None, None))
    table, checks = layer.get_weights()
    assert (table.dtype, checks.dtype) == (np.float32, np.int32)
    assert not table.any()
    assert set(checks.tolist()) == {NO_CHECK}
    layer.set_weights([table + 1, checks])
    assert not np.asarray(layer(pad(texts)[0])).any()


@pytest.fixture(scope="module")
def states():
    """Features of two texts of 3 and 1 tokens, padded to 4, and their mask; all are negative."""
    values = -np.random.default_rng(2).uniform(1, 2, (2, 4, 5)).astype(np.float32)
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)
    # Padding would be the largest, and change the mean.
    values[~mask] = 7
    return values, mask


def test_pooling(states):
    """Maximum first, then mean, over a text's tokens alone."""
    values, mask = states
    found = np.asarray(custom_layers().max_mean_pooling()(values, mask=mask))
    for row, length in enumerate((3, 1)):
        real = values[row, :length]
        expected = np.concatenate([real.max(axis=0), real.mean(axis=0)])
        np.testing.assert_allclose(found[row], expected, atol=1e-6)


def test_pooling_without_a_mask(states):
    """All positions are tokens."""
    values, _ = states
    found = np.asarray(custom_layers().max_mean_pooling()(values))
    expected = np.concatenate([values.max(axis=1), values.mean(axis=1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_pooling_of_no_token(states):
    """Zeros, and a gradient that is a number."""
    tensorflow = pytest.importorskip("tensorflow")
    values = tensorflow.Variable(states[0])
    with tensorflow.GradientTape() as tape:
        found = custom_layers().max_mean_pooling()(values, mask=np.zeros((2, 4), bool))
    assert np.asarray(found).tolist() == [[0.0] * 10] * 2
    assert np.isfinite(tape.gradient(found, values).numpy()).all()


def test_the_mask_ends_at_the_pooling():
    """Behind it there is no time axis that it could hide."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32")
    hidden = layers.Embedding(9, 3, mask_zero=True)(ids)
    pooled = custom_layers().max_mean_pooling()(layers.LSTM(2, return_sequences=True)(hidden))
    assert pooled.shape == (None, 4)
    assert getattr(pooled, "_keras_mask", None) is None


def test_a_file_of_another_process(tmp_path):
    """Keras loads a model with both layers, in safe mode, once they are known to it."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32")
    hidden = layers.LSTM(2, return_sequences=True)(layers.Embedding(9, 3, mask_zero=True)(ids))
    deep = layers.Dense(1)(custom_layers().max_mean_pooling()(hidden))
    hashed = custom_layers().hashed_ngrams(BUCKETS, 2)
    model = keras.Model(ids, layers.Add()([deep, hashed(ids)]))
    text = np.append(TEXTS[3] % 8 + 1, 0)[None]
    hashed.set_weights([np.ones(BUCKETS), matching_checks([text[0, :-1]], BUCKETS, 2)])
    path = tmp_path / "model.keras"
    model.save(path)
    expected = float(model.predict_on_batch(text)[0, 0])
    script = (
        "import sys\n"
        "import edgernn.training.layers as ours\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
        "import keras, numpy\n"
        "ours.custom_layers()\n"
        "model = keras.saving.load_model(sys.argv[1], safe_mode=True)\n"
        "ids = numpy.array([[int(n) for n in sys.argv[2:]]], 'int32')\n"
        "print(float(model.predict_on_batch(ids)[0, 0]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(path), *map(str, text[0])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.split()[-1]) == pytest.approx(expected, abs=1e-6)


def test_a_layer_that_names_no_hash_is_an_old_one():
    """Models that were saved when there was one hash keep it; a new layer names its own."""
    new = custom_layers().hashed_ngrams(BUCKETS, 2)
    assert new.get_config()["hash"] == "float32"
    old = {name: value for name, value in new.get_config().items() if name != "hash"}
    layer = type(new).from_config(old)
    assert layer.hash == "int32"
    layer.build((None, None))
    ids = np.array([[7, 250, 3, 9]], np.int32)
    buckets = ngram_buckets(preceding(ids[0], 2), BUCKETS, INT32)
    checks = np.full(BUCKETS, NO_CHECK, np.int32)
    checks[buckets[1, 2]] = ngram_checks(preceding(ids[0], 2), INT32)[1, 2]
    layer.set_weights([np.ones(BUCKETS, np.float32), checks])
    assert np.asarray(layer(ids))[0, 0] > 0
    with pytest.raises(UsageError, match="n-grams hashed as 'md5': choose one of int32, float32"):
        custom_layers().hashed_ngrams(BUCKETS, 2, "md5")
