"""`edgernn train`."""

from __future__ import annotations

import sys
from typing import Any

from edgernn.cli.console import TrainingProgress, busy, say
from edgernn.training.train import TrainOptions, train

__all__ = ["run_training"]

_INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, by the shells' convention."""


def run_training(resume: bool, **options: Any) -> None:
    """Train, and say where the run is and what to do with it."""
    asked = TrainOptions(**options)
    watcher = TrainingProgress(asked.resolved_recipe().fit.epochs)
    try:
        folder, history = train(asked, resume=resume, say=say, busy=busy, watcher=watcher)
    except KeyboardInterrupt:
        watcher.close()
        say("interrupted before the first epoch ended: no model was written")
        sys.exit(_INTERRUPTED)
    watcher.close()
    best = history.best
    say(f"kept epoch {best.epoch}: validation accuracy {best.validation_accuracy:.4f}")
    say(f"wrote {folder}")
    if history.interrupted:
        say(f"interrupted; to go on: edgernn train --resume --output {folder}")
        sys.exit(_INTERRUPTED)
    say(f"next: edgernn export --format all --run {folder}")
