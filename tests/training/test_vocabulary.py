"""Building vocabularies, and the golden ids of the tutorials."""

import dataclasses

import pytest

from edgernn.data import load_split
from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import SubwordEncoder, TextEncoder
from edgernn.training.vocabulary import build_vocabulary, make_contract, read_vocabulary

SUBWORDS = dataclasses.replace(RECIPES["subword-bilstm"].text, target_vocabulary_size=300)
IMDB_WORDS = RECIPES["word-lstm"].text
OOV_WORDS = RECIPES["bilstm"].text
CONTENT_WORDS = RECIPES["stopword-bilstm"].text


def encoder_for(rules, texts):
    """Return the encoder of a recipe's rules with a vocabulary of these texts."""
    vocabulary = build_vocabulary(rules, texts, min_df=1)
    return TextEncoder(make_contract(rules, vocabulary), vocabulary)


def test_subwords_are_built():
    """Words that occur often become subwords; the result reads back, and any text encodes."""
    pytest.importorskip("tensorflow_datasets")
    texts = ["a wonderful film", "a dreadful film"] * 40
    data = build_vocabulary(SUBWORDS, texts, min_df=1)
    encoder = SubwordEncoder.from_bytes(data)
    assert encoder.to_bytes() == data
    assert any("film" in subword for subword in encoder.subwords)
    assert 257 < encoder.vocab_size < 400
    for text in (*texts[:2], "unseen: Zürich 😀"):
        assert encoder.decode(encoder.encode(text)) == text
    assert build_vocabulary(SUBWORDS, texts, min_df=1) == data


def test_words_are_ranked():
    """By frequency; of equally frequent ones the first met comes first; the rest is cut off."""
    texts = ["B a, b: c.", "<br />b a d"]
    assert build_vocabulary(IMDB_WORDS, texts, min_df=1) == b"b\na\nc\nbr\nd\n"
    few = dataclasses.replace(IMDB_WORDS, target_vocabulary_size=6)
    assert build_vocabulary(few, texts, min_df=1) == b"b\na\n"
    encoder = encoder_for(few, texts)
    assert encoder.contract.vocabulary_size == 6
    assert encoder.encode("B and A") == [1, 4, 2, 5]


def test_the_same_words_as_keras():
    """Keras's `Tokenizer` with an id for unknown words gives the same ids."""
    text = pytest.importorskip("tf_keras.preprocessing.text")
    texts = ["It's a good, GOOD film.", "A bad film\nand a long one!", "good; film"]
    tokenizer = text.Tokenizer(num_words=6, oov_token="<OOV>")
    tokenizer.fit_on_texts(texts)
    encoder = encoder_for(dataclasses.replace(OOV_WORDS, target_vocabulary_size=6), texts)
    for each in (*texts, "something else: a film"):
        assert encoder.encode(each) == tokenizer.texts_to_sequences([each])[0]


def test_stop_words_take_no_room():
    """They are not in the vocabulary, nor is markup or punctuation; negations stay."""
    encoder = encoder_for(CONTENT_WORDS, ["The film<br />wasn't \u201cgood\u201d \u2013 was it?"])
    assert encoder.vocabulary == b"film\nwasn't\ngood\n"
    assert encoder.encode("It was not: GOOD!") == [1, 4]
    assert encoder.encode("it was") == []


@pytest.mark.parametrize("texts", [[], ["..."], ["the", "of it"]])
def test_texts_without_words(texts):
    """No vocabulary can be built."""
    with pytest.raises(DataError, match="no word is left of the training texts"):
        build_vocabulary(CONTENT_WORDS, texts, min_df=1)


def test_reading_a_word_list(tmp_path):
    """A file of the recipe's kind is taken as it is; others are refused with the line."""
    path = tmp_path / "words.txt"
    path.write_bytes(b"the\nfilm\n")
    assert read_vocabulary(IMDB_WORDS, path) == b"the\nfilm\n"
    path.write_bytes(b"the\nthe\n")
    with pytest.raises(DataError, match=r"words\.txt, line 2"):
        read_vocabulary(IMDB_WORDS, path)
    with pytest.raises(DataError, match="not a SubwordTextEncoder file"):
        read_vocabulary(SUBWORDS, path)
    with pytest.raises(DataError, match="cannot be read"):
        read_vocabulary(IMDB_WORDS, tmp_path / "none.txt")


@pytest.mark.slow
def test_ids_of_the_imdb_reviews(shared_dir):
    """The published example: ranks of the training reviews' words, and 3.

    The tutorial prints 4435 and 447 for `cinema` and `like`; the other ten agree.
    """
    texts = load_split(shared_dir / "aclImdb_v1.tar.gz", "train").texts
    encoder = encoder_for(IMDB_WORDS, texts)
    ids = encoder.encode("I watched the movie in a cinema and I really like it")
    assert ids == [1, 13, 296, 4, 20, 11, 6, 438, 5, 13, 66, 40, 12]
    assert encoder.contract.vocabulary_size == 50_000
