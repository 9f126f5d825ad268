"""Pieces of reviews that a teacher is asked about: crops, and sentences with their negation.

The pieces are a function of the texts alone, so that scores can be kept without the texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.distillation.sentences import split_sentences
from edgernn.text import EVEN

__all__ = ["CROPS", "PIECES", "negated", "pieces", "untold_negations"]

CROPS = 2
"""Crops of a text: one to three sentences in a row, half of them one."""
PIECES = CROPS + 2
"""Pieces of a text: its crops, then a sentence and its negation; empty where there is none."""

_LONGEST_CROP = 3
_LONGEST_SENTENCE = 200
"""In characters: longer ones turn about more than one word."""
_SEED = 2026

_CONTRACTED = re.compile(
    r"\b(is|was|are|were|do|does|did|has|have|had|would|could|should)n['\u2019]t\b", re.IGNORECASE
)
_OTHER_CONTRACTED = {"can't": "can", "won't": "will", "cannot": "can", "ain't": "is"}
_OTHER = re.compile(r"\b(can['\u2019]t|won['\u2019]t|cannot|ain['\u2019]t)", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never)\s+(?!only\b)", re.IGNORECASE)
# Counted, to tell which of a sentence and its opposite has one more. Wider than what is taken out:
# what both have, such as "not only", does not matter. `contrast.py` has words of its own.
_NEGATION = re.compile(r"n['\u2019]t\b|\b(?:not|never|cannot)\b", re.IGNORECASE)
_BE = re.compile(r"\b(is|was|are|were)\b(?! (?:not|never|no)\b)", re.IGNORECASE)
_VERB = re.compile(
    r"\b(I|we|you|they)\s+(?:really\s+|truly\s+|highly\s+)?"
    r"(like|liked|love|loved|enjoy|enjoyed|recommend|recommended|hate|hated|want|wanted)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(would|could|should|will|can|did|does|do)\b(?! (?:not|never)\b)", re.IGNORECASE
)


def negated(sentence: str) -> str | None:
    """Return a sentence that says the opposite, one negation taken out or put in, or None.

    A rule of thumb, of English: what the result means is what a teacher that reads says of it.
    """
    for pattern, replace in (
        (_CONTRACTED, lambda match: match[1]),
        (_OTHER, lambda match: _OTHER_CONTRACTED[match[1].lower().replace("\u2019", "'")]),
        (_NOT, lambda match: ""),
        (_VERB, lambda match: _verb_negated(match)),
        (_BE, lambda match: f"{match[1]} not"),
        (_MODAL, lambda match: f"{match[1]} not"),
    ):
        found, number = pattern.subn(replace, sentence, count=1)
        if number:
            return found
    return None


def untold_negations(pieces: Sequence[str], logits: npt.NDArray[np.floating]) -> list[int]:
    """Return the places of negations of blame that a teacher calls blame, too.

    Args:
        pieces: as `pieces` returns them.
        logits: floating [texts, PIECES], the teacher's.
    """
    found = []
    for text in np.flatnonzero(~EVEN.called_logits(logits[:, -2:]).any(axis=1)):
        first, other = (int(text) * PIECES + k for k in (PIECES - 2, PIECES - 1))
        if pieces[first]:
            more = len(_NEGATION.findall(pieces[first])) > len(_NEGATION.findall(pieces[other]))
            found.append(first if more else other)
    return found


def _verb_negated(match: re.Match[str]) -> str:
    verb = match[2].lower()
    if verb.endswith("ed"):
        base = verb[:-1] if verb in ("liked", "loved", "hated") else verb[:-2]
        return f"{match[1]} did not {base}"
    return f"{match[1]} do not {verb}"


def pieces(texts: Sequence[str]) -> list[str]:
    """Return `PIECES` pieces of each text, text after text; "" where a text has none."""
    found = []
    for row, text in enumerate(texts):
        random = np.random.Generator(np.random.PCG64([_SEED, row]))
        sentences = split_sentences(text)
        for _ in range(CROPS):
            number = 1 if random.random() < 0.5 else int(random.integers(2, _LONGEST_CROP + 1))
            number = min(len(sentences), number)
            start = int(random.integers(0, len(sentences) - number, endpoint=True))
            found.append(" ".join(sentences[start : start + number]))
        pair = ("", "")
        for k in random.permutation(len(sentences)):
            sentence = sentences[k]
            if len(sentence) <= _LONGEST_SENTENCE:
                other = negated(sentence)
                if other is not None:
                    pair = (sentence, other)
                    break
        found += pair
    return found
