"""The vocabularies of the search, each built once and kept in a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from edgernn.choose.space import Point, Space, text_rules
from edgernn.files import write_bytes
from edgernn.progress import Say
from edgernn.recipes.recipe import TextRules
from edgernn.text import TextEncoder
from edgernn.text.decision import DecisionRule
from edgernn.text.words import read_words, write_words
from edgernn.training.rare_words import MIN_DF
from edgernn.training.text_rules import fitting_rules
from edgernn.training.vocabulary import (
    VOCABULARY_FILES,
    build_vocabulary,
    make_contract,
    read_vocabulary,
)

__all__ = ["Vocabularies"]

_SUBWORD_TEXTS = 1_500
"""How many texts subwords are built from: with all of them the builder takes most of a budget."""


class Vocabularies:
    """Vocabulary files by kind and size; a word list is the beginning of the longest one."""

    def __init__(
        self,
        folder: Path,
        texts: Sequence[str],
        space: Space,
        min_df: int = MIN_DF,
        say: Say = lambda line: None,
        *,
        labels: tuple[str, ...] = ("negative", "positive"),
        rule: DecisionRule = "threshold",
    ) -> None:
        """Build in `folder`, of the training `texts`, what points of `space` take.

        `min_df` and `say` are those of `build_vocabulary`, `labels` and `rule` of `make_contract`.
        """
        self._labels = labels
        self._rule = rule
        self._min_df = min_df
        self._say = say
        self._folder = folder
        self._texts = texts
        words = next(p for p in space.all_points() if p.tokenizer == "words")
        self._rules, said = fitting_rules(text_rules(words), texts)
        if said:
            say(said)
        self._most_words = max(n for kind, n in space.vocabularies if kind == "words")
        self._words: list[str] | None = None

    def words(self) -> int:
        """Return how many different words the texts have, or the most that are searched."""
        return len(self._all_words())

    def word_counts(self, longest: int) -> list[int]:
        """Return the number of words of each text, at most `longest`."""
        rules = dataclasses.replace(self._rules, max_length=longest)
        vocabulary = write_words(self._all_words())
        encoder = TextEncoder(make_contract(rules, vocabulary), vocabulary)
        return [len(ids) for ids in encoder.encode_batch(self._texts)]

    def path(self, point: Point) -> Path:
        """Return the vocabulary file of a point, built if it does not exist yet.

        Raises:
            DataError: no word is left of the texts, or the file that is there is broken.
            MissingPackageError: a package that builds subwords is not installed.
        """
        suffix = Path(VOCABULARY_FILES[point.tokenizer]).suffix
        path = self._folder / f"{point.tokenizer}-{point.vocabulary}{suffix}"
        if not path.exists():
            write_bytes(path, self._build(point))
        return path

    def encoder(self, point: Point) -> TextEncoder:
        """Return the text contract of a point with its vocabulary."""
        rules = self._rules_of(point)
        vocabulary = read_vocabulary(rules, self.path(point))
        contract = make_contract(rules, vocabulary, self._labels, self._rule)
        return TextEncoder(contract, vocabulary)

    def _rules_of(self, point: Point) -> TextRules:
        """Return a point's text rules as they fit the texts; the training job finds the same."""
        if point.tokenizer == "subwords":
            return text_rules(point)
        return dataclasses.replace(
            self._rules, target_vocabulary_size=point.vocabulary, max_length=point.max_length
        )

    def _build(self, point: Point) -> bytes:
        rules = self._rules_of(point)
        if point.tokenizer == "words":
            room = point.vocabulary - (rules.first_word_id or 0)
            return write_words(self._all_words()[:room])
        step = max(1, len(self._texts) // _SUBWORD_TEXTS)
        return build_vocabulary(rules, self._texts[::step], self._min_df)

    def _all_words(self) -> list[str]:
        if self._words is None:
            rules = dataclasses.replace(self._rules, target_vocabulary_size=self._most_words)
            built = build_vocabulary(rules, self._texts, self._min_df, self._say)
            self._words = list(read_words(built))
        return self._words
