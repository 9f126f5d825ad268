"""The loss of a model beside another: of the sum of both logits, which the other's do not move."""

import numpy as np
import pytest

from edgernn.data.batches import Encoded
from edgernn.recipes.recipe import FitSettings
from edgernn.training.beside_loss import beside_functions
from edgernn.training.fit import _augmented

keras = pytest.importorskip("keras")

LABELS = np.array([1, 0, 0.7, 0.2], np.float32)
OTHERS = np.array([2, 2, -3, 0], np.float32)
LOGITS = np.array([[-1], [-1], [5], [0.5]], np.float32)
TARGETS = np.stack([LABELS, OTHERS], axis=1)


def test_loss_is_that_of_the_sum():
    """Binary cross-entropy, one number a text."""
    sums = LOGITS[:, 0] + OTHERS
    expected = np.logaddexp(0, sums) - LABELS * sums
    found = keras.ops.convert_to_numpy(beside_functions().loss(TARGETS, LOGITS))
    assert found.shape == (4,)
    assert np.allclose(found, expected, atol=1e-6)


def test_agreement_is_that_of_the_sum():
    """The side of the sum, and that of the label, or likelier one."""
    functions = beside_functions()
    agreement = keras.ops.convert_to_numpy(functions.agreement(TARGETS, LOGITS))
    assert agreement.tolist() == [1, 0, 1, 0]
    positive = keras.ops.convert_to_numpy(functions.right_positive(TARGETS, LOGITS))
    assert positive.tolist() == [1, 0, 1, 0]


def test_an_epoch_sees_short_texts_whole_and_the_other_most_of_the_time(settings):
    """Long texts lose tokens; a fifth of the texts stands without the other's logit."""
    ids = [np.arange(1, 13, dtype=np.int32)] * 400 + [np.arange(1, 60, dtype=np.int32)] * 400
    texts = Encoded(ids, np.zeros(800, np.float32), beside=np.ones(800, np.float32))
    seen = _augmented(texts, settings, np.random.default_rng(1))
    assert all(np.array_equal(text, ids[0]) for text in seen.ids[:400])
    assert all(len(text) < 59 for text in seen.ids[400:])
    assert np.mean(seen.beside) == pytest.approx(0.8, abs=0.05)
    assert set(seen.beside) == {0, 1}


@pytest.fixture
def settings():
    """Half of the tokens are left out."""
    return FitSettings(
        epochs=1,
        batch_size=8,
        learning_rate=1e-3,
        cosine_decay=False,
        clip_norm=None,
        weight_average=0.0,
        token_dropout=0.5,
        crops=0.0,
        patience=1,
    )
