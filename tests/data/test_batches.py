"""Batches of like length: every text once, little padding, the seed decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data.batches import (
    Encoded,
    balanced,
    crop,
    plan_training,
    plan_validation,
    thin,
)

LENGTHS = st.lists(st.integers(1, 600), max_size=300).map(lambda v: np.array(v, np.int64))


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def covers(batches, texts: int) -> bool:
    return sorted(i for batch in batches for i in batch.tolist()) == list(range(texts))


@given(lengths=LENGTHS, batch_size=st.integers(1, 70), seed=st.integers(0, 2**32))
def test_an_epoch_has_every_text_once(lengths, batch_size, seed):
    """Whatever the sizes, no text is lost or seen twice, and no batch is empty or too large."""
    batches = plan_training(lengths, batch_size, rng(seed))
    assert covers(batches, len(lengths))
    assert all(1 <= len(batch) <= batch_size for batch in batches)


@given(lengths=LENGTHS, batch_size=st.integers(1, 70))
def test_validation_has_every_text_once_by_length(lengths, batch_size):
    """Batches cover all texts, shortest first; equal lengths stay in their order."""
    batches = plan_validation(lengths, batch_size)
    assert covers(batches, len(lengths))
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    order = [i for batch in batches for i in batch.tolist()]
    assert order == sorted(range(len(lengths)), key=lambda i: lengths[i])


def test_batches_hold_like_lengths():
    """Padding stays under a tenth where texts in random order would be padded by half."""
    lengths = rng(0).geometric(1 / 250, 4000)

    def padding(batches):
        return 1 - lengths.sum() / sum(lengths[b].max() * len(b) for b in batches)

    order = rng(1).permutation(4000)
    assert padding(np.split(order, 125)) > 0.5
    assert padding(plan_training(lengths, 32, rng(1))) < 0.1


def test_batches_come_in_random_order():
    """An epoch does not go from short texts to long ones."""
    lengths = rng(0).geometric(1 / 250, 4000)
    longest = [lengths[batch].max() for batch in plan_training(lengths, 32, rng(1))]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3


def test_the_seed_decides():
    """The same seed gives the same batches, another seed or epoch others."""
    lengths = rng(0).integers(1, 100, 500)

    def plan(*seed):
        return [b.tolist() for b in plan_training(lengths, 16, np.random.default_rng(seed))]

    assert plan(1, 1) == plan(1, 1)
    assert plan(1, 1) != plan(1, 2)
    assert plan(1, 1) != plan(2, 1)


@given(length=st.integers(1, 200), rate=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_thinning_keeps_order_and_at_least_one(length, rate, seed):
    """What is left of a text is never nothing, and stands in the text's order."""
    ids = np.arange(1, length + 1, dtype=np.int32)
    kept = thin(ids, rate, rng(seed))
    assert 1 <= len(kept) <= length
    assert np.all(np.diff(kept) > 0)
    assert set(kept.tolist()) <= set(ids.tolist())


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_thinning_leaves_out_the_share(rate):
    """Over many tokens the share left out is the rate; at 0 nothing is."""
    kept = thin(np.ones(20_000, np.int32), rate, rng(3))
    assert 1 - len(kept) / 20_000 == pytest.approx(rate, abs=0.015 if rate else 0)


@given(length=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_a_crop_is_a_piece_of_the_text(length, seed):
    """A crop is 3 to 40 tokens in a row, or the whole of a shorter text."""
    piece = crop(np.arange(length, dtype=np.int32), rng(seed))
    assert min(3, length) <= len(piece) <= 40
    assert np.all(np.diff(piece) == 1)


def test_crops_come_from_everywhere():
    """Beginning, end and middle of a text all occur, and so do the shortest and longest piece."""
    ids = np.arange(60, dtype=np.int32)
    pieces = [crop(ids, random) for random in [rng(0)] for _ in range(3000)]
    assert {int(piece[0]) for piece in pieces} >= {0, 30, 57}
    assert max(int(piece[-1]) for piece in pieces) == 59
    assert {len(piece) for piece in pieces} == set(range(3, 41))


def test_balanced_classes():
    """Both classes weigh alike in all, the mean weight is 1, and the labels stay."""
    found = balanced(Encoded([np.array([1])] * 4, np.array([1, 0, 1, 1], np.int8)))
    assert found.labels.tolist() == [1, 0, 1, 1]
    assert found.weights.tolist() == pytest.approx([2 / 3, 2, 2 / 3, 2 / 3])


def test_balanced_chances():
    """A text of which it is not sure counts for both: the loss that its label and weight give."""
    chances = np.array([0.9, 0.2, 0.7], np.float32)
    found = balanced(Encoded([np.array([1])] * 3, chances))
    said = np.array([0.6, 0.5, 0.1])
    of_positive, of_negative = 3 / (2 * 1.8), 3 / (2 * 1.2)
    loss = found.weights * -(found.labels * np.log(said) + (1 - found.labels) * np.log(1 - said))
    expected = -(
        of_positive * chances * np.log(said) + of_negative * (1 - chances) * np.log(1 - said)
    )
    assert loss == pytest.approx(expected)


def test_one_class_cannot_be_balanced():
    """It stays as it is."""
    texts = Encoded([np.array([1])], np.array([1], np.int8))
    assert balanced(texts) is texts
