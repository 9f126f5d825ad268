"""The contracts of the conformance cases: each kind, each rule alone and together, each edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance_rule_texts import RULE_TEXTS
from conformance_texts import TEXTS

__all__ = ["KINDS", "SHIPPED", "SUBWORDS_BY_VOCABULARY", "WORDS", "Variant"]

SHIPPED = "benchmarks/models/subword-bilstm/vocabulary.subwords"
"""From the root of the repository."""

_KERAS_SEPARATORS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n '
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'"

# fmt: off
SUBWORDS_BY_VOCABULARY: dict[str, tuple[str, ...]] = {
    "small": (
        "the_", "the", "a_", "a", "and_", "film_", "film", "good_", "good", "bad_", "ba", "ing_",
        "ing", "ed", "s_", "s", "i_", "i", "is_", ". ", ", ", ".", "! ", "!", "...", "  ", " ",
        "><", " />", "<br", "\u00e9", "\u00e9t\u00e9_", "e\u0301", "i\u0307", "\u00df",
        "stra\u00dfe_", "\u03c2", "\u03bf\u03c2_", "\u7535\u5f71", "\u7535", "\u5f88_",
        "\u0641\u064a\u0644\u0645_", "\u092b\u093f\u0932\u094d\u092e", "\U0001f44d",
        "\U0001f44d\U0001f3fd", "\u200d", "_", "\\", "&", "un", "undsc_", "n\\&undsc", "e.g.",
        "don't", "x_y", "'", "''", "\u0000", "\u0000\u0000", "\ufffd", "aaaaaaaaaaaaaaaa",
        "--------", "1", "10", "film",
    ),
    "overlapping": (
        "<b", "<br", "<br />", "don", "don't", "don't_", "n't", "e.g", "e.g.", "a ", " a", "a b",
        "the_", "film_", "good_", ", good", "film, ", "!_", "a_", "\\&undsc", "\\&undsc_",
    ),
    "bytes": (),
}
"""Subwords in the order of ids. Among the small ones `film` stands twice: its last place counts.
Of the overlapping ones some are reserved and begin others."""

WORDS: tuple[str, ...] = (
    "the", "a", "film", "good", "bad", "and", "it's", "don't", "end", "was", "not", "i", "b", "of",
    "\u00e9t\u00e9", "e\u0301te\u0301", "\u00e9tait", "\u03bf\u03b4\u03bf\u03c2", "\u03b1\u03c3",
    "\u03b1\u03c2", "i\u0307stanbul", "istanbul", "i\u0307", "stra\u00dfe", "strasse", "\u00df",
    "\u7535\u5f71", "\u5f88\u597d", "\u0641\u064a\u0644\u0645", "\u092b\u093f\u0932\u094d\u092e",
    "\U0001f44d", "\U0001f44d\U0001f3fd", "10", "3d", "film,good", "good film", "Good", "THE", "'",
    "the\u00a0film", "_", "\ufffd", "the\u0000film", "aaaaaaaaaaaaaaaa", "amp", "br", "undsc", "t",
    "caf\u00e9", "the\r", "\u0416", "\u0436", "\U00010428",
)
"""Words in the order of ids; some can be found under some rules only, `good film` under none."""

_STOP_WORDS = (
    "the", "of", "it's", "was", "i\u0307", "on-off", "The", "\u00e9tait", "\u7684", "\U0001f44e",
    "unseen", "the", "a b",
)
# fmt: on


@dataclass(frozen=True)
class Variant:
    """One contract and the texts that it is tried on."""

    name: str
    rules: Mapping[str, Any]
    """Fields of the contract that are not the defaults, without those of the vocabulary."""
    about: tuple[str, ...] = tuple(TEXTS)
    vocabulary: str = "words"
    defined_by: str = "keras"
    """Whose ids these must be before cut and padding: `tfds`, `keras`, or the `contract` alone."""
    units: tuple[str, ...] = ("the ", "film ", "good ")
    """Texts of one token each, of which those about the length limit are made."""
    large: bool = False
    """Whether the texts of 100 kB are tried too."""


_SHORT = ("empty", "blanks", "sentences", "stop words")
_PADDED = (*_SHORT, "NUL", "CJK", "long words")
_EDGES = (
    *(*_SHORT, "NUL", "surrogates", "word borders", "accents composed", "accents decomposed"),
    *("CJK", "emoji", "long words"),
)
_SCRIPTS = (
    *(*_SHORT, "accents composed", "accents decomposed", "Turkish", "German", "Greek", "CJK"),
    *("Arabic", "Devanagari", "surrogates", "letter case"),
)
_MARKUP = (*_SHORT, "line break tags", "HTML entities", "control characters", "NUL")
_RESERVED = (*_SHORT, "reserved subwords", "underscores", "line break tags", "word borders")

_WHOLE = {"max_length": 30_000, "cut": "end"}
_LONG = {"max_length": 200, "cut": "end"}
_RULES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nfc": ({"unicode_form": "NFC"}, _SCRIPTS),
    "html-breaks": ({"html_breaks": "space"}, _MARKUP),
    "control-characters": ({"control_characters": "space"}, _MARKUP),
    "lower": ({"case": "lower"}, _SCRIPTS),
}
_ALL_RULES = {name: value for rules, _ in _RULES.values() for name, value in rules.items()}
_LENGTHS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "padding-start": ({"max_length": 12, "cut": "start", "padding": "start"}, _PADDED),
    "padding-end": ({"max_length": 12, "cut": "end", "padding": "end", "padding_id": 3}, _PADDED),
    "cut-start-padding-end": ({"max_length": 12, "cut": "start", "padding": "end"}, _SHORT),
    "cut-end-padding-start": ({"max_length": 12, "cut": "end", "padding": "start"}, _SHORT),
    "one-start": ({"max_length": 1, "cut": "start"}, _SHORT),
    "one-end": ({"max_length": 1, "cut": "end", "padding": "end"}, _SHORT),
}


def _common(rules: Mapping[str, Any]) -> list[Variant]:
    """Each way to cut and pad; each rule on a text alone, and all together."""
    return [
        Variant("cut-start", {**rules, "max_length": 8, "cut": "start"}, _EDGES, large=True),
        Variant("cut-end", {**rules, "max_length": 8, "cut": "end"}, _EDGES, large=True),
        *(Variant(name, {**rules, **own}, about) for name, (own, about) in _LENGTHS.items()),
        *(
            Variant(name, {**rules, **_LONG, "case": "keep", **own}, about)
            for name, (own, about) in _RULES.items()
            if own.items() - rules.items()  # Else it is what the others are.
        ),
        Variant("all-rules", {**rules, **_ALL_RULES, "max_length": 40, "cut": "start"}),
    ]


def _subwords() -> list[Variant]:
    variants = [
        Variant("plain", _LONG),
        Variant("whole", _WHOLE, ("long words",), large=True),
        *_common({}),
        Variant("bytes", _LONG, _EDGES, "bytes", units=("a", "b", " ")),
        Variant("overlapping", _LONG, _RESERVED, "overlapping"),
        Variant(
            "shipped",
            {"max_length": 512, "cut": "start"},
            vocabulary="shipped",
            units=("the ", "movie ", "good "),
            large=True,
        ),
    ]
    return [
        replace(
            variant,
            defined_by="tfds",
            vocabulary="small" if variant.vocabulary == "words" else variant.vocabulary,
        )
        for variant in variants
    ]


def _words() -> list[Variant]:
    keras = {"case": "lower", "separators": _KERAS_SEPARATORS}
    imdb = {**keras, "first_word_id": 4, "unknown_id": 2, "start_id": 1}
    oov = {**_LONG, **keras, "first_word_id": 2, "unknown_id": 1}
    known = {**_LONG, **keras, "first_word_id": 1}
    letters = {"case": "lower", "word_characters": _LETTERS, "first_word_id": 2}
    wide = "the filmgoodba\u00e9\u0301\u7535\u5f71\u5f88\u597d\U0001f44d\ufffd"
    other = "\u00a0\u3000\U0001f44d\u0000\r\u0085\u2014\ufffd"
    return [
        Variant("keras-imdb", {**imdb, "max_length": 500, "cut": "start"}),
        Variant("keras-oov", oov),
        Variant("keras-known-only", known, (*_EDGES, "ASCII punctuation")),
        Variant("whole", {**imdb, **_WHOLE}, ("long words",), large=True),
        *_common(imdb),
        Variant("letters", {**_LONG, **letters, "unknown_id": 1}, defined_by="contract"),
        Variant("letters-known-only", {**_LONG, **letters}, _EDGES, defined_by="contract"),
        Variant(
            "wide-letters",
            {**_LONG, **letters, "unknown_id": 0, "word_characters": wide, "unicode_form": "NFC"},
            (*_EDGES, "line break tags"),
            defined_by="contract",
        ),
        Variant(
            "separators-without-space",
            {**oov, "separators": ".!"},
            (*_EDGES, "ASCII punctuation"),
        ),
        Variant(
            "padded-without-start",
            {**oov, "max_length": 6, "cut": "start", "padding": "start", "padding_id": 0},
            _PADDED,
        ),
        Variant("other-separators", {**oov, "separators": other}, _EDGES),
        Variant("zero-for-all", {**oov, "unknown_id": 0, "start_id": 0}, _EDGES),
    ]


def _stop_words() -> list[Variant]:
    keras = {"case": "lower", "separators": _KERAS_SEPARATORS, "first_word_id": 2, "unknown_id": 1}
    content = {**keras, "html_breaks": "space", "separators": "", "word_characters": _LETTERS}
    variants = [
        Variant("content-words", {**content, **_LONG}, defined_by="contract"),
        Variant("keras-split", {**keras, **_LONG}),
        Variant("known-only", {**keras, **_LONG, "unknown_id": None}, _EDGES),
        Variant("whole", {**content, **_WHOLE}, ("long words",), defined_by="contract", large=True),
        *_common({**keras, "start_id": 0}),
        Variant(
            "padded-content",
            {**content, "max_length": 10, "cut": "start", "padding": "start"},
            (*_EDGES, "line break tags"),
            defined_by="contract",
        ),
        Variant(
            "spaces-alone",
            {**keras, **_LONG, **_ALL_RULES, "separators": " "},
            tuple(dict.fromkeys((*_EDGES, *_SCRIPTS, "line break tags"))),
        ),
    ]
    # Stop words do not count towards the limit: the second unit is one token.
    return [
        replace(
            variant,
            rules={**variant.rules, "stop_words": _STOP_WORDS},
            units=("bad ", "the film ", "good "),
        )
        for variant in variants
    ]


def _rules() -> list[Variant]:
    """Each rule of version 2 by itself, with the kinds of words it may meet, and all together."""
    base = {**_LONG, "case": "lower", "first_word_id": 2, "unknown_id": 1}
    split = {**base, "separators": _KERAS_SEPARATORS}
    listed = {**base, "word_characters": _LETTERS}
    letters = {**base, "word_class": "letters"}
    ascii_marks = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
    white = {**base, "separators": "\t\n\v\f\r "}
    every: dict[str, Any] = {
        **letters,
        **_ALL_RULES,
        "html_entities": "decode",
        "quotes": "ascii",
        "hashtags": "open",
        "deleted_characters": "\u00ad\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652",
        "symbols": "words",
        "unspaced_scripts": "bigrams",
        "word_characters": "'",
    }
    before = {"html_entities": "decode", "quotes": "ascii", "hashtags": "open"}
    tags = ("line break tags", "HTML entities")
    texts = {
        "html_entities": (*_SHORT, "references", *tags, "surrogates"),
        "quotes": (*_SHORT, "quotes", "word borders", "Greek"),
        "hashtags": (*_SHORT, "hashtags", "underscores", "letter case"),
        "deleted": (*_SHORT, "deleted", "ASCII punctuation", "numbers", "Arabic", "Greek"),
        "symbols": (*_SHORT, "symbols", "emoji", "surrogates", "unspaced scripts"),
        "unspaced": (*_SHORT, "unspaced scripts", "CJK", "symbols"),
        "letters": (*_SHORT, "letters", *_SCRIPTS, "word borders", "NUL", "symbols", "numbers"),
    }
    sentences = ("sentences in languages",)
    variants = [
        Variant("references", {**split, "html_entities": "decode"}, texts["html_entities"]),
        Variant(
            "references-first",
            {**split, **_ALL_RULES, "html_entities": "decode", "hashtags": "open"},
            (*texts["html_entities"], "hashtags"),
        ),
        Variant("quotes", {**listed, "quotes": "ascii"}, texts["quotes"]),
        Variant("quotes-split", {**split, "quotes": "ascii"}, texts["quotes"]),
        Variant("hashtags", {**letters, "hashtags": "open"}, texts["hashtags"]),
        Variant(
            "hashtags-kept-case",
            {**split, "separators": " ", "case": "keep", "hashtags": "open"},
            texts["hashtags"],
        ),
        Variant("deleted", {**white, "deleted_characters": ascii_marks}, texts["deleted"]),
        Variant(
            "deleted-of-letters",
            {**letters, "deleted_characters": "\u00ad-.'\u0640\u0650\u5f71\U0001f44d\u03c3 "},
            texts["deleted"],
        ),
        Variant("symbols-split", {**split, "symbols": "words"}, texts["symbols"]),
        Variant("symbols-listed", {**listed, "symbols": "words"}, texts["symbols"]),
        Variant(
            "symbols-also-listed",
            {**listed, "symbols": "words", "word_characters": "\u2605\u2764\U0001f44d\u200d\ufe0f"},
            texts["symbols"],
        ),
        Variant("symbols-letters", {**letters, "symbols": "words"}, texts["symbols"]),
        Variant("characters", {**letters, "unspaced_scripts": "characters"}, texts["unspaced"]),
        Variant("bigrams", {**letters, "unspaced_scripts": "bigrams"}, texts["unspaced"]),
        Variant("bigrams-split", {**split, "unspaced_scripts": "bigrams"}, texts["unspaced"]),
        Variant(
            "characters-listed",
            {
                **listed,
                "unspaced_scripts": "characters",
                "word_characters": "abc\u7535\u5f71\u0301",
            },
            texts["unspaced"],
        ),
        Variant("letters", letters, texts["letters"]),
        Variant(
            "letters-and-more",
            {**letters, "word_characters": "'_\u200c\u200d ", "unicode_form": "NFC"},
            texts["letters"],
        ),
        Variant("every", every, (*TEXTS, *RULE_TEXTS)),
        Variant(
            "every-known-only",
            {**every, "unknown_id": None, "unspaced_scripts": "characters", "start_id": 0},
            (*RULE_TEXTS,),
        ),
        Variant(
            "every-padded",
            {**every, "max_length": 12, "cut": "start", "padding": "start", "padding_id": 0},
            (*sentences, "sentences", "symbols", "unspaced scripts", "deleted", "long words"),
        ),
        Variant(
            "stop-words",
            {
                **every,
                "stop_words": ("\u7535\u5f71", "\U0001f44d", "the", "l'\u00e9t\u00e9", "\u2764"),
            },
            (*sentences, "stop words", "symbols", "unspaced scripts", "quotes"),
        ),
        Variant(
            "subwords",
            {**_LONG, **before, "deleted_characters": "\u00ad-", "case": "lower"},
            ("references", "quotes", "hashtags", "deleted", "underscores", "sentences"),
            "small",
        ),
        Variant(
            "subwords-references",
            {**_LONG, "html_entities": "decode", "html_breaks": "space"},
            ("references", *tags, "sentences"),
            "small",
        ),
    ]
    return [
        replace(
            variant,
            defined_by="contract",
            vocabulary="rules" if variant.vocabulary == "words" else variant.vocabulary,
        )
        for variant in variants
    ]


KINDS: dict[str, list[Variant]] = {
    "subwords": _subwords(),
    "words": _words(),
    "stop_words": _stop_words(),
    "rules": _rules(),
}
"""The contracts of each file."""
