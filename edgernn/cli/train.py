"""`edgernn train`."""

from __future__ import annotations

import sys
from typing import Any

from edgernn.cli.console import INTERRUPTED, TrainingProgress, busy, say
from edgernn.training.options import TrainOptions
from edgernn.training.run import CHECKPOINT
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
        if (asked.output / CHECKPOINT).is_dir():
            say(f"interrupted; to go on: edgernn train --resume --output {asked.output}")
        else:
            say("interrupted before the first epoch ended: no model was written")
        sys.exit(INTERRUPTED)
    watcher.close()
    kept = history.kept
    say(f"kept epoch {kept.epoch}: validation accuracy {kept.validation_accuracy:.4f}")
    say(f"wrote {folder}")
    if history.interrupted:
        say(f"interrupted; to go on: edgernn train --resume --output {folder}")
        sys.exit(INTERRUPTED)
    say(f"next: edgernn export --format all --run {folder}")
