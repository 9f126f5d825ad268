"""The training job: data, vocabulary, model, fit, run folder."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import platform
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.errors import (
    DataError,
    MissingPackageError,
    ModelFileError,
    TextError,
    TrainingError,
    UsageError,
)
from edgernn.files import new_file, write_bytes, write_text
from edgernn.native_logs import held_back
from edgernn.text import SubwordEncoder, TextContract, TextEncoder
from edgernn.training import run as names
from edgernn.training.batches import Encoded
from edgernn.training.data import Examples, describe, load_split, stratified_split
from edgernn.training.embeddings import neighbour_embeddings
from edgernn.training.fit import History, Watcher, fit
from edgernn.training.models import build
from edgernn.training.recipes import DEFAULT_RECIPE, Embedding, Recipe, find_recipe
from edgernn.training.run import read_json
from edgernn.training.vocabulary import build_subwords, make_contract

__all__ = ["VALIDATION_FRACTION", "TrainOptions", "train", "validation_examples"]

VALIDATION_FRACTION = 0.1
"""Share of the training split that is held out; it chooses the best epoch."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """What a training run is asked for; None leaves the recipe's own value."""

    output: Path
    recipe: str = DEFAULT_RECIPE
    data: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    vocabulary: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    max_length: int | None = None
    seed: int = 1
    limit: int | None = None

    def resolved_recipe(self) -> Recipe:
        """Return the recipe with this run's own values put in.

        Raises:
            UsageError: no such recipe.
        """
        recipe = find_recipe(self.recipe)
        settings = {
            name: value
            for name in ("epochs", "batch_size", "learning_rate")
            if (value := getattr(self, name)) is not None
        }
        text = recipe.text
        if self.max_length is not None:
            text = dataclasses.replace(text, max_length=self.max_length)
        return dataclasses.replace(
            recipe, fit=dataclasses.replace(recipe.fit, **settings), text=text
        )

    def resumed(self) -> TrainOptions:
        """Return the options that the run in `output` was started with; its data may have moved.

        Raises:
            TrainingError: there is no run to go on with.
            UsageError: an option has another value than the run was started with.
        """
        if (self.output / names.MODEL).exists() and not (self.output / names.CHECKPOINT).exists():
            raise TrainingError(f"{self.output}: nothing to resume: the run is complete")
        try:
            config = read_json(self.output, names.CONFIG)
            started = TrainOptions(
                recipe=config["recipe"],
                output=self.output,
                data=config["data"]["source"] if self.data is None else self.data,
                text_column=config["data"]["text_column"],
                label_column=config["data"]["label_column"],
                vocabulary=self.vocabulary,
                epochs=config["fit"]["epochs"],
                batch_size=config["fit"]["batch_size"],
                learning_rate=config["fit"]["learning_rate"],
                max_length=config["text"]["max_length"],
                seed=config["seed"],
                limit=config["limit"],
            )
        except (ModelFileError, KeyError, TypeError) as error:
            reason = error if isinstance(error, ModelFileError) else f"{names.CONFIG} is broken"
            raise TrainingError(f"{self.output}: nothing to resume: {reason}") from error
        for field in dataclasses.fields(self):
            given, old = getattr(self, field.name), getattr(started, field.name)
            if given not in (field.default, old):
                raise UsageError(
                    f"--{field.name.replace('_', '-')} {given}: the run was started with {old}; "
                    "leave the option out"
                )
        return started


Say = Callable[[str], None]
Busy = Callable[[str], AbstractContextManager[object]]


def train(
    options: TrainOptions,
    *,
    resume: bool = False,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
    watcher: Watcher | None = None,
) -> tuple[Path, History]:
    """Train a recipe and write its run folder.

    Args:
        options: what to train, on what, where to.
        resume: go on with the run in `options.output` instead of starting one.
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
    if resume:
        options = options.resumed()
    recipe = options.resolved_recipe()
    folder = options.output
    if not resume and folder.exists() and not _is_fresh(folder):
        raise UsageError(
            f"--output {folder}: is there already; choose another, or go on with --resume"
        )
    device = _prepare_keras(options.seed)
    say(f"training on {device}")
    if resume:
        _check_data(read_json(folder, names.CONFIG), options.data)
    with busy("reading the training split"):
        examples = load_split(
            options.data,
            "train",
            text_column=options.text_column,
            label_column=options.label_column,
            limit=options.limit,
        )
    say(f"{len(examples):,} training examples")
    vocabulary = _vocabulary(options, recipe, examples, resume, say, busy)
    size = SubwordEncoder.from_bytes(vocabulary).vocab_size
    contract = make_contract(recipe.text, vocabulary, size)
    with busy("encoding"):
        encoded = _encode(TextEncoder(contract, vocabulary), examples)
    kept, held_out = stratified_split(examples.labels, VALIDATION_FRACTION, options.seed)
    say(f"vocabulary of {size:,} ids; {len(kept):,} to train on, {len(held_out):,} held out")

    if not resume:
        write_bytes(folder / contract.vocabulary_file, vocabulary)
        write_text(folder / names.CONTRACT, contract.to_json())
        write_text(folder / names.CONFIG, _json(_config(options, recipe, device)))
    to_train = _subset(encoded, kept)
    model, history = fit(
        _first_model(recipe, size, to_train, options.seed, busy),
        recipe.fit,
        to_train,
        _subset(encoded, held_out),
        seed=options.seed,
        checkpoint=folder / names.CHECKPOINT,
        resume=resume,
        watcher=watcher,
    )
    _write_results(folder, recipe, model, history, (len(kept), len(held_out)))
    if not history.interrupted:
        shutil.rmtree(folder / names.CHECKPOINT)
    return folder, history


def validation_examples(config: dict[str, Any], data: str | None) -> Examples:
    """Load a run's held-out examples again, from the data that it was trained on.

    Args:
        config: the run's `config.json`.
        data: where the data is, or None for where it was in training.

    Raises:
        DataError: the data is not at hand, or is not the data of the run.
    """
    source = config["data"]
    location = data if data is not None else source["source"]
    _check_data(config, location)
    examples = load_split(
        location,
        "train",
        text_column=source["text_column"],
        label_column=source["label_column"],
        limit=config["limit"],
    )
    _, held_out = stratified_split(examples.labels, config["validation_fraction"], config["seed"])
    return Examples(tuple(examples.texts[i] for i in held_out), examples.labels[held_out])


def _is_fresh(folder: Path) -> bool:
    """Tell whether a folder holds nothing, or what a run writes before its first epoch ends."""
    start = {names.CONFIG, names.CONTRACT, TextContract.vocabulary_file}
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= start


def _check_data(config: dict[str, Any], location: str | None) -> None:
    """Make sure that data is that of a run; its name may have changed."""
    found, expected = describe(location), config["data"]["description"]
    if {**found, "name": None} != {**expected, "name": None}:
        raise DataError(f"{location}: not the data that the run was trained on")


def _prepare_keras(seed: int) -> str:
    """Load TensorFlow, make it repeatable, and say on what it will train."""
    try:
        with held_back():
            import keras
            import tensorflow as tf
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
        if options.vocabulary and SubwordEncoder.load(options.vocabulary).to_bytes() != vocabulary:
            raise UsageError(
                f"--vocab {options.vocabulary}: the run was started with another vocabulary; "
                "leave the option out"
            )
        return vocabulary
    if options.vocabulary is not None:
        return SubwordEncoder.load(options.vocabulary).to_bytes()
    say("building the vocabulary (minutes; --vocab FILE reads one)")
    with busy("building the vocabulary"):
        return build_subwords(examples.texts, recipe.text.target_vocabulary_size)


def _encode(encoder: TextEncoder, examples: Examples) -> Encoded:
    ids = encoder.encode_batch(examples.texts)
    for row, text in enumerate(ids, start=1):
        if not len(text):
            raise TextError(f"training example {row}: no token is left of the text")
    return Encoded(ids, examples.labels)


def _first_model(recipe: Recipe, size: int, texts: Encoded, seed: int, busy: Busy) -> Any:
    model = build(recipe, size)
    for layer, built in zip(recipe.layers, model.layers, strict=True):
        if isinstance(layer, Embedding) and layer.start == "neighbours":
            with busy("first embeddings"):
                built.set_weights([neighbour_embeddings(texts.ids, size, layer.units, seed)])
    return model


def _subset(encoded: Encoded, indices: npt.NDArray[np.intp]) -> Encoded:
    return Encoded([encoded.ids[i] for i in indices], encoded.labels[indices])


def _config(options: TrainOptions, recipe: Recipe, device: str) -> dict[str, Any]:
    return {
        "recipe": options.recipe,
        "seed": options.seed,
        "limit": options.limit,
        "validation_fraction": VALIDATION_FRACTION,
        "data": {
            "source": options.data,
            "text_column": options.text_column,
            "label_column": options.label_column,
            "description": describe(options.data),
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


def _write_results(
    folder: Path,
    recipe: Recipe,
    model: Any,
    history: History,
    sizes: tuple[int, int],
) -> None:
    from edgernn.training.plots import plot_history

    summary = io.StringIO()
    model.summary(
        print_fn=lambda line, line_break=True: summary.write(line + "\n"), line_length=100
    )
    write_text(folder / names.SUMMARY, summary.getvalue())
    write_text(folder / names.HISTORY, history.to_csv())
    plot_history(history, folder / names.HISTORY_PLOT, recipe.title)
    best = history.best
    measured = {
        "validation_accuracy": best.validation_accuracy,
        "validation_loss": best.validation_loss,
        "best_epoch": best.epoch,
        "epochs": len(history.epochs),
        "parameters": model.count_params(),
        "training_examples": sizes[0],
        "validation_examples": sizes[1],
        "minutes": round(sum(epoch.seconds for epoch in history.epochs) / 60, 1),
        "interrupted": history.interrupted,
    }
    write_text(folder / names.METRICS, _json(measured))
    # A fresh model has no optimizer: the file is a third of the size.
    bare = build(recipe, model.layers[0].input_dim)
    bare.set_weights(model.get_weights())
    with new_file(folder / names.MODEL) as temporary:
        bare.save(temporary)


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"
