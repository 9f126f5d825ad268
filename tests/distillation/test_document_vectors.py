"""Document vectors: the same texts give the same, like texts lie near, and they are kept."""

from contextlib import nullcontext

import numpy as np
import pytest

pytest.importorskip("gensim", reason="needs gensim: pip install 'edgernn[train]'")

from edgernn.distillation import document_vectors as module
from edgernn.distillation.document_vectors import document_vectors, holds_vectors
from edgernn.errors import DataError

COUNT = 400


def texts() -> list[str]:
    """Each second one of other words."""
    rng = np.random.default_rng(1)
    return [
        " ".join(f"{'ab'[i % 2]}{n}" for n in rng.integers(300, size=300)) for i in range(COUNT)
    ]


def learned(cache, given, titles=None):
    def busy(title):
        if titles is not None:
            titles.append(title)
        return nullcontext()

    return document_vectors(given, cache=cache, busy=busy)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A cache, what it holds, and what was shown."""
    cache, titles = tmp_path_factory.mktemp("vectors"), []
    assert not holds_vectors(cache)
    return cache, learned(cache, texts(), titles), titles


def test_like_texts_lie_near(done):
    """Texts of the same words are nearer to each other than to those of other words."""
    _, vectors, titles = done
    assert vectors.shape == (COUNT, 300)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(COUNT), abs=1e-3)
    near = vectors @ vectors.T
    same = np.equal.outer(np.arange(COUNT) % 2, np.arange(COUNT) % 2)
    assert near[same].mean() > near[~same].mean() + 0.1
    assert titles[1:] == [f"teacher: document vectors, epoch {k} of 7" for k in range(1, 8)]


def test_they_are_kept(done, monkeypatch):
    """The same texts are not learned again; others, and the same in another order, are."""
    cache, vectors, _ = done
    assert holds_vectors(cache)
    assert [path.name for path in cache.iterdir()] == ["document-vectors.npz"]
    monkeypatch.setattr(module, "_learn", lambda *_: np.zeros((1, 1)))
    assert np.array_equal(learned(cache, texts()), vectors)
    assert module._key(texts()) != module._key(texts()[::-1])
    assert module._key(texts()) != module._key([*texts()[:-1], "other"])


def test_the_same_texts_give_the_same(done, tmp_path):
    """To the last bit, in another folder."""
    assert np.array_equal(learned(tmp_path, texts()), done[1])


def test_a_vector_belongs_to_its_text(tmp_path):
    """Texts without a word, and lone surrogates, leave the others their places."""
    given = texts()
    given[3], given[10] = "", "\ud800"
    near = learned(tmp_path, given)
    near = near @ near.T
    others = [i for i in range(COUNT) if i not in (3, 10)]
    right = [
        near[i][[j for j in others if j != i and (j - i) % 2 == 0]].mean()
        > near[i][[j for j in others if (j - i) % 2]].mean()
        for i in others
    ]
    assert np.mean(right) > 0.9


def test_ngrams():
    """Words, then pairs, then triples; a line break of a review is a space."""
    found = list(module._ngrams("It's<br />Fine"))
    assert found[:4] == ["it", "'", "s", "fine"]
    assert found[4:7] == ["it_'", "'_s", "s_fine"]
    assert found[7:] == ["it_'_s", "'_s_fine"]
    assert list(module._ngrams(" ")) == ["_"]


def test_texts_that_have_nothing_in_common(tmp_path):
    """Where no n-gram is frequent there is nothing to learn; of two texts once is enough."""
    with pytest.raises(DataError, match="no n-gram that is in several texts"):
        learned(tmp_path, [f"word{i}" for i in range(100)])
    learned(tmp_path, ["one", "other"])


def test_a_broken_file(done, tmp_path):
    """It is named, in one line that says what to do."""
    broken = tmp_path / "document-vectors.npz"
    broken.write_bytes((done[0] / broken.name).read_bytes()[:-40])
    with pytest.raises(DataError) as caught:
        learned(tmp_path, texts())
    assert str(caught.value) == f"{broken} is broken: remove it and train again"
