"""Hashing n-grams: the buckets are those stated, in int32, and all of them are used."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.errors import UsageError
from edgernn.ngrams import (
    CHECKS,
    FLOAT32,
    HASHES,
    INT32,
    LONGEST,
    NO_CHECK,
    check_ngrams,
    hashed_ngrams,
    ngram_buckets,
    ngram_checks,
    preceding,
)


def digest(*key: object) -> int:
    words = " ".join(map(str, key))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:2], "big")


@pytest.mark.parametrize(
    ("name", "all_multipliers", "offsets"),
    [
        ("edgernn n-grams", INT32.multipliers, INT32.offsets),
        ("edgernn n-gram checks", INT32.check_multipliers, INT32.check_offsets),
    ],
)
def test_the_constants_follow_their_rule(name, all_multipliers, offsets):
    """A file keeps them for ever: they are what their comment says."""
    assert len(all_multipliers) == len(offsets) == LONGEST
    for n, (multipliers, offset) in enumerate(zip(all_multipliers, offsets, strict=True), start=1):
        expected = tuple((digest(name, n, place) & 0x3FFF) | 0x4001 for place in range(n))
        assert multipliers == expected
        assert all(2**14 < value < 2**15 and value % 2 for value in multipliers)
        assert offset == digest(name, n, "offset")


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_checks_fit_into_int8(hash):
    """All of them, and that of an empty bucket is none of an n-gram; every id counts in them."""
    assert all(value % CHECKS for multipliers in hash.check_multipliers for value in multipliers)
    assert np.iinfo(np.int8).min <= NO_CHECK < 0 < CHECKS - 1 <= np.iinfo(np.int8).max
    assert all(CHECKS % n for n in range(2, CHECKS))


def formula(hash, ids, longest: int, all_multipliers, offsets, modulus: int) -> list[list[int]]:
    """With Python's integers, which do not overflow; zeros stand before."""
    found = []
    if hash is FLOAT32:
        ids = [id * 91 * 91 % 32_749 for id in ids]
    for n in range(1, longest + 1):
        row = []
        for t in range(len(ids)):
            before = [ids[t - i] if t - i >= 0 else 0 for i in range(n)]
            total = sum(a * b for a, b in zip(before, all_multipliers[n - 1], strict=True))
            row.append((offsets[n - 1] + total) % modulus)
        found.append(row)
    return found


@given(
    st.sampled_from([INT32, FLOAT32]),
    st.lists(st.integers(1, 13_000), max_size=30),
    st.integers(1, 20_000),
    st.integers(1, LONGEST),
)
def test_buckets_are_those_of_the_formula(hash, ids, buckets, longest):
    """As the formula says; so are the checks."""
    given = np.array(ids, np.int32)
    expected = formula(hash, ids, longest, hash.multipliers, hash.offsets, buckets)
    found = hashed_ngrams(given, buckets, longest, hash)
    assert found.dtype == np.int32
    assert found.tolist() == [bucket for row in expected for bucket in row]
    before = preceding(given, longest)
    assert ngram_buckets(before, buckets, hash).tolist() == expected
    checks = ngram_checks(before, hash)
    assert checks.dtype == np.int32
    offsets = hash.check_offsets
    assert checks.tolist() == formula(hash, ids, longest, hash.check_multipliers, offsets, CHECKS)


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
@pytest.mark.parametrize("n", [2, 3])
def test_a_check_tells_n_grams_of_a_bucket_apart(n, hash):
    """Of pairs of other n-grams that share a bucket one in 127 shares its check, too."""
    ids = np.random.default_rng(0).integers(1, 10_000, 300_000).astype(np.int32)
    before = preceding(ids, n)
    at, checks = ngram_buckets(before, 10_007, hash)[-1], ngram_checks(before, hash)[-1]
    order = np.argsort(at, kind="stable")
    pairs = order[:-1], order[1:]
    one, other = (place[at[pairs[0]] == at[pairs[1]]] for place in pairs)
    differ = (before[:, one] != before[:, other]).any(axis=0)
    assert differ.sum() > 250_000
    same = checks[one] == checks[other]
    assert np.mean(same[differ]) == pytest.approx(1 / CHECKS, rel=0.1)


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_a_prime_number_of_buckets_spreads_n_grams(hash):
    """Of random n-grams about as many buckets are hit as a random function would hit."""
    buckets = 32_771
    ids = np.random.default_rng(0).integers(1, 10_000, 30_000).astype(np.int32)
    for n, found in enumerate(np.split(hashed_ngrams(ids, buckets, 3, hash), 3), start=1):
        distinct = len({tuple(ids[t - n + 1 : t + 1]) for t in range(n - 1, len(ids))})
        hit = len(set(found.tolist()))
        # Single ids have a bucket each.
        expected = distinct if n == 1 else buckets * (1 - np.exp(-distinct / buckets))
        assert hit == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("buckets", "longest", "size", "message"),
    [
        (0, 1, 9, "n-grams in 0 buckets: must be 1 to 16,777,216"),
        ((1 << 24) + 1, 1, 9, "16777217 buckets"),
        (7, 0, 9, "n-grams of 0 ids: there are those of 1 to 5"),
        (7, LONGEST + 1, 9, "n-grams of 6 ids"),
        (7, 3, 33_000, "n-grams of up to 3 ids: a vocabulary of 33,000 ids is too large .* 32,749"),
    ],
)
def test_what_cannot_be_hashed(buckets, longest, size, message):
    """The message says which number is too large."""
    with pytest.raises(UsageError, match=message):
        check_ngrams(buckets, longest, size)


@pytest.mark.parametrize(("hash", "most"), [(INT32, 27_008), (FLOAT32, 32_749)], ids=HASHES)
def test_the_largest_vocabulary_is_the_largest(hash, most):
    """The number in the message is the last that fits: no sum of its ids is too large."""
    check_ngrams(7, 3, most, hash)
    largest = max(
        offset + (most - 1) * sum(multipliers)
        for offset, multipliers in (
            *zip(hash.offsets[:3], hash.multipliers, strict=False),
            *zip(hash.check_offsets[:3], hash.check_multipliers, strict=False),
        )
    )
    assert largest <= hash.largest < largest + 2**18
    with pytest.raises(UsageError):
        check_ngrams(7, 3, most + 1, hash)
    with pytest.raises(UsageError):
        hashed_ngrams(np.array([most], np.int32), 7, 3, hash)


def test_ids_are_turned_into_others_one_to_one():
    """No two ids of the largest vocabulary become one, and 0, which stands before a text, stays."""
    ids = np.arange(FLOAT32.modulus, dtype=np.int32)
    found = FLOAT32.spread(ids)
    assert found.dtype == np.int32
    assert found[0] == 0
    assert np.array_equal(np.sort(found), ids)
    assert INT32.spread(ids) is ids


@pytest.mark.parametrize("buckets", [32_771, 131_071, 262_139])
@pytest.mark.parametrize("n", [2, 3])
def test_frequent_n_grams_do_not_crowd(n, buckets):
    """Of words as frequent as in a text, whose ids are small: no more pairs than by chance."""
    rng = np.random.default_rng(n)
    ids = np.minimum(rng.zipf(1.2, 200_000), 9_999).astype(np.int32)
    before = np.unique(preceding(ids, n), axis=1)
    for hash in HASHES.values():
        counts = np.bincount(ngram_buckets(before, buckets, hash)[-1], minlength=buckets)
        pairs = float((counts * (counts - 1)).sum())
        by_chance = before.shape[1] * (before.shape[1] - 1) / buckets
        assert pairs < 1.1 * by_chance
