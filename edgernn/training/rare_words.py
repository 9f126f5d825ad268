"""What only one or two texts hold, such as a name or a number, stays out of a vocabulary.

A vocabulary lies in every exported file, where anybody can read it. How many texts hold a word is
its document frequency, which scikit-learn calls df, too.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from edgernn.text import SubwordEncoder

__all__ = ["MIN_DF", "Holders", "least_texts", "without_rare"]

MIN_DF = 3
"""Texts that must hold a word, unless something else is asked for."""

# As `SubwordEncoder` does: a word with the one space behind it, or a run of others.
_UNITS = re.compile(r"\w+(?: (?!\W))?|\W+")
_LONGEST_SUBWORD = 20
"""Characters; the builder's own limit."""


def least_texts(given: int | None, is_published: bool) -> int:
    """Return how many texts must hold a word.

    Args:
        given: what was asked for, or None.
        is_published: whether the texts can be read by anybody as it is, or a recipe is followed to
            the letter.
    """
    if given is not None:
        return given
    return 1 if is_published else MIN_DF


class Holders:
    """Counts the texts that hold a word; texts that are the same to the letter count once."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self._seen: set[bytes] = set()
        self._counts: Counter[str] = Counter()

    def add(self, text: str, words: Iterable[str]) -> None:
        """Count a text with its words."""
        if _is_new(text, self._seen):
            self._counts.update(set(words))

    def __getitem__(self, word: str) -> int:
        """Return how many texts hold a word."""
        return self._counts[word]


def without_rare(subwords: Sequence[str], texts: Iterable[str], min_df: int) -> list[str]:
    """Return the subwords that at least `min_df` texts hold, in their order.

    A subword can spell a whole name. What a text held that has no subword left is encoded with
    shorter ones, or byte by byte.
    """
    wanted = set(subwords)
    held: defaultdict[str, set[int]] = defaultdict(set)
    for token, holders in _tokens(texts, min_df).items():
        for subword in _parts(token):
            if subword in wanted and len(held[subword]) < min_df:
                held[subword].update(holders)
    return [subword for subword in subwords if len(held[subword]) >= min_df]


def _tokens(texts: Iterable[str], enough: int) -> dict[str, list[int]]:
    """Return the first texts that hold each token, by their number, no more than enough."""
    seen: set[bytes] = set()
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        if not _is_new(text, seen):
            continue
        for unit in set(_UNITS.findall(text)):
            holders = found[SubwordEncoder.token_of(unit)]
            if len(holders) < enough:
                holders.append(number)
    return found


def _parts(token: str) -> Iterator[str]:
    for start in range(len(token)):
        for end in range(start + 1, min(start + _LONGEST_SUBWORD, len(token)) + 1):
            yield token[start:end]


def _is_new(text: str, seen: set[bytes]) -> bool:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if digest in seen:
        return False
    seen.add(digest)
    return True
