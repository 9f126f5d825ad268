"""`edgernn train`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgernn.cli.console import TrainingProgress, busy, quoted, say
from edgernn.cli.evaluation_lines import figure_rows, in_columns, label_lines
from edgernn.cli.signals import end
from edgernn.distillation.document_vectors import holds_vectors
from edgernn.distillation.teacher import holds_folds
from edgernn.evaluation.closing import held_out_figures, warnings_of
from edgernn.evaluation.proposals import propose_test
from edgernn.recipes.catalogue import DEFAULT_RECIPE, OWN_DATA_RECIPE
from edgernn.recipes.recipe import FitSettings
from edgernn.runtime.asked import ask_shipped
from edgernn.training.checkpoint import holds_epoch
from edgernn.training.choice import choose_recipe
from edgernn.training.history import History
from edgernn.training.options import TrainOptions
from edgernn.training.run import CHECKPOINT, MODEL, TEACHER, Run
from edgernn.training.train import check_output, train

__all__ = ["run_training"]


def run_training(resume: bool, *, recipe: str | None, output: Path | None, **options: Any) -> None:
    """Train, and say where the run is and what to do with it.

    Args:
        resume: go on with a run.
        recipe: its name; None is one that takes the labels of the data.
        output: the run folder; None is one of the recipe's name.
        **options: the other fields of `TrainOptions`.
    """
    named = recipe or DEFAULT_RECIPE
    asked = TrainOptions(recipe=named, output=output or Path(), **options)
    asked = dataclasses.replace(asked, output=output or _folder(asked))
    asked.check_vocabulary()
    splits = None
    if resume:
        other = _folder(dataclasses.replace(asked, recipe=OWN_DATA_RECIPE))
        if recipe is None and output is None and not asked.output.exists() and other.exists():
            asked = dataclasses.replace(asked, output=other)
        asked = asked.resumed()
    elif recipe is None:
        asked.resolved_recipe()
        if output is not None:
            check_output(output)
        asked, splits = choose_recipe(asked, ask_shipped, say, busy)
        asked = dataclasses.replace(asked, output=output or _folder(asked))
    settings = asked.resolved_recipe().fit
    watcher = TrainingProgress(settings.epochs)
    try:
        folder, history = train(
            asked, resume=resume, splits=splits, say=say, busy=busy, watcher=watcher
        )
    except KeyboardInterrupt:
        watcher.close()
        if holds_epoch(asked.output / CHECKPOINT):
            end(f"; to resume: edgernn train --resume --output {quoted(asked.output)}")
        if (asked.output / MODEL).exists():
            end(f"; {asked.output} is complete")
        also = ""
        teacher = asked.output / TEACHER
        if holds_vectors(teacher) or holds_folds(teacher):
            also = "; what the teacher has learned is kept: the same command continues from it"
        end(f" before the first epoch ended: no model was written{also}")
    watcher.close()
    run = Run.open(folder)
    for line in _closing(run, history, settings):
        say(line)
    say(f"wrote {folder}")
    if history.interrupted:
        end(f"; to resume: edgernn train --resume --output {quoted(folder)}")
    words, command = propose_test(run.config, folder)
    say(f"no test figure yet: {words}: {command}")
    say(f"next: edgernn export --format all --run {quoted(folder)}")


def _folder(options: TrainOptions) -> Path:
    if options.starts:
        return Path("runs") / f"from-{Path(str(options.start)).resolve().name}"
    recipe = options.recipe
    return Path("runs") / (f"{recipe}-published" if options.published else recipe)


def _closing(run: Run, history: History, settings: FitSettings) -> list[str]:
    """Return the figures of the model that was written, and what is to be doubted about them."""
    selected = history.selected
    figures, texts = held_out_figures(run)
    if figures is None:
        # The checkpoint was of an earlier version, which did not count it.
        accuracy = selected.validation_accuracy
        return [f"kept epoch {selected.epoch}: validation accuracy {accuracy:.4f}"]
    labels = run.contract.labels
    kept = f"kept epoch {selected.epoch}; " if len(history.epochs) > 1 else ""
    return [
        f"{kept}the model on {figures.examples:,} {texts}:",
        *(f"  {line}" for line in in_columns(figure_rows(figures, labels))),
        *(f"  {line}" for line in label_lines(figures, labels)),
        *(f"warning: {line}" for line in warnings_of(figures, history, settings, labels, texts)),
    ]
