"""Training candidates with the training job, each as far as its rung.

A candidate pauses as if Ctrl-C had been pressed: its run folder holds the best epoch so far, and
its checkpoint what it takes to go on, with the numbers of a run that never paused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.choose.candidate import Candidate
from edgernn.choose.halving import Progress
from edgernn.choose.space import recipe_of
from edgernn.choose.vocabularies import Vocabularies
from edgernn.data import Splits
from edgernn.recipes.recipe import FitSettings, Recipe
from edgernn.training.checkpoint import holds_epoch, remove_checkpoint
from edgernn.training.history import Epoch, read_history
from edgernn.training.options import TrainOptions
from edgernn.training.run import CHECKPOINT, METRICS, MODEL, read_json
from edgernn.training.train import train

__all__ = ["KerasTrainer"]


@dataclass(frozen=True, kw_only=True)
class _CandidateOptions(TrainOptions):
    """Options of a run whose recipe is not among those with names."""

    made: Recipe

    def resolved_recipe(self) -> Recipe:
        return self.made

    def resumed(self) -> TrainOptions:
        return self


@dataclass(frozen=True)
class KerasTrainer:
    """Trains candidates in run folders of their own."""

    folder: Path
    """Holds the run folders."""
    splits: Splits
    """What is learned from and what is held out."""
    data: dict[str, Any]
    """`data`, `limit`, `seed` and how a file is read, as the training job has them."""
    fit: FitSettings
    vocabularies: Vocabularies
    clock: Callable[[], float]
    on_batch: Callable[[str], None] = lambda line: None
    """Hears now and then what is under way."""

    def train(self, candidate: Candidate, epochs: int, deadline: float) -> Progress:
        """Train, or go on training, until so many epochs in all or the deadline of the clock.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was reached is kept.
            TrainingError: the loss is not a number.
        """
        folder = self.run_folder(candidate)
        resume = holds_epoch(folder / CHECKPOINT)
        before = _seconds(folder) if resume else 0.0
        if resume or not (folder / MODEL).exists():
            pause = _Pause(candidate, self.fit.epochs, epochs, deadline, self.clock, self.on_batch)
            options = _CandidateOptions(
                output=folder,
                recipe=candidate.name,
                made=recipe_of(candidate.point, self.fit),
                vocabulary=None if resume else str(self.vocabularies.path(candidate.point)),
                **self.data,
            )
            try:
                _, history = train(options, resume=resume, splits=self.splits, watcher=pause)
            except KeyboardInterrupt:
                if not pause.is_ours:
                    raise
                return Progress(0, None, 0, 0.0, out_of_time=True)
            if history.interrupted and not pause.is_ours:
                raise KeyboardInterrupt
        history = read_history(folder)
        measured = read_json(folder, METRICS)
        reached, held_out = len(history.epochs), measured["validation_examples"]
        return Progress(
            epochs=reached,
            # Keras gives it as float32.
            accuracy=round(history.best.validation_accuracy * held_out) / held_out,
            held_out=held_out,
            macro_f1=history.best.validation_macro_f1,
            seconds=_seconds(folder) - before,
            out_of_time=reached < epochs,
        )

    def drop(self, candidate: Candidate) -> None:
        """Remove the checkpoint of a candidate, which takes several times its model's space."""
        checkpoint = self.run_folder(candidate) / CHECKPOINT
        if holds_epoch(checkpoint):
            remove_checkpoint(checkpoint)

    def run_folder(self, candidate: Candidate) -> Path:
        """Return the run folder of a candidate."""
        return self.folder / candidate.name


class _Pause:
    """Stops a training at its rung or at the deadline, as Ctrl-C would."""

    def __init__(
        self,
        candidate: Candidate,
        all_epochs: int,
        epochs: int,
        deadline: float,
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._name = candidate.name
        self._all_epochs = all_epochs
        self._epochs = epochs
        self._deadline = deadline
        self._clock = clock
        self._tell = tell
        self.is_ours = False
        """Whether the interruption was this one, not a person's."""

    def on_batch(self, epoch: int, batch: int, batches: int, loss: float, accuracy: float) -> None:
        self._tell(f"{self._name}: epoch {epoch}/{self._epochs}, {batch}/{batches}")
        # A run that was killed may have saved an epoch that the search has not heard of.
        if epoch > self._epochs or self._clock() > self._deadline:
            self._stop()

    def on_epoch(self, epoch: Epoch, selected: Epoch) -> None:
        if self._epochs <= epoch.epoch < self._all_epochs:
            self._stop()

    def _stop(self) -> None:
        self.is_ours = True
        raise KeyboardInterrupt


def _seconds(folder: Path) -> float:
    """Return how long the epochs of a run folder took, as far as it tells."""
    if not (folder / METRICS).exists():
        return 0.0
    return sum(epoch.seconds for epoch in read_history(folder).epochs)
