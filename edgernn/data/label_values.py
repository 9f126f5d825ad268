"""What the values of a label column mean: positive and negative, or labels of their own.

What a value means is decided by all values that a column holds: a 1 is positive beside a 0 and
negative beside a 2. What is not plain is asked for, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edgernn.data.examples import CLASSES
from edgernn.data.label_numbers import plain_commas
from edgernn.data.label_options import LabelRule, as_option
from edgernn.data.label_proposals import as_two, doubt, listed, not_understood
from edgernn.data.label_spelling import fold, ordered, shown
from edgernn.data.plain_labels import plain
from edgernn.errors import DataError, UsageError
from edgernn.text.contract import TextContract

__all__ = ["LabelsError", "Meanings", "OneLabelError", "check_names", "decide", "meanings_of_names"]

_OWN_NAMES = frozenset((*CLASSES, "neg", "pos"))
"""Values of which nobody needs to be told what they mean."""

_LONGEST_NAME = 256
"""Characters, as a text contract has it."""


class LabelsError(DataError):
    """What the labels of a file mean is not known."""


class OneLabelError(DataError):
    """By what a person said, the rows of a file are all positive or all negative, or left out."""


@dataclass(frozen=True)
class Meanings:
    """What the values of one column mean."""

    column: str
    labels: Mapping[str, int | None]
    """From folded values to the label's number, or None where the rows are left out."""
    counts: Mapping[str, int]
    """Rows of each value."""
    classes: tuple[str, ...] = CLASSES
    """The name of each label, by its number."""
    hint: str = ""
    """What could be said instead, for a line of labels of their own."""

    def line(self) -> str | None:
        """Say in a line what was taken for what; None where the values are the labels' names."""
        dropped = [value for value, meaning in self.labels.items() if meaning is None]
        if self.classes != CLASSES:
            kept = [value for value, meaning in self.labels.items() if meaning is not None]
            kept.sort(key=lambda value: self.labels[value] or 0)
            out = f"; {listed(dropped, self.counts)} = left out" if dropped else ""
            names = {value: self.classes[self.labels[value] or 0] for value in kept}
            rows: Counter[str] = Counter()
            for value in kept:
                rows[names[value]] += self.counts[value]
            there = listed([name for name in self.classes if name in rows], rows)
            return f"{shown(self.column)}: {len(rows):,} labels: {there}{out}{self.hint}"
        if all(value in _OWN_NAMES for value in self.labels):
            return None
        parts = []
        for label in (1, 0, None):
            values = [value for value, meaning in self.labels.items() if meaning == label]
            if values:
                title = "left out" if label is None else CLASSES[label]
                parts.append(f"{listed(values, self.counts)} = {title}")
        return f"{shown(self.column)}: {'; '.join(parts)}"

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return the rows of each value by what it means; of values left out their number alone."""
        found: dict[str, dict[str, int]] = {}
        for value, label in self.labels.items():
            if label is not None:
                found.setdefault(self.classes[label], {})[value] = self.counts[value]
        dropped = [self.counts[value] for value, label in self.labels.items() if label is None]
        if dropped:
            # A label of that very name comes first.
            found.setdefault("left out", {"rows": sum(dropped)})
        return found


def decide(
    counts: Mapping[str, int],
    rule: LabelRule,
    *,
    name: str,
    column: str,
    names: Mapping[str, str] | None = None,
    contract: TextContract | None = None,
) -> Meanings:
    """Decide what the values of a column mean.

    Args:
        counts: rows of each folded value; none of them is missing.
        rule: what a person says about them.
        name: the file, for messages.
        column: likewise.
        names: how each folded value is spelled as a label's name; left out, as it is.
        contract: that of the model that the labels are for; None where one is to be trained.

    Raises:
        LabelsError: a value is not understood; the message lists the values with their rows, and
            has options that settle them, or says which there are.
        OneLabelError: the rule leaves one label, or none.
        UsageError: the rule does not go with the model's labels.
    """
    names = {} if names is None else names
    numbers = plain_commas(counts)
    if rule.labels:
        return meanings_of_names(rule.labels, counts, rule, name=name, column=column)
    if contract is not None and _has_own_names(contract):
        if contract.decision == "threshold" and (rule.positive or rule.negative):
            pass
        elif contract.decision != "threshold" or _are_named(counts, rule, contract):
            return meanings_of_names(
                contract.labels, counts, rule, name=name, column=column, of_model=True
            )
    if numbers:
        # A 5,0 is a 5 where the column is all of such numbers, and may be named as either.
        plainly: Counter[str] = Counter()
        for value, rows in counts.items():
            plainly[numbers[value]] += rows
        spelling = {numbers[value]: names.get(value, value) for value in counts}
        found = decide(plainly, rule.renamed(numbers), name=name, column=column, names=spelling,
                       contract=contract)  # fmt: skip
        same = {value: found.labels[numbers[value]] for value in sorted(counts)}
        return Meanings(column, same, dict(counts), found.classes, found.hint)
    labels: dict[str, int | None] = {}
    for value in counts:
        side = rule.meaning(value)
        if side is not None:
            labels[value] = {"positive": 1, "negative": 0, "drop": None}[side]
    rest = [value for value in counts if value not in labels]
    # Who says what is positive does not want the rest to be guessed.
    is_asked = bool(rule.positive or rule.negative)
    found_plain = None if is_asked else plain(rest)
    classes, hint = CLASSES, ""
    if rest and found_plain is None:
        if is_asked or contract is not None:
            raise LabelsError(not_understood(counts, rule, rest, name, column))
        reason = doubt(counts, rule, rest, name, column)
        if reason is not None:
            raise LabelsError(reason)
        in_order = ordered(rest)
        classes = tuple(names.get(value, value) for value in in_order)
        check_names(classes, name, column)
        labels.update({value: number for number, value in enumerate(in_order)})
        hint = _hint(classes, counts, rule, rest)
    labels.update(found_plain or {})
    if rule and not {0, 1} <= {*labels.values()}:
        start = f"{name}: column {shown(column)!r} holds {listed(ordered(list(counts)), counts)}"
        if not any(map(rule.names, counts)):
            raise LabelsError(f"{start}: {rule.options()} names none of them")
        there = [CLASSES[label] for label in (0, 1) if label in labels.values()]
        left = f"all {there[0]}" if there else "none that is positive or negative"
        raise OneLabelError(f"{start}: with {rule.options()} {left}; both labels are needed")
    by_value = {value: labels[value] for value in sorted(counts)}
    return Meanings(column, by_value, dict(counts), classes, hint)


def meanings_of_names(
    classes: tuple[str, ...],
    counts: Mapping[str, int],
    rule: LabelRule,
    *,
    name: str,
    column: str,
    of_model: bool = False,
) -> Meanings:
    """Find the values of a column among labels that are known by their names.

    Args:
        classes: the labels' names.
        counts: rows of each folded value.
        rule: whose `drop` leaves values out.
        name: the file, for messages.
        column: likewise.
        of_model: whether the labels are those of a model, instead of an option's.

    Raises:
        LabelsError: a value is none of them, or none is there.
        UsageError: the rule makes positive and negative ones of them.
    """
    if of_model and (rule.positive or rule.negative):
        raise UsageError(
            f"the model has {len(classes):,} labels of its own, {_few(classes)}; leave --positive "
            "and --negative out"
        )
    numbers = plain_commas(counts)
    by_name = {numbers.get(fold(label), fold(label)): n for n, label in enumerate(classes)}
    labels: dict[str, int | None] = {}
    for value in sorted(counts):
        known = by_name.get(numbers.get(value, value))
        # A value that is named itself is no rest.
        if rule.meaning(value) == "drop" and (known is None or value in rule.drop):
            labels[value] = None
        elif known is not None:
            labels[value] = known
    unknown = ordered([value for value in counts if value not in labels])
    if not unknown and any(label is not None for label in labels.values()):
        return Meanings(column, labels, dict(counts), classes)
    start = f"{name}: column {shown(column)!r} holds {listed(unknown or ordered(counts), counts)}"
    whose = "the model has" if of_model else "--labels names"
    raise LabelsError(
        f"{start}, for which {whose} no label; the labels are {_few(classes)}: name another column "
        f"with --label-column, or leave those rows out with --drop "
        f"{as_option(unknown) if len(unknown) <= len(classes) else as_option(['*'])}"
    )


def check_names(classes: tuple[str, ...], name: str, column: str) -> None:
    """Make sure that values can be the names of labels.

    Raises:
        LabelsError: one cannot.
    """
    for label in classes:
        if len(label) > _LONGEST_NAME or not label.isprintable():
            why = f"are more than {_LONGEST_NAME}" if label.isprintable() else "cannot be printed"
            raise LabelsError(
                f"{name}: column {shown(column)!r} holds {shown(label)}, which is no label: its "
                f"characters {why}; name the column of labels with --label-column"
            )


def _has_own_names(contract: TextContract) -> bool:
    return contract.labels != CLASSES or contract.decision != "threshold"


def _are_named(counts: Mapping[str, int], rule: LabelRule, contract: TextContract) -> bool:
    """Tell whether all values that are not left out are labels of a model."""
    known = set(map(fold, contract.labels))
    return all(value in known or rule.meaning(value) == "drop" for value in counts)


def _hint(
    classes: tuple[str, ...], counts: Mapping[str, int], rule: LabelRule, rest: list[str]
) -> str:
    """Say what else could be made of values that became labels of their own."""
    if len(classes) == len(CLASSES):
        turned = as_option(classes[::-1])
        return f"; the probability is that of {classes[1]}, --labels {turned} turns them round"
    two = as_two(counts, rule, rest)
    return "" if two is None else f"; for two of them: {two}"


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
    return f"{', '.join(map(shown, names[:12]))}{more}"
