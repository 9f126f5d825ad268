"""A person's vocabulary as the parts of a text contract.

What a file leaves open is settled by the number of rows of the model's embedding, by entries such
as `<PAD>` and `<UNK>`, and by options. Where that is not enough, there is a question and no
vocabulary: a guess would give each word the vector of its neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgernn.errors import DataError, ModelFileError, UsageError
from edgernn.files import read_bounded
from edgernn.text import SubwordEncoder
from edgernn.text.normalize import Case, UnicodeForm
from edgernn.text.words import write_words
from edgernn.training.imported.files import sha256_of
from edgernn.training.imported.markers import role_of
from edgernn.training.imported.numbering import numbered
from edgernn.training.imported.options import OpenQuestion, WordOptions
from edgernn.training.imported.settings import shown
from edgernn.training.imported.special_ids import special_ids
from edgernn.training.imported.vocabulary_files import parse_words
from edgernn.training.imported.word_files import Kind, Side, WordFile
from edgernn.training.imported.word_rules import about_reach, rules_of

__all__ = [
    "OpenQuestion",
    "Subwords",
    "Vocabulary",
    "WordOptions",
    "read_file",
    "read_vocabulary",
    "resolve",
]

_MAX_BYTES = 64 << 20
_SUBWORDS_HEAD = b"### SubwordTextEncoder"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A vocabulary with the rules that belong to it, as `TextContract` has them."""

    kind: Kind
    sha256: str
    """SHA-256 of the file that was read."""
    content: bytes
    """The vocabulary file of the run folder."""
    size: int
    """Number of ids."""
    case: Case
    unicode_form: UnicodeForm = "none"
    separators: str = ""
    deleted_characters: str = ""
    first_word_id: int | None = None
    unknown_id: int | None = None
    unknown_name: str = "unknown words"
    """What stands for `unknown_id` in messages: its entry in quotes, if it has one."""
    start_id: int | None = None
    padding_id: int = 0
    padding: Side | Literal["none"] | None = None
    """Where padding stands, if the file says so."""
    truncating: Side | None = None
    max_length: int | None = None
    notes: tuple[str, ...] = ()
    """What was found, a line each."""


@dataclass(frozen=True)
class Subwords:
    """A `SubwordTextEncoder` file, which says all but whether texts are lower-cased."""

    path: Path
    content: bytes
    size: int


def read_vocabulary(path: Path, options: WordOptions, rows: int) -> Vocabulary:
    """Read a vocabulary file of any known kind.

    Args:
        path: the file.
        options: what was asked for.
        rows: number of rows of the model's embedding.

    Raises:
        DataError: broken, a pickle, or has rules that cannot be carried over.
        ModelFileError: cannot be read, or too large.
        OpenQuestion: file, model and options together leave something open.
        UsageError: an option does not go with the kind of file, or with its ids.
    """
    return resolve(read_file(path), options, rows)


def read_file(path: Path) -> WordFile | Subwords:
    """Read what a vocabulary file says by itself.

    Raises:
        DataError, ModelFileError: as `read_vocabulary`.
    """
    data = read_bounded(path, _MAX_BYTES, ModelFileError)
    if data.startswith(_SUBWORDS_HEAD):
        encoder = SubwordEncoder.from_bytes(data, name=str(path))
        return Subwords(path, data, encoder.vocab_size)
    return parse_words(path, data)


def resolve(file: WordFile | Subwords, options: WordOptions, rows: int) -> Vocabulary:
    """Settle what a file leaves open.

    Raises:
        DataError, OpenQuestion, UsageError: as `read_vocabulary`.
    """
    if isinstance(file, Subwords):
        return _subwords(file, options, rows)
    rules = rules_of(file, options)
    ids = numbered(file, options, rows)
    special = special_ids(file, options, ids, rules)
    if ids and ids[0][0] == 0:
        word = ids[0][1]
        if role_of(word) is None and rules.reaches(word):
            raise DataError(
                f"{file.path}: {shown(word)} has the id 0, which is that of padding, too: a text "
                "contract cannot say that"
            )
        ids = ids[1:]
    if ids and ids[0][0] < 1:
        raise DataError(f"{file.path}: {shown(ids[0][1])} has the id {ids[0][0]}, below 0")
    warnings = about_reach(file, rules, [w for i, w in ids if i != special.unknown], options)
    first = ids[0][0] if ids else 1 + (special.unknown == 1)
    words = [word for _, word in ids]
    highest = max(special.unknown or 0, special.start or 0, special.padding)
    if first + len(words) <= highest < rows:
        # No text has a word with a space in it.
        words += [f"unused {i}" for i in range(first + len(words), highest + 1)]
    size = first + len(words)
    for name, given in (("start", special.start), ("unknown", special.unknown)):
        if given is not None and not 0 <= given < size:
            option = f"--{name}-id {given}" if not file.complete else f"{file.path}: oov_token"
            raise UsageError(f"{option}: must be an id of the vocabulary, which has {size:,}")
    if not 0 <= special.padding < size:
        raise UsageError(
            f"--padding-id {special.padding}: must be an id of the vocabulary, which has {size:,}"
        )
    try:
        content = write_words(words)
    except DataError as error:
        raise DataError(f"{file.path}: {error}") from error
    return Vocabulary(
        kind=file.kind,
        sha256=file.sha256,
        content=content,
        size=size,
        case=rules.case,
        unicode_form=rules.unicode_form,
        separators=rules.separators,
        deleted_characters=rules.deleted_characters,
        first_word_id=first,
        unknown_id=special.unknown,
        unknown_name=next((shown(w) for i, w in ids if i == special.unknown), "unknown words"),
        start_id=special.start,
        padding_id=special.padding,
        padding=file.padding,
        truncating=file.truncating,
        max_length=file.max_length,
        notes=(*file.notes, *special.notes, *warnings),
    )


def _subwords(file: Subwords, options: WordOptions, rows: int) -> Vocabulary:
    for name in (
        *("start_id", "unknown_id", "padding_id", "first_id", "index_from", "num_words", "split"),
    ):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option}: does not apply to a SubwordTextEncoder file ({file.path})"
            )
    if file.size > rows:
        raise UsageError(
            f"{file.path}: has ids up to {file.size - 1:,}, the model's embedding has {rows:,} "
            "rows: they belong to different models"
        )
    return Vocabulary(
        kind="SubwordTextEncoder",
        sha256=sha256_of(file.content),
        content=file.content,
        size=file.size,
        case="lower" if options.lower else "keep",
    )
