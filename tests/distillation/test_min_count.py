"""Settings for a handful of texts."""

import pytest

from edgernn.distillation.min_count import scaled_min_count


@pytest.mark.parametrize(
    ("chosen", "texts", "count"), [(5, 8, 1), (5, 50, 3), (5, 100, 5), (5, 25_000, 5), (1, 3, 1)]
)
def test_how_often_an_ngram_is_met(chosen, texts, count):
    """Once among a few texts, as was chosen among a hundred and more."""
    assert scaled_min_count(chosen, texts) == count
