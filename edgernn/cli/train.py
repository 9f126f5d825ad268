"""`edgernn train`."""

from __future__ import annotations

from typing import Any

from edgernn.cli.console import TrainingProgress, busy, say
from edgernn.cli.signals import end
from edgernn.training.document_vectors import holds_vectors
from edgernn.training.fit import holds_epoch
from edgernn.training.options import TrainOptions
from edgernn.training.run import CHECKPOINT, MODEL, TEACHER
from edgernn.training.teacher import holds_folds
from edgernn.training.train import train

__all__ = ["run_training"]


def run_training(resume: bool, **options: Any) -> None:
    """Train, and say where the run is and what to do with it."""
    asked = TrainOptions(**options)
    if resume:
        asked = asked.resumed()
    watcher = TrainingProgress(asked.resolved_recipe().fit.epochs)
    try:
        folder, history = train(asked, resume=resume, say=say, busy=busy, watcher=watcher)
    except KeyboardInterrupt:
        watcher.close()
        if holds_epoch(asked.output / CHECKPOINT):
            end(f"; to go on: edgernn train --resume --output {asked.output}")
        if (asked.output / MODEL).exists():
            end(f"; {asked.output} is complete")
        also = ""
        teacher = asked.output / TEACHER
        if holds_vectors(teacher) or holds_folds(teacher):
            also = "; what the teacher has learned is kept: the same command goes on from it"
        end(f" before the first epoch ended: no model was written{also}")
    watcher.close()
    kept = history.kept
    say(f"kept epoch {kept.epoch}: validation accuracy {kept.validation_accuracy:.4f}")
    say(f"wrote {folder}")
    if history.interrupted:
        end(f"; to go on: edgernn train --resume --output {folder}")
    say(f"next: edgernn export --format all --run {folder}")
