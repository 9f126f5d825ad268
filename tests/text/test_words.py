"""Words: split, drop, look up; the same ids as Keras's `Tokenizer` gives."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.errors import DataError
from edgernn.text import WordEncoder, WordRule
from edgernn.text.words import KERAS_SEPARATORS, read_words, write_words

WORDS = ("the", "a", "it's", "good", "film", "ß", "été")

any_text = (
    st.text()
    | st.text(alphabet=string.printable + "éß\u00a0'")
    | st.lists(st.sampled_from((*WORDS, "THE", "unseen", "<br />", "", "10/10", "\n"))).map(
        " ".join
    )
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        (" \t\n", []),
        ("...", []),
        ("the good film", [4, 7, 8]),
        ("the,good.film", [4, 7, 8]),
        ("it's", [6]),
        ("its", [2]),
        ("THE", [2]),
        ("film<br /><br />film", [8, 2, 2, 8]),
        ("good\u00a0film", [2]),
        ("\ud800", [2]),
    ],
)
def test_what_ends_a_word(text, ids):
    """Keras's separators end a word; the apostrophe and what is no ASCII do not."""
    assert WordEncoder(WORDS, first_word_id=4, unknown_id=2).encode(text) == ids


def test_unknown_words_can_be_left_out():
    """Without an id for them, as in Keras without `oov_token`."""
    assert WordEncoder(WORDS).encode("the unseen film") == [1, 5]


def test_the_start_comes_first():
    """The start token stands before the first word, and alone where there is no word."""
    encoder = WordEncoder(WORDS, first_word_id=4, unknown_id=2, start_id=1)
    assert encoder.encode("a film") == [1, 5, 8]
    assert encoder.encode("!") == [1]


def test_stop_words_are_left_out():
    """Whole words only, in the vocabulary or not, and never as unknown."""
    encoder = WordEncoder(WORDS, unknown_id=0, stop_words=("the", "of", "it's"))
    assert encoder.encode("the film of theatre, it's good") == [5, 0, 4]


def test_word_characters_turn_the_rule_round():
    """Where they are given, everything else ends a word."""
    encoder = WordEncoder(("don't", "go"), unknown_id=0, rule=WordRule("", "dontg'"))
    assert encoder.encode("don't\u2014go\u00a0go1go Go") == [1, 2, 2, 2, 0]


def test_decoding_gives_the_words():
    """Padding and start say nothing, an unknown word shows as U+FFFD."""
    encoder = WordEncoder(WORDS, first_word_id=4, unknown_id=2, start_id=1)
    assert encoder.decode([0, 0, 1, 4, 2, 8]) == "the \ufffd film"
    for wrong in (-1, encoder.vocab_size):
        with pytest.raises(ValueError, match=f"id {wrong} is outside"):
            encoder.decode([wrong])


@pytest.fixture(scope="module")
def keras_tokenizers():
    """Keras's own, fitted to rank WORDS in their order: with and without `oov_token`."""
    text = pytest.importorskip("tf_keras.preprocessing.text")
    fitted = []
    for oov in ("<OOV>", None):
        tokenizer = text.Tokenizer(oov_token=oov, lower=False)
        tokenizer.fit_on_texts([" ".join(WORDS[:n]) for n in range(len(WORDS), 0, -1)])
        fitted.append(tokenizer)
    return fitted


@pytest.mark.unmeasured
@given(text=any_text)
def test_ids_are_those_of_keras(keras_tokenizers, text):
    """Any text, with and without an id for unknown words."""
    settings = ((2, 1), (1, None))
    for tokenizer, (first, unknown) in zip(keras_tokenizers, settings, strict=True):
        encoder = WordEncoder(WORDS, first_word_id=first, unknown_id=unknown)
        clean = text.encode("utf-8", "replace").decode()
        assert encoder.encode(clean) == tokenizer.texts_to_sequences([clean])[0]


@pytest.mark.unmeasured
@given(st.lists(any_text, max_size=6))
def test_a_batch_gives_the_same(texts):
    """Batch or not, the ids are the same, and of the type that models take."""
    encoder = WordEncoder(WORDS, first_word_id=4, unknown_id=2, start_id=1)
    rows = encoder.encode_batch(texts)
    assert [row.tolist() for row in rows] == [encoder.encode(text) for text in texts]
    assert all(row.dtype == "int32" for row in rows)


@pytest.mark.unmeasured
@given(any_text)
def test_splitting_leaves_no_separator(text):
    """What splitting gives holds no separator and no empty word."""
    for word in WordEncoder(()).split(text):
        assert word
        assert not set(word) & set(KERAS_SEPARATORS)


def test_a_vocabulary_file_reads_back():
    """One word a line, UTF-8."""
    data = write_words(WORDS)
    assert data == "the\na\nit's\ngood\nfilm\nß\nété\n".encode()
    assert read_words(data) == list(WORDS)
    assert read_words(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"the\na", "cut short"),
        (b"the\n\na\n", "line 2: a word has 1 to"),
        (b"the\na\nthe\n", "line 3: the word of line 1 again"),
        (b"the\n\xff\n", "line 2: not UTF-8"),
        (b"x" * 5000 + b"\n", "line 1: a word has 1 to"),
    ],
)
def test_broken_vocabulary_files(data, message):
    """Each is refused with the line that is wrong."""
    with pytest.raises(DataError, match=message):
        read_words(data, name="words.txt")


@pytest.mark.parametrize("words", [["a\nb"], ["a", "a"], [""], ["\ud800"]])
def test_words_that_no_file_can_carry(words):
    """They are refused when written, not found out when read."""
    with pytest.raises(DataError):
        write_words(words)
