"""Whether a recipe's text rules can read the texts that it is to learn from, and how far."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import TextRules
from edgernn.text import TextEncoder, WordRule
from edgernn.text.normalize import Normalizer

__all__ = ["about_length", "check_letters"]

_LOOKED_AT = 2000
"""Texts; evenly from all."""
_MOST_EMPTY = 0.5
"""Share of the texts that may have no token."""
_MOST_CUT = 0.05
"""Share of the words that may be cut at a letter: names and loan words of an English text."""
_MOST_UNSPACED = 0.5
"""Share of the letters that may be of a script without spaces between words."""
_MOST_LONG = 0.01
"""Share of the texts that may be longer than what a model reads before a person is told."""
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""How Unicode's names of such letters begin."""
_WORD = re.compile(r"[^\W_]+")


def check_letters(rules: TextRules, texts: Sequence[str], name: str) -> None:
    """Make sure that the text rules know most of the letters of the texts.

    Args:
        rules: a recipe's; rules for subwords read any text.
        texts: what is to be learned from.
        name: the data, for messages.

    Raises:
        DataError: most texts would have no token, many words would be cut at a letter, or words
            are not told apart by spaces; the message names the cause.
    """
    if rules.tokenizer == "subwords":
        return
    some = texts[:: max(1, len(texts) // _LOOKED_AT)]
    normalizer, rule = Normalizer.of(rules), WordRule.of(rules)
    lists_letters = bool(rules.word_characters) and rules.word_class == "listed"
    words = cut = empty = 0
    letters: Counter[str] = Counter()
    for text in some:
        normal = normalizer(text)
        empty += not rule.words(normal)
        letters.update(c for c in normal if c.isalpha())
        if lists_letters:
            for word in _WORD.findall(normal):
                words += 1
                cut += any(c.isalpha() and c not in rules.word_characters for c in word)
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[_script(letter)] += count
    known = (
        "the text rule knows Latin letters without accents only"
        if lists_letters
        else "the text rule tells words apart by spaces"
    )
    reads_all = next(r.name for r in RECIPES.values() if r.text.tokenizer == "subwords")
    hint = f"edgernn train --recipe {reads_all} reads all letters"
    if empty > _MOST_EMPTY * len(some):
        raise DataError(
            f"{name}: no token is left of {empty / len(some):.0%} of the texts: {known}, and "
            f"{_written(scripts)}; {hint}"
        )
    if cut > _MOST_CUT * words:
        foreign = [c for c, _ in letters.most_common() if c not in rules.word_characters]
        raise DataError(
            f"{name}: {cut / words:.0%} of the words would be cut at a letter "
            f"({', '.join(foreign[:5])}): {known}; {hint}"
        )
    unspaced = sum(scripts[script] for script in _UNSPACED)
    if rules.unspaced_scripts == "keep" and unspaced > _MOST_UNSPACED * letters.total():
        raise DataError(f"{name}: {_written(scripts)}, without spaces, and {known}; {hint}")


def about_length(
    encoder: TextEncoder,
    texts: Sequence[str],
    ids: Sequence[npt.NDArray[np.int32]],
    *,
    starts: bool = False,
) -> str | None:
    """Say how many texts are longer than what the model reads; None where hardly any is.

    Args:
        encoder: of the model.
        texts: what is to be learned from.
        ids: int32 [ids kept] of each text, as the encoder gives them.
        starts: whether training starts from a model, which keeps its own length.
    """
    contract = encoder.contract
    # A shorter text has fewer ids, so that few are counted a second time.
    full = [text for text, kept in zip(texts, ids, strict=True) if len(kept) >= contract.max_length]
    if len(full) <= _MOST_LONG * len(texts):
        return None
    longer = [count for count in encoder.token_counts(full) if count > contract.max_length]
    if len(longer) <= _MOST_LONG * len(texts):
        return None
    return (
        f"{len(longer):,} of {len(texts):,} training texts are longer than the "
        f"{contract.max_length:,} tokens that the model reads (the longest has {max(longer):,}): "
        f"their {contract.cut} is cut off; {'--from none with ' if starts else ''}a larger "
        "--max-length reads more"
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "unknown").partition(" ")[0]


def _written(scripts: Counter[str]) -> str:
    if not scripts:
        return "the texts hold no letters"
    (script, count), *_ = scripts.most_common(1)
    title = "Chinese characters" if script == "CJK" else f"{script.capitalize()} letters"
    return f"{count / scripts.total():.0%} of the letters are {title}"
