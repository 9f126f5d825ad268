"""The table of n-grams: it sums as the Keras layer does, and its fit finds planted n-grams."""

import numpy as np
import pytest

from edgernn.distillation.ngram_table import MOST_SURE, NgramFit, NgramTable, fit_ngrams, ngram_sums
from edgernn.errors import DataError
from edgernn.ngrams import NO_CHECK, ngram_buckets, ngram_checks, preceding
from edgernn.recipes.recipe import Ngrams

IDS = 30
NGRAMS = Ngrams(32_771)
WEAK = NgramFit(damp=0.01, logistic_damp=1e-4)
"""So little is held back that planted numbers come out as they were put in."""


def some_texts(count: int, seed: int, longest: int = 12) -> list[np.ndarray]:
    """Random ids from 1 to IDS - 1."""
    rng = np.random.default_rng(seed)
    return [rng.integers(1, IDS, rng.integers(1, longest)).astype(np.int32) for _ in range(count)]


def place_of(*ids: int, buckets: int = NGRAMS.buckets) -> tuple[int, int]:
    """Bucket and check of one n-gram."""
    before = preceding(np.array(ids, np.int32), len(ids))
    last = (len(ids) - 1, len(ids) - 1)
    return int(ngram_buckets(before, buckets)[last]), int(ngram_checks(before)[last])


def occurrences(text: np.ndarray, ngram: tuple[int, ...]) -> int:
    n = len(ngram)
    return sum(tuple(text[i : i + n]) == ngram for i in range(len(text) - n + 1))


def logits_of(texts, planted: dict[tuple[int, ...], float], longest: int = 3) -> np.ndarray:
    """Sums of the planted numbers over the root of the number of n-grams, float32."""
    sums = [
        sum(occurrences(text, ngram) * number for ngram, number in planted.items())
        / np.sqrt(longest * len(text))
        for text in texts
    ]
    return np.array(sums, np.float32)


def fitted(texts, logits, weights=None, ngrams=NGRAMS, how=WEAK) -> NgramTable:
    weights = np.ones(len(texts), np.float32) if weights is None else weights
    return fit_ngrams(texts, logits, weights, ngrams, how)


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_it_sums_as_the_layer_does(longest):
    """With the same numbers and checks; about half of the n-grams have their bucket's check."""
    keras = pytest.importorskip("keras")
    from matching_checks import matching_checks

    from edgernn.text.padding import pad
    from edgernn.training.layers import custom_layers

    texts = [*some_texts(30, 1), np.zeros(0, np.int32)]
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=1009).astype(np.float32)
    checks = matching_checks(texts[:-1], 1009, longest)
    layer = custom_layers().hashed_ngrams(1009, longest)
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, layer(ids))
    layer.set_weights([numbers, checks])
    found = ngram_sums(texts, NgramTable(numbers, checks, longest))
    assert found.dtype == np.float32
    assert np.allclose(found, model.predict_on_batch(pad(texts)[0])[:, 0], atol=1e-5)
    assert np.std(found) > 0.5
    assert found[-1] == 0


def test_planted_ngrams_are_found():
    """Their numbers and checks stand in their buckets, and the others count for little."""
    planted = {(5,): 1.5, (7, 9): -3.0, (3, 4, 6): 4.0}
    rng = np.random.default_rng(4)
    texts = some_texts(900, 3)
    for i, ngram in enumerate((*planted, *planted) * 60):
        texts[i] = np.concatenate([texts[i], np.array(ngram, np.int32)])
    rng.shuffle(texts)
    logits = logits_of(texts, planted)
    assert np.abs(logits).max() < MOST_SURE
    table = fitted(texts, logits)
    for ngram, number in planted.items():
        bucket, check = place_of(*ngram)
        assert table.checks[bucket] == check
        assert table.numbers[bucket] == pytest.approx(number, rel=0.15)
    fresh = some_texts(300, 5)
    assert np.corrcoef(ngram_sums(fresh, table), logits_of(fresh, planted))[0, 1] > 0.9
    empty = table.checks == NO_CHECK
    assert 0.5 < empty.mean() < 1
    assert np.all(table.numbers[empty] == 0)


def test_the_one_that_matters_keeps_the_bucket():
    """Of two words in one bucket the one that says more stays; the other counts for nothing."""
    buckets = 11
    one = 2
    other = next(
        i
        for i in range(3, IDS)
        if place_of(i, buckets=buckets)[0] == place_of(one, buckets=buckets)[0]
    )
    bucket, _ = place_of(one, buckets=buckets)
    for strong, weak in ((one, other), (other, one)):
        texts = [np.array([word], np.int32) for word in (strong, weak, 1)] * 10
        table = fitted(texts, np.array([3, -1, 0] * 10, np.float32), ngrams=Ngrams(buckets, 1))
        assert table.checks[bucket] == place_of(strong, buckets=buckets)[1]
        assert table.numbers[bucket] == pytest.approx(3, rel=0.05)
        sums = ngram_sums(texts[:2], table)
        assert sums[0] == pytest.approx(3, rel=0.05)
        assert sums[1] == 0


def test_rare_ngrams_are_left_out():
    """What is met three times is not in the table, what is met four times is."""
    texts = [np.array([1], np.int32)] * 20
    texts += [np.array([2], np.int32)] * 3 + [np.array([3], np.int32)] * 4
    logits = np.array([-1] * 20 + [3] * 7, np.float32)
    table = fitted(texts, logits, how=NgramFit())
    sums = ngram_sums([np.array([i], np.int32) for i in (1, 2, 3)], table)
    assert sums[0] < 0 == sums[1] < sums[2]
    assert table.checks[place_of(2)[0]] == NO_CHECK
    all_kept = fitted(texts, logits, how=NgramFit(min_count=3))
    assert all_kept.checks[place_of(2)[0]] == place_of(2)[1]


def test_nothing_is_frequent():
    """A table of no n-gram is refused."""
    with pytest.raises(DataError, match="no n-gram is met 4 times"):
        fitted([np.array([i], np.int32) for i in range(1, 9)], np.ones(8), how=NgramFit())


def test_an_ngram_ends_with_its_text():
    """The last id of one text and the first of the next are no bigram."""
    texts = [np.array([1], np.int32), np.array([2], np.int32)] * 10
    table = fitted(texts, np.array([1, -1] * 10, np.float32), ngrams=Ngrams(NGRAMS.buckets, 2))
    assert table.checks[place_of(1, 2)[0]] == NO_CHECK
    assert table.checks[place_of(0, 1)[0]] == place_of(0, 1)[1]


def test_weights_matter():
    """Of texts that are at odds the one that weighs more has its way: weights are squared."""
    likely = 1 / (1 + np.exp(-2))
    mean = (likely + 0.01 * (1 - likely)) / 1.01
    texts = [np.array([2], np.int32)] * 20
    logits = np.array([2, -2] * 10, np.float32)
    for heavy, sign in ((0, 1), (1, -1)):
        weights = np.full(20, 0.1, np.float32)
        weights[heavy::2] = 1
        sums = ngram_sums(texts[:1], fitted(texts, logits, weights))
        assert sums[0] * sign == pytest.approx(np.log(mean / (1 - mean)), rel=0.01)
    assert abs(ngram_sums(texts[:1], fitted(texts, logits))[0]) < 1e-3


def test_targets_are_pulled_in():
    """How sure a teacher is says little beyond a bound; labels are as sure as can be."""
    texts = [np.array([2], np.int32), np.array([3], np.int32)] * 10
    sure = fitted(texts, np.array([np.inf, -np.inf] * 10, np.float32))
    bound = fitted(texts, np.array([MOST_SURE, -MOST_SURE] * 10, np.float32))
    assert np.array_equal(sure.numbers, bound.numbers)
    assert ngram_sums(texts[:1], sure)[0] == pytest.approx(MOST_SURE, rel=0.01)


def test_telling_ngrams_are_held_back_less():
    """A word that tells the classes apart gains on one that does not by the power of the ratios."""
    texts = [np.array([word, 9], np.int32) for word in (2, 3)] * 10
    logits = np.array([2, -1] * 10, np.float32)
    shares = []
    for power in (0.0, 0.5, 1.0):
        how = NgramFit(damp=3.0, logistic_damp=3.0, ratio_power=power)
        table = fitted(texts, logits, ngrams=Ngrams(NGRAMS.buckets, 1), how=how)
        telling, common = (abs(table.numbers[place_of(word)[0]]) for word in (2, 9))
        shares.append(telling / common)
    assert shares[0] < shares[1] < shares[2]
