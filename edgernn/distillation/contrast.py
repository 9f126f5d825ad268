"""Short texts whose meaning turns on a few words: negation, contrast, wishes, comparison, ratings.

Reviews say little about them: "not bad" is rare, and stands in reviews of either kind, so that a
model that is taught by whole reviews, and a teacher that was, call it negative. Here such texts are
written by rules, and the rule says what they mean (contrast sets: Gardner et al., Evaluating
models' local decision boundaries via contrast sets, 2020). English alone; words and forms are in
`contrast.json`, and short sentences of which a teacher is sure are put into them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.text import EVEN

__all__ = ["Clauses", "ContrastTexts", "contrast_texts", "digest_of", "read_clauses"]

_SURE = 3.0
"""Logit from which on a sentence is taken as praise or blame."""
_LONGEST_CLAUSE = 9
"""Words of a sentence that is put into another."""
_FOUND_CLAUSES = 0.5
"""Share of the clauses that are sentences of reviews."""
_ELSEWHERE = 0.2
"""Share of the adjectives that are of other subjects than films."""

# Where a sentence holds any of these it is left out. So there are more than the negations of
# `pieces.py`, which are changed or counted: what joins clauses, "no", brackets. "cannot" is not
# among them; with it the texts would be others than those that the pretrained model learned from.
_TURN = re.compile(
    r"\b(?:but|yet|although|though|however|while|not|never|no|hardly)\b|n't\b|[;:()\"]"
)
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])n? (?=([a-z]))")
_DIGITS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Clauses:
    """Short sentences without their full stop, by what they say."""

    praise: tuple[str, ...]
    blame: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ContrastTexts:
    """Texts that rules wrote, and what the rules say that they mean."""

    texts: list[str]
    logits: npt.NDArray[np.float32]
    """float32 [texts], of the positive class."""


def digest_of(text: str) -> str:
    """Return what tells a text that must not be written, whatever its case and marks."""
    words = " ".join(re.findall(r"[a-z0-9']+", text.lower()))
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def read_clauses(sentences: Sequence[str], logits: npt.NDArray[np.floating]) -> Clauses:
    """Take short sentences that say one thing, of which a teacher is sure.

    Args:
        sentences: of reviews, in English.
        logits: floating [sentences], the teacher's.
    """
    praise: list[str] = []
    blame: list[str] = []
    for sentence, logit in zip(sentences, logits, strict=True):
        sure = abs(logit) / _SURE
        if sure <= 1 or not 2 <= sentence.count(" ") < _LONGEST_CLAUSE:
            continue
        if not _TURN.search(sentence.lower().replace("\u2019", "'")):
            (praise if EVEN.called_logits(logit) else blame).append(
                _uncapitalized(sentence.rstrip(" .!?"))
            )
    return Clauses(tuple(praise), tuple(blame))


def _uncapitalized(sentence: str) -> str:
    """Return a sentence as it stands behind a comma; "I", names in capitals and such stay."""
    first = sentence.split(" ", 1)[0]
    if first != "A" and (first[:2] in ("I", "I'", "I\u2019") or not first[1:].islower()):
        return sentence
    return sentence[:1].lower() + sentence[1:]


def contrast_texts(clauses: Clauses, number: int, seed: int) -> ContrastTexts:
    """Write texts of all kinds, half of them positive.

    Args:
        clauses: put into the texts; where there are none, clauses are written.
        number: of texts.
        seed: decides them.
    """
    writer = _Writer(clauses, np.random.Generator(np.random.PCG64([seed, number])))
    written = [writer.write(positive=row % 2 == 0) for row in range(number)]
    return ContrastTexts(
        [text for text, _ in written], np.array([logit for _, logit in written], np.float32)
    )


class _Writer:
    """Writes a text of a kind by chance."""

    def __init__(self, clauses: Clauses, random: np.random.Generator) -> None:
        self._clauses, self._random = clauses, random
        read: dict[str, Any] = json.loads(files(__package__).joinpath("contrast.json").read_bytes())
        self._things = read["things"].split()
        self._adjectives = {
            True: (read["good"].split(), read["good elsewhere"].split()),
            False: (read["bad"].split(), read["bad elsewhere"].split()),
        }
        self._words: dict[str, list[str]] = read["words"]
        self._kept_out = frozenset(read["kept out"])
        self._kinds = list(read["kinds"].values())
        shares = np.array([kind["share"] for kind in self._kinds], float)
        self._shares = shares / shares.sum()

    def write(self, positive: bool) -> tuple[str, float]:
        """Return a text and its logit; none of those that models are measured on."""
        while True:
            text, logit = self._written(positive)
            if digest_of(text) not in self._kept_out:
                return text, logit

    def _written(self, positive: bool) -> tuple[str, float]:
        kind = self._kinds[int(self._random.choice(len(self._kinds), p=self._shares))]
        own = "positive" if positive else "negative"
        text = self._filled(self._one([*kind.get("both", ()), *kind.get(own, ())]), positive)
        text = _ARTICLE.sub(lambda found: found[1] + "n "[found[2] not in "aeiou" :], text)
        text = text[:1].upper() + text[1:] + self._one((".", ".", ".", "!", ""))
        return text, kind["logit"] if positive else -kind["logit"]

    def _one(self, of: Sequence[str]) -> str:
        return of[int(self._random.integers(len(of)))]

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def _filled(self, form: str, positive: bool) -> str:
        """Return a form with words in its slots; ratings of one text are of one scale."""
        best = 5 if self._chance(0.5) else 10
        numbers = _DIGITS if "/" in form or self._chance(0.6) else _NUMBERS
        given = {
            "best": numbers[best],
            "given": numbers[self._rating(best, positive)],
            "stars": numbers[self._rating(5, positive)],
        }
        return _SLOT.sub(lambda found: given.get(found[1]) or self._slot(found[1], positive), form)

    def _rating(self, best: int, positive: bool) -> int:
        low, high = (0.75, 1.0) if positive else (0.0, 0.4)
        return int(self._random.integers(np.ceil(low * best), np.floor(high * best), endpoint=True))

    def _slot(self, name: str, positive: bool) -> str:
        if name in self._words:
            return self._one(self._words[name])
        if name == "noun":
            return self._one(self._things)
        if name == "thing":
            return self._thing()
        good = {"good": True, "bad": False}.get(name, positive == (name.lower() == "own"))
        if name[0].isupper():
            return self._clause(good)
        common, elsewhere = self._adjectives[good]
        return self._one(elsewhere if self._chance(_ELSEWHERE) else common)

    def _thing(self) -> str:
        if self._chance(0.2):
            return self._one(("it", "this", "that"))
        return f"{self._one(('the', 'the', 'the', 'this', 'my', 'our'))} {self._one(self._things)}"

    def _clause(self, good: bool) -> str:
        """Return a clause that says it plainly."""
        found = self._clauses.praise if good else self._clauses.blame
        if found and self._chance(_FOUND_CLAUSES):
            return self._one(found)
        return f"{self._thing()} {self._one(self._words['be'])} {self._slot('own', good)}"
