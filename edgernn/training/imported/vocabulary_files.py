"""Which kind of vocabulary a file holds, and what it says: words, numbers, rules.

The kind is known by the content, never by the name. What a file leaves open is None here;
`tokenizers` settles it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgernn.errors import DataError
from edgernn.training.imported import hugging_face, keras_tokenizer
from edgernn.training.imported.files import is_pickle, sha256_of
from edgernn.training.imported.foreign_vocabularies import foreign_file, foreign_words
from edgernn.training.imported.separated_lines import NOT_COUNTS, separated
from edgernn.training.imported.settings import shown
from edgernn.training.imported.word_files import WordFile, check_words, read_json

__all__ = ["parse_words"]

_WORD_ID = re.compile(r"(.*?)[ \t]+(-?\d{1,9})")
_ID_WORD = re.compile(r"(-?\d{1,9})[ \t]+(.*)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_VECTOR = 10


def parse_words(path: Path, data: bytes) -> WordFile:
    """Read a vocabulary of words from the content of a file.

    Raises:
        DataError: broken, of a kind that cannot be carried over, or not a vocabulary.
    """
    if is_pickle(path, data):
        raise DataError(
            f"{path}: is a pickle, which can run any code when it is read: where it was made, save "
            "the tokenizer as JSON: open('tokenizer.json', 'w').write(tokenizer.to_json())"
        )
    refused = foreign_file(data)
    if refused is not None:
        raise DataError(f"{path}: {refused}")
    text = _decoded(path, data)
    start = text.lstrip()[:2]
    if start[:1] == "{" or start == '"{':
        return _from_json(path, data, read_json(path, text))
    if start[:1] == "[":  # or the first line is [PAD]
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            if start in ('["', "[\n", "[\r", "[ "):
                raise DataError(f"{path}: not JSON: {error}") from error
        else:
            return _from_json(path, data, values)
    return _from_lines(path, data, text)


def _from_json(path: Path, data: bytes, values: Any) -> WordFile:
    if isinstance(values, str):  # json.dump(tokenizer.to_json(), file)
        values = read_json(path, values)
    sha256 = sha256_of(data)
    if isinstance(values, list) and values and all(isinstance(word, str) for word in values):
        words = check_words(path, enumerate(values), lambda i: f"entry {i + 1}")
        return WordFile(
            path=path, kind="JSON list of words", sha256=sha256, words=words, placed=True
        )
    if isinstance(values, dict) and values:
        if values.get("class_name") == "Tokenizer":
            return keras_tokenizer.read(path, sha256, values.get("config"))
        if hugging_face.is_tokenizer(values):
            return hugging_face.read(path, sha256, values)
        if all(type(number) is int for number in values.values()):
            pairs = [(number, word) for word, number in values.items()]
            return WordFile(
                path=path, kind="word index", sha256=sha256, words=check_words(path, pairs)
            )
        if all(isinstance(w, str) for w in values.values()) and all(map(_is_number, values)):
            pairs = [(int(number), word) for number, word in values.items()]
            return WordFile(
                path=path, kind="index_word", sha256=sha256, words=check_words(path, pairs)
            )
        inner = [name for name in ("word_index", "vocab", "vocabulary") if name in values]
        if inner:
            raise DataError(f"{path}: holds more than a vocabulary: save its {inner[0]} alone")
    raise DataError(
        f"{path}: neither the JSON of Keras's Tokenizer.to_json() nor a word index "
        '{"word": 1, ...}, a list of words, or a tokenizer.json of Hugging Face'
    )


def _from_lines(path: Path, data: bytes, text: str) -> WordFile:
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if not any(lines):
        raise DataError(f"{path}: holds no words")
    if any(_is_vector(line) for line in lines[:3]):
        raise DataError(
            f"{path}: holds word vectors, not a vocabulary: the model has its own vectors; give "
            "the words with their ids"
        )
    sha256 = sha256_of(data)
    pairs = separated(path, lines)
    if pairs is None:
        pairs = _numbered(path, lines)
    if pairs is not None:
        words = check_words(path, pairs)
        _require_ids(path, words)
        return WordFile(path=path, kind="words with ids", sha256=sha256, words=words)
    refused = foreign_words([line.split("\t")[0] for line in lines])  # pieces may have weights
    if refused is not None:
        raise DataError(f"{path}: {refused}")
    for number, line in enumerate(lines, start=1):
        if (not line and number > 1) or "\t" in line:
            raise DataError(
                f"{path}, line {number}: a word list has one word a line, or each word and its id, "
                "nothing else"
            )
    words = check_words(path, enumerate(lines), lambda i: f"line {i + 1}")
    return WordFile(path=path, kind="word list", sha256=sha256, words=words, placed=True)


def _numbered(path: Path, lines: Sequence[str]) -> list[tuple[int, str]] | None:
    """Read lines of a word and its id, or an id and its word; None where they are neither."""
    for pattern, number, word in ((_WORD_ID, 2, 1), (_ID_WORD, 1, 2)):
        found = [pattern.fullmatch(line) for line in lines]
        matches = [match for match in found if match is not None]
        if len(matches) == len(lines):
            return [(int(match[number]), match[word]) for match in matches]
        if len(matches) > 1 and len(matches) > len(lines) // 2:
            bad = found.index(None)
            raise DataError(
                f"{path}, line {bad + 1}: {shown(lines[bad])} is not a word and its id, as the "
                "other lines are"
            )
    return None


def _require_ids(path: Path, words: Sequence[tuple[int, str]]) -> None:
    numbers = sorted(number for number, _ in words)
    if numbers[-1] - numbers[0] != len(numbers) - 1 or len(set(numbers)) < len(numbers):
        number, word = words[0]
        raise DataError(
            f"{path}: its numbers are not ids, which follow each other ({shown(word)} has "
            f"{number:,}): {NOT_COUNTS}"
        )


def _is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) < 10


def _is_vector(line: str) -> bool:
    fields = line.split()
    return len(fields) > _VECTOR and all(_NUMBER.fullmatch(field) for field in fields[1:])


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {number}: not UTF-8") from error
