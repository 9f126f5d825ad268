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
from edgernn.text.decision import Decision
from edgernn.text.normalize import Case, ControlCharacters, HtmlBreaks, UnicodeForm

__all__ = ["CONTRACT_VERSION", "Cut", "Padding", "TextContract", "Tokenizer"]

CONTRACT_VERSION = 1
"""The only version that this package reads and writes."""

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
    "tokenizer": get_args(Tokenizer),
    "cut": get_args(Cut),
    "padding": get_args(Padding),
}
_MAX_LENGTH_LIMIT = 1 << 16
_MAX_CHARACTERS = 1 << 12
_MAX_STOP_WORDS = 1 << 14
_WORD_FIELDS = (
    "separators",
    "word_characters",
    "stop_words",
    "first_word_id",
    "unknown_id",
    "start_id",
)


@dataclass(frozen=True, kw_only=True)
class TextContract:
    """The whole way from a text to ids, and from a probability to a label."""

    vocabulary_sha256: str
    """SHA-256 of the vocabulary file's bytes, in lower-case hexadecimal."""
    vocabulary_size: int
    """Number of ids; every id is in [0, vocabulary_size)."""
    max_length: int
    """Longest input in tokens."""
    cut: Cut
    """Which end is cut off when a text has more tokens."""
    version: int = CONTRACT_VERSION
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
    labels: tuple[str, str] = ("negative", "positive")
    """Names of the two classes; the model's probability is that of the second."""
    threshold: float = 0.5
    """The second label is given when the probability is at least this."""

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            ModelFileError: a value is outside what this version of the contract knows.
        """
        _require_version(self.version)
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
        if not isinstance(self.threshold, float) or not 0.0 < self.threshold < 1.0:
            raise ModelFileError(f"text contract: threshold {self.threshold!r} is not in (0, 1)")
        for name in ("vocabulary_sha256", "vocabulary_file"):
            if not isinstance(getattr(self, name), str):
                raise ModelFileError(f"text contract: {name} is not a string")
        if (
            len(self.labels) != 2
            or not all(
                isinstance(label, str) and label and label.isprintable() for label in self.labels
            )
            or self.labels[0] == self.labels[1]
        ):
            raise ModelFileError(f"text contract: labels {self.labels!r} are not two names")

    def _check_words(self) -> None:
        for name in ("separators", "word_characters"):
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
        given = [name for name in _WORD_FIELDS if getattr(self, name) not in ("", (), None)]
        if self.tokenizer != "words":
            if given:
                raise ModelFileError(
                    f"text contract: tokenizer {self.tokenizer!r} has no {', '.join(given)}"
                )
            return
        if bool(self.separators) == bool(self.word_characters):
            raise ModelFileError(
                "text contract: tokenizer 'words' needs either separators or word_characters"
            )
        _require_int("first_word_id", self.first_word_id, 1, self.vocabulary_size)
        for name in ("unknown_id", "start_id"):
            if getattr(self, name) is not None:
                _require_int(name, getattr(self, name), 0, self.vocabulary_size - 1)

    @cached_property
    def decision(self) -> Decision:
        """How the model's scores become labels."""
        return Decision(self.threshold)

    def to_json(self) -> str:
        """Return the contract as JSON, one field a line, in the order of the class."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

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
        for problem, names in (
            ("lacks", expected - set(values)),
            ("has unknown", set(values) - expected),
        ):
            if names:
                raise ModelFileError(f"text contract {problem} fields: {', '.join(sorted(names))}")
        checked: dict[str, Any] = dict(values)
        for name in ("labels", "stop_words"):
            if not isinstance(checked[name], list):
                raise ModelFileError(f"text contract: {name} is not a list")
            checked[name] = tuple(checked[name])
        return cls(**checked)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a field appears twice")
    return dict(pairs)


def _require_version(version: object) -> None:
    if type(version) is not int or version != CONTRACT_VERSION:  # True == 1 == 1.0
        raise ModelFileError(
            f"text contract version {version!r} is not known here "
            f"(known: {CONTRACT_VERSION}): update edgernn"
        )


def _require_int(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ModelFileError(
            f"text contract: {name} {value!r} is not an integer in [{low}, {high}]"
        )
