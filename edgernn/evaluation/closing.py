"""What the figures of a run say when it ends, and what is to be doubted about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from edgernn.recipes.recipe import FitSettings
from edgernn.training.history import History
from edgernn.training.label_figures import (
    LabelCounts,
    LabelFigures,
    ManyLabelFigures,
    figures_of,
    wilson_interval,
)
from edgernn.training.run import Run

__all__ = [
    "HeldOut",
    "held_out_figures",
    "no_better",
    "warnings_of",
]

HeldOut: TypeAlias = LabelFigures | ManyLabelFigures

_TEXTS = {"test": "texts of the test split", "column": "texts of the validation split"}
"""What a model was measured on, by `splits.validation` of its config."""

_WIDEST_INTERVAL = 0.1
"""Of the accuracy: ten points of it are more than one recipe differs from another."""
_FEWEST_OF_A_CLASS = 20
_FEWEST_OF_MANY = 5
"""Of a label among three or more, where the figures of all texts together are what is read."""
_LABELS_NAMED = 5
_LEAST_FALL = 0.01
"""Share of the loss; at the end of a falling learning rate it always falls by a little."""
_IMBALANCED = 0.6


def held_out_figures(run: Run) -> tuple[HeldOut | None, str]:
    """Return the figures of a run's model on the texts that were held out, and what these are.

    There are none where the run goes back to a checkpoint of an earlier version.
    """
    splits = run.config.get("splits")
    where = splits.get("validation") if isinstance(splits, dict) else None
    texts = _TEXTS.get(str(where), "held-out texts")
    return _figures_from_json(run.metrics.get("held_out")), texts


def _figures_from_json(values: object) -> HeldOut | None:
    match values:
        case {"confusion": [[int() as a, int() as b], [int() as c, int() as d]]}:
            return figures_of(((a, b), (c, d)))
        case {
            "accuracy": int() | float() as accuracy,
            "log_loss": int() | float() as log_loss,
            "larger_class": int() | float() as larger_class,
            "counts": {"true": [*true], "given": [*given], "right": [*right]},
            "examples": int() as examples,
        }:
            counts = LabelCounts(*map(_whole_numbers, (true, given, right)))
            if not len(counts.true) == len(counts.given) == len(counts.right) > 1:
                return None
            if examples < 1 or not (0 <= accuracy <= 1 and 0 <= larger_class <= 1):
                return None
            return ManyLabelFigures(
                accuracy,
                wilson_interval(round(accuracy * examples), examples),
                counts.macro_f1,
                log_loss,
                larger_class,
                counts,
                examples,
            )
    return None


def _whole_numbers(values: list[object]) -> tuple[int, ...]:
    """Return counts; none where one of them is something else."""
    found = tuple(value for value in values if type(value) is int and value >= 0)
    return found if len(found) == len(values) else ()


def warnings_of(
    figures: HeldOut,
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
        labels: their names, by number.
        texts: what was measured, such as `held-out texts`.
    """
    found = [
        _too_few(figures, labels, texts),
        no_better(
            figures,
            labels,
            texts,
            class_weight=settings.class_weight,
            # Layers that were left out are a single epoch of the many that were planned.
            more_epochs=history.interrupted or settings.epochs == 1 or len(history.epochs) > 1,
        ),
        _never_given(figures, labels, texts),
        _still_falling(history, settings),
    ]
    return [line for line in found if line is not None]


def _too_few(figures: HeldOut, labels: Sequence[str], texts: str) -> str | None:
    low, high = figures.accuracy_interval
    if high - low > _WIDEST_INTERVAL:
        return (
            f"{figures.examples:,} {texts} are too few to tell: the accuracy may be anything from "
            f"{low:.4f} to {high:.4f} (95% interval); more rows of data narrow it"
        )
    counts = _counts(figures)
    sizes = counts.true
    if len(sizes) > 2:
        return _too_few_of_some(sizes, labels, texts)
    smaller = sizes.index(min(sizes))
    if sizes[smaller] >= _FEWEST_OF_A_CLASS:
        return None
    right = counts.right[smaller]
    low, high = wilson_interval(right, sizes[smaller]) if sizes[smaller] else (0.0, 1.0)
    return (
        f"{sizes[smaller]:,} {texts} of label {labels[smaller]} are too few to tell: of such "
        f"texts the model may find anything from {low:.0%} to {high:.0%} (95% interval); more "
        "rows of that label narrow it"
    )


def _too_few_of_some(sizes: Sequence[int], labels: Sequence[str], texts: str) -> str | None:
    few = [number for number, size in enumerate(sizes) if size < _FEWEST_OF_MANY]
    if not few:
        return None
    few.sort(key=lambda number: sizes[number])
    named = [f"{labels[number]} ({sizes[number]})" for number in few]
    return (
        f"of {len(few):,} of the {len(sizes):,} labels there are fewer than {_FEWEST_OF_MANY} "
        f"{texts}, too few to tell how well the model finds them: {_listed(named)}; add rows of "
        "those labels, or leave them out with --drop"
    )


def no_better(
    figures: HeldOut,
    labels: Sequence[str],
    texts: str,
    *,
    class_weight: str | None,
    more_epochs: bool = True,
) -> str | None:
    """Say that a model is worse than the largest class, or not clearly better; None if it is.

    Args:
        figures: of the model.
        labels: see `warnings_of`.
        texts: likewise.
        class_weight: how it was trained; see `FitSettings`.
        more_epochs: whether it could be trained for longer.
    """
    hint = "training takes more texts" + " or more epochs (--epochs)" * more_epochs
    if figures.accuracy_interval[0] > figures.larger_class:
        return None
    counts = _counts(figures)
    if class_weight is not None and _has_one_label(figures):
        # The accuracy is not what such a training is after.
        if _is_beyond_chance(counts):
            return None
        return (
            "the model does not tell the labels apart beyond chance: balanced accuracy "
            f"{_shown(_balanced_accuracy(figures))}; {hint}"
        )
    clearly = "" if figures.accuracy <= figures.larger_class else "clearly "
    if figures.larger_class >= _IMBALANCED and class_weight is None:
        together = "both" if len(labels) == 2 else "all"
        hint = (
            "look at F1 of each label, and try training with --class-weight balanced, which makes "
            f"{together} labels count alike"
        )
    answer = "the most frequent set of labels"
    if _has_one_label(figures):
        answer = labels[counts.true.index(max(counts.true))]
    return (
        f"the model is not {clearly}better than always saying {answer}: that is right for "
        f"{figures.larger_class:.4f} of the {texts}, the model for {figures.accuracy:.4f}; {hint}"
    )


def _never_given(figures: HeldOut, labels: Sequence[str], texts: str) -> str | None:
    """Say which of many labels the model has not learnt."""
    if not isinstance(figures, ManyLabelFigures):
        return None
    counts = figures.counts
    never = [
        labels[number]
        for number, (true, given) in enumerate(zip(counts.true, counts.given, strict=True))
        if not given and true >= _FEWEST_OF_MANY
    ]
    if not never:
        return None
    return (
        f"the model gives {len(never):,} of the {len(labels):,} labels to none of the {texts}, "
        f"although some have them: {_listed(never)}; training takes more epochs (--epochs) or more "
        "rows of those labels"
    )


def _counts(figures: HeldOut) -> LabelCounts:
    if isinstance(figures, ManyLabelFigures):
        return figures.counts
    (a, b), (c, d) = figures.confusion
    return LabelCounts((a + b, c + d), (a + c, b + d), (a, d))


def _balanced_accuracy(figures: HeldOut) -> float | None:
    if isinstance(figures, ManyLabelFigures):
        return figures.counts.macro_recall
    return figures.balanced_accuracy


def _has_one_label(figures: HeldOut) -> bool:
    """Tell whether each text has one label, rather than several or none."""
    return sum(_counts(figures).true) == figures.examples


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LABELS_NAMED
    return ", ".join(names[:_LABELS_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _is_beyond_chance(counts: LabelCounts) -> bool:
    """Tell whether the 95 % interval of the mean recall is above that of guessing.

    Zou and Donner, Construction of confidence limits about effect measures: a general approach
    (2008). Of two labels it is Newcombe's method 10 for recall + specificity - 1 (Interval
    estimation for the difference between independent proportions, 1998).
    """
    shares = zip(counts.right, counts.true, strict=True)
    known = [(right, texts) for right, texts in shares if texts]
    if len(known) < 2:
        return False
    recalls = [right / texts for right, texts in known]
    lowest = [wilson_interval(*share)[0] for share in known]
    return sum(recalls) - math.dist(recalls, lowest) > 1


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
