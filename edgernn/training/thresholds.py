"""Thresholds chosen on held-out texts: of each label, and below which an answer is none."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.progress import Say
from edgernn.text import Decision, TextContract
from edgernn.training.label_figures import figures_of_many

__all__ = ["FEWEST_OF_A_LABEL", "Abstention", "abstention", "decide", "thresholds_of_each"]

FEWEST_OF_A_LABEL = 5
"""Held-out texts that a label must have, and lack, for its threshold to be chosen on them."""

_EVEN = 0.5


@dataclass(frozen=True)
class Abstention:
    """What leaving unlikely answers out makes of held-out texts."""

    none_below: float | None
    """For the contract; None where every answer is given."""
    answered: float
    """Share of the texts that get an answer."""
    precision: float
    """Share of these answers that are right."""
    reached: bool
    """Whether that is the precision asked for."""


def decide(
    contract: TextContract,
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[Any],
    target_precision: float | None,
    say: Say,
) -> tuple[TextContract, dict[str, Any]]:
    """Choose what a contract leaves open, on held-out texts.

    Args:
        contract: of the run, with thresholds of one half.
        scores: float32 [texts], or [texts, labels], of the held-out texts.
        labels: their true labels: integers [texts], or bool [texts, labels].
        target_precision: see `TrainOptions`.
        say: gets a line for each thing that was chosen.

    Returns:
        The contract, and for `metrics.json` what was measured.
    """
    measured: dict[str, Any] = {}
    if contract.decision == "each":
        thresholds = thresholds_of_each(scores, labels)
        contract = dataclasses.replace(contract, thresholds=thresholds)
        say(_about_thresholds(thresholds, labels))
    if not contract.decides.is_binary:
        # Also with an answer that may be none: how good the likeliest one is.
        figures = figures_of_many(scores, labels, contract.decides)
        measured["held_out"] = dataclasses.asdict(figures)
        measured["validation_accuracy"] = figures.accuracy
    if target_precision is not None:
        found = abstention(scores, labels, contract.decides, target_precision)
        contract = dataclasses.replace(contract, none_below=found.none_below, version=None)
        measured["abstention"] = {
            "target_precision": target_precision,
            **dataclasses.asdict(found),
        }
        say(_about_abstention(found, target_precision, len(labels)))
    return contract, measured


def _about_thresholds(thresholds: tuple[float, ...], labels: npt.NDArray[np.bool_]) -> str:
    have = labels.sum(axis=0)
    few = int(np.count_nonzero(np.minimum(have, len(labels) - have) < FEWEST_OF_A_LABEL))
    line = (
        f"a threshold for each label, chosen on {len(labels):,} held-out texts: "
        f"{min(thresholds):.2f} to {max(thresholds):.2f}"
    )
    if few:
        line += f"; 0.5 for {few:,} that fewer than {FEWEST_OF_A_LABEL} of them have, or lack"
    return line


def _about_abstention(found: Abstention, target: float, texts: int) -> str:
    if not found.reached:
        return (
            f"warning: --target-precision {target:g}: cannot be reached on the {texts:,} held-out "
            f"texts, however few answers are given; every answer is given, and "
            f"{found.precision:.4f} of them are right"
        )
    if found.none_below is None:
        return (
            f"--target-precision {target:g}: {found.precision:.4f} of all {texts:,} held-out texts "
            "are right already: every answer is given"
        )
    return (
        f"--target-precision {target:g}: an answer less probable than {found.none_below:.4f} is "
        f"none; of {texts:,} held-out texts {1 - found.answered:.1%} get none, and "
        f"{found.precision:.4f} of the other answers are right"
    )


def thresholds_of_each(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_]
) -> tuple[float, ...]:
    """Choose a threshold for each of several labels: the one of the highest F1.

    It lies halfway between two neighbouring scores; of equal ones the nearest to one half is
    taken, and where few texts have the label, or lack it, one half itself.

    Args:
        scores: float [texts, labels], probabilities.
        labels: bool [texts, labels], the true ones.
    """
    return tuple(
        _best_threshold(np.asarray(column, np.float64), true)
        for column, true in zip(scores.T, labels.T, strict=True)
    )


def _best_threshold(scores: npt.NDArray[np.float64], true: npt.NDArray[np.bool_]) -> float:
    positives = int(np.count_nonzero(true))
    if min(positives, len(true) - positives) < FEWEST_OF_A_LABEL:
        return _EVEN
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(true[order])
    # The label is given to the first `given` texts; equal scores are on one side.
    given = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    f1 = 2 * hits[given - 1] / (given + positives)
    below = np.append(falling, 0.0)[given]
    middle = (falling[given - 1] + below) / 2
    best = np.flatnonzero(f1 == f1.max())
    chosen = float(middle[best[np.argmin(np.abs(middle[best] - _EVEN))]])
    return chosen if 0.0 < chosen < 1.0 else _EVEN


def abstention(
    scores: npt.NDArray[np.floating],
    labels: npt.NDArray[Any],
    decision: Decision,
    target_precision: float,
) -> Abstention:
    """Choose below which confidence an answer is none, so that the others are right often enough.

    As many answers as possible are given. They must be enough to show the precision: of fewer than
    1 / (1 - precision), one that is wrong would be too many.

    Args:
        scores: float [texts], or [texts, labels].
        labels: integers [texts], the true ones.
        decision: `threshold` or `largest`, without a `none_below`.
        target_precision: more than 0 and less than 1.
    """
    confidence = decision.confidence(scores)
    right = decision.right(scores, labels)
    order = np.argsort(-confidence, kind="stable")
    falling, hits = confidence[order], np.cumsum(right[order])
    given = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    precision = hits[given - 1] / given
    # Rounded, for 1 / (1 - 0.9) is 10.000000000000002.
    fewest = math.ceil(round(1 / (1 - target_precision), 6))
    fits = np.flatnonzero((precision >= target_precision) & (given >= fewest))
    if not len(fits):
        return Abstention(None, 1.0, float(precision[-1]), reached=False)
    chosen = int(fits[-1])
    number = int(given[chosen])
    none_below = None
    if number < len(falling):
        none_below = float((falling[number - 1] + falling[number]) / 2)
    return Abstention(none_below, number / len(falling), float(precision[chosen]), reached=True)
