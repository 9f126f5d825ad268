"""A linear model of n-grams and of characters: what it is right about, and what it equals."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn.distillation.linear_model import TextFeatures, _spans, margins_of, solve
from edgernn.distillation.vector_table import Entries, entries_of, next_prime, vector_table
from edgernn.errors import DataError
from edgernn.ngrams import NO_CHECK
from edgernn.recipes.recipe import NgramVectors
from exporters.onnx_weights import quantize

sparse = pytest.importorskip("scipy.sparse")
svm = pytest.importorskip("sklearn.svm")

WORDS = [None, None, "good", "goodness", "bad", "badly", "film", "plot", "a", "the", "goodish"]
PAIRS = NgramVectors(buckets=2003, units=16, longest=2, fitted=True)
RARE = 10
"""The id of a word that no text holds."""


def texts_and_labels(number: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Texts of 2 to 6 ids and three labels; what is good, bad or neither says which."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, number)
    texts = []
    for label in labels:
        ids = random.choice([1, 6, 7, 8, 9], random.integers(1, 6))
        told = random.choice([[2, 3], [4, 5], [6, 7]][label])
        texts.append(np.insert(ids, random.integers(0, len(ids) + 1), told).astype(np.int32))
    return texts, labels


def test_it_is_scikit_learns_svm() -> None:
    """With the same columns `LinearSVC` finds these sums, when it has gone on for longer."""
    texts, labels = texts_and_labels(200)
    features = TextFeatures(texts, WORDS, PAIRS)
    every = np.arange(len(texts))
    model = solve(features, every, margins_of(labels, 3))
    found = features.sums(model, every) + model.constant
    columns = sparse.hstack([features.columns, features.once @ features.spelled]).tocsr()
    wanted = svm.LinearSVC(C=1, intercept_scaling=100, tol=1e-6, max_iter=20_000)
    wanted.fit(columns, labels)
    assert np.abs(found - wanted.decision_function(columns)).mean() < 0.03
    assert np.mean(found.argmax(axis=1) == wanted.predict(columns)) > 0.99


def test_a_word_is_known_by_its_spelling() -> None:
    """One that no text holds counts for what words spelled like it count for."""
    texts, labels = texts_and_labels(200)
    features = TextFeatures(texts, WORDS, PAIRS)
    model = solve(features, np.arange(len(texts)), margins_of(labels, 3))
    assert model.of_ids[RARE].argmax() == 0
    entries = entries_of(features, model, first_word=2)
    table = vector_table(entries, PAIRS)
    assert table.sums([np.array([RARE], np.int32)])[0].argmax() == 0


def test_what_is_there_already_is_not_learned() -> None:
    """Texts that another model has a margin of 1 for change no weight."""
    texts, labels = texts_and_labels(60)
    features, margins = TextFeatures(texts, WORDS, PAIRS), margins_of(labels == 0, None)
    every = np.arange(len(texts))
    model = solve(features, every, margins, offset=2 * margins)
    assert not model.of_ngrams.any()
    assert not model.constant.any()


def test_weights_turn_an_unequal_label() -> None:
    """A rare label's texts that count for more are called so more often."""
    texts, labels = texts_and_labels(300)
    rare = (labels == 0) & (np.arange(300) % 10 == 0)
    kept = np.flatnonzero((labels != 0) | rare)
    some, own = [texts[row] for row in kept], rare[kept]
    features, margins = TextFeatures(some, WORDS, PAIRS), margins_of(own, None)
    every = np.arange(len(some))
    weights = np.where(own, len(own) / own.sum(), 1).astype(np.float32)
    plain = solve(features, every, margins, damp=50)
    heavy = solve(features, every, margins, damp=50, weights=weights)

    def called(model) -> int:
        return int(np.sum(features.sums(model, every)[:, 0] + model.constant > 0))

    assert called(plain) < own.sum() <= called(heavy)


def test_of_two_labels_what_is_uneven_weighs_more() -> None:
    """What as many texts of either hold is left alone, however the rest of each text lies."""
    random = np.random.default_rng(2)
    labels = np.arange(80) % 2
    texts = [
        np.array([6 + row // 2 % 2, (2, 4)[labels[row] ^ (random.random() < 0.2)]], np.int32)
        for row in range(80)
    ]
    features = TextFeatures(texts, WORDS, NgramVectors(buckets=2003, units=1, longest=1))
    every = np.arange(len(texts))
    two = solve(features, every, margins_of(labels, None)).of_ngrams[:, 0]
    each = solve(features, every, margins_of(labels, 2)).of_ngrams[:, 1]
    weights = {int(word): k for k, word in enumerate(features.met.ids[0])}
    assert abs(two[weights[6]]) < 1e-3 < abs(each[weights[6]])
    assert two[weights[2]] < -0.1
    assert two[weights[4]] > 0.1


def test_texts_that_tell_nothing() -> None:
    """Each is there with both labels: no n-gram has a weight, which is said."""
    texts = [np.array(ids, np.int32) for ids in ([2, 6], [4, 7], [6, 7])] * 2
    features = TextFeatures(texts, WORDS, PAIRS)
    labels = np.repeat([0, 1], 3)
    model = solve(features, np.arange(len(texts)), margins_of(labels, None))
    with pytest.raises(DataError, match="tell nothing of their labels"):
        vector_table(entries_of(features, model, first_word=2), PAIRS)


def test_several_labels_a_text() -> None:
    """Each has margins of its own."""
    assert margins_of(np.array([[True, False], [False, False]]), 2).tolist() == [[1, -1], [-1, -1]]
    assert margins_of(np.array([0, 1]), None).tolist() == [[-1], [1]]
    assert margins_of(np.array([2, 0]), 3).tolist() == [[-1, -1, 1], [1, -1, -1]]


def test_the_table_says_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each n-gram has a bucket; with too few of them those stay that contribute most."""
    texts, labels = texts_and_labels(200)
    features = TextFeatures(texts, WORDS, PAIRS)
    every = np.arange(len(texts))
    model = solve(features, every, margins_of(labels, 3))
    entries = entries_of(features, model, first_word=2)
    wide = NgramVectors(buckets=200_003, units=16, longest=2, fitted=True)
    with monkeypatch.context() as patch:
        patch.setattr("edgernn.distillation.vector_table._ROOM", 400)
        patch.setattr("edgernn.distillation.vector_table._STEPS", 1 << 20)
        roomy = vector_table(entries, wide)
    # A check of another n-gram is the bucket's once in 127 times.
    off = np.abs(roomy.sums(texts) - features.sums(model, every)).max(axis=1)
    assert np.mean(off < 1e-4) > 0.9
    small = NgramVectors(buckets=1021, units=3, longest=2, fitted=True)
    table = vector_table(entries, small)
    assert table.vectors.shape == (table.ngrams.buckets, 3)
    assert (table.checks != NO_CHECK).sum() <= len(entries.counts)
    right = table.sums(texts).argmax(axis=1) == labels
    assert np.mean(right) > 0.95


def test_a_bucket_keeps_what_contributes_most() -> None:
    """Of two n-grams in one bucket."""
    texts, labels = texts_and_labels(100)
    features = TextFeatures(texts, WORDS, PAIRS)
    model = solve(features, np.arange(len(texts)), margins_of(labels, 3))
    entries = entries_of(features, model, first_word=2)
    at = entries.places(1021, "float32")
    table = vector_table(entries, NgramVectors(buckets=1021, units=3, longest=2, fitted=True))
    assert table.ngrams.buckets == 1021
    for bucket in np.unique(at):
        rows = np.flatnonzero(at == bucket)
        best = rows[entries.shares[rows].argmax()]
        steps = np.abs(table.vectors).max(axis=0) / 127
        assert (np.abs(table.vectors[bucket] - entries.weights[best]) <= 0.501 * steps).all()


def test_a_weight_that_is_far_larger_is_pulled_in() -> None:
    """Int8 rounds all weights of a label by the largest of them."""
    weights = np.full((1000, 1), 0.1, np.float32)
    weights[7] = 50
    ids = np.zeros((2, 1000), np.int32)
    ids[0] = np.arange(2, 1002)
    entries = Entries(weights, np.ones(1000), ids, np.ones(1000, np.int64))
    table = vector_table(entries, NgramVectors(buckets=4001, units=1, longest=2, fitted=True))
    step = table.vectors.max() / 127
    assert 0.1 < table.vectors.max() <= 20 * np.sqrt(50**2 / 900)
    assert np.isclose(table.vectors, 0.1, atol=step / 2).sum() > 700


def test_int8_holds_a_table_as_it_is() -> None:
    """However many labels have however few texts: weights are rounded before they are measured."""
    texts, labels = texts_and_labels(60)
    features = TextFeatures(texts, WORDS, PAIRS)
    model = solve(features, np.arange(len(texts)), margins_of(labels, 3))
    table = vector_table(entries_of(features, model, first_word=2), PAIRS)
    steps, scales = quantize(table.vectors, 1)
    assert np.abs(steps).max(axis=0).tolist() == [127, 127, 127]
    assert np.allclose(steps * scales, table.vectors, rtol=1e-6, atol=0)


PIECES = [None, "go", "od", "good ", "ness", " ", "b", "ad "]


def test_pieces_have_all_characters_of_a_text() -> None:
    """Each run of two to five of them is that of one n-gram, wherever it begins and ends."""
    ids = np.array([1, 2, 4, 5, 6, 7, 3], np.int32)
    whole = "".join(PIECES[i] for i in ids)
    wanted = sorted(
        whole[start : start + size]
        for size in range(2, 6)
        for start in range(len(whole) - size + 1)
    )
    windows = [ids[i:j] for i in range(len(ids)) for j in range(i + 1, len(ids) + 1)]
    spans = [list(_spans(tuple(PIECES[i] for i in window))) for window in windows]
    assert sorted(span for some in spans for span in some) == wanted
    assert list(_spans(())) == []


def test_pieces_tell_by_what_runs_across_them() -> None:
    """A linear model of pieces is that of their columns and characters, and a table says it."""
    random = np.random.default_rng(1)
    labels = np.arange(90) % 2
    texts = [
        np.array([*random.integers(5, 8, 3), *((1, 2), (2, 1))[label], 5], np.int32)
        for label in labels
    ]
    features = TextFeatures(texts, PIECES, PAIRS, are_pieces=True)
    every = np.arange(len(texts))
    model = solve(features, every, margins_of(labels, None))
    found = features.sums(model, every)[:, 0] + model.constant[0]
    assert ((found > 0) == labels).all()
    spelled = features.once @ features.spelled + features.columns @ features.across
    columns = sparse.hstack([features.columns, spelled]).tocsr()
    wanted = svm.LinearSVC(C=1, intercept_scaling=100, tol=1e-6, max_iter=20_000)
    wanted.fit(columns, labels)
    assert np.abs(found - wanted.decision_function(columns)).mean() < 0.03
    # A pair that no text holds has no weight; of its pieces each has its own characters'.
    table = vector_table(entries_of(features, model, first_word=1), PAIRS)
    off = np.abs(table.sums(texts)[:, 0] + model.constant - found).max()
    assert off < 0.1


@pytest.mark.parametrize(("number", "prime"), [(2, 2), (4, 5), (1021, 1021), (32_768, 32_771)])
def test_primes(number: int, prime: int) -> None:
    """The smallest that is not smaller."""
    assert next_prime(number) == prime
