"""A table of words gives what a dictionary gives, whatever is in the texts and the vocabulary."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text import WordEncoder, WordRule, key_table, word_batch, words
from edgernn.text.word_batch import WordTable

# Lengths around those of a key's halves, and bytes that a key must tell from its padding.
LENGTHS = (1, 2, 7, 8, 9, 14, 15, 16, 17, 40)
WORDS = st.sampled_from([letter * n for letter in (b"a", b"b", b"\0", b"\xff") for n in LENGTHS])
TEXTS = st.lists(st.lists(WORDS | st.just(b"")).map(b" ".join), max_size=8)


def by_dictionary(ids: dict[bytes, int], text: bytes) -> list[int]:
    return [ids.get(word, -7) for word in text.split(b" ") if word]


@given(
    vocabulary=st.lists(WORDS | st.just(b""), unique=True),
    texts=TEXTS,
    block=st.sampled_from([1, 20, 1 << 17]),
)
def test_any_words(vocabulary: list[bytes], texts: list[bytes], block: int) -> None:
    """In blocks of any size."""
    ids = dict(zip(vocabulary, range(5, 5 + len(vocabulary)), strict=True))
    with patch.object(word_batch, "_BLOCK_BYTES", block):
        rows = [row for row, _, _ in WordTable(ids, -7).look_up(texts)]
    assert [row.tolist() for row in rows] == [by_dictionary(ids, text) for text in texts]
    assert all(row.dtype == np.int32 for row in rows)


def test_words_that_the_table_refuses() -> None:
    """A vocabulary made so that all its words want one place is slower, and as right."""
    ids = {b"%d" % n: n for n in range(200)}
    text = b" ".join([*ids, b"200", b"a"])
    with (
        patch.object(key_table, "_LOW_FACTOR", np.uint64(0)),
        patch.object(key_table, "_HIGH_FACTOR", np.uint64(0)),
    ):
        table = WordTable(ids, -7)
        ((row, _, _),) = table.look_up([text])
    assert table._has_refused
    assert row.tolist() == by_dictionary(ids, text)


@pytest.mark.parametrize("unknown", [None, 1])
@pytest.mark.parametrize("start", [None, 2])
def test_long_texts_among_others(unknown: int | None, start: int | None) -> None:
    """Those too long for the table, and batches of few and of many: ids as of one text."""
    encoder = WordEncoder(
        ("film", "good", "wonderfully-long-word"),
        first_word_id=3,
        unknown_id=unknown,
        start_id=start,
        rule=WordRule(",."),
        stop_words=("the",),
    )
    texts = ["the film,good. wonderfully-long-word unseen", "", "film " * 30, "été 電影 the the"]
    expected = [encoder.encode(text) for text in texts * 5]
    with patch.object(words, "_LONGEST_TEXT", 100):
        for few in (0, 1000):
            with patch.object(words, "_MANY_TEXTS", few):
                rows = encoder.encode_batch(texts * 5)
            assert [row.tolist() for row in rows] == expected


def test_threads_share_a_table() -> None:
    """Eight threads on one encoder, whose table none has made yet, all get the right ids."""
    encoder = WordEncoder([f"word{n}" for n in range(3000)])
    texts = [" ".join(f"word{(n * k) % 3500}" for n in range(50)) for k in range(40)]
    expected = [encoder.encode(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        for rows in pool.map(encoder.encode_batch, [texts] * 8):
            assert [row.tolist() for row in rows] == expected
