"""What training leaves in a run folder when it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from edgernn.files import new_file, write_bytes, write_text
from edgernn.recipes.recipe import Recipe
from edgernn.text import TextContract
from edgernn.training import run as names
from edgernn.training.history import History
from edgernn.training.models import build, labels_of, summary
from edgernn.training.seen_texts import SeenTexts

__all__ = ["write_results"]

_RESULTS = (
    *(names.SUMMARY, names.HISTORY, names.HISTORY_PLOT, names.SEEN_TEXTS, names.METRICS),
    names.CONTRACT,
    names.MODEL,
)
"""In the order in which they are put in place: without a model the folder is no run."""


def write_results(
    folder: Path,
    recipe: Recipe,
    model: Any,
    contract: TextContract,
    history: History,
    sizes: tuple[int, int],
    metrics: dict[str, Any],
    seen: SeenTexts,
) -> None:
    """Write what was measured and the model; make the long steps first, aside.

    Args:
        folder: the run folder.
        recipe: what was trained.
        model: the trained one, with or without an optimizer.
        contract: with what was chosen on held-out texts.
        history: the epochs.
        sizes: numbers of texts that were trained on, and held out.
        metrics: what else was measured.
        seen: the texts that the model has met.
    """
    from edgernn.training.plots import plot_history

    aside = folder / names.CHECKPOINT
    write_text(aside / names.SUMMARY, summary(model))
    write_bytes(aside / names.SEEN_TEXTS, seen.to_bytes())
    write_text(aside / names.HISTORY, history.to_csv())
    plot_history(history, aside / names.HISTORY_PLOT, recipe.title)
    selected = history.selected
    measured = {
        "validation_accuracy": selected.validation_accuracy,
        "validation_loss": selected.validation_loss,
        "kept_epoch": selected.epoch,
        "best_epoch": history.best.epoch,
        "best_validation_accuracy": history.best.validation_accuracy,
        "epochs": len(history.epochs),
        "parameters": model.count_params(),
        "training_examples": sizes[0],
        "validation_examples": sizes[1],
        "minutes": round(sum(epoch.seconds for epoch in history.epochs) / 60, 1),
        "interrupted": history.interrupted,
        **metrics,
    }
    write_text(aside / names.CONTRACT, contract.to_json())
    write_text(aside / names.METRICS, json.dumps(measured, indent=2) + "\n")
    # A fresh model has no optimizer: the file is a third of the size.
    bare = build(recipe, contract.vocabulary_size, labels_of(contract))
    bare.set_weights(model.get_weights())
    with new_file(aside / names.MODEL) as temporary:
        bare.save(temporary)
    _put_in_place(folder, aside)


def _put_in_place(folder: Path, aside: Path) -> None:
    """Replace the results in a run folder; a folder of both kinds does not pass for a run."""
    unfinished = folder / names.UNFINISHED
    write_text(unfinished, "The files here are not all of one model: edgernn train --resume\n")
    # It measured the earlier model.
    (folder / names.EVALUATION).unlink(missing_ok=True)
    for name in _RESULTS:
        os.replace(aside / name, folder / name)
    unfinished.unlink()
