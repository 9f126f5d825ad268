"""Sentences of a text: where they end, and that nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.distillation.sentences import split_sentences, words_apart


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Bad...  so bad!!\nYes.", ["Bad...", "so bad!!", "Yes."]),
        ("one <br /><br /> two<BR>three<br/ >", ["one", "two", "three<br/ >"]),
        ("worth 3.5 points of e.g.this", ["worth 3.5 points of e.g.this"]),
        ("the end.", ["the end."]),
        ("很好。真的！", ["很好。", "真的！"]),
        (" <br />  . ", ["."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text, sentences):
    """Behind a full stop, exclamation or question mark and white space, or at a line break."""
    assert [sentence.strip() for sentence in split_sentences(text)] == sentences


def test_words_of_scripts_without_spaces():
    """Their characters stand apart, marks with the one before; other texts stay as they are."""
    assert words_apart("电影 is 好。").split() == ["电", "影", "is", "好", "。"]
    assert words_apart("ดีมาก").split() == ["ดี", "ม", "า", "ก"]
    assert words_apart("A naïve film.") == "A naïve film."


_PIECES = st.sampled_from(
    ["<br />", "<BR/>", "<br", ">", ". ", "!", "? ", " ", "\n", "a", "é", "0"]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=4)), max_size=20).map("".join))
def test_nothing_is_lost(text):
    """Joined again, they hold every character in order but white space and line breaks."""
    found = split_sentences(text)
    assert all(sentence.strip() for sentence in found)
    expected = re.sub(r"<br\s*/?>", "", text, flags=re.IGNORECASE)
    assert "".join("".join(found).split()) == "".join(expected.split())
