"""The texts that a converter takes ranges from: beginnings of all lengths, the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgernn.text import TextEncoder
from edgernn.training.run import Run
from exporters.representative import representative_ids
from exporters.sample_texts import SAMPLE_TEXTS


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> TextEncoder:
    """Subwords, without padding."""
    return Run.open(tiny_run).encoder


def test_beginnings(encoder: TextEncoder) -> None:
    """Each is the beginning of another text, none is empty, and some texts are whole."""
    texts = [*SAMPLE_TEXTS, ""]
    whole = [ids.tolist() for ids in encoder.encode_batch(SAMPLE_TEXTS)]
    rows = [row.tolist() for row in representative_ids(texts, encoder)]
    assert len(rows) == len(SAMPLE_TEXTS)
    assert all(rows)
    assert all(any(ids[: len(row)] == row for ids in whole) for row in rows)
    assert len(SAMPLE_TEXTS) // 6 <= sum(row in whole for row in rows) < len(SAMPLE_TEXTS) // 2
    assert len({len(row) for row in rows}) > 10


def test_the_same_each_time(encoder: TextEncoder) -> None:
    """A file that is exported again has the same bytes."""
    first, again = (representative_ids(SAMPLE_TEXTS, encoder, 10) for _ in range(2))
    assert len(first) == 10
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.int32


def test_padded_texts(tiny_word_run: Path) -> None:
    """A model that reads its padding never meets another length."""
    encoder = Run.open(tiny_word_run).encoder
    longest = encoder.contract.max_length
    assert {len(row) for row in representative_ids(SAMPLE_TEXTS, encoder)} == {longest}
