"""The teacher: no text's score knows its own label, and what was reached is kept."""

from contextlib import nullcontext

import numpy as np
import pytest

from edgernn.data import Examples
from edgernn.distillation import teacher
from edgernn.distillation.sentences import split_sentences
from edgernn.distillation.teacher import FOLDS, holds_folds, train_teacher
from edgernn.errors import DataError

SEED = 3


def review(rng: np.random.Generator, positive: bool) -> str:
    """Two to four sentences, of which most tell the class."""
    sentences = []
    for _ in range(rng.integers(2, 5)):
        told = positive if rng.random() < 0.8 else not positive
        word = rng.choice(("great", "lovely", "fine") if told else ("awful", "dull", "poor"))
        sentences.append(f"The {rng.choice(('plot', 'cast', 'film'))} was {word}.")
    return " ".join(sentences)


def corpus(texts: int, unlabelled: int, seed: int = 1):
    """Labelled texts, their labels, and unlabelled texts."""
    rng = np.random.default_rng(seed)
    labels = np.arange(texts, dtype=np.int8) % 2
    known = [review(rng, bool(label)) for label in labels]
    return known, labels, [review(rng, bool(i % 2)) for i in range(unlabelled)]


KNOWN, LABELS, UNKNOWN = corpus(60, 20)
ALL = [*KNOWN, *UNKNOWN]
SENTENCES = [split_sentences(text) for text in ALL]
VECTORS = np.random.default_rng(4).normal(size=(len(ALL), 6)).astype(np.float32)
# The first number tells the class of most texts.
VECTORS[:, 0] += np.where(np.arange(len(ALL)) % 2, 2, -2)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
OWNER = np.repeat(np.arange(len(ALL)), [len(part) for part in SENTENCES])


def asked(
    cache,
    labelled=KNOWN,
    labels=LABELS,
    unlabelled=UNKNOWN,
    vectors=VECTORS,
    seed=SEED,
    titles=None,
    groups=None,
):
    """What the teacher says."""

    def busy(title):
        if titles is not None:
            titles.append(title)
        return nullcontext()

    vectors = vectors[: len(labelled) + len(unlabelled)]
    known = Examples(tuple(labelled), labels, groups)
    return train_teacher(known, unlabelled, vectors, seed=seed, cache=cache, busy=busy)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A teacher's cache, and what it said."""
    cache = tmp_path_factory.mktemp("teacher")
    return cache, asked(cache)


@pytest.fixture
def no_fitting(monkeypatch):
    """From here on nothing can be fitted."""

    def refuse(*_, **__):
        raise AssertionError("a model is fitted again")

    monkeypatch.setattr(teacher, "_Models", refuse)


def same(one, other) -> bool:
    return np.array_equal(one.texts, other.texts) and np.array_equal(one.sentences, other.sentences)


def test_it_learns(done):
    """Its answers are right on texts it has and has not the labels of, and on their sentences."""
    _, soft = done
    assert soft.texts.shape == (80,)
    assert soft.sentences.shape == (len(OWNER),)
    assert soft.texts.dtype == soft.sentences.dtype == np.float32
    assert soft.accuracy == np.mean((soft.texts[:60] > 0) == LABELS) > 0.8
    assert np.mean((soft.texts[60:] > 0) == (np.arange(20) % 2)) > 0.8
    said = dict(zip((s for part in SENTENCES for s in part), soft.sentences, strict=True))
    assert said["The plot was great."] > 0 > said["The plot was awful."]
    for share in (soft.texts_accuracy, soft.sentences_accuracy, soft.vectors_accuracy):
        assert 0.75 < share <= 1


def test_no_score_knows_its_own_label():
    """With one label turned round that text's own scores stay to the last bit; others' change."""
    folds = teacher._folds(Examples(tuple(KNOWN), LABELS), SEED)

    def scores(labels):
        models = teacher._Models(KNOWN, labels, UNKNOWN, SENTENCES, OWNER, VECTORS)
        return teacher._joined([models.scores(folds != k) for k in range(FOLDS)], folds, OWNER)

    before = scores(LABELS)
    for turned in (0, 31):
        labels = LABELS.copy()
        labels[turned] = 1 - labels[turned]
        texts, sentences, of_vectors = scores(labels)
        assert texts[turned] == before[0][turned]
        assert of_vectors[turned] == before[2][turned]
        own = turned == OWNER
        assert np.array_equal(sentences[own], before[1][own])
        elsewhere = (np.arange(60) != turned) & (folds != folds[turned])
        assert np.any(texts[:60][elsewhere] != before[0][:60][elsewhere])
        assert np.any(of_vectors[:60][elsewhere] != before[2][:60][elsewhere])
        assert np.any(sentences[~own] != before[1][~own])


def test_unlabelled_texts_get_the_mean(done):
    """Those of all folds' models; a labelled text has its own fold's alone."""
    folds = teacher._folds(Examples(tuple(KNOWN), LABELS), SEED)
    models = teacher._Models(KNOWN, LABELS, UNKNOWN, SENTENCES, OWNER, VECTORS)
    each = [models.scores(folds != k) for k in range(FOLDS)]
    texts, sentences, of_vectors = teacher._joined(each, folds, OWNER)
    assert np.allclose(of_vectors[60:], np.mean([pair[2][60:] for pair in each], axis=0))
    assert of_vectors[7] == each[folds[7]][2][7]
    assert np.allclose(texts[60:], np.mean([pair[0][60:] for pair in each], axis=0))
    unknown = OWNER >= 60
    assert np.allclose(sentences[unknown], np.mean([pair[1][unknown] for pair in each], axis=0))
    assert texts[7] == each[folds[7]][0][7]
    own = OWNER == 7
    assert np.array_equal(sentences[own], each[folds[7]][1][own])
    assert np.allclose(done[1].sentences, sentences, atol=1e-5)


def test_folds_are_even():
    """Each has as many texts of each class, and the seed decides which."""
    folds = teacher._folds(Examples(tuple(KNOWN), LABELS), SEED)
    assert np.bincount(folds * 2 + LABELS).tolist() == [60 // 2 // FOLDS] * 2 * FOLDS
    other = teacher._folds(Examples(tuple(KNOWN), LABELS), SEED + 1)
    assert not np.array_equal(folds, other)


def test_a_group_is_in_one_fold():
    """Texts of one group are scored by a model that has seen none of them."""
    labels = np.tile(np.array([0, 1], np.int8), 60)
    groups = np.random.default_rng(3).integers(0, 50, 120)
    known = Examples(tuple(str(i) for i in range(120)), labels, groups)
    folds = teacher._folds(known, SEED)
    assert set(folds) == set(range(FOLDS))
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert np.all(np.bincount(folds * 2 + labels) >= 3)
    assert np.array_equal(folds, teacher._folds(known, SEED))
    assert not np.array_equal(folds, teacher._folds(known, SEED + 1))


def test_sentences_count():
    """Of two texts that whole texts' n-grams take for equal the sentences tell which is better."""
    texts, parts = np.zeros(4), np.array([2.0, 1.0, -2.0, -1.0, 3.0, -3.0])
    vectors = np.zeros(4)
    labels = np.array([1, 0], np.int8)
    owner = np.array([0, 0, 1, 1, 2, 3])
    soft = teacher._combined(texts, parts, vectors, labels, owner, None)
    assert soft.texts[0] > 0 > soft.texts[1]
    assert soft.texts[2] > soft.texts[0] > soft.texts[1] > soft.texts[3]
    assert (soft.texts_accuracy, soft.sentences_accuracy) == (0.5, 1.0)


def test_a_teacher_that_reads_counts():
    """Where the others tell nothing it decides, and what it says by itself is measured."""
    nothing, reader = np.zeros(4), np.array([2, -2, 1, -3], np.float32)
    labels, owner = np.array([1, 0], np.int8), np.arange(4)
    soft = teacher._combined(nothing, nothing, nothing, labels, owner, reader)
    assert soft.texts[0] > soft.texts[2] > 0 > soft.texts[1] > soft.texts[3]
    assert (soft.reader_accuracy, soft.accuracy) == (1.0, 1.0)
    assert teacher._combined(nothing, nothing, nothing, labels, owner, None).reader_accuracy is None


def test_a_second_call_reads(done, no_fitting):
    """Nothing is fitted when the same texts are asked about again."""
    cache, soft = done
    titles = []
    assert same(asked(cache, titles=titles), soft)
    assert titles == []
    assert {path.name for path in cache.iterdir()} == {f"fold-{k}.npz" for k in range(1, FOLDS + 1)}
    assert holds_folds(cache)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": SEED + 1},
        {"labelled": [KNOWN[0] + " Really.", *KNOWN[1:]]},
        {"labels": np.append(LABELS[2:], LABELS[:2][::-1])},
        {"unlabelled": UNKNOWN[:-1]},
        {"unlabelled": [*UNKNOWN[:-1], "The cast was poor."]},
        {"vectors": -VECTORS},
        {"groups": np.arange(60)[::-1] // 2},
    ],
)
def test_other_texts_are_fitted(done, no_fitting, changes):
    """Another seed, text or label is another teacher."""
    with pytest.raises(AssertionError, match="fitted again"):
        asked(done[0], **changes)


def test_it_goes_on(done, tmp_path, monkeypatch):
    """Folds that are done are not done again, and the answer is that of one go."""
    fitted = []
    fit = teacher._Models.scores

    def scores(self, train):
        if len(fitted) == 2:
            raise KeyboardInterrupt
        fitted.append(1)
        return fit(self, train)

    monkeypatch.setattr(teacher._Models, "scores", scores)
    assert not holds_folds(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"fold-1.npz", "fold-2.npz"}
    assert holds_folds(tmp_path)
    monkeypatch.setattr(teacher._Models, "scores", fit)
    titles = []
    assert same(asked(tmp_path, titles=titles), done[1])
    assert titles[1:] == [f"teacher: fold {k} of {FOLDS}" for k in range(3, FOLDS + 1)]


def _npz(**arrays):
    def write(path):
        with np.load(path) as old:
            np.savez(path, **{**old, **arrays})

    return write


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no archive"),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"\x93NUMPY", b"\x93NUMPI")),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        lambda path: np.savez(path, key=np.array("k", object)),
        lambda path: np.savez(path, texts=np.zeros(80)),
        _npz(texts=np.zeros(79, np.float32)),
    ],
    ids=["empty", "text", "cut", "header", "one array", "pickle", "no key", "shape"],
)
def test_a_broken_file(done, tmp_path, damage):
    """It is named, in one line that says what to do."""
    for path in done[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = tmp_path / "fold-4.npz"
    damage(broken)
    with pytest.raises(DataError) as caught:
        asked(tmp_path)
    assert str(caught.value) == f"{broken} is broken: remove it and train again"


def test_too_few_texts(tmp_path):
    """Each fold needs a text of each class, or a group that has one, and there are two or more."""
    with pytest.raises(DataError, match="needs 2 groups of texts of each class") as caught:
        asked(tmp_path, groups=np.zeros(60, np.int64))
    assert "--recipe bigru" in str(caught.value)
    labels = LABELS.copy()
    labels[np.flatnonzero(labels == 1)[1:]] = 0
    with pytest.raises(DataError, match="needs 2 texts of each class"):
        asked(tmp_path, labels=labels)


def test_few_texts_give_fewer_folds(tmp_path):
    """As many as the smaller class has texts."""
    labels = LABELS.copy()
    labels[np.flatnonzero(labels == 1)[3:]] = 0
    asked(tmp_path, labels=labels)
    assert {path.name for path in tmp_path.glob("fold-*.npz")} == {
        f"fold-{k}.npz" for k in (1, 2, 3)
    }


def test_texts_that_have_nothing_in_common(tmp_path):
    """Without an n-gram that several texts have there is nothing to learn from."""
    texts = [f"word{i}" for i in range(60)]
    with pytest.raises(DataError, match="no n-gram that is in several texts"):
        asked(tmp_path, labelled=texts)
    assert not holds_folds(tmp_path)


def test_a_text_without_a_sentence(tmp_path):
    """It is scored as it is read, by its whole text alone."""
    soft = asked(tmp_path, labelled=[" ", *KNOWN[1:]])
    assert len(soft.texts) == 80
    assert len(soft.sentences) == len(OWNER) - len(SENTENCES[0])
    assert np.all(np.isfinite(soft.texts))


@pytest.mark.parametrize(
    ("texts", "fine", "poor"),
    [
        ("这部电影{}。真的！", "好看", "难看"),
        ("\U0001f37f{}", "\U0001f44d\U0001f3fd", "\u2639\ufe0f"),
    ],
)
def test_other_scripts(texts, fine, poor):
    """Sentences without letters a-z have words, too, and those that no spaces tell apart."""
    known = [texts.format(fine if label else poor) for label in LABELS]
    sentences = [split_sentences(text) for text in known]
    owner = np.repeat(np.arange(len(known)), [len(part) for part in sentences])
    given = (known, LABELS, [], sentences, owner, VECTORS[: len(known)])
    with pytest.raises(DataError, match="finds no n-gram"):
        teacher._Models(known, LABELS, [], [[fine]] * 60, np.arange(60), VECTORS[:60])
    _, parts, _ = teacher._Models(*given, any_script=True).scores(np.ones(60, np.bool_))
    told = parts[:: len(parts) // 60]
    assert len(parts) == len(owner)
    assert ((told > 0) == (LABELS == 1)).all()
