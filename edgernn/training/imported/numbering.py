"""Which id each word of a vocabulary has: what a file leaves open, the model's rows may tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from edgernn.errors import DataError, UsageError
from edgernn.training.imported.markers import role_of
from edgernn.training.imported.options import OpenQuestion, WordOptions
from edgernn.training.imported.separated_lines import NOT_COUNTS
from edgernn.training.imported.settings import shown
from edgernn.training.imported.word_files import WordFile

__all__ = ["numbered"]

_IMDB = {"index_from": 3, "start_id": 1, "unknown_id": 2}
"""Defaults of `keras.datasets.imdb.load_data` (start_char, oov_char)."""

_DATA_SETS = ({"the": 1, "and": 2, "br": 7}, {"the": 1, "said": 5, "mln": 8})
"""Words of the indices of `keras.datasets.imdb` and `reuters`, which `load_data` adds 3 to."""


_SMALL_SURPLUS = 4
"""A few rows more than ids are there for something; many may be a round number."""


def numbered(file: WordFile, options: WordOptions, rows: int) -> list[tuple[int, str]]:
    """Return ids and words in the order of ids, those from `num_words` on left out.

    Args:
        file: the vocabulary.
        options: what was asked for.
        rows: number of rows of the model's embedding.

    Raises:
        DataError: ids do not follow each other.
        OpenQuestion: it is open which ids the words have, or which of them are used.
        UsageError: an option goes against the file or the model.
    """
    limit = options.num_words if options.num_words is not None else file.num_words
    if limit is None:  # before a question is asked, whose answer would leave out numbers
        _require_sequence(file, sorted(file.words))
    offset = _offset(file, options, rows)
    ids = sorted((number + offset, word) for number, word in file.words)
    kept = [(i, word) for i, word in ids if limit is None or i < limit]
    if kept and kept[-1][0] >= rows:
        _refuse_ids(file, options, rows, kept)
    _require_sequence(file, kept)
    return kept


def _require_sequence(file: WordFile, ids: Sequence[tuple[int, str]]) -> None:
    for (before, _), (i, word) in itertools.pairwise(ids):
        if i != before + 1:
            counts = f"; {NOT_COUNTS}" if file.kind == "word index" else ""
            raise DataError(
                f"{file.path}: ids must follow each other; {shown(word)} has {i}, expected "
                f"{before + 1}{counts}"
            )


def _refuse_ids(
    file: WordFile, options: WordOptions, rows: int, ids: Sequence[tuple[int, str]]
) -> None:
    seen = f"{file.path}: has ids up to {ids[-1][0]:,}, the model's embedding has {rows:,} rows"
    if options.num_words is not None:
        raise UsageError(f"{seen} in spite of --num-words: they belong to different models")
    raise OpenQuestion(
        f"{seen}: --num-words {rows} if your program uses ids below {rows:,} only; otherwise they "
        "belong to different models",
        [options.changed(num_words=rows)],
    )


def _offset(file: WordFile, options: WordOptions, rows: int) -> int:
    """Return what is added to a file's numbers."""
    if options.first_id is not None and options.index_from is not None:
        raise UsageError("--first-id and --index-from: one of them, they say the same")
    if file.placed:
        asked = options.first_id
        if options.index_from is not None:
            asked = options.index_from + 1
        if asked is None:
            return _first_id(file, options, rows)
        first = file.words[0][1]
        if asked > 0 and len(file.words) == rows and role_of(first) == "padding":
            raise UsageError(
                f"{file.path}: has as many words as the model's embedding has rows and begins with "
                f"{shown(first)}, so that has the id 0, not {asked}: --first-id 0"
            )
        return asked
    if options.first_id is not None:
        raise UsageError(f"--first-id: {file.path} has an id for each word")
    if options.index_from is not None:
        return options.index_from
    return 0 if file.complete else _shift(file, options, rows)


def _first_id(file: WordFile, options: WordOptions, rows: int) -> int:
    """Return the id of the first word of a list."""
    count, first = len(file.words), file.words[0][1]
    padded = role_of(first) == "padding"
    place = "line 1" if file.kind == "word list" else "entry 1"
    if count == rows:
        return 0
    if count == rows - 1 and not padded:
        return 1
    seen = f"{file.path}: has {count:,} words, the model's embedding has {rows:,} rows"
    if count < rows - 1 and padded:
        return 0
    if count > rows and padded and options.num_words is not None:
        return 0
    limit = {} if options.num_words is not None or count < rows else {"num_words": rows}
    which = (
        f"--first-id with the id that your program gives {place}, {shown(first)}"
        if not padded
        else f"--first-id 0 if {place}, {shown(first)}, has that id in your program"
    )
    if count < rows:
        raise OpenQuestion(
            f"{seen}: {which}", [options.changed(first_id=i) for i in (0, 1, 2, 3, 4)]
        )
    told = f"--num-words {rows} if your program uses ids below {rows:,} only, and " if limit else ""
    raise OpenQuestion(
        f"{seen}: {told}{which}", [options.changed(first_id=i, **limit) for i in (0, 1, 2, 4)]
    )


def _shift(file: WordFile, options: WordOptions, rows: int) -> int:
    """Return what a program adds to the numbers of a word index that names no special ids."""
    if any(role_of(word) is not None for _, word in file.words):
        return 0
    highest = max(number for number, _ in file.words)
    words = {word: number for number, word in file.words}
    of_keras = any(words.items() >= known.items() for known in _DATA_SETS)
    surplus = rows - 1 - highest
    if surplus == 0 or (surplus > _SMALL_SURPLUS and not of_keras):
        return 0
    number, word = min(file.words)
    here = f"{shown(word)} has the id {number} in your program"
    seen = f"{file.path}: has ids up to {highest:,}, the model's embedding has {rows:,} rows"
    if surplus == -1 and options.num_words is None:
        raise OpenQuestion(
            f"{seen}, one too few: --num-words {rows} --index-from 0 if {here}, which then never "
            f"feeds {highest}; if it has {number - 1}, the vocabulary cannot be carried over, for "
            "0 is padding",
            [options.changed(num_words=rows, index_from=0)],
        )
    if 1 <= surplus <= _SMALL_SURPLUS and surplus != _IMDB["index_from"] and not of_keras:
        raise OpenQuestion(
            f"{seen}: --index-from 0 if {here}, --index-from {surplus} if it has "
            f"{number + surplus}",
            [options.changed(index_from=0), options.changed(index_from=surplus)],
        )
    limit = {"num_words": rows} if surplus < 0 and options.num_words is None else {}
    answers = [options.changed(index_from=0, **limit), options.changed(**_IMDB, **limit)]
    told = f"--num-words {rows} if your program uses ids below {rows:,} only, and " if limit else ""
    raise OpenQuestion(
        f"{seen}: {told}--index-from 0 if {here}, --index-from 3 --start-id 1 --unknown-id 2 if it "
        f"has {number + 3} (keras.datasets.imdb.load_data)",
        answers,
    )
