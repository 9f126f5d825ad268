"""A person's vocabulary, model and options as one text contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edgernn.errors import UsageError
from edgernn.text import TextContract
from edgernn.text.contract import Padding, Tokenizer
from edgernn.text.decision import DecisionRule
from edgernn.training.imported.described import end_of
from edgernn.training.imported.files import sha256_of
from edgernn.training.imported.layers import Architecture
from edgernn.training.imported.tokenizers import Vocabulary, WordOptions
from edgernn.training.imported.word_files import Side
from edgernn.training.vocabulary import VOCABULARY_FILES

__all__ = ["ImportOptions", "about_padding", "check_labels", "contract_of", "rule_of"]


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What is imported, and what no file says about it."""

    model: Path
    output: Path
    name: str
    tokenizer: Path | None = None
    """The vocabulary; None: it is part of the model, a `TextVectorization` layer."""
    max_length: int | None = None
    """Longest input in tokens: `maxlen` of `pad_sequences`. None: as model or vocabulary say."""
    weights: Path | None = None
    """The weights, if `model` is a JSON of the layers."""
    padding: Side | Literal["none"] | None = None
    """Where the padding zeros were in training; plays no part if the model masks them. None: as the
    vocabulary says, or `pre`."""
    truncating: Side | None = None
    """Which end of a text was cut off in training. None: as the vocabulary says, or `pre`."""
    words: WordOptions = field(default_factory=WordOptions)
    labels: tuple[str, ...] | None = None
    """In the order of the model's units; None: negative, positive."""
    threshold: float | None = None
    """From which probability on the second label is given, or each of several; None: one half."""
    decision: DecisionRule | None = None
    """How what the model gives becomes labels; None: as its end says."""
    expect: Path | None = None
    """Texts with ids or scores of the person's own program."""


def contract_of(
    options: ImportOptions, vocabulary: Vocabulary, architecture: Architecture
) -> TextContract:
    """Join vocabulary and options to a text contract that fits the model.

    Raises:
        UsageError: they do not fit each other.
    """
    embedding = architecture.embedding
    for name, given in (("start", vocabulary.start_id), ("unknown", vocabulary.unknown_id)):
        if given == 0 and embedding.mask_zero:
            raise UsageError(
                f"--{name}-id 0: is padding, which this model does not read (mask_zero=True)"
            )
    padding: Padding = "none"
    side = _same("padding", options, options.padding, vocabulary.padding)
    masked = embedding.mask_zero and vocabulary.padding_id == 0
    if not masked and side != "none":
        padding = "end" if side == "post" else "start"
    truncating = _same("truncating", options, options.truncating, vocabulary.truncating)
    tokenizer: Tokenizer = "subwords" if vocabulary.kind == "SubwordTextEncoder" else "words"
    return TextContract(
        vocabulary_sha256=sha256_of(vocabulary.content),
        vocabulary_size=vocabulary.size,
        max_length=_max_length(options, vocabulary, architecture),
        cut="end" if truncating == "post" else "start",
        unicode_form=vocabulary.unicode_form,
        case=vocabulary.case,
        tokenizer=tokenizer,
        separators=vocabulary.separators,
        deleted_characters=vocabulary.deleted_characters,
        first_word_id=vocabulary.first_word_id,
        unknown_id=vocabulary.unknown_id,
        start_id=vocabulary.start_id,
        vocabulary_file=VOCABULARY_FILES[tokenizer],
        padding=padding,
        padding_id=vocabulary.padding_id,
        **_decided(options, architecture),
    )


def rule_of(options: ImportOptions, architecture: Architecture) -> DecisionRule:
    """Return how what a model gives becomes labels.

    Raises:
        UsageError: it was asked for what the model's end does not allow.
    """
    end, asked = architecture.end, options.decision
    fits: tuple[DecisionRule, ...] = ("threshold",)
    if end == "sigmoids":
        fits = ("each",)
    elif end in ("softmax", "logits"):
        fits = ("threshold",) if architecture.units == 2 else ("largest",)
        fits = (*fits, "each") if end == "logits" else fits
    if asked is not None and asked not in fits:
        raise UsageError(
            f"--decision {asked}: {options.model} ends with {end_of(architecture)}, whose decision "
            f"is {' or '.join(fits)}"
        )
    return asked or fits[0]


def check_labels(options: ImportOptions, architecture: Architecture) -> None:
    """Make sure that labels, threshold and decision are for the model's end.

    Raises:
        UsageError: they are not.
    """
    _decided(options, architecture)


def _decided(options: ImportOptions, architecture: Architecture) -> dict[str, Any]:
    """Return the fields of the contract about labels.

    Raises:
        UsageError: there are more labels or fewer than the model tells apart, or a threshold where
            there is none.
    """
    rule, units = rule_of(options, architecture), architecture.units
    number = 2 if rule == "threshold" else units
    labels = options.labels
    if labels is None and rule != "threshold":
        raise UsageError(
            f"--labels: is missing, and {options.model} has {units:,} units at its end: their "
            "names in that order, with commas between"
        )
    labels = labels or ("negative", "positive")
    if len(labels) != number:
        raise UsageError(
            f"--labels {','.join(labels)}: {len(labels):,} names, and {options.model} tells "
            f"{number:,} labels apart"
        )
    threshold = options.threshold
    if rule == "largest" and threshold is not None:
        raise UsageError(
            f"--threshold {threshold:g}: {options.model} gives the likeliest of {units:,} labels, "
            "however likely it is"
        )
    threshold = 0.5 if threshold is None else threshold
    return {
        "labels": labels,
        "decision": rule,
        "threshold": threshold if rule == "threshold" else None,
        "thresholds": (threshold,) * units if rule == "each" else (),
    }


def _same(name: str, options: ImportOptions, asked: str | None, said: str | None) -> str | None:
    """Return what was asked for or what the vocabulary says, which must not differ."""
    if asked is not None and said is not None and asked != said:
        raise UsageError(f"--{name} {asked}: {options.tokenizer or options.model} says {said}")
    return asked if asked is not None else said


def _max_length(options: ImportOptions, vocabulary: Vocabulary, architecture: Architecture) -> int:
    asked, fixed = options.max_length, architecture.input_length
    for known, where in (
        (fixed, options.model),
        (vocabulary.max_length, options.tokenizer or options.model),
    ):
        if known is not None and asked is not None and known != asked:
            raise UsageError(
                f"--max-length {asked}: {where} takes {known} ids at a time: --max-length {known}"
            )
    if fixed is not None and options.padding == "none" and not architecture.embedding.mask_zero:
        raise UsageError(
            f"--padding none: {options.model} takes exactly {fixed} ids, so its texts were padded"
        )
    found = asked or fixed or vocabulary.max_length
    if found is None:
        raise UsageError(
            f"--max-length: is missing, and {options.model} takes texts of any length: the maxlen "
            "of pad_sequences, or the longest text to be read, in tokens"
        )
    if vocabulary.max_length not in (None, found):
        raise UsageError(
            f"{options.tokenizer or options.model}: makes {vocabulary.max_length} ids of a text, "
            f"{options.model} takes {fixed}"
        )
    return found


def about_padding(
    options: ImportOptions, contract: TextContract, architecture: Architecture
) -> str:
    """Say in one line where texts are padded and cut."""
    cut = f"longer texts lose their {contract.cut}"
    if contract.padding == "none" and architecture.embedding.mask_zero:
        return f"the model masks padding: texts are scored at their own length; {cut}"
    if contract.padding == "none":
        return f"no mask and no padding: texts are scored at their own length; {cut}"
    side = "pre" if contract.padding == "start" else "post"
    value = f", value={contract.padding_id}" if contract.padding_id else ""
    return (
        f"no mask: texts are padded to {contract.max_length} ids at their {contract.padding}, as "
        f"pad_sequences(padding='{side}'{value}) does; {cut}"
    )
