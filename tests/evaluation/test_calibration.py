"""Bins of probabilities and the expected calibration error, against values worked out by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.evaluation.calibration import BINS, calibration_bins, expected_calibration_error


def bins_of(probabilities, labels):
    return calibration_bins(np.array(probabilities, np.float32), np.array(labels, np.int8))


def error_of(probabilities, labels):
    return expected_calibration_error(bins_of(probabilities, labels))


def test_bins():
    """Fifteen of equal width side by side over [0, 1]; what is empty has no means."""
    bins = bins_of([0.01, 0.05, 0.99], [0, 1, 1])
    assert len(bins) == BINS == 15
    assert (bins[0].lower, bins[-1].upper) == (0.0, 1.0)
    assert all(a.upper == b.lower for a, b in pairwise(bins))
    assert [one.examples for one in bins] == [2, *[0] * 13, 1]
    assert bins[0].mean_probability == pytest.approx(0.03)
    assert bins[0].positive == 0.5
    assert (bins[14].mean_probability, bins[14].positive) == (pytest.approx(0.99), 1.0)
    assert all(one.mean_probability is None and one.positive is None for one in bins[1:14])


@pytest.mark.parametrize(
    ("probability", "number"),
    [(0.0, 0), (0.0666, 0), (0.0667, 1), (0.2, 3), (0.5, 7), (0.6, 9), (0.9333, 13), (1.0, 14)],
)
def test_the_edges_of_bins(probability, number):
    """A bin holds its lower edge, and the last one its upper edge too."""
    (found,) = (i for i, one in enumerate(bins_of([probability], [1])) if one.examples)
    assert found == number


def test_by_hand():
    """Two texts of mean 0.03 with half positive, one of 0.9 positive, one of 0.7 negative."""
    expected = 2 / 4 * (0.5 - 0.03) + 1 / 4 * (1 - 0.9) + 1 / 4 * 0.7
    assert error_of([0.01, 0.05, 0.9, 0.7], [0, 1, 1, 0]) == pytest.approx(expected, abs=1e-6)


def test_errors_of_one_bin_make_up_for_each_other():
    """0.51 once positive and 0.53 once not: the bin's mean is 0.52 and its share a half."""
    assert error_of([0.51, 0.53], [1, 0]) == pytest.approx(0.02, abs=1e-6)


def test_a_leaning_towards_one_class_counts():
    """Everything 0.2 too positive, in both directions: by the class given alone it would be 0."""
    probabilities = [0.3] * 10 + [0.9] * 10
    labels = [1] * 1 + [0] * 9 + [1] * 7 + [0] * 3
    assert error_of(probabilities, labels) == pytest.approx(0.2, abs=1e-6)


def test_the_worst_and_the_best():
    """Certain and always wrong is 1; certain and always right is 0."""
    assert error_of([0.0, 1.0, 1.0], [1, 0, 0]) == 1.0
    assert error_of([0.0, 1.0, 1.0], [0, 1, 1]) == 0.0


def test_calibrated_probabilities():
    """Labels drawn by the probabilities themselves leave what chance leaves; shifted ones do not.

    40,000 texts: about 2,700 a bin, whose share has a standard deviation below 0.01.
    """
    rng = np.random.default_rng(3)
    probabilities = rng.random(40_000).astype(np.float32)
    labels = (rng.random(40_000) < probabilities).astype(np.int8)
    assert error_of(probabilities, labels) < 0.01
    squeezed = 0.25 + probabilities / 2
    # |p - (1/4 + p/2)| = |p/2 - 1/4|, which is 1/8 in the mean over [0, 1].
    assert error_of(squeezed, labels) == pytest.approx(1 / 8, abs=0.01)


TEXTS = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), min_size=1, max_size=50
)  # fmt: skip


@given(TEXTS, st.randoms())
def test_the_error_is_a_share(texts, random):
    """It lies in [0, 1], every text is in a bin, and the order of the texts does not matter."""
    bins = bins_of(*zip(*texts, strict=True))
    found = expected_calibration_error(bins)
    assert 0 <= found <= 1
    assert sum(one.examples for one in bins) == len(texts)
    for one in bins:
        if one.mean_probability is not None:
            assert one.lower - 1e-9 <= one.mean_probability <= one.upper + 1e-9
    random.shuffle(texts)
    assert error_of(*zip(*texts, strict=True)) == pytest.approx(found, abs=1e-9)


def test_no_examples():
    """Nothing measured is not zero."""
    with pytest.raises(ValueError, match="no examples"):
        error_of([], [])
