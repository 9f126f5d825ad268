"""The rules of contract version 2, each alone and any together, in every way that texts go."""

from __future__ import annotations

import importlib
import re
import sys
import unicodedata
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgernn.text import WordEncoder, WordRule, normalize
from edgernn.text.code_points import SETS, UNICODE_VERSION, ranges_of, without
from edgernn.text.entities import NAMES, WINDOWS_1252
from edgernn.text.normalize import Normalizer
from edgernn.text.words import _MANY_TEXTS

CONFORMANCE = Path(__file__).resolve().parents[1] / "conformance"


@pytest.fixture(scope="module")
def plain() -> ModuleType:
    """The document once more, without edgernn's code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(CONFORMANCE), *sys.path])
        return importlib.import_module("plain_encoder")


@pytest.fixture(scope="module")
def code_points() -> ModuleType:
    """What writes the sets for other languages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(CONFORMANCE), *sys.path])
        return importlib.import_module("code_points")


PIECES = [
    *"aZéÉ#&;_'\"-. \t\n0٣²ßΣσИи電影はガ々กิัກក្တမြ👍🏽❤★☆①🇫🇷한ֿ",
    *("\u200d", "\ufe0f", "\ufe0e", "\u20e3", "\u0301", "\u3099", "\uff9e", "\U000e0067", "\u00ad"),
    *("\u2019", "\u201c", "«", "\u0640", "\u0378", "\U0001fb00", "\ud83d", "\udc4d", "\u00a0"),
    *("&#39;", "&#x1F600;", "&amp;", "&lt;br&gt;", "&#146;", "&#0;", "&hearts;", "&nope;", "&#"),
    *("<br />", "<br>\u0338", "<b", "#BestFilm", "#aB1", "don't", "\x00", "\x85"),
]
FIRST = {
    "unicode_form": "none",
    "html_breaks": "keep",
    "control_characters": "keep",
    "case": "keep",
}
"""What a contract has that has no rules."""
WESTERN = bytes({*range(256)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252")
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
rules = st.fixed_dictionaries(
    {
        "unicode_form": st.sampled_from(["none", "NFC"]),
        "html_breaks": st.sampled_from(["keep", "space"]),
        "control_characters": st.sampled_from(["keep", "space"]),
        "case": st.sampled_from(["keep", "lower"]),
        "html_entities": st.sampled_from(["keep", "decode"]),
        "quotes": st.sampled_from(["keep", "ascii"]),
        "hashtags": st.sampled_from(["keep", "open"]),
        "deleted_characters": st.sampled_from(["", "-.'", "a\u00ad\u0301", "電👍 ", "\t\n<é"]),
    }
)
word_rules = st.fixed_dictionaries(
    {
        "symbols": st.sampled_from(["keep", "words"]),
        "unspaced_scripts": st.sampled_from(["keep", "characters", "bigrams"]),
        "characters": st.sampled_from(
            [
                ("listed", ".,-;&# \t\n", ""),
                ("listed", "", "abcZ'0é\t"),
                ("listed", "", "電★\u200d\ufe0f "),
                ("listed", " ", ""),
                ("letters", "", ""),
                ("letters", "", "'_\t電\u200d"),
            ]
        ),
    }
)


@pytest.mark.unmeasured
@settings(max_examples=400, deadline=None)
@example(text="a\U0001f44d\u0301", rules={}, word_rules={})
@given(text=texts, rules=rules, word_rules=word_rules)
def test_any_rules_together(
    plain: ModuleType, text: str, rules: dict[str, Any], word_rules: dict[str, Any]
) -> None:
    """Normalized, cut, encoded alone and in batches: always what the document says."""
    word_class, separators, word_characters = word_rules.get("characters", ("letters", "", ""))
    contract = {
        **FIRST,
        **rules,
        **{name: value for name, value in word_rules.items() if name != "characters"},
        "word_class": word_class,
        "separators": separators,
        "word_characters": word_characters,
    }
    normal = plain.normalized(contract, text)
    assert normalize(text, **rules) == normal
    expected = plain.words_of(contract, normal)
    rule = WordRule(
        separators,
        word_characters,
        word_class=word_class,
        **{name: value for name, value in word_rules.items() if name != "characters"},
    )
    assert rule.words(normal) == expected
    vocabulary = [word for word in dict.fromkeys(expected) if "\n" not in word]
    encoder = WordEncoder(
        vocabulary, first_word_id=1, unknown_id=0, rule=rule, normalizer=Normalizer(**rules)
    )
    ids = [vocabulary.index(word) + 1 if word in vocabulary else 0 for word in expected]
    assert encoder.encode(text) == ids
    for number in (1, _MANY_TEXTS):
        for found in encoder.encode_batch([text] * number):
            assert found.tolist() == ids


@pytest.mark.unmeasured
@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(st.characters(max_codepoint=0x24F, exclude_categories=())),
        st.text(st.sampled_from([*WESTERN, *"aaa ''<br>\u2019\u201c"])),
    ),
    st.sampled_from(["", "\u00ad-", "\u00e9\u0178"]),
    st.sampled_from(["keep", "space"]),
)
def test_latin_letters(plain: ModuleType, text: str, deleted: str, breaks: str) -> None:
    """Texts that a table of bytes reads, and some that it does not."""
    rules = {
        "html_entities": "decode",
        "quotes": "ascii",
        "hashtags": "open",
        "case": "lower",
        "deleted_characters": deleted,
        "html_breaks": breaks,
    }
    rule = WordRule(word_class="letters", word_characters="'", symbols="words")
    contract = {**FIRST, **rules, "word_class": "letters", "symbols": "words"} | {
        "word_characters": "'",
        "separators": "",
    }
    for part in (text, text.replace("#", "").replace("&", "")):
        expected = plain.words_of(contract, plain.normalized(contract, part))
        words = list(dict.fromkeys(expected))
        encoder = WordEncoder(words, rule=rule, normalizer=Normalizer(**rules))  # type: ignore[arg-type]
        assert [words[i - 1] for i in encoder.encode(part)] == expected


def test_references_are_those_of_html() -> None:
    """Python's own decoder of HTML5 agrees on all names, and on all numbers that it keeps."""
    for name, code in NAMES.items():
        assert normalize(f"&{name};", html_entities="decode") == chr(code)
        assert unescape(f"&{name};") == chr(code) or name in ("lang", "rang")  # HTML 5 moved them.
    compared = 0
    for code in (
        *range(0x3000),
        *range(0xD7F0, 0xE010),
        *range(0xFFF0, 0x10010),
        0x10FFFF,
        0x110000,
    ):
        theirs = unescape(f"&#{code};")
        if theirs:
            compared += 1
            for reference in (f"&#{code};", f"&#x{code:x};", f"&#X{code:05X};"):
                assert normalize(reference, html_entities="decode") == theirs, reference
    assert compared > 12_000
    assert set(WINDOWS_1252) <= set(range(0x80, 0xA0))


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("#BestFilmEver", "Best Film Ever"),
        ("#HTMLParser", "HTML Parser"),
        ("#100Best", "100 Best"),
        ("#best_film", "best film"),
        ("#ÉtéIndien", "Été Indien"),
        ("#СлавныйФильм", "Славный Фильм"),
    ],
)
def test_hashtags(tag: str, words: str) -> None:
    """A space stands for the mark, and one at each border."""
    assert normalize(f"so {tag}!", hashtags="open") == f"so  {words}!"
    assert normalize(tag) == tag


def test_sets(code_points: ModuleType) -> None:
    """Ranges are in order; the letters are those of the Unicode version that is named."""
    for name in SETS:
        ranges = ranges_of(name)
        assert without(ranges, ()) == ranges, name
    if unicodedata.unidata_version == UNICODE_VERSION:
        assert " ".join(SETS["letters"].split()) == code_points.letters()
    for inner, outer in (
        ("regional", "symbols"),
        ("unspaced_marks", "unspaced"),
        ("upper", "letters"),
        ("lower", "letters"),
    ):
        assert without(ranges_of(inner), ranges_of(outer)) == (), (inner, outer)
    assert without(ranges_of("symbols"), ranges_of("unspaced")) == ranges_of("symbols")
    assert re.fullmatch("[0-9A-F -]+", SETS["letters"].replace("\n", " "))


def test_files_for_other_languages_are_up_to_date(code_points: ModuleType) -> None:
    """`code_points.json` and Kotlin's table are what the generator writes."""
    for path, content in code_points.files().items():
        assert path.read_text("utf-8") == content, path.name
