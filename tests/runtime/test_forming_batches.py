"""Forming batches: every text once, of like length, within the bound, padded without loss."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgernn.runtime.batches import form_batches


@given(st.lists(st.integers(0, 300), max_size=80), st.integers(0, 400))
def test_batches(lengths: list[int], tokens: int) -> None:
    """Each place once, longest first, and no batch above the bound but a text alone."""
    batches = form_batches(lengths, tokens)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    found = [lengths[place] for batch in batches for place in batch]
    assert found == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch[0]] <= tokens


def test_no_bound_is_one_by_one() -> None:
    """An engine that takes one text a call."""
    assert form_batches([3, 9, 5], 0) == [[1], [2], [0]]
