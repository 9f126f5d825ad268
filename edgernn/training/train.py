"""The training job: data, vocabulary, model, fit, run folder."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data import (
    Examples,
    Splits,
    check_source,
    describe,
    load_split,
    load_splits,
    validation_split,
)
from edgernn.data.batches import Encoded
from edgernn.data.examples import first
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.split import FEWEST_TO_HOLD_OUT
from edgernn.errors import MissingPackageError, TrainingError, UsageError
from edgernn.files import leftover_of, write_bytes, write_text
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import Embedding, Recipe
from edgernn.text import TextContract, TextEncoder
from edgernn.training import run as names
from edgernn.training.checkpoint import holds_epoch, is_first_attempt, remove_checkpoint
from edgernn.training.coverage import check_letters
from edgernn.training.distill import add_ngrams, distill_run
from edgernn.training.embeddings import neighbour_embeddings
from edgernn.training.fit import Watcher, fit
from edgernn.training.gpu import find_gpu_problem
from edgernn.training.history import History
from edgernn.training.label_figures import figures_of_epoch
from edgernn.training.models import build, deep_layers
from edgernn.training.options import TrainOptions
from edgernn.training.rare_words import least_texts
from edgernn.training.results import write_results
from edgernn.training.run import read_json
from edgernn.training.run_data import as_started, check_data
from edgernn.training.seen_texts import SeenTexts
from edgernn.training.vocabulary import (
    VOCABULARY_FILES,
    build_vocabulary,
    make_contract,
    read_vocabulary,
)

__all__ = ["NO_TEST", "first_model", "prepare_keras", "train"]

NO_TEST = (
    "no row is kept out for a test: --test-fraction 0.2 keeps a fifth, which edgernn evaluate then "
    "measures on"
)

Ids = npt.NDArray[np.int32]


def train(
    options: TrainOptions,
    *,
    resume: bool = False,
    splits: Splits | None = None,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
    watcher: Watcher | None = None,
) -> tuple[Path, History]:
    """Train a recipe and write its run folder.

    Args:
        options: what to train, on what, where to.
        resume: go on with the run in `options.output` instead of starting one.
        splits: those of `options`, where they are loaded already.
        say: gets a line for each step.
        busy: called with a title, gives a context to show that a long step is under way.
        watcher: hears how the epochs go.

    Returns:
        The run folder, and its history.

    Raises:
        DataError, UsageError, TrainingError, MissingPackageError: as their messages say.
        KeyboardInterrupt: Ctrl-C before the first epoch ended or while the results were written;
            a checkpoint in the folder tells which, and `resume` goes on from it.
    """
    folder = options.output
    if resume:
        options = options.resumed()
        # Before anything long is begun, such as a teacher.
        if not holds_epoch(folder / names.CHECKPOINT):
            raise TrainingError(
                f"{folder}: nothing to resume: no epoch was ended; train without --resume"
            )
    recipe = options.resolved_recipe()
    if not resume and folder.exists() and not _is_fresh(folder):
        raise UsageError(
            f"--output {folder}: is there already; choose another, or go on with --resume"
        )
    check_source(options.data, options, options.test_fraction)
    device = None
    if options.data is None:
        # tensorflow_datasets reads with TensorFlow, whose devices are set up before it is used.
        device = prepare_keras(options.seed)
    started = read_json(folder, names.CONFIG) if resume else None
    if started is not None:
        check_data(started, options.data)
    if splits is None:
        # Before TensorFlow is loaded: a wrong file or column is told at once.
        with busy("reading the training split"):
            splits = _load(options, started, say)
    examples, kept, held_out = _divided(options, recipe, splits)
    check_letters(recipe.text, examples.texts, str(options.data))
    if device is None:
        device = prepare_keras(options.seed)
    say(f"training on {device}")
    _say_examples(options, recipe, splits, say)
    vocabulary = _vocabulary(options, recipe, splits.train, resume, say, busy)
    contract = make_contract(recipe.text, vocabulary)
    size = contract.vocabulary_size
    encoder = TextEncoder(contract, vocabulary)
    with busy("encoding"):
        ids = encoder.encode_batch(examples.texts)
    filled = rows_with_tokens(
        examples, list(map(len, ids)), _name(options), say=say, strict=options.strict
    )
    kept, held_out = np.intersect1d(kept, filled), np.intersect1d(held_out, filled)
    to_train = _subset(ids, examples, kept)
    if recipe.fit.validation == "test":
        with busy("encoding"):
            measured = _watched(options, recipe, encoder, splits, say)
    else:
        measured = _subset(ids, examples, held_out)
    measured_on = "validation" if splits.validation is not None else recipe.fit.validation
    say(
        f"vocabulary of {size:,} ids; {len(to_train):,} to train on, {len(measured):,} "
        + ("held out" if measured_on == "held out" else f"of the {measured_on} split to watch")
    )
    counts = {
        "train": len(to_train),
        "validation": len(measured),
        "test": None if splits.test is None else len(splits.test),
    }

    if not resume:
        write_bytes(folder / contract.vocabulary_file, vocabulary)
        write_text(folder / names.CONTRACT, contract.to_json())
        write_text(folder / names.CONFIG, _json(_config(options, recipe, device, splits, counts)))
    distilled, texts = None, to_train.ids
    if recipe.ngrams is not None:
        distilled = distill_run(options, recipe, encoder, examples, kept, measured, say, busy)
        to_train, texts = distilled.layer_targets, distilled.ids
    model, history = fit(
        first_model(recipe, size, texts, options.seed, busy),
        recipe.fit,
        to_train,
        measured,
        seed=options.seed,
        checkpoint=folder / names.CHECKPOINT,
        resume=resume,
        watcher=watcher,
    )
    figures = figures_of_epoch(history.kept, measured.labels)
    found: dict[str, Any] = {} if figures is None else {"held_out": dataclasses.asdict(figures)}
    if distilled is not None:
        with busy("adding the n-grams"):
            model, found = add_ngrams(recipe, size, model, distilled, measured)
        say(
            f"held out: layers {found['layers_validation_accuracy']:.4f}, n-grams "
            f"{found['ngrams_validation_accuracy']:.4f}, both {found['validation_accuracy']:.4f}"
        )
    learnt, watched = examples.at(kept).texts, examples.at(held_out).texts
    if distilled is not None:
        # The n-grams learn the labels of what was held out, too, in the end.
        learnt, watched = (*learnt, *watched, *distilled.unlabelled), ()
    seen = SeenTexts.of(learnt, watched)
    write_results(folder, recipe, model, history, (len(texts), len(measured)), found, seen)
    if not history.interrupted:
        remove_checkpoint(folder / names.CHECKPOINT)
    return folder, history


def _is_fresh(folder: Path) -> bool:
    """Tell whether a folder holds nothing, or what a run writes before its first epoch is saved."""
    start = {names.CONFIG, names.CONTRACT, *VOCABULARY_FILES.values()}
    return folder.is_dir() and all(
        (leftover_of(path.name) or path.name) in start
        or (path.name == names.TEACHER and path.is_dir())
        or (path.name == names.CHECKPOINT and is_first_attempt(path))
        for path in folder.iterdir()
    )


def prepare_keras(seed: int) -> str:
    """Load TensorFlow, make it repeatable, and say on what it will train.

    Warns of a GPU that is there and cannot be used.
    """
    try:
        with held_back():
            keras = import_quietly("keras")
            tf = import_quietly("tensorflow")
    except ImportError as error:
        raise MissingPackageError("tensorflow", "training", "train") from error
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow and try again"
        )
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    problem = find_gpu_problem(tf)
    if problem is not None:
        warnings.warn(problem, RuntimeWarning, stacklevel=2)
    if gpus:
        found = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return f"GPU {found}, cuDNN LSTM kernels (TensorFlow {tf.__version__})"
    return f"CPU, {os.cpu_count()} cores: TensorFlow {tf.__version__} sees no GPU"


def _vocabulary(
    options: TrainOptions, recipe: Recipe, examples: Examples, resume: bool, say: Say, busy: Busy
) -> bytes:
    if resume:
        contract_file = options.output / names.CONTRACT
        try:
            contract = TextContract.from_json(contract_file.read_bytes())
            vocabulary = (options.output / contract.vocabulary_file).read_bytes()
        except OSError as error:
            raise TrainingError(f"{contract_file}: nothing to resume: {error.strerror}") from error
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
        say("building the vocabulary (minutes; --vocab FILE reads one)")
    with busy("building the vocabulary"):
        min_df = _min_df(options, examples)
        return build_vocabulary(recipe.text, examples.texts, min_df, say)


def _min_df(options: TrainOptions, examples: Examples) -> int:
    return least_texts(options.min_df, options.published or examples.is_published)


def _load(options: TrainOptions, started: dict[str, Any] | None, say: Say) -> Splits:
    """Load the splits of a run, as it has them where it was started already."""
    splits = load_splits(
        options.data,
        options,
        test_fraction=options.test_fraction,
        seed=options.seed,
        limit=options.limit,
        say=say,
    )
    return splits if started is None else as_started(started, splits)


def _divided(
    options: TrainOptions, recipe: Recipe, splits: Splits
) -> tuple[Examples, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return examples, which of them are trained on, and which are measured after each epoch."""
    settings = recipe.fit
    if settings.validation == "test":
        every = np.arange(len(splits.train))
        return splits.train, every, every[:0]
    return validation_split(
        splits, settings.validation_fraction, options.seed, whole_groups=settings.whole_groups
    )


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
        say(f"{len(splits.test):,} rows are kept out for edgernn evaluate, as a test")
    elif not splits.has_own_test and len(train) >= FEWEST_TO_HOLD_OUT:
        say(NO_TEST)


def _watched(
    options: TrainOptions, recipe: Recipe, encoder: TextEncoder, splits: Splits, say: Say
) -> Encoded:
    """Return the test split, which a tutorial watched, encoded."""
    test = splits.test
    if test is None:
        test = load_split(options.data, "test", options)
    test = first(test, recipe.fit.validation_limit)
    ids = encoder.encode_batch(test.texts)
    filled = rows_with_tokens(
        test, list(map(len, ids)), _name(options), say=say, strict=options.strict
    )
    return _subset(ids, test, filled)


def _name(options: TrainOptions) -> str:
    return "the data" if options.data is None else options.data


def first_model(recipe: Recipe, size: int, texts: Sequence[Ids], seed: int, busy: Busy) -> Any:
    """Build the layers as they are before training; n-grams are added when those are trained.

    Args:
        recipe: its `layers` are used.
        size: of the vocabulary, padding included.
        texts: encoded texts, one int32 array [tokens] each, for the first embeddings.
        seed: of the first embeddings; all other first weights follow Keras's own.
        busy: called with a title, gives a context to show that a long step is under way.
    """
    model = build(dataclasses.replace(recipe, ngrams=None), size)
    for layer, built in zip(recipe.layers, deep_layers(model), strict=True):
        if isinstance(layer, Embedding) and layer.start == "neighbours":
            with busy("first embeddings"):
                built.set_weights([neighbour_embeddings(texts, size, layer.units, seed)])
    return model


def _subset(ids: Sequence[Ids], examples: Examples, indices: npt.NDArray[np.int64]) -> Encoded:
    return Encoded([ids[i] for i in indices], examples.labels[indices])


def _config(
    options: TrainOptions,
    recipe: Recipe,
    device: str,
    splits: Splits,
    counts: dict[str, int | None],
) -> dict[str, Any]:
    reading = splits.train.reading
    return {
        "recipe": options.recipe,
        "published": options.published,
        "seed": options.seed,
        "limit": options.limit,
        # A vocabulary that was given was not built here.
        "min_df": _min_df(options, splits.train) if options.vocabulary is None else options.min_df,
        "data": {
            "source": options.data,
            **options.to_json(),
            "description": describe(options.data),
            **({} if reading is None else reading.to_json()),
        },
        "splits": {
            "test_fraction": options.test_fraction,
            "group_column": options.group_column,
            "seed": options.seed,
            "validation": "column" if splits.validation is not None else recipe.fit.validation,
            "counts": counts,
        },
        "fit": dataclasses.asdict(recipe.fit),
        "text": dataclasses.asdict(recipe.text),
        "device": device,
        "versions": {
            "python": platform.python_version(),
            **{
                name: metadata.version(name)
                for name in ("edgernn", "keras", "numpy", "tensorflow", "tensorflow-datasets")
            },
        },
    }


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"
