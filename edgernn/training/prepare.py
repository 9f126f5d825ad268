"""The data of a training run: read, divided, its vocabulary built, and encoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data import (
    Examples,
    Splits,
    check_source,
    load_split,
    load_splits,
    validation_split,
)
from edgernn.data.batches import Encoded
from edgernn.data.examples import Unlabelled, check_classes, first
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.split import FEWEST_TO_HOLD_OUT
from edgernn.errors import ModelFileError, TrainingError, UsageError
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import Recipe
from edgernn.text import TextEncoder
from edgernn.training import run as names
from edgernn.training.coverage import about_length, check_letters
from edgernn.training.keras_setup import prepare_keras
from edgernn.training.options import TrainOptions
from edgernn.training.pretrained import extended
from edgernn.training.rare_words import least_texts
from edgernn.training.run import Run, read_contract, read_json
from edgernn.training.run_data import as_started, check_data, check_soft_labels
from edgernn.training.teaching import teach
from edgernn.training.text_rules import fitting_rules
from edgernn.training.vocabulary import build_vocabulary, make_contract, read_vocabulary

__all__ = ["NO_TEST", "PreparedData", "load_examples", "min_df_of", "prepare_data"]

NO_TEST = (
    "no row is held out for a test: --test-fraction 0.2 holds out a fifth, which edgernn evaluate "
    "then measures on"
)

_SLOW_SUBWORDS = 5_000_000
"""Characters of all texts from which on it may take minutes to find their subwords."""

Ids = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PreparedData:
    """What a run learns from and is measured on, and what it takes to encode it."""

    recipe: Recipe
    """The run's, with text rules that fit the texts."""
    device: str
    """What TensorFlow trains on, in words."""
    splits: Splits
    examples: Examples
    """Those learned from, and with them those held out."""
    learnt: Rows
    """int64: the examples that are learned from."""
    held_out: Rows
    """int64: the examples that are measured on after each epoch; none where a test split is."""
    vocabulary: bytes
    encoder: TextEncoder
    train: Encoded
    """The examples that are learned from."""
    validation: Encoded
    """What is measured on after each epoch."""
    unlabelled: tuple[str, ...] = ()
    """Texts without a label that are learned from by a teacher's soft labels; in `train` they
    stand behind the labelled ones."""
    teacher_accuracy: float | None = None
    """How often the likeliest soft label of a text that is learned from is its label."""

    @property
    def counts(self) -> dict[str, int | None]:
        """The number of examples of each split, for `config.json`; None where there is no test."""
        test = self.splits.test
        return {
            "train": len(self.train),
            "validation": len(self.validation),
            "test": None if test is None else len(test),
            **({"unlabelled": len(self.unlabelled)} if self.unlabelled else {}),
        }


def prepare_data(
    options: TrainOptions,
    recipe: Recipe,
    *,
    resume: bool,
    splits: Splits | None,
    say: Say,
    busy: Busy,
    start: Run | None = None,
) -> PreparedData:
    """Read a run's data and encode it; load TensorFlow as soon as the data is known to be sound.

    Args:
        options: of the run.
        recipe: the run's.
        resume: whether the run in `options.output` is gone on with: its vocabulary and its
            division of the data are taken over.
        splits: those of `options`, where they are loaded already.
        say: gets a line for each step.
        busy: called with a title, gives a context to show that a long step is under way.
        start: the run that training starts from: its text rules stay, its words come first.

    Raises:
        DataError, UsageError, TrainingError, MissingPackageError: as their messages say.
    """
    check_source(options.data, options, options.test_fraction)
    device = None
    if options.data is None:
        # tensorflow_datasets reads with TensorFlow, whose devices are set up before it is used.
        device = prepare_keras(options.seed)
    started = read_json(options.output, names.CONFIG) if resume else None
    if started is not None:
        check_data(started, options.data)
        check_soft_labels(started, options.soft_labels)
    if splits is None:
        # Before TensorFlow is loaded: a wrong file or column is reported at once.
        with busy("reading the training split"):
            splits = load_examples(options, say, started)
    _check_decision(options, recipe, splits.train)
    examples, learnt, held_out = _divided(options, recipe, splits)
    others = _unlabelled(splits, examples.at(held_out))
    more = () if others is None else others.texts
    if start is None:
        recipe = _fitting(options, recipe, (*examples.texts, *more), say)
    check_letters(recipe.text, examples.texts, str(options.data))
    if device is None:
        device = prepare_keras(options.seed)
    say(f"training on {device}")
    _say_examples(options, recipe, splits, say)
    if start is None:
        vocabulary = _vocabulary(options, recipe, splits.train, more, resume, say, busy)
    else:
        min_df = min_df_of(options, splits.train)
        vocabulary = extended(start, recipe, splits.train.texts, min_df, say)
    contract = make_contract(recipe.text, vocabulary, examples.classes, examples.decision)
    encoder = TextEncoder(contract, vocabulary)
    ids, filled = _encoded(options, encoder, examples, say, busy)
    long = about_length(encoder, examples.texts, ids, starts=start is not None)
    if long is not None and not resume:
        say(long)
    learnt, held_out = np.intersect1d(learnt, filled), np.intersect1d(held_out, filled)
    check_classes(examples.at(learnt), "the training split", " has a token")
    if recipe.fit.validation == "test":
        validation = _test_split(options, recipe, encoder, splits, say, busy)
    else:
        validation = _subset(ids, examples, held_out)
    train, accuracy = _subset(ids, examples, learnt), None
    if examples.soft is not None:
        with busy("encoding"):
            ids_of_others = encoder.encode_batch(more)
        filled_others = np.flatnonzero([len(text) for text in ids_of_others])
        taught = teach(
            train,
            examples.soft[learnt],
            [ids_of_others[row] for row in filled_others],
            None if others is None else others.soft[filled_others],
            examples.decision,
            **options.distillation,
        )
        more = tuple(more[row] for row in filled_others)
        train, accuracy = taught.texts, taught.accuracy
        for line in taught.lines(str(options.soft_labels)):
            say(line)
    data = PreparedData(
        recipe=recipe,
        device=device,
        splits=splits,
        examples=examples,
        learnt=learnt,
        held_out=held_out,
        vocabulary=vocabulary,
        encoder=encoder,
        train=train,
        validation=validation,
        unlabelled=more,
        teacher_accuracy=accuracy,
    )
    _say_sizes(recipe, data, say)
    return data


def _check_decision(options: TrainOptions, recipe: Recipe, train: Examples) -> None:
    """Make sure that the recipe and the options are for as many labels as the data has.

    Raises:
        UsageError: they are not.
    """
    if train.decision == "threshold":
        return
    if options.starts:
        several = ", or several a text" if train.decision == "each" else ""
        raise UsageError(
            f"--from {options.start}: a model of two labels cannot be gone on with for "
            f"{len(train.classes):,}{several}; leave --from out, which trains one for them"
        )
    recipe.layers_for(len(train.classes))
    if train.decision == "each" and options.target_precision is not None:
        raise UsageError(
            f"--target-precision {options.target_precision:g}: is for one label a text, and the "
            "data has several: each label gets a threshold of its own"
        )


def _fitting(options: TrainOptions, recipe: Recipe, texts: Sequence[str], say: Say) -> Recipe:
    """Return a recipe with text rules that fit the texts; what a tutorial published stays."""
    if options.published:
        return recipe
    rules, said = fitting_rules(recipe.text, texts)
    if said:
        say(said)
    return dataclasses.replace(recipe, text=rules)


def load_examples(options: TrainOptions, say: Say, started: dict[str, Any] | None = None) -> Splits:
    """Load the splits of a run, as it has them where it was started already.

    Args:
        options: of the run.
        say: gets a line for each step.
        started: its `config.json`, where it was started.

    Raises:
        DataError, UsageError, MissingPackageError: the data cannot be read.
    """
    splits = load_splits(
        options.data,
        options,
        test_fraction=options.test_fraction,
        seed=options.seed,
        limit=options.limit,
        say=say,
    )
    return splits if started is None else as_started(started, splits)


def _divided(options: TrainOptions, recipe: Recipe, splits: Splits) -> tuple[Examples, Rows, Rows]:
    """Return examples, which of them are trained on, and which are measured after each epoch."""
    settings = recipe.fit
    if settings.validation == "test":
        every = np.arange(len(splits.train))
        return splits.train, every, every[:0]
    return validation_split(
        splits, settings.validation_fraction, options.seed, whole_groups=settings.whole_groups
    )


def _unlabelled(splits: Splits, held_out: Examples) -> Unlabelled | None:
    """Return the unlabelled texts that are unlike what is measured on; None where there are none.

    A teacher's word on such a text would tell how it is labelled.
    """
    found = splits.unlabelled
    return None if found is None or not len(found) else found.apart_from(held_out)


def _say_examples(options: TrainOptions, recipe: Recipe, splits: Splits, say: Say) -> None:
    """Say what there is to learn from, and what the figures will be worth."""
    train = splits.train
    say(f"{len(train):,} training examples")
    if (
        recipe.fit.whole_groups
        and options.group_column is None
        and (train.groups is None or train.always_whole)
    ):
        say(
            "the data does not say which texts are about one thing, such as a film: what is held "
            "out is taken at random, and its accuracy may flatter the model"
        )
    if options.test_fraction is not None and splits.test is not None:
        say(f"{len(splits.test):,} rows are held out as a test for edgernn evaluate")
    elif not splits.has_own_test and len(train) >= FEWEST_TO_HOLD_OUT:
        say(NO_TEST)


def _vocabulary(
    options: TrainOptions,
    recipe: Recipe,
    examples: Examples,
    unlabelled: Sequence[str],
    resume: bool,
    say: Say,
    busy: Busy,
) -> bytes:
    if resume:
        try:
            _, vocabulary = read_contract(options.output)
        except ModelFileError as error:
            raise TrainingError(f"{options.output}: nothing to resume: {error}") from error
        given = options.vocabulary
        if given and read_vocabulary(recipe.text, given) != vocabulary:
            raise UsageError(
                f"--vocab {options.vocabulary}: the run was started with another vocabulary; "
                "leave the option out"
            )
        return vocabulary
    if options.vocabulary is not None:
        return read_vocabulary(recipe.text, options.vocabulary)
    if recipe.text.tokenizer == "subwords":
        is_slow = sum(map(len, (*examples.texts, *unlabelled))) >= _SLOW_SUBWORDS
        say(f"building the vocabulary{' (minutes; --vocab FILE reads one)' if is_slow else ''}")
    with busy("building the vocabulary"):
        min_df = min_df_of(options, examples)
        return build_vocabulary(recipe.text, (*examples.texts, *unlabelled), min_df, say)


def min_df_of(options: TrainOptions, examples: Examples) -> int:
    """Return how many texts must hold a word for it to be in the vocabulary that is built."""
    return least_texts(options.min_df, options.published or examples.is_published)


def _test_split(
    options: TrainOptions,
    recipe: Recipe,
    encoder: TextEncoder,
    splits: Splits,
    say: Say,
    busy: Busy,
) -> Encoded:
    """Return the test split, which a tutorial watched, encoded."""
    test = splits.test
    if test is None:
        with busy("reading the test split"):
            test = load_split(options.data, "test", options)
    test = first(test, recipe.fit.validation_limit)
    ids, filled = _encoded(options, encoder, test, say, busy)
    return _subset(ids, test, filled)


def _encoded(
    options: TrainOptions, encoder: TextEncoder, examples: Examples, say: Say, busy: Busy
) -> tuple[list[Ids], Rows]:
    """Return examples encoded, and which of them have a token; say which have none."""
    with busy("encoding"):
        ids = encoder.encode_batch(examples.texts)
    name = "the data" if options.data is None else options.data
    filled = rows_with_tokens(examples, list(map(len, ids)), name, say=say, strict=options.strict)
    return ids, filled


def _subset(ids: Sequence[Ids], examples: Examples, indices: Rows) -> Encoded:
    return Encoded([ids[i] for i in indices], examples.labels[indices])


def _say_sizes(recipe: Recipe, data: PreparedData, say: Say) -> None:
    """Say how large the vocabulary is, and how many texts are trained on and watched."""
    where = "validation" if data.splits.validation is not None else recipe.fit.validation
    say(
        f"vocabulary of {data.encoder.contract.vocabulary_size:,} ids; {len(data.train):,} to "
        f"train on, {len(data.validation):,} "
        + ("held out" if where == "held out" else f"of the {where} split to watch")
    )
