"""Words are found in bytes, by `bytes.split`: the ids are those of the rule on characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text import WordEncoder, WordRule
from edgernn.text.normalize import Normalizer
from edgernn.text.words import _MANY_TEXTS

# All that some `split` takes for white space, borders of UTF-8, and what is none of it.
CHARACTERS = (
    "ab' \t\n\v\f\r\x1c\x1d\x1e\x1f\x00\x7f\x85\xa0\u2028\u3000\xe9\xf8\xff\u7535\U0001f44d"
)
words = st.text(CHARACTERS, min_size=1, max_size=4)
# Of ASCII alone, too, whose normalization and word rule are one table; with all that is normalized.
PARTS = [
    "<br />",
    "<bR>",
    "<",
    "br",
    ">",
    "A",
    "B",
    "a\u0301",
    "\u0130",
    "\u03a3",
    "\ud83d",
    *CHARACTERS,
]
ASCII = [part for part in PARTS if part.isascii()]
texts = st.one_of(st.lists(st.sampled_from(parts), max_size=40) for parts in (PARTS, ASCII))
normalizers = st.builds(
    Normalizer,
    unicode_form=st.sampled_from(["none", "NFC"]),
    html_breaks=st.sampled_from(["keep", "space"]),
    control_characters=st.sampled_from(["keep", "space"]),
    case=st.sampled_from(["keep", "lower"]),
)


def plain_ids(
    text: str,
    vocabulary: list[str],
    separators: str,
    word_characters: str,
    stop_words: list[str],
    unknown: int | None,
) -> list[int]:
    """The rule as it is written down, character by character."""
    ids = {word: number for number, word in enumerate(vocabulary, start=3)}
    found, word = [], ""
    for character in f"{text} ":
        is_end = character not in word_characters if word_characters else character in separators
        if not is_end and character != " ":
            word += character
            continue
        if word and word not in stop_words:
            found.append(ids.get(word, unknown))
        word = ""
    return [i for i in found if i is not None]


@given(
    text=texts.map("".join),
    normalizer=normalizers,
    vocabulary=st.lists(words, max_size=8, unique=True),
    rule=st.text(CHARACTERS, min_size=1, max_size=8),
    by_characters=st.booleans(),
    stop_words=st.lists(words, max_size=3),
    unknown=st.sampled_from([None, 1]),
    start=st.sampled_from([None, 2]),
    kept=st.sampled_from([slice(None), *(s for n in (1, 3) for s in (slice(n), slice(-n, None)))]),
)
def test_ids(
    text: str,
    normalizer: Normalizer,
    vocabulary: list[str],
    rule: str,
    by_characters: bool,
    stop_words: list[str],
    unknown: int | None,
    start: int | None,
    kept: slice,
) -> None:
    """Any rules, vocabulary and text, and each way to cut."""
    separators, characters = ("", rule) if by_characters else (rule, "")
    encoder = WordEncoder(
        vocabulary,
        first_word_id=3,
        unknown_id=unknown,
        start_id=start,
        rule=WordRule(separators, characters),
        stop_words=stop_words,
        normalizer=normalizer,
    )
    expected = [] if start is None else [start]
    normal = normalizer(text)
    expected += plain_ids(normal, vocabulary, separators, characters, stop_words, unknown)
    assert encoder.encode(text) == expected
    for number in (1, _MANY_TEXTS):
        for ids in encoder.encode_batch([text] * number, kept):
            assert ids.tolist() == expected[kept]
            assert ids.dtype == "int32"


@pytest.mark.parametrize("white", list("\v\f\r"))
def test_white_space_that_ends_no_word(white: str) -> None:
    """Keras's separators lack it: it is part of a word, in a text and in the vocabulary."""
    encoder = WordEncoder(("a", f"a{white}b", f"{white}"), unknown_id=0)
    assert encoder.encode(f"a a{white}b {white} {white}{white}") == [1, 2, 3, 0]


def test_a_separator_in_the_vocabulary() -> None:
    """Such a word is never found."""
    encoder = WordEncoder(("a\tb", "a b", "a"), unknown_id=0)
    assert encoder.encode("a\tb a b") == [3, 0, 3, 0]
