"""Forming batches: every text once, of like length, within the bound, padded without loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.runtime.batches import form_batches, pad


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


@pytest.mark.parametrize("behind", [(), (7, 8)])
def test_padding(behind: tuple[int, ...]) -> None:
    """Zeros behind the shorter texts, then what is to stand behind the longest."""
    ids, lengths = pad([np.int32([1, 2]), np.int32([3]), np.int32([4, 5, 6])], behind)
    assert ids.tolist() == [[1, 2, 0, *behind], [3, 0, 0, *behind], [4, 5, 6, *behind]]
    assert lengths.tolist() == [2, 1, 3]
    assert ids.dtype == lengths.dtype == np.int32


@pytest.mark.parametrize("behind", [(), (7,)])
def test_one_text(behind: tuple[int, ...]) -> None:
    """Alone it has no padding; a view with gaps is laid out anew for the engine."""
    ids, lengths = pad([np.arange(6, dtype=np.int32)[::2]], behind)
    assert ids.tolist() == [[0, 2, 4, *behind]]
    assert lengths.tolist() == [3]
    assert ids.flags["C_CONTIGUOUS"]
