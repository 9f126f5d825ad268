"""Compares one reading of model and vocabulary with what a person's own program gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError
from edgernn.text import TextContract, TextEncoder
from edgernn.text.decision import DecisionRule
from edgernn.training.imported.contracts import ImportOptions
from edgernn.training.imported.expected import Expected, ExpectedText
from edgernn.training.imported.settings import shown
from edgernn.training.imported.tokenizers import Vocabulary

__all__ = ["LONGEST", "Agreement", "Judge", "Logits", "Reading"]

LONGEST = 1 << 16
"""Tokens of a text before it is cut."""

Logits = Callable[[Sequence[npt.NDArray[np.int32]], int | None], npt.NDArray[np.float32]]
"""The model's logits, float32 [texts] or [texts, labels], of int32 ids [tokens] a text and
`Reading.padded_length`."""


@dataclass(frozen=True)
class Reading:
    """One way to read a vocabulary, with the options that lead to it."""

    options: ImportOptions
    vocabulary: Vocabulary
    contract: TextContract
    masked: bool
    """Whether the model leaves out ids of padding."""
    padded_length: int | None = None
    """What the model is built with, see `build`."""

    def encoder(self, **changes: object) -> TextEncoder:
        """Return the encoder, of a contract with some values changed."""
        contract = dataclasses.replace(self.contract, **changes)  # type: ignore[arg-type]
        return TextEncoder(contract, self.vocabulary.content)


@dataclass(frozen=True)
class Agreement:
    """What was compared, and did not differ."""

    texts: int
    ids: int
    scores: int
    skipped: int
    """Texts of which no token is left, which are not scored."""
    largest: float
    """Largest difference of a score."""
    open: tuple[str, ...]
    """What none of the texts could tell."""


class Judge:
    """Compares readings with what a person's program gives."""

    def __init__(
        self,
        expected: Expected,
        logits: Logits,
        rule: DecisionRule,
        sigmoid: bool,
        tolerance: float,
    ) -> None:
        """Take the texts and the model."""
        self.expected = expected
        self._rule = rule
        self._tolerance = tolerance
        self._logits = logits
        self._known: dict[tuple[tuple[int, ...], int | None], npt.NDArray[np.float32]] = {}
        if sigmoid and expected.logits:
            outside = (t for t in expected.texts if any(not 0 <= s <= 1 for s in t.scores or ()))
            bad = next(outside, expected.texts[0])
            raise DataError(f"{bad.where}: holds logits, and the model gives probabilities")
        self._scales: tuple[str, ...] = ("logit",) if expected.logits else ("probability",)
        if not sigmoid and not expected.logits:
            self._scales = ("probability", "logit")

    def compare(self, reading: Reading) -> Agreement | str:
        """Return what agrees, or a sentence on the first text that differs."""
        encoder = reading.encoder()
        bare = reading.encoder(max_length=LONGEST, padding="none")
        rows = [encoder.encode(text.text) for text in self.expected.texts]
        whole = [bare.encode(text.text) for text in self.expected.texts]
        ids = 0
        for text, ours, uncut in zip(self.expected.texts, rows, whole, strict=True):
            if text.ids is not None:
                if not _same_ids(reading, ours, uncut, text.ids):
                    return _about_ids(reading, text, ours, uncut)
                ids += 1
        scored = [
            (text, tuple(ours))
            for text, ours in zip(self.expected.texts, rows, strict=True)
            if text.scores is not None and ours
        ]
        largest = self._scores(scored, reading)
        if isinstance(largest, str):
            return largest
        skipped = sum(not ours for ours in rows)
        if skipped == len(rows):
            return f"{self.expected.path}: no token is left of any of its texts"
        return Agreement(
            len(rows), ids, len(scored), skipped, largest, _not_told(reading, self.expected, whole)
        )

    def _scores(
        self, scored: Sequence[tuple[ExpectedText, tuple[int, ...]]], reading: Reading
    ) -> float | str:
        """Return the largest difference, or a sentence on the first that is too large."""
        padded = reading.padded_length
        rows = dict.fromkeys(ids for _, ids in scored)
        new = [ids for ids in rows if (ids, padded) not in self._known]
        if new:
            found = self._logits([np.array(ids, np.int32) for ids in new], padded)
            self._known.update(
                ((ids, padded), np.atleast_1d(logit)) for ids, logit in zip(new, found, strict=True)
            )
        if not scored:
            return 0.0
        ours = np.array([self._known[ids, padded] for _, ids in scored], np.float64)
        theirs = np.array([text.scores for text, _ in scored], np.float64)
        sentence = ""
        for scale in self._scales:
            values = ours if scale == "logit" else _probabilities(ours, self._rule)
            off = np.abs(values - theirs)
            allowed = self._tolerance * np.maximum(1, np.abs(theirs))
            differs = ~(off <= allowed)  # what is no number differs, too
            texts = differs.any(axis=1)
            if not texts.any():
                return float(off.max())
            place = int(np.argmax(texts))
            one = int(np.argmax(differs[place]))
            if not sentence:
                label = "" if len(off[place]) == 1 else f" of {reading.contract.labels[one]}"
                sentence = (
                    f"{scored[place][0].where}: score{label} is {values[place, one]:.6f} here and "
                    f"{theirs[place, one]:.6f} there ({int(texts.sum())} of {len(off)} differ)"
                )
        return sentence


def _probabilities(logits: npt.NDArray[np.float64], rule: DecisionRule) -> npt.NDArray[np.float64]:
    """Return the probabilities of logits, float64 [texts, 1] or [texts, labels]."""
    if rule != "largest":
        return np.asarray(1 / (1 + np.exp(-logits)))
    return np.asarray(np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)))


def _same_ids(
    reading: Reading, ours: Sequence[int], uncut: Sequence[int], theirs: Sequence[int]
) -> bool:
    """Tell whether ids are the same, before padding or after it."""
    given = list(theirs)
    if given in (list(ours), list(uncut)):
        return True
    contract = reading.contract
    kept = list(uncut[-contract.max_length :] if contract.cut == "start" else uncut)
    kept = kept[: contract.max_length]
    if given == kept:
        return True
    # What a mask leaves out plays no part, and a text without tokens is not scored.
    return (reading.masked or not kept) and _stripped(given, contract.padding_id) == kept


def _stripped(ids: Sequence[int], padding: int) -> list[int]:
    found = list(ids)
    while found and found[-1] == padding:
        found.pop()
    while found and found[0] == padding:
        found.pop(0)
    return found


def _about_ids(
    reading: Reading, text: ExpectedText, ours: Sequence[int], uncut: Sequence[int]
) -> str:
    """Say where ids differ."""
    assert text.ids is not None
    padding = reading.contract.padding_id
    theirs = _stripped(text.ids, padding)
    bare = _stripped(ours, padding)
    if theirs == bare:
        return (
            f"{text.where}: padding differs: {_padding(ours, padding)} here, "
            f"{_padding(text.ids, padding)} there"
        )
    if len(text.ids) > len(ours) or (len(theirs) >= len(bare) and len(bare) < len(uncut)):
        left, right = list(uncut), theirs
    else:
        left, right = bare, theirs
    place = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    decode = reading.encoder(padding="none").decode

    def named(ids: Sequence[int]) -> str:
        if place >= len(ids):
            return "nothing"
        i = ids[place]
        if i == reading.contract.unknown_id:
            return f"{i} ({reading.vocabulary.unknown_name})"
        word = decode([i]) if i < reading.contract.vocabulary_size else ""
        return f"{i} ({shown(word)})" if word else str(i)

    shifts = {b - a for a, b in zip(left, right, strict=False)}
    all_off = (
        f": all ids there are {abs(shift)} {'higher' if shift > 0 else 'lower'}"
        if len(left) == len(right) > 1 and len(shifts) == 1 and (shift := shifts.pop())
        else ""
    )
    return (
        f"{text.where}: ids differ at token {place + 1}: {named(left)} here, {named(right)} there"
        f"{all_off}"
    )


def _padding(ids: Sequence[int], padding: int) -> str:
    bare = _stripped(ids, padding)
    if len(bare) == len(ids):
        return "none"
    side = "start" if ids[0] == padding else "end"
    return f"to {len(ids)} ids at the {side}"


def _not_told(
    reading: Reading, expected: Expected, whole: Sequence[Sequence[int]]
) -> tuple[str, ...]:
    """Name what no text could tell."""
    contract = reading.contract
    left = []
    if not any(
        len(ids) > contract.max_length
        and (text.scores is not None or len(text.ids or ids) <= contract.max_length)
        for text, ids in zip(expected.texts, whole, strict=True)
    ):
        left.append(f"texts of more than {contract.max_length} tokens")
    if contract.tokenizer == "words":
        unknown = contract.unknown_id
        if unknown is not None and not any(unknown in ids for ids in whole):
            left.append("unknown words")
    if contract.padding != "none" and not any(
        text.scores is not None
        or (len(text.ids or ()) == contract.max_length and contract.padding_id in (text.ids or ()))
        for text in expected.texts
    ):
        left.append("padding")
    return tuple(left)
