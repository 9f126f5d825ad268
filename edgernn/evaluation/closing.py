"""What the figures of a run say when it ends, and what is to be doubted about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgernn.recipes.recipe import FitSettings
from edgernn.training.history import History
from edgernn.training.label_figures import LabelFigures, figures_of, wilson_interval
from edgernn.training.run import Run

__all__ = [
    "held_out_figures",
    "no_better",
    "warnings_of",
]

_TEXTS = {"test": "texts of the test split", "column": "texts of the validation split"}
"""What a model was measured on, by `splits.validation` of its config."""

_WIDEST_INTERVAL = 0.1
"""Of the accuracy: ten points of it are more than one recipe differs from another."""
_FEWEST_OF_A_CLASS = 20
_LEAST_FALL = 0.01
"""Share of the loss; at the end of a falling learning rate it always falls by a little."""
_IMBALANCED = 0.6


def held_out_figures(run: Run) -> tuple[LabelFigures | None, str]:
    """Return the figures of a run's model on the texts that were held out, and what these are.

    There are none where the run goes back to a checkpoint of an earlier version.
    """
    splits = run.config.get("splits")
    where = splits.get("validation") if isinstance(splits, dict) else None
    texts = _TEXTS.get(str(where), "held-out texts")
    return _figures_from_json(run.metrics.get("held_out")), texts


def _figures_from_json(values: object) -> LabelFigures | None:
    match values:
        case {"confusion": [[int() as a, int() as b], [int() as c, int() as d]]}:
            return figures_of(((a, b), (c, d)))
    return None


def warnings_of(
    figures: LabelFigures,
    history: History,
    settings: FitSettings,
    labels: Sequence[str],
    texts: str,
) -> list[str]:
    """Return what is to be doubted about a run, a line each, with what to do about it.

    Args:
        figures: of the model that was written.
        history: the epochs.
        settings: how they were trained.
        labels: names of the negative and the positive class.
        texts: what was measured, such as `held-out texts`.
    """
    found = [
        _too_few(figures, labels, texts),
        no_better(figures, labels, texts, class_weight=settings.class_weight),
        _still_falling(history, settings),
    ]
    return [line for line in found if line is not None]


def _too_few(figures: LabelFigures, labels: Sequence[str], texts: str) -> str | None:
    low, high = figures.accuracy_interval
    if high - low > _WIDEST_INTERVAL:
        return (
            f"{figures.examples:,} {texts} are too few to tell: the accuracy may be anything from "
            f"{low:.4f} to {high:.4f} (95% interval); more rows of data narrow it"
        )
    sizes = [sum(row) for row in figures.confusion]
    smaller = sizes.index(min(sizes))
    if sizes[smaller] >= _FEWEST_OF_A_CLASS:
        return None
    right = figures.confusion[smaller][smaller]
    low, high = wilson_interval(right, sizes[smaller]) if sizes[smaller] else (0.0, 1.0)
    return (
        f"{sizes[smaller]:,} {texts} of label {labels[smaller]} are too few to tell: of such "
        f"texts the model may find anything from {low:.0%} to {high:.0%} (95% interval); more "
        "rows of that label narrow it"
    )


def no_better(
    figures: LabelFigures, labels: Sequence[str], texts: str, *, class_weight: str | None
) -> str | None:
    """Say that a model is worse than the larger class, or not clearly better; None if it is.

    Args:
        figures: of the model.
        labels: see `warnings_of`.
        texts: likewise.
        class_weight: how it was trained; see `FitSettings`.
    """
    sizes = [sum(row) for row in figures.confusion]
    larger = labels[sizes.index(max(sizes))]
    if figures.accuracy_interval[0] > figures.larger_class:
        return None
    if class_weight is not None:
        # The accuracy is not what such a training is after.
        if _least_informedness(figures) > 0:
            return None
        return (
            "the model does not tell the labels apart beyond chance: balanced accuracy "
            f"{_shown(figures.balanced_accuracy)}; training takes more texts or more epochs "
            "(--epochs)"
        )
    clearly = "" if figures.accuracy <= figures.larger_class else "clearly "
    hint = "training takes more texts or more epochs (--epochs)"
    if figures.larger_class >= _IMBALANCED:
        hint = (
            "look at F1 of each label, and try training with --class-weight balanced, which makes "
            "both labels count alike"
        )
    return (
        f"the model is not {clearly}better than always saying {larger}: that is right for "
        f"{figures.larger_class:.4f} of the {texts}, the model for {figures.accuracy:.4f}; {hint}"
    )


def _least_informedness(figures: LabelFigures) -> float:
    """Return the lower end of the 95 % interval of recall + specificity - 1.

    Newcombe, Interval estimation for the difference between independent proportions (1998),
    method 10: the difference of the shares called positive in either class.
    """
    (negative_right, negative_wrong), (positive_wrong, positive_right) = figures.confusion
    negatives, positives = negative_right + negative_wrong, positive_wrong + positive_right
    if not negatives or not positives:
        return -1.0
    hits, alarms = positive_right / positives, negative_wrong / negatives
    lowest = hits - wilson_interval(positive_right, positives)[0]
    highest = wilson_interval(negative_wrong, negatives)[1] - alarms
    return float(hits - alarms - np.hypot(lowest, highest))


def _still_falling(history: History, settings: FitSettings) -> str | None:
    losses = [epoch.validation_loss for epoch in history.epochs]
    if history.interrupted or len(losses) != settings.epochs or len(losses) < 2:
        return None
    before = min(losses[:-1])
    if losses[-1] > before * (1 - _LEAST_FALL):
        return None
    return (
        f"the validation loss still fell in the last epoch, from {before:.4f} to {losses[-1]:.4f}: "
        f"try --epochs {2 * settings.epochs}"
    )


def _shown(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"
