"""Which texts a recipe's text rules can read."""

import pytest

from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.training.coverage import check_letters

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
