"""The training job: data, vocabulary, model, fit, run folder."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data import Splits, describe
from edgernn.distillation.ngram_counts import claim_buckets, count_ngrams
from edgernn.errors import TrainingError, UsageError
from edgernn.files import leftover_of, write_bytes, write_text
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import Embedding, Ngrams, NgramVectors, Recipe
from edgernn.training import run as names
from edgernn.training.beside import fit_beside
from edgernn.training.blend import add_ngrams
from edgernn.training.checkpoint import holds_epoch, is_first_attempt, remove_checkpoint
from edgernn.training.distill import Distillation, distill_run
from edgernn.training.embeddings import neighbour_embeddings
from edgernn.training.fit import Watcher, fit
from edgernn.training.history import History
from edgernn.training.label_figures import figures_of_epoch
from edgernn.training.linear_ngrams import LinearNgrams, add_linear, fit_linear
from edgernn.training.models import NGRAMS, build, deep_layers, labels_of, logits, scores_of
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import PreparedData, min_df_of, prepare_data
from edgernn.training.pretrained import open_start, start_recipe
from edgernn.training.results import write_results
from edgernn.training.run import Run
from edgernn.training.run_data import describe_soft_labels
from edgernn.training.seen_texts import SeenTexts, read_seen_texts
from edgernn.training.thresholds import decide
from edgernn.training.vocabulary import VOCABULARY_FILES

__all__ = ["check_output", "first_model", "train"]


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
    options, recipe = _checked(options, resume)
    start = None
    if options.starts:
        start = open_start(str(options.start), options.recipe)
        recipe = start_recipe(start, recipe)
    data = prepare_data(
        options, recipe, resume=resume, splits=splits, say=say, busy=busy, start=start
    )
    recipe = data.recipe
    if not resume:
        _write_start(options, recipe, data)
    if start is not None:
        return _train_beside(options, start, data, say, busy)
    distilled, linear, to_train, texts = None, None, data.train, data.train.ids
    watched = data.validation
    if isinstance(recipe.ngrams, Ngrams):
        distilled = distill_run(options, recipe, data, say, busy)
        to_train, texts = distilled.layer_targets, distilled.ids
        watched = distilled.beside_table(watched)
    elif recipe.ngrams is not None and recipe.ngrams.fitted:
        linear = fit_linear(recipe, data, say, busy)
        recipe = linear.recipe
    size = data.encoder.contract.vocabulary_size
    contract = data.encoder.contract
    model, history = fit(
        first_model(recipe, size, texts, options.seed, busy, labels_of(contract)),
        recipe.fit,
        to_train,
        watched,
        seed=options.seed,
        checkpoint=folder / names.CHECKPOINT,
        rule=contract.decision,
        resume=resume,
        # What stands in for layers is of no interest.
        watcher=None if linear is not None and linear.is_alone else watcher,
    )
    measured = _of_epoch(history, data) if contract.decides.is_binary else {}
    if data.teacher_accuracy is not None:
        measured["teacher_accuracy"] = data.teacher_accuracy
    if distilled is not None or linear is not None:
        with busy("adding the n-grams"):
            if linear is not None:
                recipe, model, found, sums = add_linear(linear, contract, model, data.validation)
            else:
                assert distilled is not None
                model, found, sums = add_ngrams(recipe, size, model, distilled, data.validation)
        measured |= found
        if linear is None or not linear.is_alone:
            say(
                f"held out: layers {measured['layers_validation_accuracy']:.4f}, n-grams "
                f"{measured['ngrams_validation_accuracy']:.4f}, both "
                f"{measured['validation_accuracy']:.4f}"
            )
    if not contract.decides.is_binary or options.target_precision is not None:
        if distilled is None and linear is None:
            with busy("measuring the held-out texts"):
                sums = logits(model, data.validation.ids)
        contract, found = decide(
            contract,
            scores_of(sums, contract.decision),
            data.validation.labels,
            options.target_precision,
            say,
        )
        measured |= found
    sizes, seen = (len(texts), len(data.validation)), _seen_texts(data, distilled, linear)
    write_results(folder, recipe, model, contract, history, sizes, measured, seen)
    if not history.interrupted:
        remove_checkpoint(folder / names.CHECKPOINT)
    return folder, history


def _train_beside(
    options: TrainOptions, start: Run, data: PreparedData, say: Say, busy: Busy
) -> tuple[Path, History]:
    """Train from a model that is there, and write the run folder."""
    folder, contract, texts = options.output, data.encoder.contract, data.examples.texts
    earlier = read_seen_texts(start.folder)
    if earlier is not None and (known := int((~earlier.find(texts).new).sum())):
        say(
            f"warning: {start.folder} has met {known:,} of the {len(texts):,} texts in its own "
            "training: the figures below are better than those of new texts will be"
        )
    found = fit_beside(start, data, options.seed, say, busy)
    measured = found.measured
    if options.target_precision is not None:
        scores = scores_of(found.sums, contract.decision)
        contract, more = decide(
            contract, scores, data.validation.labels, options.target_precision, say
        )
        measured = measured | more
    sizes = (len(data.train) + len(data.validation), len(data.validation))
    seen = SeenTexts.of(texts) if earlier is None else earlier.and_learnt(texts)
    write_results(folder, found.recipe, found.model, contract, found.history, sizes, measured, seen)
    remove_checkpoint(folder / names.CHECKPOINT)
    return folder, found.history


def _of_epoch(history: History, data: PreparedData) -> dict[str, Any]:
    """Return what the kept epoch measured of two labels, if it counted it."""
    figures = figures_of_epoch(history.selected, data.validation.labels)
    return {} if figures is None else {"held_out": dataclasses.asdict(figures)}


def _checked(options: TrainOptions, resume: bool) -> tuple[TrainOptions, Recipe]:
    """Return what a run is to do, before anything long is begun, such as a teacher.

    Raises:
        TrainingError: there is nothing to resume.
        UsageError: an option cannot be, or the folder holds something else.
    """
    folder = options.output
    if resume:
        options = options.resumed()
        if not holds_epoch(folder / names.CHECKPOINT):
            raise TrainingError(
                f"{folder}: nothing to resume: no epoch was finished; train without --resume"
            )
    options.check_soft_labels()
    recipe = options.resolved_recipe()
    options.check_teacher_logits(recipe)
    if not resume:
        check_output(folder)
    return options, recipe


def check_output(folder: Path) -> None:
    """Make sure that a run can be written into a folder.

    Raises:
        UsageError: it holds something else.
    """
    if folder.exists() and not _is_fresh(folder):
        raise UsageError(
            f"--output {folder}: already exists; choose another, or continue it with --resume"
        )


def _is_fresh(folder: Path) -> bool:
    """Tell whether a folder holds nothing, or what a run writes before its first epoch is saved."""
    start = {names.CONFIG, names.CONTRACT, *VOCABULARY_FILES.values()}
    return folder.is_dir() and all(
        (leftover_of(path.name) or path.name) in start
        or (path.name == names.TEACHER and path.is_dir())
        or (path.name == names.CHECKPOINT and is_first_attempt(path))
        for path in folder.iterdir()
    )


def _write_start(options: TrainOptions, recipe: Recipe, data: PreparedData) -> None:
    """Write what a run folder holds before the first epoch."""
    folder, contract = options.output, data.encoder.contract
    write_bytes(folder / contract.vocabulary_file, data.vocabulary)
    write_text(folder / names.CONTRACT, contract.to_json())
    write_text(folder / names.CONFIG, json.dumps(_config(options, recipe, data), indent=2) + "\n")


def _seen_texts(
    data: PreparedData, distilled: Distillation | None, linear: LinearNgrams | None
) -> SeenTexts:
    """Return the texts that a run has met: learned from, and watched."""
    learnt, watched = data.examples.at(data.learnt).texts, data.examples.at(data.held_out).texts
    learnt = (*learnt, *data.unlabelled)
    if distilled is None and linear is None:
        return SeenTexts.of(learnt, watched)
    unlabelled = () if distilled is None else distilled.unlabelled
    # The n-grams learn the labels of what was held out, too, in the end.
    return SeenTexts.of((*learnt, *watched, *unlabelled), ())


def first_model(
    recipe: Recipe,
    size: int,
    texts: Sequence[npt.NDArray[np.int32]],
    seed: int,
    busy: Busy,
    labels: int | None = None,
) -> Any:
    """Build a model as it is before training; n-grams of a teacher are added when it has taught.

    Args:
        recipe: its `layers` are used, and n-grams that are trained with them.
        size: of the vocabulary, padding included.
        texts: encoded texts, one int32 array [tokens] each, for the first embeddings, and for
            which n-grams get a bucket.
        seed: of the first embeddings; all other first weights follow Keras's own.
        busy: called with a title, gives a context to show that a long step is under way.
        labels: see `build`.
    """
    ngrams = recipe.ngrams
    if isinstance(ngrams, Ngrams) or (ngrams is not None and ngrams.fitted):
        recipe = dataclasses.replace(recipe, ngrams=None)
    model = build(recipe, size, labels)
    if isinstance(ngrams, NgramVectors) and not ngrams.fitted:
        with busy("counting n-grams"):
            met = count_ngrams(texts, ngrams, ngrams.min_count)
            model.get_layer(NGRAMS).checks.assign(claim_buckets(met, ngrams.buckets))
    for layer, built in zip(recipe.layers, deep_layers(model), strict=True):
        if isinstance(layer, Embedding) and layer.start == "neighbours":
            with busy("first embeddings"):
                built.set_weights([neighbour_embeddings(texts, size, layer.units, seed)])
    return model


def _soft_labels(options: TrainOptions) -> dict[str, Any]:
    """Return what config.json keeps of soft labels; nothing where there are none."""
    if options.soft_labels is None:
        return {}
    return {
        "soft_labels": {
            "source": options.soft_labels,
            "description": describe_soft_labels(options.soft_labels),
            "key": options.soft_key,
            **options.distillation,
        }
    }


def _config(options: TrainOptions, recipe: Recipe, data: PreparedData) -> dict[str, Any]:
    splits = data.splits
    reading = splits.train.reading
    min_df = options.min_df
    if options.vocabulary is None:
        # A vocabulary that was given was not built here.
        min_df = min_df_of(options, splits.train)
    return {
        "recipe": options.recipe,
        **({} if options.start is None else {"from": options.start}),
        "published": options.published,
        "seed": options.seed,
        "limit": options.limit,
        "min_df": min_df,
        **(
            {}
            if options.target_precision is None
            else {"target_precision": options.target_precision}
        ),
        "data": {
            "source": options.data,
            **options.to_json(),
            "description": describe(options.data),
            **({} if reading is None else reading.to_json()),
        },
        **_soft_labels(options),
        **({} if options.teacher_logits is None else {"teacher_logits": options.teacher_logits}),
        "splits": {
            "test_fraction": options.test_fraction,
            "group_column": options.group_column,
            "seed": options.seed,
            "validation": "column" if splits.validation is not None else recipe.fit.validation,
            "counts": data.counts,
        },
        "fit": dataclasses.asdict(recipe.fit),
        "text": dataclasses.asdict(recipe.text),
        **({} if recipe.ngrams is None else {"ngrams": dataclasses.asdict(recipe.ngrams)}),
        "device": data.device,
        "versions": {
            "python": platform.python_version(),
            **{
                name: metadata.version(name)
                for name in ("edgernn", "keras", "numpy", "tensorflow", "tensorflow-datasets")
            },
        },
    }
