"""Checking a written file as its user would meet it, against the Keras model it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgernn.errors import ExportError
from exporters.formats import FormatRules
from exporters.network import Network

__all__ = ["Check", "OpenFile", "Scores", "check_operators", "check_scores"]

_SAME = 1e-5
"""Largest difference between one text's scores alone, in a batch and in another order."""


class Scores(Protocol):
    """One text's result."""

    @property
    def probability(self) -> float:
        """Probability of the positive class."""


class Scorer(Protocol):
    """A file loaded for scoring."""

    def score(self, texts: Sequence[str]) -> Sequence[Scores]:
        """Score texts in order."""


OpenFile = Callable[[Path], Scorer]
"""Loads a model file the way users do; the exporters do not import the runtime themselves."""


@dataclass(frozen=True)
class Check:
    """One thing that was found to hold, as a line for people."""

    line: str


def check_operators(operators: Mapping[str, int], network: Network, rules: FormatRules) -> Check:
    """Check that a graph holds allowed operators only, and each recurrent layer's own.

    Raises:
        ExportError: an operator is not allowed, or a recurrent layer became something else.
    """
    layers = network.recurrent_layers
    foreign = sorted(set(operators) - rules.allowed(layer.cell for layer in layers))
    if foreign:
        raise ExportError(
            f"the {rules.name} graph holds operators outside the allowed list: {', '.join(foreign)}"
        )
    parts = [f"{sum(operators.values())} builtin operators"]
    loop = False
    for cell in dict.fromkeys(layer.cell for layer in layers):
        rule = rules.cells[cell]
        expected = sum(
            len(layer.directions) if rules.per_direction else 1
            for layer in layers
            if layer.cell == cell
        )
        found = operators.get(rule.operator, 0)
        if found != expected:
            raise ExportError(
                f"the {rules.name} graph holds {found} {rule.operator}, expected {expected}"
            )
        parts.append(f"{found} {rule.operator}" + (f" ({cell} as a loop)" if rule.loop else ""))
        loop = loop or rule.loop
    if not loop:
        parts.append("no loop")
    return Check(", ".join(parts))


def check_scores(
    scorer: Scorer,
    texts: Sequence[str],
    expected: npt.NDArray[np.float32],
    tolerance: float,
) -> list[Check]:
    """Compare a file's scores with the Keras model's, and with themselves in other company.

    Args:
        scorer: the file, loaded as a user would.
        texts: what to score.
        expected: float32 [texts], the Keras model's probabilities.
        tolerance: largest difference allowed.

    Raises:
        ExportError: a score is off by more, or depends on other texts.
    """
    together = _probabilities(scorer, texts)
    differences = np.abs(together - expected)
    # Not `>`: a score that is not a number must fail too.
    if not differences.max() <= tolerance:
        worst = int(np.argmax(differences))
        raise ExportError(
            f"text {worst + 1} of {len(texts)} scores {together[worst]:.6f}, the Keras model "
            f"{expected[worst]:.6f}: {differences[worst]:.2g} off, allowed {tolerance:g}"
        )
    backwards = _probabilities(scorer, list(reversed(texts)))[::-1]
    alone = np.concatenate([_probabilities(scorer, [text]) for text in texts])
    for company, scores in (("order", backwards), ("batch", alone)):
        change = float(np.abs(scores - together).max())
        if not change <= _SAME:
            raise ExportError(
                f"a score depends on the {company}: it changes by {change:.2g}, allowed {_SAME:g}"
            )
    return [
        Check(
            f"{len(texts)} texts score as in Keras: largest difference {differences.max():.1e}, "
            f"allowed {tolerance:g}"
        ),
        Check("scores do not depend on order or batch"),
    ]


def _probabilities(scorer: Scorer, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    return np.array([score.probability for score in scorer.score(texts)], np.float32)
