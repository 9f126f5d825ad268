"""Texts to time: of a given number of tokens, and as many as reviews are long."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from edgernn.text import TextEncoder

__all__ = ["SENTENCES", "generated_reviews", "text_of_tokens"]

SENTENCES: tuple[str, ...] = (
    "I went in with no expectations and came out humming the theme.",
    "The first act takes its time, but every minute of it pays off later.",
    "Sadly, the lead seems bored, and after half an hour so was I.",
    "There is a scene at a railway station that alone is worth the ticket.",
    "Who thought that this needed three endings?",
    "The photography is gorgeous: fog, lamplight, wet streets and an empty harbour.",
    "I've seen it four times now and it gets better with each viewing.",
    "None of the jokes land, and the laughs of the audience sounded polite at best.",
    "Her performance is quiet, exact and, in the last ten minutes, simply devastating.",
    "The script borrows from better films and gives nothing back.",
    "My kids loved it; I checked my watch.<br /><br />Twice.",
    "What a waste of a talented cast, and of two and a half hours of my life!",
    "The music never tells you what to feel, which is rarer than it should be.",
    "Some effects have aged badly, yet the story still works wonderfully.",
    "It wants to be a thriller and a romance, and ends up as neither.",
    "I can't recommend it highly enough: funny, sad and honest from start to finish.",
    "The dialogue sounds as if it had been translated twice.",
    "Not a masterpiece, perhaps, but a warm and clever little film with a big heart.",
    "By the time the villain explains his plan, nobody in the theatre cared any more.",
    "The director trusts the viewer, and that trust is repaid.",
    "It was filmed in 1974 for next to no money, and you can see both.",
    "Everything about the sequel is louder, longer and worse.",
    "Watch it with friends, late at night, and don't take it too seriously.",
    "A slow, patient, beautiful picture about two people who cannot say what they mean.",
)
"""Of our own writing, with what reviews have: marks, contractions, numbers and line breaks."""

_MEDIAN_WORDS, _SPREAD = 174, 0.7
"""Words of an IMDB review: log-normal, roughly."""
_FEWEST_WORDS, _MOST_WORDS = 10, 1500


def text_of_tokens(encoder: TextEncoder, tokens: int) -> str | None:
    """Return the shortest beginning of the sentences, repeated, that has so many tokens.

    Returns:
        A text of `tokens` tokens or a few more, where the last word has several; None where the
        contract cuts texts shorter, or the vocabulary knows no word of the sentences.
    """
    if tokens > encoder.contract.max_length:
        return None
    once = " ".join(SENTENCES).split()
    (known,) = encoder.token_counts([" ".join(once)])
    if not known:
        return None
    # Beginnings of repeated sentences have tokens in proportion, whatever the words are.
    words = once * (tokens // known + 2)
    low, high = 1, len(words)
    while low < high:
        middle = (low + high) // 2
        (count,) = encoder.token_counts([" ".join(words[:middle])])
        if count >= tokens:
            high = middle
        else:
            low = middle + 1
    return " ".join(words[:low])


def generated_reviews(count: int) -> list[str]:
    """Return texts of the lengths that IMDB reviews have, always the same."""
    chance = random.Random(1)
    return [_review(chance) for _ in range(count)]


def _review(chance: random.Random) -> str:
    drawn = chance.lognormvariate(math.log(_MEDIAN_WORDS), _SPREAD)
    wanted = min(max(round(drawn), _FEWEST_WORDS), _MOST_WORDS)
    words: list[str] = []
    while len(words) < wanted:
        words += _shuffled(chance, SENTENCES)
    return " ".join(words[:wanted])


def _shuffled(chance: random.Random, sentences: Sequence[str]) -> list[str]:
    return " ".join(chance.sample(sentences, len(sentences))).split()
