"""Where the words of a normalized text are: the word rule of a text contract."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal, Protocol

from edgernn.text.code_points import Ranges, as_class, ranges_of, without

__all__ = ["Symbols", "UnspacedScripts", "WordClass", "WordRule", "WordRules"]

Symbols = Literal["keep", "words"]
"""Emoji and like signs: characters like others, or each a word of its own."""

UnspacedScripts = Literal["keep", "characters", "bigrams"]
"""Scripts without spaces between words: like others, or a word for each character, or for each
two that follow each other."""

WordClass = Literal["listed", "letters"]
"""What words are made of: what the fields of characters list, or letters of all scripts, too."""

_SPACE = ((0x20, 0x20),)
_VARIATIONS = ("\ufe0e", "\ufe0f")
"""Ask for a symbol as text or as a picture; people type either, and mean the same."""


class WordRules(Protocol):
    """What has the fields of a word rule: a contract, a recipe's text rules."""

    @property
    def separators(self) -> str:
        """A field."""

    @property
    def word_characters(self) -> str:
        """A field."""

    @property
    def word_class(self) -> WordClass:
        """A field."""

    @property
    def symbols(self) -> Symbols:
        """A field."""

    @property
    def unspaced_scripts(self) -> UnspacedScripts:
        """A field."""


class WordRule:
    """Finds the words of a text; the fields are the contract's."""

    def __init__(
        self,
        separators: str = "",
        word_characters: str = "",
        *,
        word_class: WordClass = "listed",
        symbols: Symbols = "keep",
        unspaced_scripts: UnspacedScripts = "keep",
    ) -> None:
        """Take the rule; with `listed`, one of the two strings is not empty."""
        self.is_plain = (word_class, symbols, unspaced_scripts) == ("listed", "keep", "keep")
        """Whether single characters end words, and nothing else: contract version 1."""
        self.is_ascii = self.is_plain and (word_characters or separators).isascii()
        """Whether those are of ASCII alone, or all but those."""
        self.separators = separators
        self.word_characters = word_characters
        self._spaces: dict[int, str] = (
            _AllBut(word_characters)
            if word_characters
            else dict.fromkeys(map(ord, separators), " ")
        )
        self._drops_variations = symbols == "words"
        self._pairs = unspaced_scripts == "bigrams"
        if self._pairs:
            self._run, self._units = re.compile(f"{_unspaced()}+"), re.compile(_unit())
        if not self.is_plain:
            self._pattern = _pattern(
                separators, word_characters, word_class, symbols, unspaced_scripts
            )

    @classmethod
    def of(cls, rules: WordRules) -> WordRule:
        """Take the rule of a contract or a recipe."""
        return cls(
            rules.separators,
            rules.word_characters,
            word_class=rules.word_class,
            symbols=rules.symbols,
            unspaced_scripts=rules.unspaced_scripts,
        )

    def spaced(self, text: str) -> str:
        """Return the words of a normalized text with spaces between, one or more."""
        if self.is_plain:
            return text.translate(self._spaces)
        if self._drops_variations:
            for variation in _VARIATIONS:
                text = text.replace(variation, "")
        if self._pairs:
            text = self._run.sub(self._in_pairs, text)
        return " ".join(self._pattern.findall(text))

    def _in_pairs(self, run: re.Match[str]) -> str:
        units = self._units.findall(run[0])
        return " ".join(map("".join, pairwise(units))) or run[0]

    def words(self, text: str) -> list[str]:
        """Return the words of a normalized text, in order."""
        return [word for word in self.spaced(text).split(" ") if word]


def _pattern(
    separators: str,
    word_characters: str,
    word_class: WordClass,
    symbols: Symbols,
    unspaced_scripts: UnspacedScripts,
) -> re.Pattern[str]:
    """Return what each word matches; no character begins two kinds of words."""
    kinds: list[str] = []
    others: Ranges = _SPACE
    if symbols == "words":
        kinds.append(_symbol())
        others += ranges_of("symbols")
    if unspaced_scripts != "keep":
        kinds.append(_unit() if unspaced_scripts == "characters" else f"{_unspaced()}+")
        others += ranges_of("unspaced")
    if separators:
        kinds.append(f"[^{as_class(sorted((*_each(separators), *others)))}]+")
    else:
        letters = ranges_of("letters") if word_class == "letters" else ()
        if own := without((*letters, *_each(word_characters)), others):
            kinds.append(f"[{as_class(own)}]+")
    return re.compile("|".join(kinds))


def _each(characters: str) -> list[tuple[int, int]]:
    return [(code, code) for code in map(ord, characters)]


def _symbol() -> str:
    """Return what matches a flag, two letters, or symbols with what changes or joins them."""
    regional, base, modifier = (
        as_class(ranges_of(name)) for name in ("regional", "symbols", "modifiers")
    )
    part = f"[{base}][{modifier}]*"
    return f"[{regional}][{regional}]|{part}(?:\\u200d{part})*"


def _unspaced() -> str:
    return f"[{as_class(ranges_of('unspaced'))}]"


def _unit() -> str:
    """Return what matches a character with the marks behind it."""
    return f"{_unspaced()}[{as_class(ranges_of('unspaced_marks'))}]*"


class _AllBut(dict[int, str]):
    """A translation table that turns every character but the given ones into a space."""

    def __init__(self, characters: str) -> None:
        super().__init__((ord(character), character) for character in characters)

    def __missing__(self, character: int) -> str:
        return " "
