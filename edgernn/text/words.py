"""Text to word ids: split at characters, drop stop words, look up.

With the same settings the ids are those of Keras's `Tokenizer` (`keras_preprocessing.text`, 1.1)
and of `keras.datasets.imdb`. A vocabulary file holds one word a line in the order of ids, UTF-8;
ids count from `first_word_id`, and what stands below it is padding, start and unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from edgernn.errors import DataError
from edgernn.text.encoded import EncodedTexts
from edgernn.text.normalize import Normalizer, well_formed
from edgernn.text.word_bytes import WordBytes
from edgernn.text.word_rule import WordRule

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.text.byte_rules import ByteRules
    from edgernn.text.word_batch import WordTable

    _Row = tuple[npt.NDArray[np.int32], float, bool]
    """Ids, share known and truncated of one text: see `EncodedTexts`."""

__all__ = ["KERAS_SEPARATORS", "WordEncoder", "read_words", "write_words"]

KERAS_SEPARATORS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n '
"""The default `filters` of Keras's `Tokenizer` and the space; the apostrophe is not among them."""

_KERAS_RULE = WordRule(KERAS_SEPARATORS)

_MAX_WORD_CHARACTERS = 1 << 12
_UNKNOWN, _STOP_WORD = -1, -2
"""Stand for the ids of words that the vocabulary lacks, and of those that are left out."""

_NOT_NORMALIZED = Normalizer()
_ALL = slice(None)

_MANY_TEXTS = 12
"""From so many on, a table that is searched for all of their words at once is faster."""

_LONGEST_TEXT = 1 << 18
"""Characters of a text that is looked up in the table, which takes some 60 bytes for each."""


class WordEncoder:
    """Text to word ids and back by the word rules of a text contract."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        first_word_id: int = 1,
        unknown_id: int | None = None,
        start_id: int | None = None,
        rule: WordRule = _KERAS_RULE,
        stop_words: Sequence[str] = (),
        normalizer: Normalizer = _NOT_NORMALIZED,
    ) -> None:
        """Take the words in the order of their ids; the other rules are the contract's fields."""
        self.words = tuple(words)
        self.vocab_size = first_word_id + len(self.words)
        """Number of ids, those below the first word included."""
        self._first = first_word_id
        self._unknown = unknown_id
        self._start = [] if start_id is None else [start_id]
        self._bytes = WordBytes(normalizer, rule)
        self._rule = rule
        self._ids = _Ids()
        keys = self._bytes.keys(self.words)
        self._ids.update(zip(keys, range(first_word_id, self.vocab_size), strict=True))
        self._ids.update(dict.fromkeys(self._bytes.keys(stop_words), _STOP_WORD))
        # Then the ids of a text are those of its words, and a cut is one of words.
        self._is_plain = not (unknown_id is None or stop_words or self._start)
        self._table: WordTable | None = None

    def split(self, text: str) -> list[str]:
        """Return the words of a normalized text, stop words and unknown ones included."""
        return self._rule.words(well_formed(text))

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, each in [0, vocab_size); there may be none."""
        unknown = self._unknown
        ids = [self._ids[word] for word in self._bytes.of(text).split()]
        if unknown is None:
            return self._start + [i for i in ids if i >= 0]
        return self._start + [unknown if i == _UNKNOWN else i for i in ids if i != _STOP_WORD]

    def encode_batch(
        self, texts: Sequence[str], window: slice = _ALL
    ) -> list[npt.NDArray[np.int32]]:
        """Return `encode(text)[window]` for each text, int32 of shape [number of these ids]."""
        return self.encode_texts(texts, window).ids

    def encode_texts(self, texts: Sequence[str], window: slice = _ALL) -> EncodedTexts:
        """Return the ids in `window` of each text, `[:n]` or `[-n:]`, and how much of it they are.

        Of a text of which ids are cut off, words are not all looked at.
        """
        words = window if self._is_plain else _ALL
        if len(texts) >= _MANY_TEXTS:
            rows = self._of_many(texts, words)
        else:
            rows = (self._of_one(text, words) for text in texts)
        if not self._is_plain:
            rows = (self._left(ids, window) for ids, _, _ in rows)
        found = EncodedTexts([], [], [])
        for ids, known, truncated in rows:
            found.ids.append(ids)
            found.known.append(known)
            found.truncated.append(truncated)
        return found

    def _of_one(self, text: str, window: slice) -> _Row:
        """Return the ids of a text's words."""
        import numpy as np

        words, truncated = self._words(text, window)
        # Faster than a loop or `map`; of one word alone it would give no sequence.
        found = itemgetter(*words)(self._ids) if len(words) > 1 else [self._ids[w] for w in words]
        ids = np.fromiter(found, np.int32, len(words))
        unknown = ids == _UNKNOWN
        count = int(np.count_nonzero(unknown))
        if count and self._is_plain:
            assert self._unknown is not None
            ids[unknown] = self._unknown
        return ids, 1 - count / len(words) if words else 0.0, truncated

    def _of_many(self, texts: Sequence[str], window: slice) -> Iterator[_Row]:
        """Yield what `_of_one` gives for each text; faster where there are many."""
        table = self._table
        if table is None:
            from edgernn.text.word_batch import WordTable

            other = self._unknown if self._is_plain else None
            table = self._table = WordTable(self._ids, _UNKNOWN if other is None else other)
        looked_up = (text for text in texts if len(text) <= _LONGEST_TEXT)
        found = table.look_up(map(self._bytes.of, looked_up), window)
        for text in texts:
            yield next(found) if len(text) <= _LONGEST_TEXT else self._of_one(text, window)

    def _words(self, text: str, window: slice) -> tuple[list[bytes], bool]:
        """Return the words in `window` of a text, and whether there are more."""
        data = self._bytes.of(text)
        if window.stop is not None:
            words = data.split(None, window.stop)
            return words[window], len(words) > window.stop
        if window.start is not None:
            words = data.rsplit(None, -window.start)
            return words[window], len(words) > -window.start
        return data.split(), False

    def _left(self, ids: npt.NDArray[np.int32], window: slice) -> _Row:
        """Return what is left of a text's ids: without stop words, behind the start id, cut."""
        import numpy as np

        ids = ids[ids != _STOP_WORD]
        unknown = ids == _UNKNOWN
        if self._unknown is None:
            places = np.flatnonzero(~unknown)
        else:
            places = np.arange(len(ids))
            ids = np.where(unknown, np.int32(self._unknown), ids)
        before = len(self._start)
        total = before + len(places)
        first, end, _ = window.indices(total)
        chosen = places[max(0, first - before) : max(0, end - before)]
        # The part of the text that the cut leaves, with the words in it that have no id.
        if end < total:
            unknown = unknown[: chosen[-1] + 1 if len(chosen) else 0]
        elif first:
            unknown = unknown[chosen[0] if len(chosen) else len(ids) :]
        count = int(np.count_nonzero(unknown))
        known = 1 - count / len(unknown) if count < len(unknown) else 0.0
        ids = ids[chosen]
        if before and not first:
            ids = np.concatenate((np.array(self._start, np.int32), ids))
        return ids, known, end - first < total

    def byte_rules(self) -> ByteRules:
        """Return what an engine needs to give the same ids."""
        from edgernn.text.byte_rules import ByteRules

        return ByteRules(
            **self._bytes.rules(),
            vocabulary=self._ids,
            unknown_id=self._unknown,
            start_id=self._start[0] if self._start else None,
        )

    def decode(self, ids: Sequence[int]) -> str:
        """Return the words of ids with a space between; padding and start are left out.

        Raises:
            ValueError: an id is outside [0, vocab_size).
        """
        shown: list[str] = []
        for i in ids:
            if not 0 <= i < self.vocab_size:
                raise ValueError(f"id {i} is outside [0, {self.vocab_size})")
            if i == self._unknown:
                shown.append("\N{REPLACEMENT CHARACTER}")
            elif i >= self._first and i not in self._start:
                shown.append(self.words[i - self._first])
        return " ".join(shown)


def read_words(data: bytes, *, name: str = "vocabulary") -> list[str]:
    """Read the content of a word vocabulary: UTF-8, one word a line, none empty, none twice.

    Args:
        data: the content of the file.
        name: stands in error messages.

    Raises:
        DataError: the content is malformed; the message names the line.
    """
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}, line {number}: not UTF-8") from error
    if lines.pop():
        raise DataError(f"{name}: cut short: the last line has no end")
    first_line: dict[str, int] = {}
    for number, word in enumerate(lines, start=1):
        if not word or len(word) > _MAX_WORD_CHARACTERS:
            raise DataError(
                f"{name}, line {number}: a word has 1 to {_MAX_WORD_CHARACTERS} characters"
            )
        if first_line.setdefault(word, number) != number:
            raise DataError(f"{name}, line {number}: the word of line {first_line[word]} again")
    return lines


def write_words(words: Sequence[str]) -> bytes:
    """Return the content of a word vocabulary.

    Raises:
        DataError: a word is empty, too long, twice there, or holds a line break.
    """
    data = "".join(f"{word}\n" for word in words).encode("utf-8", "surrogatepass")
    if read_words(data) != list(words):
        raise DataError("a word with a line break does not fit into a vocabulary file")
    return data


class _Ids(dict[bytes, int]):
    """The ids of words."""

    def __missing__(self, word: bytes) -> int:
        return _UNKNOWN
