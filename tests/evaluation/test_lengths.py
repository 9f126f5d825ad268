"""Accuracy by length: which text is in which bucket, and what is said of each."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import VOCABULARY

from edgernn.evaluation.lengths import LONGEST, length_buckets, token_counts
from edgernn.text import Decision, SubwordEncoder, TextContract, TextEncoder
from edgernn.training.label_figures import wilson_interval


def buckets_of(tokens, probabilities=None, labels=None, threshold=0.5):
    count = len(tokens)
    return length_buckets(
        np.array(tokens, np.int64),
        np.array([0.9] * count if probabilities is None else probabilities, np.float32),
        np.array([1] * count if labels is None else labels, np.int8),
        Decision(threshold),
    )


def test_names():
    """From one token to no end, without a gap."""
    buckets = buckets_of([1])
    assert [bucket.name for bucket in buckets] == [
        "1-5", "6-20", "21-50", "51-100", "101-200", "201-400", "over 400"
    ]  # fmt: skip
    assert [bucket.longest for bucket in buckets] == [*LONGEST, None]
    assert buckets[0].shortest == 1
    for shorter, longer in pairwise(buckets):
        assert longer.shortest == shorter.longest + 1


@pytest.mark.parametrize(
    ("tokens", "number"),
    [
        *((1, 0), (5, 0), (6, 1), (20, 1), (21, 2), (50, 2), (51, 3)),
        *((100, 3), (101, 4), (200, 4), (201, 5), (400, 5), (401, 6), (1_000_000, 6)),
    ],
)
def test_the_edges(tokens, number):
    """A bucket holds its longest length, and the next one the length after it."""
    counts = [bucket.examples for bucket in buckets_of([tokens])]
    assert counts == [int(i == number) for i in range(7)]


def test_by_hand():
    """Three short texts of which one is wrong, and a long one."""
    short, *middle, long = buckets_of([2, 3, 5, 500], [0.9, 0.5, 0.1, 0.2], [1, 0, 0, 1])
    assert (short.examples, short.accuracy) == (3, pytest.approx(2 / 3))
    assert short.accuracy_interval == wilson_interval(2, 3)
    assert short.called_positive == pytest.approx(2 / 3)
    assert short.mean_probability == pytest.approx(0.5)
    assert (long.examples, long.accuracy, long.called_positive) == (1, 0.0, 0.0)
    assert long.mean_probability == pytest.approx(0.2)
    for bucket in middle:
        assert bucket.examples == 0
        assert bucket.accuracy is bucket.accuracy_interval is None
        assert bucket.called_positive is bucket.mean_probability is None


def test_the_threshold():
    """At least the threshold is positive."""
    below, at = (buckets_of([3], [0.75], [1], threshold)[0] for threshold in (0.76, 0.75))
    assert (below.accuracy, below.called_positive) == (0.0, 0.0)
    assert (at.accuracy, at.called_positive) == (1.0, 1.0)


@given(st.lists(st.tuples(st.integers(1, 900), st.floats(0, 1, width=32), st.integers(0, 1)),
                min_size=1, max_size=40))  # fmt: skip
def test_the_buckets_add_up(texts):
    """Every text is in one bucket: weighted by their sizes they give the means of all."""
    tokens, probabilities, labels = zip(*texts, strict=True)
    full = [bucket for bucket in buckets_of(tokens, probabilities, labels) if bucket.examples]
    assert sum(bucket.examples for bucket in full) == len(texts)
    right = sum((p >= 0.5) == (y == 1) for p, y in zip(probabilities, labels, strict=True))
    assert sum(b.accuracy * b.examples for b in full) == pytest.approx(right)
    total = sum(b.mean_probability * b.examples for b in full)
    assert total == pytest.approx(sum(probabilities), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # z = 1.959964: 0 and n of n are z²/(n + z²) from 0 and 1; the rest by the formula on paper.
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (1, 1, 0.2065493, 1.0),
        (5, 10, 0.2365931, 0.7634069),
        (8, 10, 0.4901625, 0.9433178),
        (500, 1000, 0.4690696, 0.5309304),
    ],
)
def test_wilson(successes, trials, low, high):
    """Known values; the interval is not symmetric about the share, and stays inside [0, 1]."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=1e-6)


def test_wilson_levels():
    """A higher level is a wider interval."""
    narrow, wide = wilson_interval(8, 10, 0.5), wilson_interval(8, 10, 0.99)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]


@given(st.integers(1, 10_000), st.data())
def test_wilson_holds_the_share(trials, data):
    """The share is inside, also where all or none succeed, and failures mirror successes."""
    successes = data.draw(st.integers(0, trials) | st.sampled_from([0, trials]))
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 2)])
def test_no_share(successes, trials):
    """No trials have no share."""
    with pytest.raises(ValueError, match="of"):
        wilson_interval(successes, trials)


def test_lengths_are_those_before_the_cut():
    """A text beyond the model's longest input keeps its length; an empty one has none."""
    contract = TextContract(
        vocabulary_sha256=hashlib.sha256(VOCABULARY).hexdigest(),
        vocabulary_size=SubwordEncoder.from_bytes(VOCABULARY).vocab_size,
        max_length=40,
        cut="end",
    )
    encoder = TextEncoder(contract, VOCABULARY)
    counts = token_counts(encoder, ["bad", "good " * 300, ""])
    assert counts.dtype == np.int64
    # "good_" 300 times.
    assert counts.tolist() == [1, 300, 0]
    assert len(encoder.encode("good " * 300)) == 40
