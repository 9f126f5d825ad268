"""Texts of different lengths in one array: the ids, zeros behind them, and the lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text.padding import pad


@given(st.lists(st.lists(st.integers(1, 9), max_size=20), max_size=40))
def test_zeros_stand_behind(texts: list[list[int]]) -> None:
    """Each row is its text and then zeros, as wide as the longest, of few texts as of many."""
    padded, lengths = pad([np.array(text, np.int32) for text in texts])
    width = max(map(len, texts), default=0)
    assert padded.dtype == lengths.dtype == np.int32
    assert padded.shape == (len(texts), width)
    assert padded.tolist() == [text + [0] * (width - len(text)) for text in texts]
    assert lengths.tolist() == list(map(len, texts))


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
