"""The text contract: everything between a text and the ids that a model was trained on, as data.

A model file carries it as `contract.json`. Readers refuse what they do not know: another version,
an unknown field, an unknown rule. So a file is either read exactly as it was trained, or not at
all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

from edgernn.errors import ModelFileError
from edgernn.text.decision import Decision, DecisionRule
from edgernn.text.normalize import (
    Case,
    ControlCharacters,
    Hashtags,
    HtmlBreaks,
    HtmlEntities,
    Quotes,
    UnicodeForm,
)
from edgernn.text.word_rule import Symbols, UnspacedScripts, WordClass

__all__ = ["CONTRACT_VERSIONS", "Cut", "Padding", "TextContract", "Tokenizer"]

CONTRACT_VERSIONS = (1, 2)
"""The versions that this package reads and writes."""

Tokenizer = Literal["subwords", "words"]
"""Token rule: `subwords` is TFDS's `SubwordTextEncoder` (`edgernn.text.SubwordEncoder`), `words`
splits at characters, as Keras's `Tokenizer` does (`edgernn.text.WordEncoder`)."""

Cut = Literal["start", "end"]
"""Which end of a text that is longer than the longest input is cut off."""

Padding = Literal["none", "start", "end"]
"""Where padding ids stand until a text has `max_length` ids; the network reads them like any other
token. For models that were trained on padded input without a mask."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "unicode_form": get_args(UnicodeForm),
    "html_breaks": get_args(HtmlBreaks),
    "control_characters": get_args(ControlCharacters),
    "case": get_args(Case),
    "decision": get_args(DecisionRule),
    "html_entities": get_args(HtmlEntities),
    "quotes": get_args(Quotes),
    "hashtags": get_args(Hashtags),
    "symbols": get_args(Symbols),
    "unspaced_scripts": get_args(UnspacedScripts),
    "word_class": get_args(WordClass),
    "tokenizer": get_args(Tokenizer),
    "cut": get_args(Cut),
    "padding": get_args(Padding),
}
_MAX_LENGTH_LIMIT = 1 << 16
_MAX_CHARACTERS = 1 << 12
_MAX_STOP_WORDS = 1 << 14
_MAX_LABELS = 1 << 10
_MAX_LABEL_CHARACTERS = 1 << 8
_WORD_FIELDS = (
    "separators",
    "word_characters",
    "stop_words",
    "first_word_id",
    "unknown_id",
    "start_id",
    "symbols",
    "unspaced_scripts",
    "word_class",
)


@dataclass(frozen=True, kw_only=True)
class TextContract:
    """The whole way from a text to ids, and from probabilities to labels.

    Fields from `decision` on, and labels of any number, are those of version 2.
    """

    vocabulary_sha256: str
    """SHA-256 of the vocabulary file's bytes, in lower-case hexadecimal."""
    vocabulary_size: int
    """Number of ids; every id is in [0, vocabulary_size)."""
    max_length: int
    """Longest input in tokens."""
    cut: Cut
    """Which end is cut off when a text has more tokens."""
    version: int | None = None
    """None becomes the lowest that can say what the other fields say."""
    unicode_form: UnicodeForm = "none"
    html_breaks: HtmlBreaks = "keep"
    control_characters: ControlCharacters = "keep"
    case: Case = "keep"
    tokenizer: Tokenizer = "subwords"
    separators: str = ""
    """Of `words`: each of these characters ends a word and belongs to none, and so does a space."""
    word_characters: str = ""
    """Of `words`: if not empty, every character but these ends a word and belongs to none; either
    this or `separators` is given."""
    stop_words: tuple[str, ...] = ()
    """Of `words`: words that are left out, as they are spelled after normalization."""
    first_word_id: int | None = None
    """Of `words`: the id of the vocabulary's first word; the others count on from it."""
    unknown_id: int | None = None
    """Of `words`: the id of every word outside the vocabulary; None leaves them out."""
    start_id: int | None = None
    """Of `words`: an id in front of every text, put there before the cut; None: there is none."""
    vocabulary_file: str = "vocabulary.subwords"
    """Name of the vocabulary among the attachments of the model file."""
    padding: Padding = "none"
    padding_id: int = 0
    labels: tuple[str, ...] = ("negative", "positive")
    """Names of the classes, in the order of the model's probabilities."""
    threshold: float | None = 0.5
    """Of the decision `threshold`: the second label is given when its probability is at least this;
    None with another decision."""
    decision: DecisionRule = "threshold"
    """How probabilities become labels."""
    thresholds: tuple[float, ...] = ()
    """Of the decision `each`: from which probability on each label is given."""
    none_below: float | None = None
    """Of `threshold` and `largest`: a label less probable than this is not given."""
    html_entities: HtmlEntities = "keep"
    quotes: Quotes = "keep"
    hashtags: Hashtags = "keep"
    deleted_characters: str = ""
    """Characters that are taken out, so that their neighbours join."""
    symbols: Symbols = "keep"
    """Of `words`: what becomes of emoji and like signs."""
    unspaced_scripts: UnspacedScripts = "keep"
    """Of `words`: what becomes of scripts that are written without spaces."""
    word_class: WordClass = "listed"
    """Of `words`: with `letters`, words are letters, marks and digits of all scripts, and what is
    in `word_characters`."""

    def __post_init__(self) -> None:
        """Check every value, and find the version.

        Raises:
            ModelFileError: a value is outside what the version of the contract knows.
        """
        if self.version is None:
            is_second = len(self.labels) > 2 or self._second_version()
            object.__setattr__(self, "version", 2 if is_second else 1)
        _require_version(self.version)
        if self.version == 1 and (names := self._second_version()):
            raise ModelFileError(f"text contract version 1 has no {', '.join(names)}")
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ModelFileError(
                    f"text contract rule {name}={value!r} is not known here "
                    f"(known: {', '.join(choices)}): update edgernn"
                )
        _require_int("vocabulary_size", self.vocabulary_size, 1, 1 << 24)
        _require_int("max_length", self.max_length, 1, _MAX_LENGTH_LIMIT)
        _require_int("padding_id", self.padding_id, 0, self.vocabulary_size - 1)
        self._check_words()
        self._check_decision()
        for name in ("vocabulary_sha256", "vocabulary_file"):
            if not isinstance(getattr(self, name), str):
                raise ModelFileError(f"text contract: {name} is not a string")
        if self.version == 1:
            if len(self.labels) != 2 or not _are_names(self.labels):
                raise ModelFileError(f"text contract: labels {self.labels!r} are not two names")
        elif not 2 <= len(self.labels) <= _MAX_LABELS or not _are_names(self.labels):
            raise ModelFileError(
                f"text contract: labels are not 2 to {_MAX_LABELS:,} different names"
            )
        elif max(map(len, self.labels)) > _MAX_LABEL_CHARACTERS:
            raise ModelFileError(
                f"text contract: a label has more than {_MAX_LABEL_CHARACTERS} characters"
            )

    def _second_version(self) -> list[str]:
        """Return the names of fields of version 2 with a value that version 1 cannot say."""
        return [name for name, default in _SECOND.items() if getattr(self, name) != default]

    def _check_decision(self) -> None:
        if self.decision != "threshold":
            if self.threshold is not None:
                raise ModelFileError(f"text contract: decision {self.decision!r} has no threshold")
        elif not _is_share(self.threshold):
            raise ModelFileError(f"text contract: threshold {self.threshold!r} is not in (0, 1)")
        if self.version == 1:
            return
        if self.decision == "threshold" and len(self.labels) != 2:
            raise ModelFileError("text contract: decision 'threshold' is one of two labels")
        if self.decision == "largest" and len(self.labels) < 3:
            raise ModelFileError("text contract: decision 'largest' is one of three labels or more")
        expected = len(self.labels) if self.decision == "each" else 0
        if len(self.thresholds) != expected or not all(map(_is_share, self.thresholds)):
            raise ModelFileError(
                f"text contract: thresholds is not a list of {expected} numbers in (0, 1)"
            )
        if self.none_below is not None:
            if self.decision == "each":
                raise ModelFileError("text contract: decision 'each' has no none_below")
            if not _is_share(self.none_below):
                raise ModelFileError(
                    f"text contract: none_below {self.none_below!r} is not in (0, 1)"
                )

    def _check_words(self) -> None:
        for name in ("separators", "word_characters", "deleted_characters"):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
                raise ModelFileError(
                    f"text contract: {name} is not a string of at most {_MAX_CHARACTERS} characters"
                )
        words = self.stop_words
        if len(words) > _MAX_STOP_WORDS or not all(isinstance(w, str) and w for w in words):
            raise ModelFileError(
                f"text contract: stop_words is not a list of at most {_MAX_STOP_WORDS} words"
            )
        given = [
            field.name
            for field in fields(self)
            if field.name in _WORD_FIELDS and getattr(self, field.name) not in (field.default, "")
        ]
        if self.tokenizer != "words":
            if given:
                raise ModelFileError(
                    f"text contract: tokenizer {self.tokenizer!r} has no {', '.join(given)}"
                )
            return
        if self.word_class == "letters":
            if self.separators:
                raise ModelFileError("text contract: word_class 'letters' has no separators")
        elif bool(self.separators) == bool(self.word_characters):
            raise ModelFileError(
                "text contract: tokenizer 'words' needs either separators or word_characters"
            )
        _require_int("first_word_id", self.first_word_id, 1, self.vocabulary_size)
        for name in ("unknown_id", "start_id"):
            if getattr(self, name) is not None:
                _require_int(name, getattr(self, name), 0, self.vocabulary_size - 1)

    @property
    def outputs(self) -> int:
        """How many probabilities the model gives for a text: one in all, or one for each label."""
        return 1 if self.decision == "threshold" else len(self.labels)

    @cached_property
    def decides(self) -> Decision:
        """How the model's scores become labels."""
        return Decision(self.threshold, self.decision, self.thresholds, self.none_below)

    def to_json(self) -> str:
        """Return the contract as JSON, one field a line, in the order of the class."""
        values = asdict(self)
        if self.version == 1:
            for name in _SECOND:
                del values[name]
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, data: str | bytes) -> TextContract:
        """Read a contract; every field must be there and none besides.

        Raises:
            ModelFileError: not JSON, a field missing or unknown, a wrong type, a rule or version
                that is not known.
        """
        try:
            text = data if isinstance(data, str) else data.decode("utf-8")
            values = json.loads(text, object_pairs_hook=_without_repeats)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"text contract: not JSON: {error}") from error
        if not isinstance(values, dict):
            raise ModelFileError("text contract: not a JSON object")
        # First, since another version may have other fields.
        _require_version(values.get("version"))
        expected = {field.name for field in fields(cls)}
        if values["version"] == 1:
            expected -= set(_SECOND)
        for problem, names in (
            ("lacks", expected - set(values)),
            ("has unknown", set(values) - expected),
        ):
            if names:
                raise ModelFileError(f"text contract {problem} fields: {', '.join(sorted(names))}")
        checked: dict[str, Any] = dict(values)
        for name in ("labels", "stop_words", "thresholds"):
            if name in checked and not isinstance(checked[name], list):
                raise ModelFileError(f"text contract: {name} is not a list")
            if name in checked:
                checked[name] = tuple(checked[name])
        return cls(**checked)


_SECOND: dict[str, object] = {
    field.name: field.default
    for field in fields(TextContract)[[f.name for f in fields(TextContract)].index("decision") :]
}
"""The fields of version 2, with the values that version 1 has without saying so."""


def _are_names(labels: tuple[object, ...]) -> bool:
    return all(
        isinstance(label, str) and label and label.isprintable() for label in labels
    ) and len(set(labels)) == len(labels)


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0.0 < value < 1.0


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a field appears twice")
    return dict(pairs)


def _require_version(version: object) -> None:
    if type(version) is not int or version not in CONTRACT_VERSIONS:  # True == 1 == 1.0
        known = ", ".join(map(str, CONTRACT_VERSIONS))
        raise ModelFileError(
            f"text contract version {version!r} is not known here (known: {known}): update edgernn"
        )


def _require_int(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ModelFileError(
            f"text contract: {name} {value!r} is not an integer in [{low}, {high}]"
        )
