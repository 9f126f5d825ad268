"""The proof by replay: a reading of model and vocabulary against a person's own program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract
from edgernn.text.decision import DecisionRule
from edgernn.training.imported.contracts import ImportOptions
from edgernn.training.imported.expected import Expected
from edgernn.training.imported.judge import LONGEST, Agreement, Judge, Logits, Reading
from edgernn.training.imported.options import OpenQuestion

__all__ = ["MIXED_TOLERANCES", "TOLERANCE", "as_options", "replay"]

TOLERANCE = 1e-4
"""How far a score may be off; of logits beyond 1, this share of them."""

MIXED_TOLERANCES = {"mixed_float16": 5e-3, "mixed_bfloat16": 4e-2}
"""The same for a model of mixed precision: in each layer Keras rounds to 11 or 8 bits, steps of
4.9e-4 or 3.9e-3 below 1; this is ten of them."""

_MOST_READINGS = 64
_NO_LIMIT = 1 << 31

Read = Callable[[ImportOptions], Reading]


def replay(
    read: Read,
    options: ImportOptions,
    expected: Expected,
    logits: Logits,
    *,
    rule: DecisionRule = "threshold",
    sigmoid: bool,
    tolerance: float = TOLERANCE,
) -> tuple[Reading, Agreement]:
    """Find the reading that gives what a person's program gives.

    Args:
        read: reads the files by options.
        options: what was asked for. Questions that they leave open are answered by the texts.
        expected: the texts.
        logits: the model.
        rule: how what it gives becomes labels.
        sigmoid: whether the person's model ends with a sigmoid or softmax; one that does not gives
            logits.
        tolerance: how far a score may be off; of logits beyond 1, this share of them.

    Raises:
        DataError: ids or scores differ; the message names the first text, and options that would
            make all agree, if there are any.
        UsageError: the texts leave open which of several readings is right.
    """
    judge = Judge(expected, logits, rule, sigmoid, tolerance)
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
            encoder = limited(unlimited).encoder(max_length=LONGEST, padding="none")
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
