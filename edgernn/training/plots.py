"""Pictures of a run."""

from __future__ import annotations

from pathlib import Path

from edgernn.pictures import needs_matplotlib, save_picture
from edgernn.privacy import import_quietly
from edgernn.training.history import History

__all__ = ["plot_history"]


def plot_history(history: History, path: Path, title: str) -> None:
    """Draw accuracy and loss over the epochs, training and validation, into a PNG file.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    with needs_matplotlib():
        Figure = import_quietly("matplotlib.figure").Figure
        MaxNLocator = import_quietly("matplotlib.ticker").MaxNLocator
    epochs = [epoch.epoch for epoch in history.epochs]
    selected = history.selected
    figure = Figure(figsize=(9, 3.6), dpi=120, layout="constrained")
    figure.suptitle(title)
    panels = (
        ("accuracy", "accuracy", "validation_accuracy"),
        ("loss (cross-entropy)", "loss", "validation_loss"),
    )
    for axes, (label, train, validation) in zip(figure.subplots(1, 2), panels, strict=True):
        axes.plot(epochs, [getattr(e, train) for e in history.epochs], "o-", label="training")
        axes.plot(
            epochs, [getattr(e, validation) for e in history.epochs], "s-", label="validation"
        )
        axes.axvline(selected.epoch, color="grey", linestyle=":", label="weights kept")
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    save_picture(figure, path)
