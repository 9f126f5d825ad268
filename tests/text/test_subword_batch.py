"""Batches give what the scalar encoder gives, whatever is in them and before them."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from text_cases import NASTY, TEXTS, TINY, UNICODE

from edgernn.text import SubwordEncoder, key_table, subword_batch, subwords
from edgernn.text.subword_batch import BatchEncoder

BATCHES = st.lists(TEXTS | UNICODE | st.lists(st.sampled_from(TINY)).map(" ".join), max_size=12)


def assert_equal_to_scalar(batch, encoder, texts):
    rows = batch.encode(texts)
    assert [row.dtype for row in rows] == [np.dtype(np.int32)] * len(texts)
    assert [row.tolist() for row in rows] == [encoder.encode(text) for text in texts]


@pytest.fixture(scope="module")
def batches(encoder, tiny):
    """Pairs of a batch encoder and its scalar one: roomy ones, and one that is always full."""
    return [
        (BatchEncoder(encoder), encoder),
        (BatchEncoder(tiny), tiny),
        (BatchEncoder(encoder, unit_bits=2), encoder),
    ]


@given(texts=BATCHES, block=st.sampled_from([1, 30, 1 << 18]))
@example(texts=NASTY + TINY, block=1 << 18)
@example(texts=[" a", "a ", " ", "a", " ", "", " b", "a  ", "  ", "b"], block=1 << 18)
def test_any_batch_equals_the_scalar_encoder(batches, texts, block):
    """Any texts, in blocks of any size, with tables that are new, filled, or full."""
    with patch.object(subword_batch, "_BLOCK_BYTES", block):
        for batch, scalar in batches:
            assert_equal_to_scalar(batch, scalar, texts)


@given(vocabulary=st.lists(st.sampled_from(NASTY) | UNICODE, max_size=12), texts=BATCHES)
def test_any_vocabulary(vocabulary, texts):
    """Empty, with subwords that repeat, that are reserved or longer than a key."""
    scalar = SubwordEncoder(vocabulary)
    assert_equal_to_scalar(BatchEncoder(scalar, unit_bits=6), scalar, texts)


def test_reviews(encoder, reviews):
    """2,000 reviews, then some again, with a table that is emptied and one that is not."""
    for bits in (9, 18):
        batch = BatchEncoder(encoder, unit_bits=bits)
        assert_equal_to_scalar(batch, encoder, reviews)
        assert_equal_to_scalar(batch, encoder, reviews[:200])
        assert 0 < batch._units.count <= 1 << bits


@pytest.mark.parametrize("size", range(12, 20))
def test_units_around_the_longest_key(encoder, size):
    """Words and runs of 12 to 19 bytes, with and without their space."""
    texts = [f"{'a' * size} b", "a" * size, "é" * (size // 2) + "-" * size, " " * size + "x"]
    assert_equal_to_scalar(BatchEncoder(encoder), encoder, texts)


def test_units_that_differ_in_zeros_only(encoder):
    """A key holds its length: NULs at the end are not taken for nothing."""
    texts = ["\0", "\0\0", "\0" * 15, "a\0", "a", "a\0\0 "]
    assert_equal_to_scalar(BatchEncoder(encoder), encoder, texts)


def test_units_that_differ_in_the_last_byte(encoder):
    """From 16 bytes on the length would overwrite it, so these have no key."""
    texts = ["a" * size + last for size in (14, 15, 16) for last in "aq"]
    assert_equal_to_scalar(BatchEncoder(encoder), encoder, texts)


def test_underscores():
    """The text's own underscores are escaped, so subwords match them only in the escaped form."""
    scalar = SubwordEncoder(["a\\&undscb", "a_b", "_c", "\\&undscd_", "_"])
    texts = ["a_b", "a_b ", "_c", "x_d e", "a_ b", "__ _", "a b"]
    assert_equal_to_scalar(BatchEncoder(scalar), scalar, texts)
    assert scalar.encode("a_b") == [1]


def test_subwords_that_no_text_can_hold():
    """A vocabulary made by hand may hold surrogates; they match nothing."""
    scalar = SubwordEncoder(["\ud800", "a"])
    assert_equal_to_scalar(BatchEncoder(scalar), scalar, ["a\ud800", "a"])


def test_a_full_table_is_emptied(monkeypatch):
    """The next block finds room again; nothing is left to the scalar encoder."""
    scalar = SubwordEncoder(["a"])
    batch = BatchEncoder(scalar, unit_bits=2)
    monkeypatch.setattr(scalar, "encode_unit", None)
    for text in ("a b c d", "e f g h", "a b c d"):
        assert batch.encode([text])[0].tolist() == scalar.encode(text)
        assert batch._units.count == 4


def test_a_huge_text_makes_no_block(encoder, monkeypatch):
    """Memory is bounded: a text beyond the limit goes through the scalar encoder."""
    monkeypatch.setattr(subword_batch, "_LONGEST_TEXT", 9)
    batch = BatchEncoder(encoder)
    assert_equal_to_scalar(batch, encoder, ["the movies"])
    assert batch._units.count == 0
    assert_equal_to_scalar(batch, encoder, ["the movie", "the movies"])
    assert batch._units.count == 2


def test_a_hostile_text(monkeypatch):
    """When all keys want one slot, the scalar encoder takes what the table refuses."""
    for name in ("_LOW_FACTOR", "_HIGH_FACTOR"):
        monkeypatch.setattr(key_table, name, np.uint64(0))
    monkeypatch.setattr(key_table, "_MOST_PROBES", 4)
    plain = SubwordEncoder(["a", "ab_"])
    batch = BatchEncoder(plain)
    assert_equal_to_scalar(batch, plain, ["ab ab a abc. d e f g h i j k l"] * 3)
    assert batch._units.count == 4


def test_threads_share_an_encoder(encoder, reviews):
    """Calls from several threads at a time get their own ids."""
    batch = BatchEncoder(encoder, unit_bits=8)
    expected = [encoder.encode(text) for text in reviews[:100]]
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(batch.encode, [reviews[:100]] * 8):
            assert [row.tolist() for row in rows] == expected


def test_surrogates(encoder):
    """Read as UTF-16 does, as in the scalar encoder."""
    assert_equal_to_scalar(BatchEncoder(encoder), encoder, ["a \ud83d\ude00", "\udc00b", "\ud800"])


def test_no_texts(encoder):
    """No texts give no rows; texts without characters give rows without ids."""
    batch = BatchEncoder(encoder)
    assert batch.encode([]) == []
    assert [row.shape for row in batch.encode(["", ""])] == [(0,), (0,)]


def test_encode_batch_chooses_by_size(imdb_vocabulary, monkeypatch):
    """Little text makes no tables; much text makes them once."""
    encoder = SubwordEncoder.from_bytes(imdb_vocabulary)
    texts = ["Terrible Movie!.", "", "snake_case"]
    expected = [[3585, 3194, 7785, 7962, 7975], [], encoder.encode("snake_case")]
    assert [row.tolist() for row in encoder.encode_batch(texts)] == expected
    assert encoder._batch_encoder is None
    monkeypatch.setattr(subwords, "_SMALL_BATCH_CHARACTERS", 10)
    rows = encoder.encode_batch(texts)
    assert [row.tolist() for row in rows] == expected
    assert {row.dtype for row in rows} == {np.dtype(np.int32)}
    made = encoder._batch_encoder
    encoder.encode_batch(texts)
    assert encoder._batch_encoder is made is not None


def test_arrays_may_be_written_to(encoder):
    """Writing into one text's ids changes no other text's and nothing that is remembered."""
    batch = BatchEncoder(encoder)
    first, second = batch.encode(["the movie", "the movie"])
    first[:] = -1
    assert second.tolist() == batch.encode(["the movie"])[0].tolist() == encoder.encode("the movie")
