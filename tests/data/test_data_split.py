"""Splitting off validation examples, and keeping the first of a data set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data import Examples, held_out_split, stratified_split
from edgernn.data.examples import first
from edgernn.errors import DataError, UsageError


@given(
    counts=st.lists(st.integers(2, 60), min_size=1, max_size=3),
    fraction=st.floats(0.3, 0.7),
    seed=st.integers(0, 2**40),
)
def test_each_class_is_split_in_the_same_proportion(counts, fraction, seed):
    """All examples are used once, the indices are sorted, and the rounding is that of the class."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    train, validation = stratified_split(labels, fraction, seed)
    assert train.dtype == validation.dtype == np.int64
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(sum(counts)))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(validation) > 0)
    for label, count in enumerate(counts):
        share = np.count_nonzero(labels[validation] == label)
        assert abs(share - count * fraction) <= 0.5


FIRST_SPLIT = (5, 8, 12, 19)


def test_the_seed_decides():
    """The same seed gives the same split on every machine, another seed another one."""
    labels = np.array([0, 1] * 10, dtype=np.int8)
    assert tuple(stratified_split(labels, 0.2, 0)[1]) == FIRST_SPLIT
    assert tuple(stratified_split(labels, 0.2, 1)[1]) != FIRST_SPLIT


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        ([0, 0, 0, 0, 1], 0.5, "label positive has 1 example, which leaves none for training"),
        (
            [0] * 10 + [1],
            0.1,
            "label positive has 1 example, which leaves none for validation",
        ),
        ([], 0.5, "no examples to split"),
    ],
)
def test_a_class_needs_examples_on_both_sides(labels, fraction, message):
    """A class that would be missing on one side is named."""
    with pytest.raises(DataError, match=message):
        stratified_split(np.array(labels, dtype=np.int8), fraction, 0)


@pytest.mark.parametrize(("rare", "fraction"), [(2, 0.1), (4, 0.1), (3, 0.6)])
def test_of_few_examples_one_is_on_either_side(rare, fraction):
    """Of two labels as of many."""
    labels = np.array([0] * 10 + [1] * rare, np.int8)
    for rows in stratified_split(labels, fraction, 0):
        assert 0 < np.count_nonzero(labels[rows] == 1) < rare


@pytest.mark.parametrize(
    ("fraction", "seed"), [(0.0, 0), (1.0, 0), (-0.1, 0), (float("nan"), 0), (0.5, -1)]
)
def test_fraction_and_seed_are_checked(fraction, seed):
    """What cannot be meant is a usage error."""
    with pytest.raises(UsageError):
        stratified_split(np.array([0, 0, 1, 1]), fraction, seed)


@pytest.mark.parametrize(
    ("labels", "limit", "kept"),
    [
        ("00001111", 4, "abef"),
        ("00001111", 5, "abcef"),
        ("01010101", 4, "abcd"),
        ("11110000", 3, "aef"),
        ("00000001", 6, "abch"),
        ("0011", 99, "abcd"),
        ("0011", None, "abcd"),
    ],
)
def test_a_limit_keeps_the_first_of_each_class(labels, limit, kept):
    """Classes stay balanced, the order stays, and text and label stay together."""
    texts = "abcdefgh"[: len(labels)]
    examples = Examples(tuple(texts), np.array([int(c) for c in labels], dtype=np.int8))
    some = first(examples, limit)
    assert "".join(some.texts) == kept
    assert [str(label) for label in some.labels] == [labels[texts.index(t)] for t in kept]
    assert some.labels.dtype == np.int8
    assert len(some) == len(kept)


@given(
    sizes=st.lists(st.integers(1, 6), min_size=12, max_size=60),
    fraction=st.floats(0.2, 0.6),
    seed=st.integers(0, 2**40),
)
def test_whole_groups_are_held_out(sizes, fraction, seed):
    """No group is on both sides, no class gets more than its share, and what was left is small."""
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)), sizes)) * 7
    labels = (np.arange(len(groups)) % 2).astype(np.int8)
    texts = tuple(str(i) for i in range(len(groups)))
    examples = Examples(texts, labels, groups)
    try:
        train, held_out = held_out_split(examples, fraction, seed, whole_groups=True)
    except DataError as error:
        assert "no group of examples small enough" in str(error)  # noqa: PT017
        return
    assert np.array_equal(np.sort(np.concatenate([train, held_out])), np.arange(len(groups)))
    assert not set(groups[train]) & set(groups[held_out])
    for label in (0, 1):
        most = np.floor(np.count_nonzero(labels == label) * fraction + 0.5)
        assert 0 < np.count_nonzero(labels[held_out] == label) <= most
    again = held_out_split(examples, fraction, seed, whole_groups=True)
    assert np.array_equal(again[1], held_out)


def test_many_small_groups_fill_the_share():
    """Each class has as many held out as without groups; the seed decides which."""
    groups = np.random.default_rng(2).integers(0, 400, 1000)
    examples = Examples(("",) * 1000, (np.arange(1000) % 2).astype(np.int8), groups)
    _, held_out = held_out_split(examples, 0.1, 1, whole_groups=True)
    assert np.bincount(examples.labels[held_out]).tolist() == [50, 50]
    assert not np.array_equal(held_out, held_out_split(examples, 0.1, 2, whole_groups=True)[1])


def test_groups_count_where_they_are_asked_for():
    """Without groups, or where they are not asked for, each example is for itself."""
    labels = (np.arange(40) % 2).astype(np.int8)
    grouped = Examples(("",) * 40, labels, np.arange(40) // 4)
    plain = Examples(("",) * 40, labels)
    expected = stratified_split(labels, 0.2, 0)[1].tolist()
    assert held_out_split(grouped, 0.2, 0, whole_groups=False)[1].tolist() == expected
    assert held_out_split(plain, 0.2, 0, whole_groups=True)[1].tolist() == expected
    assert held_out_split(grouped, 0.2, 0, whole_groups=True)[1].tolist() != expected


def test_a_group_that_is_too_large():
    """Where all are of one group nothing can be held out."""
    labels = np.array([0, 1] * 5, np.int8)
    examples = Examples(("",) * 10, labels, np.zeros(10, np.int64))
    with pytest.raises(DataError, match="label negative has no group of examples small enough"):
        held_out_split(examples, 0.2, 0, whole_groups=True)


def test_groups_follow_their_examples():
    """A limit, and any choice of rows, takes them along; their number is checked."""
    labels = np.array([0, 0, 0, 1, 1, 1], np.int8)
    examples = Examples(tuple("abcdef"), labels, np.array([5, 5, 6, 6, 7, 7]))
    assert first(examples, 4).groups.tolist() == [5, 5, 6, 7]
    some = examples.at(np.array([4, 0]))
    assert (some.texts, some.labels.tolist(), some.groups.tolist()) == (("e", "a"), [1, 0], [7, 5])
    assert Examples(("a", "b"), labels[:2]).at(np.array([1])).groups is None
    with pytest.raises(ValueError, match="6 texts with groups of shape"):
        Examples(tuple("abcdef"), labels, np.zeros(5, np.int64))


@pytest.mark.parametrize("limit", [1, 0, -3])
def test_a_limit_leaves_room_for_both_classes(limit):
    """A limit below 2 is a usage error."""
    with pytest.raises(UsageError, match="must be 2 or more"):
        first(Examples(("a", "b"), np.array([0, 1], dtype=np.int8)), limit)


@pytest.mark.parametrize("labels", [[0], [0, 1, 1], [[0, 1]]])
def test_texts_and_labels_go_together(labels):
    """Examples cannot be made of texts and labels of different numbers."""
    with pytest.raises(ValueError, match="2 texts of 2 classes with labels of shape"):
        Examples(("a", "b"), np.array(labels, dtype=np.int8))


MANY = ("card lost", "fee", "top up")


def of_many(counts, **more):
    """Return examples of three classes, in turn."""
    labels = np.random.default_rng(4).permutation(np.repeat(np.arange(len(counts)), counts))
    texts = tuple(map(str, range(len(labels))))
    return Examples(texts, labels.astype(np.int16), classes=MANY, **more)


def test_what_decides_follows_from_the_labels():
    """Two classes, more, several a text; labels of another shape are refused."""
    flags = np.array([[True, False], [True, True]])
    assert Examples(("a",), np.zeros(1, np.int8)).decision == "threshold"
    assert Examples(("a",), np.zeros(1, np.int16), classes=MANY).decision == "largest"
    several = Examples(("a", "b"), flags, classes=("x", "y"))
    assert (several.decision, several.counts.tolist()) == ("each", [2, 1])
    assert several.at(np.array([1])).labels.tolist() == [[True, True]]
    with pytest.raises(ValueError, match=r"2 texts of 3 classes with labels of shape \(2, 2\)"):
        Examples(("a", "b"), flags, classes=MANY)


@given(
    counts=st.lists(st.integers(2, 40), min_size=3, max_size=3),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**40),
)
def test_each_of_many_classes_is_on_both_sides(counts, fraction, seed):
    """However few examples a class has; the share is otherwise the nearest."""
    examples = of_many(counts)
    _, held_out = held_out_split(examples, fraction, seed, whole_groups=False)
    for size, held in zip(counts, examples.at(held_out).counts, strict=True):
        assert held == min(max(int(np.floor(size * fraction + 0.5)), 1), size - 1)


def test_classes_that_are_too_small_to_be_divided_are_all_named():
    """With what leaves them out; what a test takes from must be enough for validation too."""
    one = of_many([1, 30, 1])
    with pytest.raises(
        DataError,
        match=r"^labels have fewer than 2 examples.*: card lost \(1\), top up \(1\); more rows "
        r"of them, or --drop 'card lost,top up', which leaves them out$",
    ):
        held_out_split(one, 0.2, 1, whole_groups=False)
    two = of_many([9, 30, 2])
    assert held_out_split(two, 0.2, 1, whole_groups=False)
    with pytest.raises(DataError, match=r"label has fewer than 3 examples.*: top up \(2\)"):
        held_out_split(two, 0.2, 1, whole_groups=False, purpose="test")


def test_a_class_of_large_groups_gives_its_smallest_one():
    """None is held out that has the last example of a class; a class of one group is named."""
    examples = of_many([8, 40, 40])
    groups = np.arange(len(examples), dtype=np.int64) + 100
    small = np.flatnonzero(examples.labels == 0)
    groups[small] = [0, 0, 0, 0, 0, 1, 1, 1]
    grouped = Examples(examples.texts, examples.labels, groups, classes=MANY)
    _, held_out = held_out_split(grouped, 0.1, 3, whole_groups=True)
    assert set(small) & set(held_out) == set(small[5:])
    groups[small] = 0
    with pytest.raises(DataError, match=r"label card lost has no group .* --drop 'card lost'$"):
        held_out_split(grouped, 0.1, 3, whole_groups=True)


def of_several(rows):
    """Return examples that may have several labels, from strings such as `ac`."""
    flags = np.array([[name in row for name in "abc"] for row in rows])
    return Examples(tuple(map(str, range(len(rows)))), flags, classes=tuple("abc"))


@given(seed=st.integers(0, 2**40))
def test_sets_of_labels_are_divided_alike(seed):
    """Frequent sets in proportion, and rare ones together; each label is on both sides."""
    rows = ["a"] * 40 + [""] * 20 + ["ab"] * 10 + ["bc", "abc", "ac", "c"]
    examples = of_several(rows)
    kept, held_out = held_out_split(examples, 0.2, seed, whole_groups=False)
    found = [rows[row] for row in held_out]
    assert [found.count(name) for name in ("a", "", "ab")] == [8, 4, 2]
    assert examples.at(held_out).counts[2] == 1
    assert len(kept) + len(held_out) == len(rows)


def test_a_label_that_would_be_missing_on_a_side_is_named():
    """Of one text there is nothing to divide."""
    examples = of_several(["a", "b"] * 20 + ["c"])
    with pytest.raises(
        DataError, match=r"label c has 1 example, of which none is left .* or --drop c$"
    ):
        held_out_split(examples, 0.2, 1, whole_groups=False)


def test_a_limit_of_many_classes():
    """As many of one as of another; of sets of labels in proportion."""
    some = first(of_many([9, 9, 9]), 7)
    assert some.counts.tolist() == [3, 2, 2]
    assert some.classes == MANY
    several = of_several(["a"] * 8 + [""] * 4 + ["bc"] * 4)
    assert first(several, 4).labels.tolist() == [[1, 0, 0]] * 2 + [[0, 0, 0]] + [[0, 1, 1]]
    with pytest.raises(UsageError, match="must be 3 or more"):
        first(several, 2)
