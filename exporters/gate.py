"""What a file must pass before it gets its name: operators, scores and labels like the model's.

A file is checked as its user would meet it, loaded by the runtime, against the Keras model that it
came from.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgernn.audit import Audit, OldestRuntime
from edgernn.bundle import Golden
from edgernn.errors import ExportError
from edgernn.text import Decision, TextEncoder
from exporters.min_runtime import MinRuntime
from exporters.network import Network, Recurrent
from exporters.rules import FormatRules

__all__ = [
    "MAX_ACCURACY_DROP",
    "MAX_FLIPS",
    "Check",
    "OpenFile",
    "Scorer",
    "check_accuracy",
    "check_c_engine",
    "check_labels",
    "check_oldest_runtime",
    "check_operators",
    "check_padding",
    "check_parity",
    "check_problems",
    "check_same",
    "require",
    "rounding_hint",
]

Scores = npt.NDArray[np.float32]

MAX_FLIPS = 0.005
"""Largest share of a sample whose label may be another than the model's."""
MAX_ACCURACY_DROP = 0.5
"""Points of accuracy that a quantized file may lose, unless the user says otherwise."""

_TIE = 1e-3
"""How far probabilities may move, at most, without another label, where the model has a tie."""

_OF_ROUNDING = frozenset({"parity", "label flips", "accuracy"})
"""Checks that a file may fail because its precision is too low."""

_SAME = 1e-5
"""Largest difference between one text's scores alone, in a batch, in another order, padded."""


class Score(Protocol):
    """One text's result."""

    @property
    def probability(self) -> float | None:
        """Of two labels, the probability of the second; None where the text cannot be scored."""

    @property
    def probabilities(self) -> tuple[float, ...] | None:
        """The probability of each label; likewise."""


class Scorer(Protocol):
    """A file loaded for scoring."""

    @property
    def encoder(self) -> TextEncoder:
        """The file's text contract with its vocabulary."""

    def score(self, texts: Sequence[str]) -> Sequence[Score]:
        """Score texts in order."""

    def probabilities(
        self, ids: Sequence[npt.NDArray[np.int32]], padding_ids: Sequence[int] = ()
    ) -> Scores:
        """Score int32 ids [tokens] of each text, with some ids behind the longest as padding."""

    def in_c_engine(self) -> Scorer | str:
        """Return the same file in the package's own engine, or what that does instead."""


OpenFile = Callable[[Path], Scorer]
"""Loads a model file the way users do; the exporters do not import the runtime themselves."""


@dataclass(frozen=True)
class Check:
    """What was looked at, as a line for people with the number and the limit."""

    name: str
    passed: bool | None
    """None if it could not be measured."""
    line: str
    value: float | None = None
    """What was measured, as it is, where it is a number."""


def check_operators(operators: Mapping[str, int], network: Network, rules: FormatRules) -> Check:
    """Check that a graph holds allowed operators only, and each recurrent layer's own."""

    def check(passed: bool, line: str) -> Check:
        return Check("operators", passed, line)

    layers = network.recurrent_layers
    foreign = sorted(set(operators) - rules.allowed(network.parts))
    if foreign:
        return check(
            False,
            f"the {rules.name} graph holds some outside the allowed list: {', '.join(foreign)}",
        )
    parts = [f"{sum(operators.values())} builtin operators"]
    loop = False
    operators_of: dict[str, list[Recurrent]] = {}
    for layer in layers:
        operators_of.setdefault(rules.cells[layer.part].operator, []).append(layer)
    for operator, readers in operators_of.items():
        expected = sum(len(x.directions) if rules.per_direction else 1 for x in readers)
        found = operators.get(operator, 0)
        if found != expected:
            return check(
                False, f"the {rules.name} graph holds {found} {operator}, expected {expected}"
            )
        loops = [layer for layer in readers if rules.cells[layer.part].loop]
        cells = " and ".join(dict.fromkeys(layer.cell for layer in loops))
        parts.append(f"{found} {operator}" + (f" ({cells} as a loop)" if loops else ""))
        loop = loop or bool(loops)
    if not loop:
        parts.append("no loop")
    return check(True, ", ".join(parts))


def check_problems(audit: Audit) -> Check:
    """Check that an audit found nothing that fails, or scores differently, somewhere."""
    problems = audit.problems
    if problems:
        found = "; ".join(f"{problem.subject}: {problem.why}" for problem in problems)
        return Check("audit", False, found)
    share = audit.quantized_share or 0.0
    recurrent = ", ".join(f"{n} {name}" for name, n in audit.recurrent_operators.items())
    return Check(
        "audit",
        True,
        f"{audit.counted_layers} in the source, {recurrent} in the graph; "
        f"{100 * share:.1f} % of the weights are quantized; no problem",
    )


def check_oldest_runtime(oldest: OldestRuntime, wanted: MinRuntime) -> Check:
    """Check that a file runs on the runtime that it has to run on."""
    if wanted.runs(oldest):
        return Check("oldest runtime", True, f"{oldest.text}, allowed {wanted}")
    reasons = "; ".join(reason.text for reason in oldest.reasons)
    return Check(
        "oldest runtime", False, f"{oldest.text}, allowed {wanted} (--min-runtime): {reasons}"
    )


def check_parity(
    scores: Scores, expected: Scores, limit: float, labels: Sequence[str] = ()
) -> Check:
    """Check that no score is further from the Keras model's than the limit.

    Args:
        scores: float32 [texts], or [texts, labels], the file's probabilities.
        expected: the Keras model's, of the same shape.
        limit: largest difference allowed.
        labels: names of the labels, where each has a probability.
    """
    differences = np.abs(scores - expected)
    largest = differences.max()
    # Not `>`: a score that is not a number must fail too.
    if not largest <= limit:
        worst = np.unravel_index(int(np.argmax(differences)), differences.shape)
        of = f" for {labels[int(worst[1])]}" if labels else ""
        return Check(
            "parity",
            False,
            f"text {worst[0] + 1} of {len(scores)} scores {scores[worst]:.6f}{of}, the Keras model "
            f"{expected[worst]:.6f}: {differences[worst]:.2g} off, allowed {limit:g}",
            float(largest),
        )
    return Check(
        "parity",
        True,
        f"{len(scores)} texts score as in Keras: largest difference {largest:.1e}, "
        f"allowed {limit:g}",
        float(largest),
    )


def check_labels(scores: Scores, expected: Scores, decision: Decision) -> Check:
    """Check that hardly any label is another than the Keras model's.

    Of more labels than two, the likeliest are often as likely as each other to the model itself.
    Such a text does not count.
    """
    changed = decision.flips(scores, expected)
    ties = 0
    if not decision.is_binary:
        tied = changed & (decision.margin(expected) < _TIE)
        changed, ties = changed & ~tied, int(tied.sum())
    flips = int(changed.sum())
    more = f"; {ties} more where the Keras model has two alike to {_TIE:g}" if ties else ""
    return Check(
        "label flips",
        flips <= MAX_FLIPS * len(scores),
        f"{flips} of {len(scores)} labels are not the Keras model's: "
        f"{100 * flips / len(scores):.2f} %, allowed {100 * MAX_FLIPS:g} %{more}",
        flips / len(scores),
    )


def check_accuracy(
    scores: Scores,
    expected: Scores,
    labels: npt.NDArray[Any],
    decision: Decision,
    limit: float,
) -> Check:
    """Check that a file is about as often right as the Keras model.

    Args:
        scores: float32 [texts], or [texts, labels], the file's probabilities.
        expected: the Keras model's, of the same shape.
        labels: the true ones, as `Decision.right` takes them.
        decision: from probabilities to labels.
        limit: largest loss of accuracy allowed, in points.
    """
    before, after = (float(decision.right(one, labels).mean() * 100) for one in (expected, scores))
    drop = before - after
    return Check(
        "accuracy",
        # Not `>`, and no score that is not a number.
        bool(np.isfinite(scores).all()) and drop <= limit,
        f"{after:.2f} % of {len(labels):,} validation texts right, the Keras model {before:.2f} %: "
        f"{max(drop, 0.0):.2f} points lost, allowed {limit:g}",
        drop,
    )


def check_same(name: str, scores: Scores, together: Scores) -> Check:
    """Check that scores do not depend on one kind of company.

    Args:
        name: what was changed, such as `order` or `batch`.
        scores: float32 [texts], or [texts, labels], the scores with that changed.
        together: the scores of the same texts in one call, of the same shape.
    """
    change = float(np.abs(scores - together).max())
    # Not `>`: what is not a number must fail too.
    if not change <= _SAME:
        return Check(
            name,
            False,
            f"a score depends on the {name}: it changes by {change:.2g}, allowed {_SAME:g}",
            change,
        )
    return Check(
        name,
        True,
        f"scores do not depend on the {name}: largest change {change:.1e}, allowed {_SAME:g}",
        change,
    )


def check_c_engine(scorer: Scorer, golden: Golden, decision: Decision) -> Check:
    """Check that the package's own engine answers a file's golden vectors as they are.

    It is what scores the file on most machines. Where it does not run it, another one does, and the
    check says so.

    Args:
        scorer: the file in the engine that the vectors are of.
        golden: the vectors; a probability may be as far off as they allow, and no label flips.
        decision: from probabilities to labels.
    """
    name = "C engine"
    engine = scorer.in_c_engine()
    if isinstance(engine, str):
        return Check(name, None, engine)
    vectors = [vector for vector in golden.vectors if vector.scores is not None]
    ids = [np.array(vector.ids, np.int32) for vector in vectors]
    expected = np.array([vector.scores for vector in vectors], np.float64)
    # A score of it depends on no other text: together or alone is one.
    found = engine.probabilities(ids).astype(np.float64)
    off = float(np.abs(found - expected).max())
    flips = int(decision.flips(found, expected).sum())
    # Not `>`: what is not a number must fail too.
    passed = off <= golden.tolerance and not flips
    line = f"{len(vectors)} golden vectors, largest difference {off:.1e}, allowed "
    line += f"{golden.tolerance:g}" + (f"; {flips} labels flip" if flips else "")
    return Check(name, passed, line, off)


def check_padding(scorer: Scorer, texts: Sequence[str], together: Scores) -> Check:
    """Check that ids behind a text, whichever they are, do not change its score."""
    encoder = scorer.encoder
    size = encoder.contract.vocabulary_size
    # Ids of the vocabulary, not the padding id: a network may have learnt to ignore that one.
    padding_ids = [1 + (7 * place) % (size - 1) if size > 1 else 0 for place in range(16)]
    return check_same(
        "padding", scorer.probabilities(encoder.encode_batch(texts), padding_ids), together
    )


def rounding_hint(rules: FormatRules, precision: str, network: Network) -> str:
    """Return what to try where a file's scores are too far off; empty where nothing is closer."""
    limit = rules.precisions[precision].tolerance
    closer = [
        one
        for one in rules.precisions.values()
        if one.tolerance < limit and not any(part in one.refused for part in network.parts)
    ]
    nearest = max(closer, key=lambda one: one.tolerance, default=None)
    return "" if nearest is None else f"--precision {nearest.name} rounds less"


def require(
    checks: Sequence[Check], output: Path, say: Callable[[str], None], hint: str = ""
) -> None:
    """Say which checks passed, and warn of what could not be measured.

    Args:
        checks: of a file.
        output: the file.
        say: gets a line for each check that passed.
        hint: ends the error, if all checks that failed are about rounding.

    Raises:
        ExportError: some failed; a line for each.
    """
    failed = [check for check in checks if check.passed is False]
    for check in checks:
        if check.passed:
            say(f"{check.name}: {check.line}")
        elif check.passed is None:
            warnings.warn(f"{check.name} {check.line}", RuntimeWarning, stacklevel=4)
    if failed:
        lines = [f"{check.name}: {check.line}" for check in failed]
        if hint and all(check.name in _OF_ROUNDING for check in failed):
            lines.append(hint)
        if len(failed) == 1:
            raise ExportError(f"{output} was not written: {'; '.join(lines)}")
        joined = "".join(f"\n  {line}" for line in lines)
        raise ExportError(f"{output} was not written: {joined}")
