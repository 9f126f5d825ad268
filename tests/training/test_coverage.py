"""Which texts a recipe's text rules can read."""

import dataclasses

import pytest

from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import TextEncoder
from edgernn.training.coverage import about_length, check_letters
from edgernn.training.vocabulary import build_vocabulary, make_contract

ENGLISH = [
    "A naïve film, yet good.",
    "It isn't bad at all: 10/10!",
    *["A great cast, really. ☺"] * 9,
]
GERMAN = ["Die Qualität ist überzeugend.", "Das Gerät ist großartig, schön und gut."]
CHINESE = ["这部电影太棒了。", "服务太无聊了！服务太无聊了！"]
THAI = ["หนังเรื่องนี้ดีมาก", "แย่มาก"]
ARABIC = ["الخدمة كانت ممتازة", "هذا الفيلم ممل"]
EMOJI = ["\U0001f600\U0001f44d", "\U0001f621"]

LATIN = RECIPES["flagship"].text
SPACES = RECIPES["bigru"].text
SUBWORDS = RECIPES["subword-bilstm"].text


def test_the_recipes_are_of_three_kinds():
    """Letters of English alone, words between spaces, pieces of any text."""
    assert LATIN.word_characters
    assert (SPACES.tokenizer, SPACES.word_characters) == ("words", "")
    assert SUBWORDS.tokenizer == "subwords"


@pytest.mark.parametrize(
    ("rules", "texts"),
    [
        (LATIN, ENGLISH),
        (SPACES, ENGLISH),
        (SPACES, GERMAN),
        (SPACES, ARABIC),
        (SPACES, EMOJI),
        *((SUBWORDS, texts) for texts in (ENGLISH, GERMAN, CHINESE, THAI, ARABIC, EMOJI)),
    ],
)
def test_texts_that_can_be_read(rules, texts):
    """Nothing is said; a foreign word among many does not count."""
    check_letters(rules, texts, "a.csv")


@pytest.mark.parametrize(
    ("rules", "texts", "message"),
    [
        (LATIN, GERMAN, "45% of the words would be cut at a letter (ä, ü, ß, ö): the text rule"),
        (
            LATIN,
            CHINESE,
            "no token is left of 100% of the texts: the text rule knows Latin",
        ),
        (LATIN, ARABIC, "100% of the letters are Arabic letters"),
        (LATIN, EMOJI, "the texts hold no letters"),
        (SPACES, CHINESE, "100% of the letters are Chinese characters, without spaces, and the"),
        (SPACES, THAI, "100% of the letters are Thai letters, without spaces"),
        (SPACES, ["...", "!!"], "no token is left of 100% of the texts"),
    ],
)
def test_texts_that_cannot_be_read(rules, texts, message):
    """The cause is named, and a recipe that reads them."""
    with pytest.raises(DataError) as caught:
        check_letters(rules, texts * 20, "a.csv")
    assert message in str(caught.value)
    assert str(caught.value).startswith("a.csv: ")
    assert str(caught.value).endswith("; edgernn train --recipe subword-bilstm reads all letters")
    assert "\n" not in str(caught.value)


def length_line(texts, padding="none", starts=False):
    """What is said of texts, of which a model reads the last four words."""
    rules = dataclasses.replace(SPACES, max_length=4, cut="start", padding=padding)
    vocabulary = build_vocabulary(rules, texts, 1)
    encoder = TextEncoder(make_contract(rules, vocabulary), vocabulary)
    return about_length(encoder, texts, encoder.encode_batch(texts), starts=starts)


@pytest.mark.parametrize("padding", ["none", "start"])
def test_texts_that_are_cut(padding):
    """A line says how many, how long the longest is, and what reads more; padding is no token."""
    texts = ["one two three four"] * 97 + ["one two three four five"] * 2 + ["one " * 9]
    assert length_line(texts, padding) == (
        "3 of 100 training texts are longer than the 4 tokens that the model reads (the longest "
        "has 9): their start is cut off; a larger --max-length reads more"
    )
    assert "; --from none with a larger --max-length" in length_line(texts, padding, starts=True)


@pytest.mark.parametrize("longer", [0, 1])
def test_a_text_in_a_hundred_may_be_cut(longer):
    """Of so few nothing is said, however many just fit."""
    assert length_line(["a b c d"] * (100 - longer) + ["a b c d e"] * longer) is None
