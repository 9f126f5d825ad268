"""The texts of the conformance cases, by what they are about; all written for this purpose.

A text is a string, or a list of units and how often each is repeated: `["bad ", 1, "good ", 9]`.
"""

from __future__ import annotations

import string

__all__ = ["LARGE", "TEXTS", "Text"]

Text = str | list[str | int]

_CONTROLS = [chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))]

# fmt: off
TEXTS: dict[str, list[Text]] = {
    "empty": [""],
    "blanks": [
        " ", "  ", "   ", "\t", "\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2003 ", "\u200b",
        "\ufeff", " the", "the ", " the ", "the  film", "the   film", "  the", "the  ",
        "the\u00a0film", "the\u3000film", "the\u2028film\u2029", "the\u200bfilm", "\ufeffthe",
        "the\tfilm", "the\nfilm", "the \n film", "the\r\nfilm", "a b c d", " a  b   c    d",
    ],
    "ASCII punctuation": [
        text
        for mark in string.punctuation
        for text in (mark, f"the{mark}film", f"good {mark} bad", f"a {mark * 2}film{mark}")
    ],
    "line break tags": [
        "the<br />film", "<br />", "good<br /><br />film", "a <br /> film", "<BR>bad", "<Br/>",
        "film<br>", "film<br >the", "film<br  />the", "</br>", "< br />", "<br\t/>", "<br\n/>",
        "<brr>", "<b>good</b>", "<br", "br />", "<br /", "<<br />>", "<br /><BR/>", "<br/ >",
        "<br class='a' />", "<b\u0000r>", "<\u0431r>", "film.<br /><br />The end.",
    ],
    "HTML entities": [
        "&amp;", "good &amp; bad", "&lt;br /&gt;", "&nbsp;", "the&nbsp;film", "&quot;good&quot;",
        "&#39;", "don&#39;t", "&#x27;", "&eacute;t&eacute;", "a&b", "&", "&&", "AT&T", "&amp",
    ],
    "accents composed": [
        "\u00e9t\u00e9", "\u00c9t\u00e9", "caf\u00e9", "na\u00efve film", "cr\u00e8me br\u00fb",
        "\u00c0 la carte", "\u00f1", "\u01d6", "\u1e69", "\u212b", "\u00c5ngstr\u00f6m", "\ufb01",
        "\u00b2", "\u0344", "\u2126", "\u1fee",
    ],
    "accents decomposed": [
        "e\u0301te\u0301", "E\u0301te\u0301", "cafe\u0301", "nai\u0308ve film", "e\u0301 a",
        "A\u0300 la carte", "n\u0303", "u\u0308\u0304", "s\u0323\u0307", "s\u0307\u0323", "A\u030a",
        "\u0301", "\u0301a", " \u0301", "e\u0301\u0302\u0303", "a\u0315\u0300", "the e\u0301",
        "\u0063\u0327a",
    ],
    "Turkish": [
        "\u0130stanbul", "\u0130", "I", "\u0131", "i\u0307stanbul", "D\u0130YARBAKIR", "\u0130 I",
        "\u0131\u015f\u0131k", "I\u015eIK", "TITLE", "Title", "I\u0307", "\u0130\u0307",
    ],
    "German": [
        "Stra\u00dfe", "STRASSE", "STRA\u1e9eE", "\u00df", "\u1e9e", "gro\u00df", "GRO\u1e9e",
        "stra\u00dfe gut", "F\u00fc\u00dfe", "\u00c4RGER \u00fcber \u00d6l",
    ],
    "Greek": [
        "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3",
        "\u03a3", "\u03a3\u03a3", "\u0391\u03a3", "\u03a3\u0391", "\u03a3\u0391\u03a3",
        "\u0391\u03a3 \u0391\u03a3\u0391", "\u0391\u03a3.", "\u0391\u03a3!", "\u0391\u03a3\u0301",
        "\u0391\u03a3.\u0391", "\u0391\u03a3'\u0391", "\u0391'\u03a3", "\u0391 \u03a3", "\u03ac",
        "\u0391\u03a3-\u0391", "\u0391\u03a32", "\u0391\u03a3_\u0391", "a\u03a3", "\u03a3a",
        "\u1fb3", "\u1f88\u03a3", "\u0390\u03a3", "\u0391\u03a3\u00adA", "\u0391\u03a3\u200d",
    ],
    "CJK": [
        "\u7535\u5f71", "\u5f88\u597d", "\u7535\u5f71\u5f88\u597d", "\u7535\u5f71 \u5f88\u597d",
        "\u5f88\u597d\u3002\u7535\u5f71\uff01", "\u6620\u753b\u306f\u826f\u3044", "\u30ab\u3099",
        "\u30ac", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "\uff27\uff2f\uff2f", "\u4e09\u6708",
        "\u2460\u2461", "\u3007", "\U00020000\U0002a6d6", "a\u7535b",
    ],
    "Arabic": [
        "\u0641\u064a\u0644\u0645", "\u0633\u064a\u0626", "\u0641\u064a\u0644\u0645 \u0633\u064a",
        "\u0641\u0650\u064a\u0644\u0645", "\u0641\u064a\u0644\u0645\u060c", "\u0661\u0662\u0663",
        "\u202b\u0641\u064a\u0644\u0645\u202c", "\u0641\u0640\u0640\u0640\u0645", "\u0622",
        "\u0627\u0653", "\u05e1\u05e8\u05d8", "\u061f",
    ],
    "Devanagari": [
        "\u092b\u093c\u093f\u0932\u094d\u092e", "\u092b\u093f\u0932\u094d\u092e", "\u095e",
        "\u0905\u091a\u094d\u091b\u0940", "\u0905\u091a\u094d\u091b\u0940 \u092b\u093f\u0932\u094d",
        "\u0967\u0968\u0969", "\u0915\u094d\u200d\u0937", "\u0915\u094d\u0937", "\u0964", "\u0940",
        "\u092b\u093f\u0932\u094d\u092e\u0964 the film", "\u0e2b\u0e19\u0e31\u0e07\u0e14\u0e35",
    ],
    "emoji": [
        "\U0001f44d", "\U0001f44d\U0001f3fd", "\U0001f44d\U0001f44d", "good \U0001f44d film",
        "good\U0001f44d", "\U0001f44dgood", "\u2764", "\u2764\ufe0f", "\U0001f469\u200d\U0001f467",
        "\U0001f469\U0001f3fd\u200d\U0001f680", "\U0001f3f3\ufe0f\u200d\U0001f308", "1\ufe0f\u20e3",
        "\U0001f1eb\U0001f1f7", "\U0001f600\U0001f600\U0001f600", "a \U0001f600 b", "\U0001f3fd",
        "\u263a the \u263b", "\U0001d4b3", "\U00010400\U00010428",
    ],
    "surrogates": [
        "\ud83d", "\udc4d", "\udc4d\ud83d", "\ud83d\ud83d", "a\ud83db", "a\udc4db", "a \ud800 b",
        "\ud83d the", "the \udfff", "\ud83d\U0001f44d", "\U0001f44d\udc4d",
        "\ud800\ud800\U00010000", "<br\ud800/>", "\ud83d\ufffd", "\ufffd", "e\udc00\u0301",
        "good\ud800", "\ud83d\u200d\udc69",
    ],
    "control characters": [
        *(f"the{control}film" for control in _CONTROLS),
        "", "\t\n\r", "a\u001fb\u007fc\u009fd", "\u0085", "\u00ad", "\u200e", "good\u001b[31mbad",
        "the\u0007", "\u0008the", "a \u0001 b", "the \u0001film", "\u0001\u0001",
    ],
    "NUL": [
        "\u0000", "\u0000\u0000", "the\u0000film", "\u0000the", "the\u0000", "the \u0000 film",
        "a\u0000\u0000b", "\u0000<br />\u0000", "\ud800\u0000", "good\u0000 film",
    ],
    "underscores": [
        "_", "__", "___", " _ ", "the_", "_the", "the_film", "the_ film", "the _film", "a__b",
        "snake_case_name", "_ _", "film_\u0301", "\\", "\\\\", "\\&", "\\&undsc", "\\&undsc ",
        "\\&undsc  ", "\\&undsc a", "\\&undsc  a", "a\\&undsc", "a \\&undsc b", "\\&undsc\\&undsc",
        "\\&undsc \\&undsc", "\\&undsc_", "_\\&undsc", "\\&UNDSC", "undsc", "\\&unds", "\\ &undsc",
        "n_", "n\\&undsc", "n\\&undsc film", "!_", "! _", "! ", "good! bad",
    ],
    "reserved subwords": [
        "don't", "don't ", "don't go", "I don't  go", "Don't", "don't.", "xdon'tx", "dont", "don'",
        "e.g.", "e.g. a film", "(e.g.)", "e.g", "e.g.e.g.", "e.g. ", "e.g.  a", " e.g. ", "the.g.",
        "<br />", "<br/>", "<br />the", "<b", "<br", "a b", "a b ", "a  b", "xa bx", "a b a b",
        "film, good", "film,good", "n't", "isn't it", "a", "a ", " a", "a film", "ba film",
    ],
    "letter case": [
        "THE FILM", "The Film", "tHE fILM", "the film", "GOOD", "gOOd", "\u0416\u0436", "\u01c5",
        "\u01c4", "\u2160\u2170", "\u24b6", "\u212a", "\u1e9e\u0130\u03a3", "\uff21",
    ],
    "numbers": [
        "10/10", "7.5", "1,000", "1st", "0", "007", "\u00bd", "\u00b2\u00b3", "\u2167", "\u2488",
        "\u0be7", "3D", "1984", "9\u20ac", "-1", "+1", "\u2030",
        "\u00bd film", "\u0967 the film", "\u2167 \u2460 a", "a \u00b2 b", "\u0663 a", "\u2488 the",
    ],
    "word borders": [
        "film.", ".film", "film...", "...film", "film. good", "film .good", "good-bad", "good--bad",
        "good,bad", "(good)", '"good"', "'good'", "good's", "goods", "goodfilm", "filmgood film",
        "thethe", "the the the", "good! ! bad", "a.b.c", "a. b. c", "\u00abgood\u00bb",
        "\u2018a\u2019", "good\u2014bad", "good\u2026bad", "don\u2019t", "well , good", "bad ;",
        "film ' good",
    ],
    "stop words": [
        "the", "of", "the of", "the the", "theatre", "of the film", "the good of a bad film",
        "it's", "its", "it's good", "not good", "not", "The Of", "THE", "the, of.", "a", "a a a a",
        "\u00e9tait bon", "e\u0301tait bon", "\u00c9TAIT BON", "good the", "on-off", "on off", "I",
        "the\u00a0of", "unseen the unseen", "i\u0307", "\u0130", "\u7684 film", "\U0001f44e good",
    ],
    "sentences": [
        "Such a good film, and so well acted!",
        "A bad, bad film. I left before the end.",
        "The first hour is good; the second one isn't.",
        "Who wrote this? It's the worst ending of the year...",
        "Good actors, bad script, no music at all.",
        "I don't know why, but the film made me smile.",
        "GREAT!!! Best film of my life :-)",
        "not good, not bad (3/5)",
        "The director's cut is 2 hours and 40 minutes long.<br /><br />See it twice.",
        "\u00c9t\u00e9 comme hiver, un film \u00e0 revoir.",
        "Ein gro\u00dfer Film \u00fcber kleine Leute.",
        "The end, at last. The end.",
    ],
    "long words": [
        "Donaudampfschifffahrtsgesellschaftskapit\u00e4n",
        "supercalifragilisticexpialidocious film",
        "http://example.org/films/the-good_film?id=1&page=2#end",
        "a" * 15,
        "a" * 16,
        "a" * 17,
        "-" * 17,
        "the" * 20 + " film",
        ["a", 64],
        ["a", 65, " film", 1],
        ["\u00e9", 300],
        ["\u7535", 500],
        ["\U0001f44d", 400],
        ["e\u0301", 300],
        [".", 1000, "good", 1],
        ["the", 1700, " film", 1],
        ["good ", 1, "x", 5000, " bad", 1],
    ],
}
# fmt: on

LARGE: list[Text] = [
    ["A good film, and the end was not bad! ", 2750],
    ["the film ", 11112, "bad", 1],
    ["good", 1, " ", 100_000, "bad", 1],
    ["a", 100_000],
    ["good ", 1, "\u7535\u5f71\u3002<br />", 7000, "bad", 1],
]
"""About 100 kB each: sentences, words, blanks, one word, and characters of several bytes."""
