"""How far the probabilities that a runtime gives lie from those that it should give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile
from edgernn.runtime.engines import Engine
from edgernn.text import Decision

__all__ = ["Limits", "RuntimeAnswers", "all_passed", "judge", "unscored"]


@dataclass(frozen=True)
class Limits:
    """What a runtime may differ by."""

    difference: float
    """How far a probability may be off."""
    flips: float = 0.0
    """Largest share of texts whose label is another one."""
    beyond: float = 0.0
    """Largest share of texts that are further off: of many texts, a few always are."""


@dataclass(frozen=True)
class RuntimeAnswers:
    """What one runtime made of some texts."""

    runtime: str
    version: str | None
    """None where the runtime is not here, or does not say."""
    device: str | None
    """The device that really ran, `cpu` or `cuda`; None where nothing did."""
    passed: bool | None
    """None where the runtime is not on this machine, not used for the file, or the reference."""
    reason: str | None = None
    """Why it did not run or did not pass, in one line."""
    texts: int = 0
    """How many it scored."""
    largest_difference: float | None = None
    """From the expected probabilities; None where there is nothing to compare."""
    row: int | None = None
    """The text of the largest difference, counted from 1."""
    text: str | None = None
    """The same, itself."""
    label_flips: int | None = None
    """Texts whose label is not the expected one."""
    accuracy: float | None = None
    """Share of labels that are right, in [0, 1], where that is known."""
    refused: bool = False
    """Whether it is here and does not take the file; `passed` is None then."""
    only_in_a_batch: bool = False
    """Whether it fails on several texts a call alone, and nothing here scores with it: given one
    text a call it is right."""
    alone_difference: float | None = None
    """`largest_difference` of texts scored one by one; None where that is not known."""
    batch_difference: float | None = None
    """The same, of texts scored together; None where the graph takes one at a time."""


def all_passed(runtimes: Sequence[RuntimeAnswers]) -> bool:
    """Tell whether a runtime scored the texts, and none failed on single ones."""
    return any(r.texts for r in runtimes) and not any(
        r.passed is False and not r.only_in_a_batch for r in runtimes
    )


def unscored(
    file: ModelFile, engine: Engine, device: str | None, error: Exception | None
) -> RuntimeAnswers:
    """Return the row of a runtime that is not here, or that failed to load or run the file."""
    if error is None:
        return RuntimeAnswers(engine.name, engine.version, None, None, engine.problem)
    reason = str(error).removeprefix(f"{file.path}: ")
    return RuntimeAnswers(engine.name, engine.version, device, False, reason)


def judge(
    engine: Engine,
    device: str,
    scores: npt.NDArray[np.floating],
    expected: npt.NDArray[np.floating],
    texts: Sequence[str],
    decision: Decision,
    limits: Limits,
) -> RuntimeAnswers:
    """Compare a runtime's probabilities with the expected ones.

    Args:
        engine: the runtime.
        device: the device that ran.
        scores: float [passes, texts], or [passes, texts, labels]: the same texts scored in several
            ways, the worst counts.
        expected: float [texts], or [texts, labels].
        texts: what was scored, at least one.
        decision: from probabilities to labels.
        limits: what is allowed.
    """
    wide, right = scores.astype(np.float64), expected.astype(np.float64)
    differences = np.abs(wide - right).max(axis=0)
    if differences.ndim > 1:
        differences = differences.max(axis=-1)
    worst = int(differences.argmax())
    flips = int(decision.flips(wide, right).any(axis=0).sum())
    reasons = []
    # Not `>`: what is not a number is further off too, and never allowed.
    further = int((~(differences <= limits.difference)).sum())
    if further > limits.beyond * len(texts) or not np.isfinite(differences).all():
        allowed = f"allowed {limits.difference:g}"
        if limits.beyond:
            allowed += f" in all but {limits.beyond:.1%}; {further} of {len(texts)} are further off"
        reasons.append(f"{differences[worst]:.3g} off, {allowed}")
    if flips > limits.flips * len(texts):
        allowed = f", allowed {limits.flips:.1%}" if limits.flips else ""
        reasons.append(f"{flips} of {len(texts)} labels flip{allowed}")
    return RuntimeAnswers(
        runtime=engine.name,
        version=engine.version,
        device=device,
        passed=not reasons,
        reason="; ".join(reasons) or None,
        texts=len(texts),
        largest_difference=float(differences[worst]),
        row=worst + 1,
        text=texts[worst],
        label_flips=flips,
    )
