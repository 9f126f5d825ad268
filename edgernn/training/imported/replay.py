"""The proof by replay: a reading of model and vocabulary against a person's own program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract, TextEncoder
from edgernn.training.imported.contracts import ImportOptions
from edgernn.training.imported.expected import Expected, ExpectedText
from edgernn.training.imported.options import OpenQuestion
from edgernn.training.imported.settings import shown
from edgernn.training.imported.tokenizers import Vocabulary

__all__ = ["MIXED_TOLERANCES", "TOLERANCE", "Agreement", "Reading", "as_options", "replay"]

TOLERANCE = 1e-4
"""How far a score may be off; of logits beyond 1, this share of them."""

MIXED_TOLERANCES = {"mixed_float16": 5e-3, "mixed_bfloat16": 4e-2}
"""The same for a model of mixed precision: in each layer Keras rounds to 11 or 8 bits, steps of
4.9e-4 or 3.9e-3 below 1; this is ten of them."""

_LONGEST = 1 << 16
_MOST_READINGS = 64
_NO_LIMIT = 1 << 31

Logits = Callable[[Sequence[npt.NDArray[np.int32]], int | None], npt.NDArray[np.float32]]
"""The model's logits, float32 [texts], of int32 ids [tokens] a text and `Reading.padded_length`."""


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


Read = Callable[[ImportOptions], Reading]


def replay(
    read: Read,
    options: ImportOptions,
    expected: Expected,
    logits: Logits,
    *,
    sigmoid: bool,
    tolerance: float = TOLERANCE,
) -> tuple[Reading, Agreement]:
    """Find the reading that gives what a person's program gives.

    Args:
        read: reads the files by options.
        options: what was asked for. Questions that they leave open are answered by the texts.
        expected: the texts.
        logits: the model.
        sigmoid: whether the person's model ends with a sigmoid; one that does not gives logits.
        tolerance: how far a score may be off; of logits beyond 1, this share of them.

    Raises:
        DataError: ids or scores differ; the message names the first text, and options that would
            make all agree, if there are any.
        UsageError: the texts leave open which of several readings is right.
    """
    judge = Judge(expected, logits, sigmoid, tolerance)
    agreed: list[tuple[Reading, Agreement]] = []
    differing: list[tuple[Reading, str]] = []
    for reading in _readings(read, options):
        outcome = judge.compare(reading)
        if isinstance(outcome, str):
            differing.append((reading, outcome))
        elif all(_way(reading) != _way(other) for other, _ in agreed):
            agreed.append((reading, outcome))
    if len(agreed) > 1:
        either = ", or ".join(as_options(options, reading.options) for reading, _ in agreed)
        raise UsageError(
            f"{expected.path}: its texts agree with more than one reading ({either}): say which, "
            "or add texts that tell them apart"
        )
    if agreed:
        return agreed[0]
    reading, difference = differing[0]
    raise DataError(f"{difference}; {_hint(read, reading.options, judge)}; nothing was written")


def _way(reading: Reading) -> tuple[TextContract, int | None]:
    """Return all that scores depend on."""
    return reading.contract, reading.padded_length


def _readings(read: Read, options: ImportOptions) -> Iterator[Reading]:
    """Yield the readings that options leave open.

    Raises:
        UsageError, DataError: there is none.
    """
    pending, found = [options], 0
    error: UsageError | DataError | None = None
    while pending and found < _MOST_READINGS:
        first = pending.pop(0)
        try:
            reading = read(first)
        except OpenQuestion as question:
            pending[:0] = [dataclasses.replace(first, words=words) for words in question.answers]
        except (UsageError, DataError) as problem:
            error = error or problem
        else:
            found += 1
            yield reading
    if not found and error is not None:
        raise error


class Judge:
    """Compares readings with what a person's program gives."""

    def __init__(self, expected: Expected, logits: Logits, sigmoid: bool, tolerance: float) -> None:
        """Take the texts and the model."""
        self.expected = expected
        self._tolerance = tolerance
        self._logits = logits
        self._known: dict[tuple[tuple[int, ...], int | None], float] = {}
        if sigmoid and expected.logits:
            outside = (t for t in expected.texts if t.score and not 0 <= t.score <= 1)
            bad = next(outside, expected.texts[0])
            raise DataError(f"{bad.where}: holds logits, and the model gives probabilities")
        self._scales: tuple[str, ...] = ("logit",) if expected.logits else ("probability",)
        if not sigmoid and not expected.logits:
            self._scales = ("probability", "logit")

    def compare(self, reading: Reading) -> Agreement | str:
        """Return what agrees, or a sentence on the first text that differs."""
        encoder = reading.encoder()
        bare = reading.encoder(max_length=_LONGEST, padding="none")
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
            if text.score is not None and ours
        ]
        largest = self._scores(scored, reading.padded_length)
        if isinstance(largest, str):
            return largest
        skipped = sum(not ours for ours in rows)
        if skipped == len(rows):
            return f"{self.expected.path}: no token is left of any of its texts"
        return Agreement(
            len(rows), ids, len(scored), skipped, largest, _not_told(reading, self.expected, whole)
        )

    def _scores(
        self, scored: Sequence[tuple[ExpectedText, tuple[int, ...]]], padded: int | None
    ) -> float | str:
        """Return the largest difference, or a sentence on the first that is too large."""
        rows = dict.fromkeys(ids for _, ids in scored)
        new = [ids for ids in rows if (ids, padded) not in self._known]
        if new:
            found = self._logits([np.array(ids, np.int32) for ids in new], padded)
            self._known.update(
                ((ids, padded), float(logit)) for ids, logit in zip(new, found, strict=True)
            )
        ours = np.array([self._known[ids, padded] for _, ids in scored], np.float64)
        theirs = np.array([text.score for text, _ in scored], np.float64)
        sentence = ""
        for scale in self._scales:
            values = ours if scale == "logit" else 1 / (1 + np.exp(-ours))
            off = np.abs(values - theirs)
            allowed = self._tolerance * np.maximum(1, np.abs(theirs))
            differs = ~(off <= allowed)  # what is no number differs, too
            if not differs.any():
                return float(off.max(initial=0.0))
            place = int(np.argmax(differs))
            if not sentence:
                sentence = (
                    f"{scored[place][0].where}: score is {values[place]:.6f} here and "
                    f"{theirs[place]:.6f} there ({int(differs.sum())} of {len(off)} differ)"
                )
        return sentence


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
        and (text.score is not None or len(text.ids or ids) <= contract.max_length)
        for text, ids in zip(expected.texts, whole, strict=True)
    ):
        left.append(f"texts of more than {contract.max_length} tokens")
    if contract.tokenizer == "words":
        unknown = contract.unknown_id
        if unknown is not None and not any(unknown in ids for ids in whole):
            left.append("unknown words")
    if contract.padding != "none" and not any(
        text.score is not None
        or (len(text.ids or ()) == contract.max_length and contract.padding_id in (text.ids or ()))
        for text in expected.texts
    ):
        left.append("padding")
    return tuple(left)


def as_options(before: ImportOptions, after: ImportOptions) -> str:
    """Return the options that make one from the other, as they are typed."""
    parts = []
    for old, new in ((before, after), (before.words, after.words)):
        for field in dataclasses.fields(new):
            value = getattr(new, field.name)
            if value == getattr(old, field.name) or dataclasses.is_dataclass(value):
                continue
            if field.name == "lower":
                parts.append("--lower" if value else "--keep-case")
            elif value is not None:
                parts.append(f"--{field.name.replace('_', '-')} {value}")
    return " ".join(parts) or "the options as they are"


def _hint(read: Read, options: ImportOptions, judge: Judge) -> str:
    """Name options under which everything agrees; each is tried before it is named."""
    from edgernn.training.imported.variants import variants

    tried = set()
    for changed in variants(options, judge.expected):
        try:
            reading = read(changed)
        except (UsageError, DataError):
            continue
        if _way(reading) in tried:
            continue
        tried.add(_way(reading))
        if isinstance(judge.compare(reading), Agreement):
            typed = as_options(options, changed)
            if changed.words.num_words != options.words.num_words:
                typed = _with_limits(typed, read, options, changed, judge)
            return f"all agree with {typed}"
    if all(text.ids is None for text in judge.expected.texts):
        return "no usual option makes them agree (--num-words is tried only where there are ids)"
    return "no usual option makes them agree"


def _with_limits(
    typed: str, read: Read, options: ImportOptions, changed: ImportOptions, judge: Judge
) -> str:
    """Name all numbers for `--num-words` that no text tells apart, not the lowest as if it were it.

    They end at the lowest id above it that a text has here: that one has to be left out.
    """
    limit = changed.words.num_words
    assert limit is not None

    def limited(number: int) -> Reading:
        return read(dataclasses.replace(changed, words=changed.words.changed(num_words=number)))

    which = f"{limit} or more"
    for unlimited in (_NO_LIMIT, options.words.num_words or limit):
        try:
            encoder = limited(unlimited).encoder(max_length=_LONGEST, padding="none")
        except (UsageError, DataError):
            continue  # more words than the model has rows
        ids = {i for text in judge.expected.texts for i in encoder.encode(text.text)}
        highest = min((i for i in ids if i >= limit), default=None)
        if highest == limit:
            return typed
        if highest is not None and isinstance(judge.compare(limited(highest)), Agreement):
            which = f"{limit} to {highest}"
            break
    typed = typed.replace(f"--num-words {limit}", "--num-words N")
    return f"{typed}, N = {which}: no text tells which, so take your program's"
