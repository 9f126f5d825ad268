"""A person's vocabulary as the parts of a text contract: Keras `Tokenizer` JSON and others.

The kind is known by the content: the JSON of `Tokenizer.to_json()`, a word index as
`keras.datasets.imdb.get_word_index()` gives it, a `SubwordTextEncoder` file, a plain word list.
Pickles are refused: reading one runs the code in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgernn.errors import DataError, UsageError
from edgernn.text import SubwordEncoder
from edgernn.text.normalize import Case
from edgernn.text.words import KERAS_SEPARATORS, write_words
from edgernn.training.imported.files import is_pickle, sha256_of
from edgernn.training.imported.settings import shown
from edgernn.training.run import read_bounded

__all__ = ["Vocabulary", "WordOptions", "read_vocabulary"]

Kind = Literal["Keras Tokenizer", "word index", "word list", "SubwordTextEncoder"]

_MAX_BYTES = 64 << 20
_SUBWORDS_HEAD = b"### SubwordTextEncoder"


@dataclass(frozen=True, kw_only=True)
class WordOptions:
    """What a vocabulary file may leave open; None where nothing was asked for."""

    start_id: int | None = None
    """Id in front of every text."""
    unknown_id: int | None = None
    """Id of unknown words; without one they are left out."""
    index_from: int | None = None
    """Added to every number of a word index or line of a word list."""
    num_words: int | None = None
    """Ids from this one on are not used."""
    lower: bool | None = None
    """Whether texts are lower-cased."""


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
    separators: str = ""
    first_word_id: int | None = None
    unknown_id: int | None = None
    start_id: int | None = None
    unreachable: int = 0
    """Number of words that the token rules cannot find in any text."""


def read_vocabulary(path: Path, options: WordOptions) -> Vocabulary:
    """Read a vocabulary file of any known kind.

    Raises:
        DataError: broken, a pickle, or has rules that cannot be carried over.
        ModelFileError: cannot be read, or too large.
        UsageError: an option does not go with the kind of file, or with its ids.
    """
    data = read_bounded(path, _MAX_BYTES)
    if is_pickle(path, data):
        raise DataError(
            f"{path}: is a pickle, which can run any code when it is read: where it was made, save "
            "the tokenizer as JSON: open('tokenizer.json', 'w').write(tokenizer.to_json())"
        )
    if data.startswith(_SUBWORDS_HEAD):
        return _subwords(path, data, options)
    text = _decoded(path, data)
    if not text.lstrip().startswith(("{", '"{')):
        return _word_list(path, data, text, options)
    values = _json(path, text)
    if isinstance(values, str):  # json.dump(tokenizer.to_json(), file)
        values = _json(path, values)
    if isinstance(values, dict) and values.get("class_name") == "Tokenizer":
        return _keras_tokenizer(path, data, values.get("config"), options)
    if isinstance(values, dict) and values and all(type(i) is int for i in values.values()):
        offset = options.index_from or 0
        ids = {word: i + offset for word, i in values.items()}
        return _word_index(path, data, "word index", ids, options)
    raise DataError(
        f"{path}: neither the JSON of Keras's Tokenizer.to_json() nor a word index "
        '{"word": 1, ...}'
    )


def _subwords(path: Path, data: bytes, options: WordOptions) -> Vocabulary:
    _refuse(path, "a SubwordTextEncoder file", options, "start_id", "unknown_id", "index_from")
    _refuse(path, "a SubwordTextEncoder file", options, "num_words")
    encoder = SubwordEncoder.from_bytes(data, name=str(path))
    return Vocabulary(
        kind="SubwordTextEncoder",
        sha256=sha256_of(data),
        content=data,
        size=encoder.vocab_size,
        case="lower" if options.lower else "keep",
    )


def _word_list(path: Path, data: bytes, text: str, options: WordOptions) -> Vocabulary:
    lines = text.removesuffix("\n").split("\n")
    offset = options.index_from or 0
    ids: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        word = line.removesuffix("\r")
        if not word or "\t" in word:
            raise DataError(f"{path}, line {number}: a word list has one word a line, nothing else")
        if ids.setdefault(word, number + offset) != number + offset:
            raise DataError(
                f"{path}, line {number}: the word of line {ids[word] - offset} once more"
            )
    return _word_index(path, data, "word list", ids, options)


def _keras_tokenizer(path: Path, data: bytes, config: object, options: WordOptions) -> Vocabulary:
    """Read the config of `keras.preprocessing.text.Tokenizer`."""
    _refuse(path, "a Keras Tokenizer", options, "start_id", "unknown_id", "index_from")
    if not isinstance(config, dict):
        raise DataError(f"{path}: the tokenizer has no config")
    index = config.get("word_index")
    ids = _json(path, index) if isinstance(index, str) else index
    if not isinstance(ids, dict) or not all(type(i) is int for i in ids.values()):
        raise DataError(f"{path}: the tokenizer has no word_index: was it fitted on texts?")
    filters, split = config.get("filters"), config.get("split")
    lower, oov, num_words = config.get("lower"), config.get("oov_token"), config.get("num_words")
    for name, value, known in (
        ("char_level", config.get("char_level"), config.get("char_level") is False),
        ("split", split, isinstance(split, str) and len(split) == 1),
        ("filters", filters, isinstance(filters, str)),
        ("lower", lower, type(lower) is bool),
        ("num_words", num_words, num_words is None or (type(num_words) is int and num_words > 0)),
        ("oov_token", oov, oov is None or (isinstance(oov, str) and oov in ids)),
    ):
        if not known:
            raise DataError(f"{path}: the tokenizer's {name}={shown(value)} cannot be carried over")
    separators = "".join(dict.fromkeys(f"{filters}{split}"))
    if " " not in separators:
        raise DataError(
            f"{path}: the tokenizer does not split at spaces (split={split!r}), which cannot be "
            "carried over"
        )
    if options.lower not in (None, lower):
        raise UsageError(f"--{'lower' if options.lower else 'keep-case'}: {path} has lower={lower}")
    unknown = None if oov is None else ids.pop(oov)
    if unknown is not None and unknown != 1:
        # The texts that it was fitted on held the token as a word, which then took its place.
        ids[oov] = unknown
    options = WordOptions(
        unknown_id=unknown,
        num_words=options.num_words if options.num_words is not None else num_words,
        lower=lower,
    )
    return _word_index(path, data, "Keras Tokenizer", ids, options, separators)


def _word_index(
    path: Path,
    data: bytes,
    kind: Kind,
    ids: dict[str, int],
    options: WordOptions,
    separators: str = KERAS_SEPARATORS,
) -> Vocabulary:
    """Put the words in the order of their ids, which must follow each other."""
    case: Case = "keep" if options.lower is False else "lower"

    def reachable(word: str) -> bool:
        lowered = word if case == "keep" else word.lower()
        return word == lowered and not set(word) & set(separators)

    limit = options.num_words
    kept = sorted((i, word) for word, i in ids.items() if limit is None or i < limit)
    if kept and kept[0][0] == 0 and not reachable(kept[0][1]):
        kept = kept[1:]  # a name for padding, such as <PAD>
    first = kept[0][0] if kept else 1 + (options.unknown_id == 1)
    for expected, (i, word) in enumerate(kept, start=first):
        if i != expected or i < 1:
            raise DataError(
                f"{path}: ids must be 1 or more and follow each other; {shown(word)} has {i}, "
                f"expected {max(expected, 1)}"
            )
    words = [word for _, word in kept]
    size = first + len(words)
    for name, given in (("start-id", options.start_id), ("unknown-id", options.unknown_id)):
        if given is not None and not 0 <= given < size:
            option = f"--{name} {given}" if kind != "Keras Tokenizer" else f"{path}: oov_token"
            raise UsageError(f"{option}: must be an id of the vocabulary, which has {size:,}")
    try:
        content = write_words(words)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return Vocabulary(
        kind=kind,
        sha256=sha256_of(data),
        content=content,
        size=size,
        case=case,
        separators=separators,
        first_word_id=first,
        unknown_id=options.unknown_id,
        start_id=options.start_id,
        unreachable=sum(not reachable(word) for word in words),
    )


def _refuse(path: Path, kind: str, options: WordOptions, *names: str) -> None:
    for name in names:
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: does not go with {kind} ({path})")


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {number}: not UTF-8") from error


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)
