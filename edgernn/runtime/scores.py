"""What a model says of texts, and what texts are taken from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgernn.later import Later
from edgernn.text import TextContract
from edgernn.text.decision import NO_LABEL
from edgernn.text.encoded import TextFacts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = Later("numpy")

__all__ = ["EMPTY", "NO_TOKEN", "Score", "problem_of", "scores_of", "texts_of", "without_label"]

EMPTY = "the text is empty"
NO_TOKEN = "no token is left of the text"
"""Why a text has no label: see `docs/contract.md`."""

# Told by their names, so that pandas is not loaded: `pandas.NA` and `pandas.NaT`.
_MISSING = frozenset({"NAType", "NaTType"})


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says of one text."""

    label: str | None
    """The label given, as the model's contract has it; of several the likeliest.

    None where there is a `reason`, and where the model gives no label: it is not sure enough, or
    none of several fits.
    """
    confidence: float | None
    """Probability of the likeliest label, in [0, 1]; None where there is a `reason`."""
    probability: float | None
    """The probability of the second (positive) label, in [0, 1], where a text has one of two; None
    with more labels, and where a text may have several."""
    probabilities: tuple[float, ...] | None
    """The probability of each of `labels`."""
    labels: tuple[str, ...]
    """All labels of the model, in its order."""
    known: float
    """Share of the text's tokens that the model's vocabulary has, in [0, 1].

    Of a text that is cut, the tokens that the model sees count. See `edgernn.text.EncodedTexts`.
    """
    truncated: bool
    """Whether the text is longer than the model's input, so that part of it was not looked at."""
    reason: str | None
    """Why the text cannot be scored, in one line; None where it is."""
    given: tuple[str, ...] = ()
    """All labels given, in the model's order: one, or none; where a text may have several, each
    whose probability reaches its threshold."""


class _Draft:
    """A `Score` in the making, which is a third of the work: a frozen one sets fields by calls.

    It has the same slots, so that it becomes one by its `__class__`.
    """

    __slots__ = Score.__slots__

    def __init__(
        self,
        label: str | None,
        confidence: float,
        probability: float | None,
        probabilities: tuple[float, ...],
        labels: tuple[str, ...],
        known: float,
        truncated: bool,
        given: tuple[str, ...],
    ) -> None:
        self.label = label
        self.confidence = confidence
        self.probability = probability
        self.probabilities = probabilities
        self.labels = labels
        self.known = known
        self.truncated = truncated
        self.reason = None
        self.given = given


def without_label(labels: tuple[str, ...], reason: str) -> Score:
    """Return the score of a text that cannot be scored."""
    return Score(None, None, None, None, labels, 0.0, False, reason)


def scores_of(
    contract: TextContract, texts: TextFacts, probabilities: list[float] | npt.NDArray[np.float32]
) -> list[Score]:
    """Return scores.

    Args:
        contract: has the labels, and which of them are given.
        texts: what was scored; one without ids gets no label.
        probabilities: float32 [texts] of the second label, or a list of them; or [texts, labels].
    """
    if isinstance(probabilities, list):
        second = probabilities
    elif contract.outputs > 1:
        return _scores_of_each(contract, texts, probabilities)
    else:
        second = probabilities.tolist()
    labels = contract.labels
    called, answers = contract.decides.told_apart(second)
    alone = tuple((label,) for label in labels)
    found = []
    rows = zip(
        *(texts.counts, texts.known, texts.truncated, second, called, answers),
        strict=True,
    )
    for count, known, truncated, p, label, answer in rows:
        if not count:
            found.append(without_label(labels, NO_TOKEN))
            continue
        # Exact: a float32 from 1 fits a float64.
        each = (1.0 - p, p)
        score: Any = _Draft(
            labels[label], each[label], p, each, labels, known, truncated, alone[label]
        )
        if answer == NO_LABEL:
            score.label, score.given = None, ()
        score.__class__ = Score
        found.append(score)
    return found


def _scores_of_each(
    contract: TextContract, texts: TextFacts, probabilities: npt.NDArray[np.float32]
) -> list[Score]:
    """Return scores by float32 [texts, labels]."""
    labels, decision = contract.labels, contract.decides
    answers = decision.answers(probabilities)
    if decision.rule == "each":
        # Of those given the likeliest; of equal ones the first.
        likeliest = np.where(answers, probabilities, -1).argmax(axis=1).tolist()
        # All at once: numpy takes its time for each call, however few labels a text has.
        fitting: list[list[str]] = [[] for _ in answers]
        for row, number in zip(*(axis.tolist() for axis in answers.nonzero()), strict=True):
            fitting[row].append(labels[number])
        given = [tuple(some) for some in fitting]
    else:
        likeliest = answers.tolist()
        given = [() if number == NO_LABEL else (labels[number],) for number in likeliest]
    rows = zip(
        *(texts.counts, texts.known, texts.truncated, likeliest, given),
        # A list a text at a time: the garbage collector looks through all that are there, which
        # took two thirds of the time with 150 labels.
        *(decision.confidence(probabilities).tolist(), map(np.ndarray.tolist, probabilities)),
        strict=True,
    )
    found = []
    for count, known, truncated, number, names, confidence, each in rows:
        if not count:
            found.append(without_label(labels, NO_TOKEN))
            continue
        label = labels[number] if names else None
        score: Any = _Draft(label, confidence, None, tuple(each), labels, known, truncated, names)
        score.__class__ = Score
        found.append(score)
    return found


def problem_of(text: object) -> str | None:
    """Return why something cannot be scored, before any token is looked for; None if it can."""
    if isinstance(text, str):
        return EMPTY if not text or text.isspace() else None
    kind = type(text).__name__
    # A float that is not itself is not a number: how pandas and numpy mark an empty cell.
    if text is None or kind in _MISSING or (isinstance(text, float) and text != text):
        return "the text is missing"
    return f"the text is a {kind}, not a string"


def texts_of(texts: Iterable[Any]) -> Sequence[Any]:
    """Return texts as a list or tuple, from whatever holds them in one order.

    Raises:
        TypeError: it is one text, a table, or has no order.
    """
    if isinstance(texts, list | tuple):
        return texts
    if isinstance(texts, str | bytes):
        raise TypeError("score takes a list of texts; for one text: score([text])")
    shape = getattr(texts, "shape", None)
    if (shape is not None and len(shape) != 1) or hasattr(texts, "num_columns"):
        raise TypeError(
            f"score takes one column of texts, not a {type(texts).__name__}"
            + (f" of shape {tuple(shape)}" if shape is not None else "")
        )
    if isinstance(texts, Mapping | Set):
        raise TypeError(f"score takes texts in their order, which a {type(texts).__name__} lacks")
    # An Arrow array yields wrapped values; numpy's would be wrapped, too.
    for unpack in ("to_pylist", "tolist"):
        if hasattr(texts, unpack):
            return list(getattr(texts, unpack)())
    return list(texts)
