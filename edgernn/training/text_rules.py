"""Which text rules fit the texts: what a recipe's own would lose, found by looking at them.

A recipe's rules are made for English reviews in ASCII. Where texts have letters of other scripts,
typographic apostrophes, emoji, hashtags or HTML's character references in more than a few places,
the rules of contract version 2 are taken that read them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgernn.recipes.recipe import TextRules
from edgernn.text import normalize
from edgernn.text.code_points import as_class, ranges_of
from edgernn.text.entities import decode

__all__ = ["fitting_rules"]

_LOOKED_AT = 2000
"""Texts; evenly from all."""
_FEW_TEXTS = 0.01
"""Share of the texts up to which something in them changes no rule."""
_FEW_WORDS = 0.02
"""Share of the words up to which letters besides a-z are those of names."""
_FEW_CHARACTERS = 0.01
"""Share of the letters up to which scripts without spaces are quotations."""
_MARKED = 0.2
"""Share of the letters of scripts whose vowel marks may be left out."""
_APART = {"characters": 2.5, "bigrams": 7.0}
"""Characters; shorter runs, on average, are words that somebody has put spaces between."""

_LETTERS, _UNSPACED, _SYMBOLS = (
    as_class(ranges_of(name)) for name in ("letters", "unspaced", "symbols")
)
_WORD = re.compile(f"[{_LETTERS}]+")
_FOREIGN = re.compile(f"[{_LETTERS}]*(?![A-Za-z0-9])[{_LETTERS}][{_LETTERS}]*")
_RUN = re.compile(f"[{_UNSPACED}]+")
_IDEOGRAPH = re.compile(
    "[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]"
)
_SYMBOL = re.compile(f"[{_SYMBOLS}]")
_HASHTAG = re.compile(f"(?<!&)#[{_LETTERS}_]")
_TYPOGRAPHIC = re.compile(f"[{as_class(ranges_of('apostrophes'))}{as_class(ranges_of('quotes'))}]")
_APOSTROPHE = re.compile(f"([{_LETTERS}]+)'([{_LETTERS}]+)")
_VOWEL_MARKS = "\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670"
"""Arabic's marks that most texts leave out, and the stroke that only makes a word longer."""
_ARABIC = re.compile("[\u0600-\u06ff]")
_SOFT_HYPHEN = "\u00ad"
_JOINERS = "\u200c\u200d"
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")


@dataclass(frozen=True)
class _Counts:
    """What was seen in some texts."""

    texts: list[str]
    words: int
    foreign: int
    """Words with a letter besides a-z."""
    letters: int
    runs: list[str]
    """Of scripts without spaces."""

    def share(self, holds: Callable[[str], object]) -> float:
        """Return the share of the texts of which something holds."""
        return sum(1 for text in self.texts if holds(text)) / max(1, len(self.texts))


def fitting_rules(rules: TextRules, texts: Sequence[str]) -> tuple[TextRules, str]:
    """Return a recipe's rules as they fit the texts, and in one line what is other and why.

    Rules of subwords read any text and stay as they are. Texts in English with few other
    characters change nothing, and the line is empty.

    Args:
        rules: a recipe's.
        texts: what is to be learned from; 2,000 of them are looked at.
    """
    if rules.tokenizer != "words":
        return rules, ""
    some = list(texts[:: max(1, len(texts) // _LOOKED_AT)])
    seen = _counted(some)
    changes: dict[str, Any] = {}
    reasons: list[str] = []
    foreign = seen.foreign / max(1, seen.words)
    if foreign > _FEW_WORDS:
        changes |= _letters(some)
        reasons.append(
            f"words are letters of any script ({foreign:.0%} of the words have letters besides a-z)"
        )
        if rules.stop_words:
            changes["stop_words"] = ()
            reasons.append("no stop words are left out, since the recipe's are English")
    unspaced = sum(map(len, seen.runs)) / max(1, seen.letters)
    if unspaced > _FEW_CHARACTERS:
        ideographs = len(_IDEOGRAPH.findall("".join(seen.runs)))
        kind = "characters" if 2 * ideographs > sum(map(len, seen.runs)) else "bigrams"
        mean = sum(map(len, seen.runs)) / len(seen.runs)
        if mean >= _APART[kind]:
            changes["unspaced_scripts"] = kind
            each = "each character" if kind == "characters" else "each pair of characters"
            reasons.append(
                f"{each} of scripts without spaces is a word ({unspaced:.0%} of the letters are "
                f"of those, {mean:.0f} in a row on average)"
            )
    for name, value, what, holds in (
        ("symbols", "words", "emoji and stars are words", _SYMBOL.search),
        ("quotes", "ascii", "\u2019 and \u201c are read as ' and \"", _TYPOGRAPHIC.search),
        ("html_entities", "decode", "&#39; is read as '", _has_reference),
        ("hashtags", "open", "hashtags are opened", _HASHTAG.search),
    ):
        share = seen.share(holds)
        if share > _FEW_TEXTS and getattr(rules, name) != value:
            changes[name] = value
            reasons.append(f"{what} (in {share:.0%} of the texts)")
    if not changes:
        return rules, ""
    return dataclasses.replace(rules, **changes), "text rules: " + "; ".join(reasons)


def _counted(texts: list[str]) -> _Counts:
    words = foreign = letters = 0
    runs: list[str] = []
    for text in texts:
        found = _WORD.findall(text)
        words += len(found)
        letters += sum(map(len, found))
        if not text.isascii():
            foreign += sum(1 for word in found if _FOREIGN.fullmatch(word))
            runs += _RUN.findall(text)
    return _Counts(texts, words, foreign, letters, runs)


def _letters(texts: list[str]) -> dict[str, Any]:
    """Return the rules of words that are letters of any script."""
    joined = " ".join(texts)
    inside = "'" if _is_contracted(joined) else ""
    inside += "".join(
        joiner for joiner in _JOINERS if re.search(f"[{_LETTERS}]{joiner}[{_LETTERS}]", joined)
    )
    deleted = _SOFT_HYPHEN
    if len(_ARABIC.findall(joined)) > _MARKED * sum(map(len, _WORD.findall(joined))):
        deleted += _VOWEL_MARKS
    return {
        "word_class": "letters",
        "separators": "",
        "word_characters": inside,
        "unicode_form": "NFC",
        "deleted_characters": deleted,
    }


def _is_contracted(text: str) -> bool:
    """Tell whether an apostrophe belongs to a word, as in `don't`, or ends one, as in `l'art`.

    What is left out at the end of a word is short; what follows an article is a word.
    """
    contracted = elided = 0
    for before, behind in _APOSTROPHE.findall(normalize(text, quotes="ascii")):
        if not _LATIN.fullmatch(before) or (len(behind) <= 2 and len(before) > 2):
            contracted += 1
        elif len(behind) > 2:
            elided += 1
    return contracted > elided


def _has_reference(text: str) -> bool:
    return "&" in text and decode(text) != text
