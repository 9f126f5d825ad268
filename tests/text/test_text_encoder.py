"""The contract joined with its vocabulary: checks, order of the steps, the cut."""

import dataclasses
import hashlib

import numpy as np
import pytest

from edgernn.errors import ModelFileError
from edgernn.text import SubwordEncoder, TextContract, TextEncoder, subwords

VOCABULARY = SubwordEncoder(["a_", "b_", "c_", "d_", "é", " ", "  "]).to_bytes()


def contract_for(vocabulary, **changes):
    """Return the contract that fits a vocabulary file, with some fields changed."""
    fields = {
        "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "vocabulary_size": SubwordEncoder.from_bytes(vocabulary).vocab_size,
        "max_length": 3,
        "cut": "end",
    }
    return TextContract(**(fields | changes))


@pytest.fixture(params=["scalar", "tables"])
def both_ways(request, monkeypatch):
    """Runs a test with batches that are small and with batches that are large."""
    if request.param == "tables":
        monkeypatch.setattr(subwords, "_SMALL_BATCH_CHARACTERS", 0)


def test_another_vocabulary_is_refused():
    """One changed byte, and the hash says so."""
    contract = contract_for(VOCABULARY)
    with pytest.raises(ModelFileError, match=r"vocabulary\.subwords: SHA-256 is .*altered"):
        TextEncoder(contract, VOCABULARY.replace(b"a_", b"x_"))


def test_another_size_is_refused():
    """The model's table of embeddings would not fit."""
    contract = contract_for(VOCABULARY, vocabulary_size=100)
    with pytest.raises(ModelFileError, match="has 264 ids, the contract says 100"):
        TextEncoder(contract, VOCABULARY)


def test_a_malformed_vocabulary_is_refused():
    """Its hash may be right; the name is the contract's."""
    broken = VOCABULARY[:-1]
    digest = hashlib.sha256(broken).hexdigest()
    contract = contract_for(VOCABULARY, vocabulary_sha256=digest, vocabulary_file="words")
    with pytest.raises(ModelFileError, match="words: cut short"):
        TextEncoder(contract, broken)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("cut", "text", "expected"),
    [
        ("end", "", []),
        ("end", "a b ", [1, 2]),
        ("end", "a b c ", [1, 2, 3]),
        ("end", "a b c d ", [1, 2, 3]),
        ("start", "", []),
        ("start", "a b ", [1, 2]),
        ("start", "a b c ", [1, 2, 3]),
        ("start", "a b c d ", [2, 3, 4]),
    ],
)
def test_the_cut(cut, text, expected):
    """One token below the limit, at it, and above it, from either end."""
    encoder = TextEncoder(contract_for(VOCABULARY, cut=cut), VOCABULARY)
    assert encoder.encode(text) == expected
    (row,) = encoder.encode_batch([text])
    assert row.dtype == np.int32
    assert row.tolist() == expected


@pytest.mark.usefixtures("both_ways")
def test_the_rules_come_first():
    """A text is normalized by the contract's rules before it is encoded."""
    contract = contract_for(
        VOCABULARY,
        max_length=9,
        unicode_form="NFC",
        html_breaks="space",
        control_characters="space",
        case="lower",
    )
    encoder = TextEncoder(contract, VOCABULARY)
    text = "A<BR />B\tE\u0301"
    assert encoder.encode(text) == encoder.encode_batch([text])[0].tolist() == [1, 2, 5]
    plain = TextEncoder(contract_for(VOCABULARY, max_length=100), VOCABULARY)
    assert plain.decode(plain.encode(text)) == text


def test_the_contract_and_the_vocabulary_are_kept():
    """Whoever writes a model file takes both from here."""
    contract = contract_for(VOCABULARY)
    encoder = TextEncoder(contract, VOCABULARY)
    assert (encoder.contract, encoder.vocabulary) == (contract, VOCABULARY)
    with pytest.raises(ValueError, match="is outside"):
        encoder.decode([264])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("cut", ["start", "end"])
def test_reviews(imdb_vocabulary, reviews, cut):
    """Batches give what `encode` gives, reviews with breaks and all."""
    contract = contract_for(imdb_vocabulary, max_length=200, cut=cut, html_breaks="space")
    encoder = TextEncoder(contract, imdb_vocabulary)
    texts = reviews[::10]
    rows = encoder.encode_batch(texts)
    assert [row.tolist() for row in rows] == [encoder.encode(text) for text in texts]
    assert max(map(len, rows)) == 200
    longer = TextEncoder(dataclasses.replace(contract, max_length=1 << 16), imdb_vocabulary)
    whole = longer.encode(texts[0])
    assert rows[0].tolist() == (whole[:200] if cut == "end" else whole[-200:])


WORDS = b"film\ngood\nbad\n"


def word_encoder(**changes):
    """Return an encoder of words with zeros for padding."""
    fields = {
        "vocabulary_sha256": hashlib.sha256(WORDS).hexdigest(),
        "vocabulary_size": 7,
        "vocabulary_file": "vocabulary.words",
        "tokenizer": "words",
        "separators": " .",
        "first_word_id": 4,
        "unknown_id": 2,
        "start_id": 1,
        "case": "lower",
        "max_length": 4,
        "cut": "start",
    }
    return TextEncoder(TextContract(**(fields | changes)), WORDS)


@pytest.mark.parametrize(
    ("changes", "text", "expected"),
    [
        ({}, "Good film.", [1, 5, 4]),
        ({}, "good bad film it", [5, 6, 4, 2]),
        ({"cut": "end"}, "good bad film it", [1, 5, 6, 4]),
        ({"case": "keep"}, "Good film", [1, 2, 4]),
        ({"stop_words": ("good",)}, "good film", [1, 4]),
        ({"padding": "start"}, "good", [0, 0, 1, 5]),
        ({"padding": "end"}, "good", [1, 5, 0, 0]),
        ({"padding": "end"}, "good bad film it", [5, 6, 4, 2]),
        ({"padding": "start", "padding_id": 3}, "good", [3, 3, 1, 5]),
        ({"padding": "start", "start_id": None}, "", []),
        ({"padding": "start"}, "", [0, 0, 0, 1]),
    ],
)
def test_words_by_contract(changes, text, expected):
    """Start token, unknown words, the cut, and padding for models that read it."""
    encoder = word_encoder(**changes)
    assert encoder.encode(text) == expected
    (batch,) = encoder.encode_batch([text])
    assert batch.dtype == np.int32
    assert batch.tolist() == expected


def test_counting_tokens():
    """As many as the text has, whatever is cut and padded."""
    encoder = word_encoder(padding="start")
    assert encoder.token_counts(["", "good", "good bad film it good"]) == [1, 2, 6]


def test_a_vocabulary_of_words_is_checked():
    """Its size and its lines, by the contract's name for it."""
    with pytest.raises(ModelFileError, match=r"vocabulary\.words has 7 ids, the contract says 8"):
        word_encoder(vocabulary_size=8)
    broken = b"film\nfilm\n"
    with pytest.raises(ModelFileError, match=r"vocabulary\.words, line 2: the word of line 1"):
        TextEncoder(
            dataclasses.replace(
                word_encoder().contract, vocabulary_sha256=hashlib.sha256(broken).hexdigest()
            ),
            broken,
        )
