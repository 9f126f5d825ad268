"""The texts of a search: divided, counted, and the part of the space that they can fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.choose.measure import latency_texts
from edgernn.choose.names import VOCABULARIES
from edgernn.choose.options import ChooseOptions
from edgernn.choose.space import Point, Space, fit_settings, text_rules
from edgernn.choose.vocabularies import Vocabularies
from edgernn.data import Examples, Splits, validation_split
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.split import FEWEST_TO_HOLD_OUT
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import FitSettings
from edgernn.training.coverage import check_letters
from edgernn.training.prepare import NO_TEST
from edgernn.training.rare_words import least_texts
from edgernn.training.text_rules import fitting_rules

__all__ = ["SearchData", "prepare_data"]

_SUBWORDS_A_WORD = 1.3


@dataclass(frozen=True, kw_only=True)
class SearchData:
    """What candidates are trained and measured on, and where they are looked for."""

    splits: Splits
    examples: int
    """How many there are, held-out ones included."""
    learnt: int
    """How many are trained on."""
    held_out: Examples
    """Those with a word: a text without one cannot be scored."""
    latency_texts: Sequence[str]
    vocabularies: Vocabularies
    min_df: int
    """How many texts must hold a word for it to be in a vocabulary."""
    word_counts: npt.NDArray[np.int64]
    """int64 [examples]: words of each, up to the longest input of the space."""
    fit: FitSettings
    space: Space
    """The part of the search space that differs on these texts."""

    def mean_tokens(self, point: Point) -> float:
        """Return the mean number of tokens that a point reads of a text."""
        factor = 1.0 if point.tokenizer == "words" else _SUBWORDS_A_WORD
        return float(np.minimum(self.word_counts * factor, point.max_length).mean())


def prepare_data(options: ChooseOptions, splits: Splits, say: Say, busy: Busy) -> SearchData:
    """Divide a search's texts as the training job does, and count their words.

    Args:
        options: of the search.
        splits: its data.
        say: gets a line for each thing that a person should know.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError: the texts cannot be learned from.
    """
    word = next(point for point in options.space.all_points() if point.tokenizer == "words")
    rules, _ = fitting_rules(text_rules(word), splits.train.texts)
    check_letters(rules, splits.train.texts, str(options.data))
    few = len(splits.train) < FEWEST_TO_HOLD_OUT
    if options.test_fraction is None and not splits.has_own_test and not few:
        say(NO_TEST)
    fit = fit_settings(len(splits.train))
    examples, learnt, held_out = validation_split(
        splits, fit.validation_fraction, options.seed, whole_groups=fit.whole_groups
    )
    with busy("counting words"):
        min_df = least_texts(options.min_df, examples.is_published)
        vocabularies = Vocabularies(
            options.output / VOCABULARIES,
            examples.texts,
            options.space,
            min_df,
            say,
            labels=examples.classes,
            rule=examples.decision,
        )
        counts = np.array(vocabularies.word_counts(max(options.space.max_lengths)))
        # A text without a word cannot be scored; the training job leaves it out as well.
        filled = rows_with_tokens(
            examples, counts, str(options.data), say=say, strict=options.reading.strict
        )
        space = options.space.within(vocabularies.words(), int(np.quantile(counts, 0.98)))
    return SearchData(
        splits=splits,
        examples=len(examples),
        learnt=len(learnt),
        held_out=examples.at(np.intersect1d(held_out, filled)),
        latency_texts=latency_texts(examples.at(learnt).texts),
        vocabularies=vocabularies,
        min_df=min_df,
        word_counts=counts,
        fit=fit,
        space=space,
    )
