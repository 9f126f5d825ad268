"""Each rule of the first step, alone and together."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.text import normalize, well_formed

COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"


@given(text=st.text())
def test_without_rules_a_text_stays(text):
    """No rule, no change; hypothesis draws surrogates only where asked."""
    assert normalize(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("abc é 😀", "abc é 😀"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "\ufffd"),
        ("\ude00 ", "\ufffd "),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("a\ud83db", "a\ufffdb"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
        ("😀\ude00 x", "😀\ufffd x"),
    ],
)
def test_surrogates(text, expected):
    """A pair is joined, a lone one becomes U+FFFD, in `well_formed` and before every rule."""
    assert well_formed(text) == expected
    assert normalize(text) == expected


@given(text=st.text(st.characters(), max_size=8) | st.text("\ud83d\ude00a", max_size=8))
def test_well_formed_texts_are_utf8(text):
    """Whatever comes in, UTF-8 can carry what comes out, and a second time changes nothing."""
    once = well_formed(text)
    once.encode()
    assert well_formed(once) == once
    assert once == text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def test_unicode_form():
    """NFC composes, none keeps; compatibility characters stay."""
    assert normalize(DECOMPOSED, unicode_form="NFC") == COMPOSED
    assert normalize(COMPOSED, unicode_form="NFC") == COMPOSED
    assert normalize(DECOMPOSED, unicode_form="none") == DECOMPOSED
    assert normalize("\u212b ﬁ ²", unicode_form="NFC") == "\u00c5 ﬁ ²"


@pytest.mark.parametrize("tag", ["<br>", "<br/>", "<br />", "<BR>", "<Br />", "<bR/>"])
def test_html_breaks(tag):
    """Each spelling becomes one space, each occurrence its own."""
    assert normalize(f"a{tag}{tag}b", html_breaks="space") == "a  b"
    assert normalize(f"a{tag}b", html_breaks="keep") == f"a{tag}b"


@pytest.mark.parametrize(
    "other", ["<br  />", "< br>", "</br>", "<br\t/>", "<brr>", "<b>", "&lt;br>"]
)
def test_other_tags_are_kept(other):
    """Only the three spellings are breaks."""
    assert normalize(other, html_breaks="space") == other


def test_control_characters():
    """All of C0, DEL and C1 become one space each; the characters beside them stay."""
    controls = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))]
    assert all(unicodedata.category(c) == "Cc" for c in controls)
    text = "x".join(controls)
    assert normalize(text, control_characters="space") == "x".join(" " * len(controls))
    assert normalize(text, control_characters="keep") == text
    assert normalize("!~\u00a0\u2028\u200b", control_characters="space") == "!~\u00a0\u2028\u200b"


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("ABC", "abc"),
        ("\u0130", "i\u0307"),  # Dotted I: two characters, whatever the locale.
        ("I", "i"),
        ("ΟΔΟΣ", "οδος"),  # Final sigma.
        ("ΣΑΣ ΣΑΣΑ", "σας σασα"),
        ("ẞ ÀÉ Ж", "ß àé ж"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_lower_case(text, lowered):
    """The full mapping of the Unicode Character Database, with its conditions."""
    assert normalize(text, case="lower") == lowered
    assert normalize(text, case="keep") == text


def test_the_order_of_the_rules():
    """Form, breaks, controls, case: a break made whole by none of the later rules stays."""
    rules = {
        "unicode_form": "NFC",
        "html_breaks": "space",
        "control_characters": "space",
        "case": "lower",
    }
    assert normalize("E\u0301<BR />\tX\ud83d\ude00\ud800", **rules) == "é  x😀\ufffd"
    assert normalize("<b\x00r>", **rules) == "<b r>"
    assert normalize("<br\x00/>", **rules) == "<br />"
