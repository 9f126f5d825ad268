"""What is trained where nobody names a recipe: chosen by the data's labels, rows and length."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples, Splits, check_source
from edgernn.distillation.linear_model import TextFeatures
from edgernn.errors import DataError
from edgernn.progress import Busy, Say
from edgernn.recipes.catalogue import (
    DEFAULT_RECIPE,
    FEW_TEXTS_RECIPE,
    OWN_DATA_RECIPE,
    RECIPES,
    SOFT_LABELS_RECIPE,
)
from edgernn.recipes.recipe import Ngrams, TextRules
from edgernn.text import EVEN, TextEncoder
from edgernn.text.normalize import Normalizer
from edgernn.text.word_rule import WordRule
from edgernn.training.beside import cross_fitted, offset_of, orientation
from edgernn.training.blend import fit_blend
from edgernn.training.linear_ngrams import words_of
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import load_examples, min_df_of
from edgernn.training.pretrained import open_start
from edgernn.training.run import PRETRAINED
from edgernn.training.text_rules import fitting_rules
from edgernn.training.vocabulary import build_vocabulary, make_contract

__all__ = ["Asked", "Worth", "choose_recipe", "worth_of_pretrained"]

Asked = Callable[[Sequence[str]], npt.NDArray[np.float64]]
"""Gives the probability that each text is positive, by the shipped model; 0.5 where it has none."""

MANY_ROWS = 20_000
"""From so many texts of two labels on, the recipe of the shipped model is trained from nothing."""
_ASKED = 3_000
"""Texts on which is found what the shipped model is worth."""
_FEWEST = 40
"""Texts with which that can be found."""
_BARELY = 0.6
"""Share of right answers, both labels counting alike, below which it is worth nothing."""
_GAIN = 0.005
"""Share of right answers that starting from it has to add."""
_COUNTED = 2_000
"""Texts of which the words are counted."""
_LONG = 60
"""Words of a text, on average, from which on it is long."""
_FEW_OF_A_LABEL = 20
"""Texts of a label, on average, up to which pieces of words say more than words."""
_FEW_ROWS, _SMALL_BATCH = 3_000, 16
"""Up to so many texts, so many are a step: with fewer steps the layers hardly learn."""
_SHORT_EPOCHS, _LONG_EPOCHS = (200_000, 12, 40), (40_000, 4, 40)
"""How many texts the layers see in all epochs together, and the fewest and most epochs."""
_LONG_RATE, _LONG_LENGTH = 2e-3, 600
"""Of long texts: the recipe's 300 tokens lose what a fifth of IMDB's reviews begin with, a point of
accuracy of the n-grams."""
_MOST_SURE = 10.0


@dataclass(frozen=True)
class Worth:
    """How many texts are right, by models that have not seen them; shares in [0, 1]."""

    texts: int
    started: float
    """By the shipped model and n-grams of other texts."""
    alone: float
    """By n-grams of other texts alone."""

    @property
    def is_worth_it(self) -> bool:
        """Whether to start from the shipped model makes a difference that is not chance."""
        error = np.sqrt(self.alone * (1 - self.alone) / self.texts)
        return self.started - self.alone > max(_GAIN, float(error))

    def __str__(self) -> str:
        return (
            f"tried on {self.texts:,} texts, about {self.started:.1%} are right with it, "
            f"{self.alone:.1%} without"
        )


def choose_recipe(
    options: TrainOptions, asked: Asked, say: Say, busy: Busy
) -> tuple[TrainOptions, Splits | None]:
    """Return options with what their data takes, where a person names no recipe.

    Args:
        options: with the default recipe.
        asked: asks the shipped model.
        say: gets a line of what was chosen, and why.
        busy: called with a title, gives a context to show that a long step is under way.

    Returns:
        The options, and their splits, which `prepare_data` takes; None where nothing was read.

    Raises:
        DataError, UsageError, MissingPackageError: the data cannot be read.
    """
    options.check_soft_labels()
    if options.starts:
        open_start(str(options.start), options.recipe)
    if options.data is None or options.published:
        return options, None
    check_source(options.data, options, options.test_fraction)
    with busy("reading the training split"):
        splits = load_examples(options, say)
    train = splits.train
    if options.starts or train.is_published:
        return options, splits
    if options.soft_labels is not None:
        recipe = options.recipe if train.decision == "threshold" else SOFT_LABELS_RECIPE
        say(f"recipe {recipe}: a teacher's soft labels are learned, {len(train.classes)} labels")
        if train.decision == "threshold" and len(train) < MANY_ROWS and options.start is None:
            without = dataclasses.replace(options, soft_labels=None)
            worth = _tried(train, without, asked, busy)
            if isinstance(worth, Worth) and worth.is_worth_it:
                say(
                    "warning: the pretrained model takes no soft labels; training that starts from "
                    f"it, without --soft-labels, may give more: {worth}"
                )
        return dataclasses.replace(options, recipe=recipe), splits
    rules, _ = fitting_rules(RECIPES[OWN_DATA_RECIPE].text, train.texts)
    words = _mean_length(rules, train.texts)
    seen = f"{len(train):,} texts of {words:.0f} words on average, {len(train.classes)} labels"
    if train.decision == "threshold":
        if len(train) >= MANY_ROWS:
            say(f"recipe {DEFAULT_RECIPE}: {seen}, enough for it to learn from nothing")
            return options, splits
        if options.start is None:
            worth = _tried(train, options, asked, busy)
            if isinstance(worth, Worth) and worth.is_worth_it:
                say(
                    f"starts from the pretrained model ({seen}): {worth}; --from none starts from "
                    "nothing"
                )
                return dataclasses.replace(options, start=PRETRAINED), splits
            does_not = "the pretrained model does not help: " if isinstance(worth, Worth) else ""
            seen += f"; {does_not}{worth}"
    recipe = OWN_DATA_RECIPE
    are_few = len(train) <= _FEW_OF_A_LABEL * len(train.classes)
    # Pieces of words stand between spaces.
    has_spaces = rules.unspaced_scripts == "keep" and options.vocabulary is None
    if train.decision != "threshold" and are_few and has_spaces:
        recipe = FEW_TEXTS_RECIPE
        seen += ", few texts of each: pieces of words tell them apart, rare and new words too"
    say(f"recipe {recipe}: {seen}")
    return _with_settings(
        dataclasses.replace(options, recipe=recipe), len(train), words >= _LONG
    ), splits


def _tried(examples: Examples, options: TrainOptions, asked: Asked, busy: Busy) -> Worth | str:
    """Return what starting from the shipped model is worth, or in words why that is not known."""
    if options.not_with_start:
        return (
            f"the pretrained model is not tried: {options.not_with_start[0]} is for training from "
            "nothing"
        )
    with busy("asking the pretrained model"):
        return worth_of_pretrained(examples, options, asked)


def _mean_length(rules: TextRules, texts: Sequence[str]) -> float:
    """Return how many words a text has on average, as the rules find them; some are looked at."""
    some = texts[:: max(1, len(texts) // _COUNTED)]
    normal, rule = Normalizer.of(rules), WordRule.of(rules)
    return float(np.mean([len(rule.words(normal(text))) for text in some]))


def _with_settings(options: TrainOptions, rows: int, is_long: bool) -> TrainOptions:
    """Return options with epochs, batch, rate and length for such texts, where none were asked."""
    texts, fewest, most = _LONG_EPOCHS if is_long else _SHORT_EPOCHS
    if options.epochs is None:
        epochs = min(most, max(fewest, round(texts / max(1, rows))))
        options = dataclasses.replace(options, epochs=epochs)
    if options.batch_size is None and rows < _FEW_ROWS:
        options = dataclasses.replace(options, batch_size=_SMALL_BATCH)
    if options.learning_rate is None and (is_long or rows < _FEW_ROWS):
        options = dataclasses.replace(options, learning_rate=_LONG_RATE)
    if options.max_length is None and is_long:
        options = dataclasses.replace(options, max_length=_LONG_LENGTH)
    return options


def worth_of_pretrained(examples: Examples, options: TrainOptions, asked: Asked) -> Worth | str:
    """Find out, on the training texts alone, whether to start from the shipped model.

    Args:
        examples: of two labels, whatever these mean.
        options: of the run.
        asked: asks the shipped model.

    Returns:
        What was found; in words where the shipped model knows nothing of these labels, or where
        that cannot be told.
    """
    random = np.random.Generator(np.random.PCG64([options.seed, _ASKED]))
    rows = np.sort(random.permutation(len(examples))[:_ASKED])
    some = examples.at(rows)
    if min(np.bincount(some.labels, minlength=2)) * 2 < _FEWEST:
        return (
            f"fewer than {_FEWEST // 2} texts of a label cannot tell whether the pretrained model "
            "helps"
        )
    given = asked(some.texts)
    sure = np.exp(-_MOST_SURE)
    known = np.log(np.clip(given, sure, None) / np.clip(1 - given, sure, None)).astype(np.float32)
    positive = some.labels == 1
    balanced = (np.mean(known[positive] > 0) + np.mean(known[~positive] <= 0)) / 2
    right_alone = max(balanced, 1 - balanced)
    if right_alone < _BARELY:
        return (
            "the pretrained model does not tell these labels apart: it is right about "
            f"{right_alone:.0%} of {len(some):,} texts, both labels counting alike"
        )
    recipe = RECIPES[DEFAULT_RECIPE]
    rules, _ = fitting_rules(recipe.text, some.texts)
    try:
        vocabulary = build_vocabulary(rules, some.texts, min_df_of(options, examples))
    except DataError:
        # What they share with other texts would decide.
        return "too few texts have a word in common to tell whether the pretrained model helps"
    encoder = TextEncoder(make_contract(rules, vocabulary), vocabulary)
    features = TextFeatures(
        encoder.encode_batch(some.texts), words_of(encoder), Ngrams(buckets=131_071, longest=2)
    )
    labels, seed = some.labels, options.seed
    known, none = known * np.float32(orientation(known, labels)), np.zeros_like(known)
    started = cross_fitted(features, labels, offset_of(known), seed)
    alone = cross_fitted(features, labels, none, seed)

    def right(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
        factors = fit_blend(first, second, labels)
        sums = factors.layers * first + factors.ngrams * second + factors.constant
        return float(np.mean(EVEN.right_logits(sums, labels)))

    return Worth(len(some), right(known, started), right(none, alone))
