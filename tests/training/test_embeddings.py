"""First embedding values from the training texts."""

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.training.embeddings import neighbour_embeddings

GOOD, FINE, DOG, CAT, IS, BARKS, MEOWS = range(1, 8)
UNSEEN = 8
VOCABULARY = 9


def corpus() -> list[npt.NDArray[np.int32]]:
    """Sentences in which 1 and 2 have the same company, and 3 and 4 have another."""
    rng = np.random.default_rng(0)
    sentences = [(IS, GOOD, IS), (IS, FINE, IS), (BARKS, DOG, MEOWS), (BARKS, CAT, MEOWS)]
    return [np.array(sentences[i], np.int32) for i in rng.integers(0, 4, 400)]


def test_like_company_gives_near_vectors() -> None:
    """Tokens that stand near the same tokens are nearer to each other than to others."""
    vectors = neighbour_embeddings(corpus(), VOCABULARY, 4, seed=1)
    assert vectors.shape == (VOCABULARY, 4)
    assert vectors.dtype == np.float32

    def likeness(a: int, b: int) -> float:
        return float(vectors[a] @ vectors[b] / (vectors[a] @ vectors[a]))

    assert likeness(GOOD, FINE) > 0.9
    assert likeness(DOG, CAT) > 0.9
    assert abs(likeness(GOOD, DOG)) < 0.5


def test_norms() -> None:
    """Tokens met have one norm; padding and tokens never met stay zero."""
    norms = np.linalg.norm(neighbour_embeddings(corpus(), VOCABULARY, 4, seed=1), axis=1)
    assert norms[1:UNSEEN] == pytest.approx([0.2] * 7, rel=1e-5)
    assert norms[0] == norms[UNSEEN] == 0


def test_seed() -> None:
    """The same seed gives the same values."""
    first, second = (neighbour_embeddings(corpus(), VOCABULARY, 4, seed=3) for _ in range(2))
    assert np.array_equal(first, second)


def test_texts_are_kept_apart() -> None:
    """The end of one text and the beginning of the next are not neighbours."""
    texts = [np.array(pair, np.int32) for pair in [(1, 2), (3, 4)] * 50]
    together = [np.concatenate(texts)]
    apart = neighbour_embeddings(texts, 5, 4, seed=1)
    assert abs(float(apart[2] @ apart[3])) < 1e-4
    assert not np.allclose(apart, neighbour_embeddings(together, 5, 4, seed=1))


def test_small_vocabulary() -> None:
    """More numbers a vector than ids leaves the rest zero."""
    vectors = neighbour_embeddings([np.array([1, 2, 1], np.int32)], 3, 8, seed=1)
    assert vectors.shape == (3, 8)
    assert not vectors[:, 2:].any()


def test_texts_of_one_token():
    """Without neighbours there is nothing to start from, and no warning about it."""
    texts = [np.array([2], np.int32), np.array([3], np.int32)]
    vectors = neighbour_embeddings(texts, 5, 4, seed=0)
    assert vectors.shape == (5, 4)
    assert not vectors.any()
