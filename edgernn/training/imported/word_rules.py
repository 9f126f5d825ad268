"""How texts are split for a vocabulary, and whether its words can come out of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgernn.errors import DataError, UsageError
from edgernn.text import normalize
from edgernn.text.normalize import Case, UnicodeForm
from edgernn.text.words import KERAS_SEPARATORS
from edgernn.training.imported.markers import role_of
from edgernn.training.imported.options import OpenQuestion, WordOptions
from edgernn.training.imported.settings import shown
from edgernn.training.imported.text_vectorization import PUNCTUATION, WHITE_SPACE, odd_word
from edgernn.training.imported.word_files import WordFile

__all__ = ["WordRules", "about_reach", "rules_of"]

PYTHON_WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""Where `str.split()` splits."""

_NAMED = 10
_MARKS = frozenset(".,!?")
_JOINED = ("dont", "isnt", "didnt", "doesnt", "wasnt", "couldnt", "thats", "wouldnt")
_TORN = ("don", "isn", "didn", "doesn", "wasn", "couldn", "wouldn")
_A_FEW = 3


@dataclass(frozen=True)
class WordRules:
    """From a text to its words."""

    unicode_form: UnicodeForm
    case: Case
    separators: str
    from_file: bool
    """Whether the vocabulary file says so."""
    deleted_characters: str = ""

    def reaches(self, word: str) -> bool:
        """Tell whether a word can come out of a text."""
        same = normalize(word, unicode_form=self.unicode_form, case=self.case) == word
        return bool(word) and same and not self._splits(word)

    def _splits(self, word: str) -> bool:
        """Tell whether a word holds a character that no word of a text holds."""
        return not set(word).isdisjoint(f"{self.separators}{self.deleted_characters} ")

    def keeps_but_for_case(self, word: str) -> bool:
        """Tell whether letter case alone stands in a word's way."""
        return bool(word) and not self._splits(word)


def rules_of(file: WordFile, options: WordOptions) -> WordRules:
    """Return a file's rules; those that it does not say are Keras's, or as the options have them.

    Raises:
        DataError: the words are those of a layer or tokenizer with other rules.
        OpenQuestion: the words may come from more than one kind of splitting.
        UsageError: an option goes against the file.
    """
    if file.case is not None and options.lower not in (None, file.case == "lower"):
        option = "lower" if options.lower else "keep-case"
        raise UsageError(f"--{option}: {file.path} has lower={file.case == 'lower'}")
    if file.separators is not None:
        if options.split is not None:
            raise UsageError(f"--split: {file.path} says itself where texts are split")
        return WordRules(
            file.unicode_form, file.case or "lower", file.separators, True, file.deleted_characters
        )
    if options.split is None:
        _refuse_other_rules(file, options)
    if options.split == "vectorization":
        return _of_vectorization(file, options)
    white = options.split == "whitespace"
    return WordRules(
        "none",
        "keep" if options.lower is False else "lower",
        PYTHON_WHITE_SPACE if white else KERAS_SEPARATORS,
        False,
    )


def _of_vectorization(file: WordFile, options: WordOptions) -> WordRules:
    lowers = options.lower is not False
    if lowers and (odd := odd_word(word for _, word in file.words)) is not None:
        raise DataError(
            f"{file.path}: TextVectorization lower-cases ASCII letters alone, text rules all "
            f"letters, and it has {shown(odd)}"
        )
    return WordRules("none", "lower" if lowers else "keep", WHITE_SPACE, False, PUNCTUATION)


def _refuse_other_rules(file: WordFile, options: WordOptions) -> None:
    settles = (
        "; --split tokenizer if your program splits texts as Keras's Tokenizer does, --split "
        "whitespace if at white space alone, --split vectorization if it is a TextVectorization "
        "layer with its default standardize"
    )
    words = [word for _, word in sorted(file.words)]
    marks = sorted(_MARKS.intersection(words))
    if marks:
        raise DataError(
            f"{file.path}: has punctuation marks as words ({' '.join(marks)}), and texts are split "
            "at them, which drops them: a tokenizer that keeps them cannot be carried over"
            + settles
        )
    stripped = frozenset(PUNCTUATION)
    punctuated = [w for w in words if role_of(w) is None and not stripped.isdisjoint(w)]
    whole = words[:2] == ["", "[UNK]"]
    # `get_vocabulary()[1:]`: the words show that apostrophes were deleted.
    cut = words[:1] == ["[UNK]"] and not set(_JOINED).isdisjoint(words)
    if not punctuated and (whole or cut):
        raise OpenQuestion(
            f"{file.path}: looks like the vocabulary of a TextVectorization layer, whose default "
            "is to delete punctuation (don't becomes dont)" + settles,
            [
                options.changed(split=split)
                for split in ("vectorization", "tokenizer", "whitespace")
            ],
        )
    if whole:
        raise OpenQuestion(
            f"{file.path}: begins as the vocabulary of a TextVectorization layer does, but not of "
            f"one that deletes punctuation, for it has {shown(punctuated[0])}" + settles,
            [options.changed(split="tokenizer"), options.changed(split="whitespace")],
        )


def about_reach(
    file: WordFile, rules: WordRules, words: Sequence[str], options: WordOptions
) -> list[str]:
    """Return warnings about words that stand in no text as it is split.

    Raises:
        DataError: those are more than half.
    """
    known = [word for word in words if role_of(word) is None]
    lost = [word for word in known if not rules.reaches(word)]
    warnings = []
    if lost:
        why = _why(file, rules, lost, options)
        named = ", ".join(shown(word) for word in lost[:_NAMED])
        more = ", ..." if len(lost) > _NAMED else ""
        if 2 * len(lost) > len(known):
            raise DataError(
                f"{file.path}: {len(lost):,} of {len(known):,} words stand in no text as it is "
                f"split ({why}): {named}{more}"
            )
        warnings.append(
            f"warning: {len(lost):,} of {len(known):,} words stand in no text as it is split "
            f"({why}): {named}{more}"
        )
    if not rules.from_file and options.split is None:
        warnings += _about_apostrophes(file.path, set(known))
    return warnings


def _why(file: WordFile, rules: WordRules, lost: Sequence[str], options: WordOptions) -> str:
    by_case = sum(rules.keeps_but_for_case(word) for word in lost)
    reasons = []
    if by_case:
        hint = ", unless --keep-case" if file.case is None and options.lower is None else ""
        reasons.append(f"texts are lower-cased{hint}")
    if by_case < len(lost):
        reasons.append("they hold characters that end words")
    return "; ".join(reasons)


def _about_apostrophes(path: Path, words: set[str]) -> list[str]:
    """Warn where the words look as if apostrophes had been deleted, or had split words."""
    if any("'" in word for word in words):
        return []
    for known, what in ((_JOINED, "deletes apostrophes"), (_TORN, "splits at apostrophes")):
        found = [word for word in known if word in words]
        if len(found) >= _A_FEW:
            return [
                f"warning: {path} has {', '.join(found[:_A_FEW])} and no word with an apostrophe: "
                f"if your program {what}, scores will differ: compare with --expect FILE"
            ]
    return []
