"""Training a model: epochs, early stopping, resuming.

One epoch is one call of Keras's `fit`; what happens between epochs is plain code here. All
randomness comes from the seed and the number of the epoch, so that a run that was interrupted and
resumed ends with the same numbers as one that was not.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import (
    Encoded,
    balanced,
    crop,
    plan_training,
    plan_validation,
    thin,
)
from edgernn.errors import TrainingError
from edgernn.privacy import import_quietly
from edgernn.recipes.recipe import FitSettings
from edgernn.text.decision import DecisionRule
from edgernn.text.padding import pad
from edgernn.training.beside_loss import beside_functions
from edgernn.training.checkpoint import Checkpoint, holds_epoch
from edgernn.training.distillation_loss import distillation_functions, distillation_loss
from edgernn.training.history import Epoch, History
from edgernn.training.keras_metrics import RIGHT_POSITIVES, Agreements, loss, metrics
from edgernn.training.validation import measure

__all__ = ["Watcher", "fit"]

_VALIDATION_BATCH = 128
_WITHOUT_OTHER = 0.2
"""Share of an epoch's texts at which the other model is silent, where there is one, so that the
layers do not come to rely on it."""
_SHORT = 12
"""Tokens of a text that loses none there: its meaning may turn on one."""


class Watcher(Protocol):
    """Hears how training goes; the command line draws a progress bar with it."""

    def on_batch(self, epoch: int, batch: int, batches: int, loss: float, accuracy: float) -> None:
        """A batch was trained; loss and accuracy are the epoch's so far."""

    def on_epoch(self, epoch: Epoch, selected: Epoch) -> None:
        """An epoch ended; `selected` is the one whose weights would be kept now."""


def fit(
    model: Any,
    settings: FitSettings,
    train: Encoded,
    validation: Encoded,
    *,
    seed: int,
    checkpoint: Path,
    rule: DecisionRule = "threshold",
    resume: bool = False,
    watcher: Watcher | None = None,
) -> tuple[Any, History]:
    """Train a model until its epochs are done, validation gets no better, or Ctrl-C.

    `checkpoint` holds what `resume` needs after every whole epoch; `remove_checkpoint` when the
    run is complete.

    Args:
        model: an uncompiled Keras model, int32 ids [batch, time] to logits [batch, 1], or
            [batch, labels].
        settings: the recipe's training settings.
        train: training texts.
        validation: what is measured after each epoch; where `settings.keep` is `best`, it chooses
            the epoch.
        seed: of batches and dropout; initial weights use Keras's own seed.
        checkpoint: folder for the state between epochs.
        rule: how logits become labels, which says what the labels of `train` and `validation` are.
        resume: go on from `checkpoint` instead of starting.
        watcher: hears of batches and epochs.

    Returns:
        The model with the weights of the epoch that is kept, and the history.

    Raises:
        TrainingError: nothing to resume or a broken checkpoint, or the loss is not a number.
        KeyboardInterrupt: Ctrl-C before the first epoch ended; nothing was reached.
    """
    if settings.class_weight == "balanced":
        train, validation = balanced(train, rule), balanced(validation, rule)
    if train.soft is not None and rule == "threshold":
        # Keras measures with the loss that it trains with, and takes targets of its form.
        labels_alone = train.soft.without_teacher(len(validation), 2, train.soft.temperature)
        validation = dataclasses.replace(validation, soft=labels_alone)
    store = Checkpoint(checkpoint)
    history = History(keep=settings.keep, balanced=settings.class_weight is not None)
    if resume:
        model, history = store.load()
    else:
        _compile(model, settings, train, rule)

    measured = _measuring(model, validation, rule)
    try:
        while len(history.epochs) < settings.epochs and not _is_stale(history, settings.patience):
            number = len(history.epochs) + 1
            epoch, averaged = _train_epoch(
                model, settings, train, rule, measured, seed, number, watcher
            )
            history.epochs.append(epoch)
            store.save(model, averaged, history)
            if watcher:
                watcher.on_epoch(epoch, history.selected)
    except KeyboardInterrupt:
        if not holds_epoch(checkpoint):
            raise
        # What was reached is what was saved: Ctrl-C may have hit the saving itself.
        history = store.history()
        history.interrupted = True

    model.set_weights(store.kept_weights())
    return model, history


def _train_epoch(
    model: Any,
    settings: FitSettings,
    train: Encoded,
    rule: DecisionRule,
    measured: Callable[[], dict[str, Any]],
    seed: int,
    number: int,
    watcher: Watcher | None,
) -> tuple[Epoch, list[npt.NDArray[np.float32]]]:
    """Train one epoch; return what it measured and the averaged weights that it measured."""
    keras = import_quietly("keras")

    rng = np.random.default_rng([seed, number])
    seen = _augmented(train, settings, rng)
    lengths = np.array([len(ids) for ids in seen.ids])
    plan = plan_training(lengths, settings.batch_size, rng, sort=settings.sort_by_length)
    batches = _batches(seen, plan, rule)
    _seed_dropout(model, rng)
    started = time.monotonic()
    latest = _Latest(keras)
    callbacks = [latest.callback]
    if watcher:
        callbacks.append(_watching(keras, watcher, number, len(batches)))
    # Keras would shuffle the batches once more, by a state that no checkpoint holds.
    logs = model.fit(batches, shuffle=False, verbose=0, callbacks=callbacks).history
    # Keras has put the averaged weights in; they are what is measured and kept.
    averaged = model.get_weights()
    found = measured()
    model.set_weights(latest.weights)
    epoch = Epoch(
        epoch=number,
        loss=logs["loss"][0],
        accuracy=logs["accuracy"][0],
        seconds=round(time.monotonic() - started, 1),
        **found,
    )
    if not np.isfinite(epoch.loss):
        raise TrainingError(
            f"epoch {number}: the loss is {epoch.loss}: try a lower --learning-rate"
        )
    return epoch, averaged


def _measuring(
    model: Any, texts: Encoded, rule: DecisionRule
) -> Callable[[], dict[str, float | None]]:
    """Return what measures a model on held-out texts: the fields of an `Epoch` about them."""
    if rule != "threshold":

        def measured() -> dict[str, float | None]:
            found = measure(model, texts, rule)
            return {
                "validation_loss": found.loss,
                "validation_accuracy": found.accuracy,
                "validation_macro_f1": found.macro_f1,
                "validation_macro_recall": found.macro_recall,
            }

        return measured
    lengths = np.array([len(ids) for ids in texts.ids])
    held_out = _batches(texts, plan_validation(lengths, _VALIDATION_BATCH), rule)

    def evaluated() -> dict[str, float | None]:
        found = model.evaluate(held_out, verbose=0, return_dict=True)
        return {
            "validation_loss": found["loss"],
            "validation_accuracy": found["accuracy"],
            **_recalls(found, texts),
        }

    return evaluated


def _recalls(measured: Mapping[str, float], texts: Encoded) -> dict[str, float | None]:
    """Return recall and specificity, where the model counts what they take."""
    # A checkpoint of an earlier version does not.
    if RIGHT_POSITIVES not in measured:
        return {}
    positive = int(np.count_nonzero(texts.labels))
    negative = len(texts) - positive
    right_positive = round(measured[RIGHT_POSITIVES] * len(texts))
    right_negative = round(measured["accuracy"] * len(texts)) - right_positive
    return {
        "validation_recall": right_positive / positive if positive else None,
        "validation_specificity": right_negative / negative if negative else None,
    }


def _compile(model: Any, settings: FitSettings, texts: Encoded, rule: DecisionRule) -> None:
    keras = import_quietly("keras")

    steps = settings.epochs * -(-len(texts) // settings.batch_size)
    soft = texts.soft
    rate: Any = settings.learning_rate
    if settings.cosine_decay:
        rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    lowered: Any = loss(rule)
    functions: Agreements | None = None
    if texts.beside is not None:
        lowered, functions = beside_functions().loss, beside_functions()
    elif soft is not None:
        functions = distillation_functions()
        lowered = distillation_loss(rule, soft.temperature)
    model.compile(
        optimizer=keras.optimizers.Adam(
            rate, clipnorm=settings.clip_norm, use_ema=True, ema_momentum=settings.weight_average
        ),
        loss=lowered,
        metrics=metrics(rule, functions),
    )
    # TensorFlow traces a step that makes variables, as the first one would, a second time.
    model.optimizer.build(model.trainable_variables)


def _seed_dropout(model: Any, rng: np.random.Generator) -> None:
    """Set the random states of a model's layers, which a saved model does not hold."""
    for variable in model.variables:
        if variable.name == "seed_generator_state":
            variable.assign(rng.integers(1 << 32, size=2, dtype=np.uint32))


def _is_stale(history: History, patience: int) -> bool:
    return bool(history.epochs) and len(history.epochs) - history.best.epoch >= patience


def _augmented(texts: Encoded, settings: FitSettings, rng: np.random.Generator) -> Encoded:
    """Return the training texts as one epoch sees them."""
    cropped = rng.random(len(texts)) < settings.crops
    ids = [crop(text, rng) if cut else text for text, cut in zip(texts.ids, cropped, strict=True)]
    shortest = 0 if texts.beside is None else _SHORT + 1
    ids = [
        thin(text, settings.token_dropout, rng) if len(text) >= shortest else text for text in ids
    ]
    if texts.beside is None:
        return dataclasses.replace(texts, ids=ids)
    heard = rng.random(len(texts)) >= _WITHOUT_OTHER
    return dataclasses.replace(texts, ids=ids, beside=texts.beside * heard)


def _batches(texts: Encoded, plan: list[npt.NDArray[np.int64]], rule: DecisionRule) -> Any:
    keras = import_quietly("keras")

    plan = _unlike_first(texts, plan)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return len(plan)

        def __getitem__(self, i: int) -> tuple[npt.NDArray[Any], ...]:
            chosen = plan[i]
            ids, _ = pad([texts.ids[j] for j in chosen])
            if texts.soft is not None:
                labels = texts.soft.of(texts.labels[chosen], chosen, rule)
            elif texts.beside is not None:
                labels = np.stack([texts.labels[chosen], texts.beside[chosen]], axis=1)
            else:
                labels = texts.labels[chosen].astype(np.float32)
            labels = labels if labels.ndim == 2 else labels[:, None]
            return (ids, labels) if texts.weights is None else (ids, labels, texts.weights[chosen])

    return Batches()


def _unlike_first(texts: Encoded, plan: list[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """Let the second batch be of another length than the first, if any batch is.

    Keras takes what its first two batches have in common for the shape of all.
    """
    longest = [max(len(texts.ids[i]) for i in batch) for batch in plan]
    other = next((place for place, length in enumerate(longest) if length != longest[0]), 1)
    return [*plan[:1], *plan[other : other + 1], *plan[1:other], *plan[other + 1 :]]


class _Latest:
    """Keeps the weights that an epoch ended with, before Keras replaces them by their average."""

    def __init__(self, keras: Any) -> None:
        self.weights: list[npt.NDArray[np.float32]] = []
        self.callback = keras.callbacks.LambdaCallback(on_epoch_end=self._keep)

    def _keep(self, epoch: int, logs: dict[str, float]) -> None:
        self.weights = self.callback.model.get_weights()


def _watching(keras: Any, watcher: Watcher, number: int, batches: int) -> Any:
    def on_train_batch_end(batch: int, logs: dict[str, float]) -> None:
        watcher.on_batch(number, batch + 1, batches, logs["loss"], logs["accuracy"])

    return keras.callbacks.LambdaCallback(on_train_batch_end=on_train_batch_end)
