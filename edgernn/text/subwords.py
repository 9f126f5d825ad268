r"""The `SubwordTextEncoder` of TensorFlow Datasets, without TensorFlow.

The file format and the encoding are those of
`tensorflow_datasets.deprecated.text.SubwordTextEncoder` (4.9): a header line
`### SubwordTextEncoder`, a metadata line, then one subword a line between single quotes. Id 0 is
padding, ids 1 to n are the subwords, the 256 ids after them are single bytes, so that every text
can be encoded and decoded back.

A text is split into runs of word characters (`\w`, Unicode) and runs of others. A word followed
by one space takes the space in, written as a trailing underscore. Each token is then cut greedily
into the longest subwords; what no subword covers becomes UTF-8 bytes. An underscore of the text
itself is written `\&undsc` inside.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.errors import DataError
from edgernn.files import read_bounded
from edgernn.text.encoded import EncodedTexts
from edgernn.text.normalize import Normalizer, well_formed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.text.byte_rules import ByteRules
    from edgernn.text.subword_batch import BatchEncoder

__all__ = ["SubwordEncoder"]

_HEADER = "### SubwordTextEncoder"
_METADATA = "### Metadata: "
_UNDERSCORE = "\\&undsc"
_BYTES = 256

# A unit is what one cache entry holds: a word with the one space behind it, or a run of others.
_UNITS = re.compile(r"\w+(?: (?!\W))?|\W+")
_RUNS = re.compile(r"\w+|\W+")
_MIXED = re.compile(r"\w\W|\W\w")

_CACHE_ENTRIES = 1 << 17
_CACHED_UNIT_CHARACTERS = 64
_MAX_FILE_BYTES = 16 << 20
# With less text than this, numpy's call overhead and the tables cost more than they save.
_SMALL_BATCH_CHARACTERS = 1 << 15


class _UnitIds(dict[str, tuple[int, ...]]):
    """Ids of the units met so far; emptied when full, so that memory stays bounded."""

    def __init__(self, encoder: SubwordEncoder) -> None:
        self._encoder = encoder

    def __missing__(self, unit: str) -> tuple[int, ...]:
        ids = self._encoder._token_ids(SubwordEncoder.token_of(unit))
        if len(unit) <= _CACHED_UNIT_CHARACTERS:
            if len(self) >= _CACHE_ENTRIES:
                self.clear()
            self[unit] = ids
        return ids


class SubwordEncoder:
    r"""Text to subword ids and back, equal to TFDS's `SubwordTextEncoder`, id for id.

    `decode(encode(text)) == text` for every text, but for one inherited slip: TFDS encodes the
    space behind the literal `\&undsc` twice. Where TFDS depends on Python's hash order (a text
    that holds several reserved subwords, one the beginning of another), the longest comes first.
    """

    def __init__(self, subwords: Iterable[str]) -> None:
        """Take the subwords in the order of their ids, as in the file without quotes."""
        self.subwords: tuple[str, ...] = tuple(subword for subword in subwords if subword)
        count = len(self.subwords)
        self._ids = {subword: i + 1 for i, subword in enumerate(self.subwords)}
        # Inside a token the escaped underscore is always the byte `_`.
        self._ids[_UNDERSCORE] = count + 1 + ord("_")
        self._first_byte_id = count + 1
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for subword in self._ids:
            lengths[subword[:2]].add(len(subword))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        mixed = (s for s in self.subwords if not s.isalnum() and _MIXED.search(s))
        reserved = {_UNDERSCORE, *mixed}
        ordered = sorted(reserved, key=lambda token: (-len(token), token))
        self._reserved = frozenset(reserved)
        self._reserved_pattern = re.compile("(" + "|".join(map(re.escape, ordered)) + ")")
        self._unit_ids = _UnitIds(self)
        self._batch_encoder: BatchEncoder | None = None

    def __reduce__(self) -> tuple[type[SubwordEncoder], tuple[tuple[str, ...]]]:
        """Pickle and copy the vocabulary, not what was learnt from texts."""
        return type(self), (self.subwords,)

    @classmethod
    def load(cls, path: str | Path) -> SubwordEncoder:
        """Read a `.subwords` file.

        Raises:
            DataError: the file cannot be read or is not in the `SubwordTextEncoder` format.
        """
        data = read_bounded(path, _MAX_FILE_BYTES, DataError, ", not a vocabulary")
        return cls.from_bytes(data, name=str(path))

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "vocabulary") -> SubwordEncoder:
        """Read the content of a `.subwords` file; `name` stands in error messages.

        Raises:
            DataError: the content is not in the `SubwordTextEncoder` format.
        """
        try:
            lines = data.decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            number = data.count(b"\n", 0, error.start) + 1
            raise DataError(f"{name}, line {number}: not UTF-8") from error
        if lines[0] != _HEADER or len(lines) < 2 or not lines[1].startswith(_METADATA):
            raise DataError(f"{name}: not a SubwordTextEncoder file: line 1 must be {_HEADER!r}")
        if lines[-1]:
            raise DataError(f"{name}: cut short: the last line has no end")
        body = lines[2:-1]
        for number, line in enumerate(body, start=3):
            if len(line) < 2 or line[0] != "'" or line[-1] != "'":
                raise DataError(f"{name}, line {number}: a subword must be in single quotes")
        return cls([line[1:-1] for line in body])

    def to_bytes(self) -> bytes:
        """Return the content of a `.subwords` file, byte for byte as TFDS writes it.

        Raises:
            DataError: a subword holds a line break, which the format cannot carry.
        """
        if any("\n" in subword for subword in self.subwords):
            raise DataError("a subword with a line break does not fit into a vocabulary file")
        lines = [_HEADER, _METADATA + "{}", *(f"'{s}'" for s in self.subwords), ""]
        return "\n".join(lines).encode()

    @property
    def vocab_size(self) -> int:
        """Number of ids: padding, the subwords, 256 bytes."""
        return 1 + len(self.subwords) + _BYTES

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, each in [1, vocab_size); an empty text gives none.

        Surrogates are read as UTF-16 does (`edgernn.text.well_formed`).
        """
        text = well_formed(text)
        if self.holds_reserved(text):
            return list(chain.from_iterable(map(self._token_ids, self._split_reserved(text))))
        return list(chain.from_iterable(map(self._unit_ids.__getitem__, _UNITS.findall(text))))

    def encode_batch(
        self, texts: Sequence[str], window: slice = slice(None)
    ) -> list[npt.NDArray[np.int32]]:
        """Return `encode(text)[window]` for each text, int32 of shape [number of these ids].

        Many times faster for many texts; the arrays may be views of shared ones.
        """
        return [ids[window] for ids in self._encode_all(texts)]

    def encode_texts(self, texts: Sequence[str], window: slice = slice(None)) -> EncodedTexts:
        """Return what `encode_batch` gives, and how much of each text it is."""
        import numpy as np

        found = EncodedTexts([], [], [])
        for whole in self._encode_all(texts):
            ids = whole[window]
            spelled = int(np.count_nonzero(self._is_spelled.take(ids)))
            found.ids.append(ids)
            found.known.append(1 - spelled / len(ids) if len(ids) else 0.0)
            found.truncated.append(len(ids) < len(whole))
        return found

    def _encode_all(self, texts: Sequence[str]) -> list[npt.NDArray[np.int32]]:
        import numpy as np

        if sum(map(len, texts)) < _SMALL_BATCH_CHARACTERS:
            return [np.array(self.encode(text), np.int32) for text in texts]
        if self._batch_encoder is None:
            from edgernn.text.subword_batch import BatchEncoder

            self._batch_encoder = BatchEncoder(self)
        return self._batch_encoder.encode(texts)

    @cached_property
    def _is_spelled(self) -> npt.NDArray[np.bool_]:
        """Bool [vocab_size]: the bytes of letters and of what is outside ASCII."""
        import numpy as np

        spelled = np.zeros(self.vocab_size, np.bool_)
        spelled[self._first_byte_id :] = [
            byte >= 128 or chr(byte).isalpha() for byte in range(_BYTES)
        ]
        return spelled

    def holds_reserved(self, text: str) -> bool:
        """Tell whether a text holds a subword that is kept whole wherever it stands."""
        return self._reserved_pattern.search(text) is not None

    def byte_rules(self, normalizer: Normalizer) -> ByteRules | None:
        """Return what an engine needs to give the ids of normalized texts; None: it cannot.

        It cannot where a subword is kept whole wherever it stands, or a character of ASCII becomes
        several.
        """
        from edgernn.text.byte_rules import ByteRules

        becomes = [normalizer(chr(code)) for code in range(128)]
        if self._reserved != {_UNDERSCORE} or not all(
            len(of) < 2 and of.isascii() for of in becomes
        ):
            return None

        def normal(text: str) -> bytes | None:
            # It takes NumPy, which texts of ASCII alone do without.
            from edgernn.text.subword_batch import stand_in

            text = normalizer(text)
            return None if "_" in text or "\\" in text else text.encode() + stand_in(text)

        return ByteRules(
            tokens="subwords",
            encoding="ascii",
            becomes="".join(of or " " for of in becomes).encode() + bytes(128),
            deleted=bytes(code for code, of in enumerate(becomes) if not of),
            breaks_are_spaces=normalizer.html_breaks == "space",
            # The underscore stands for a space in subwords, and the text's own is escaped.
            looked_at=normalizer.looked_at + "_\\",
            normal=normal,
            vocabulary={
                subword.encode("utf-8", "surrogatepass"): number
                for number, subword in enumerate(self.subwords, start=1)
            },
            first_byte_id=self._first_byte_id,
        )

    @staticmethod
    def token_of(unit: str) -> str:
        """Return the token that subwords are cut from: a space behind a word is an underscore."""
        if unit[-1] == " " and _is_word(unit[0]):
            return unit[:-1].replace("_", _UNDERSCORE) + "_"
        return unit.replace("_", _UNDERSCORE)

    def encode_unit(self, unit: str) -> tuple[int, ...]:
        """Return the ids of a word with or without one space behind it, or of a run of others."""
        return self._unit_ids[unit]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids; zeros (padding) at the end are left out.

        Raises:
            ValueError: an id is outside [1, vocab_size).
        """
        ids = list(ids)
        while ids and ids[-1] == 0:
            ids.pop()
        parts: list[str] = []
        pending = bytearray()
        for i in ids:
            if not 1 <= i < self.vocab_size:
                raise ValueError(f"id {i} is outside [1, {self.vocab_size})")
            if i >= self._first_byte_id:
                pending.append(i - self._first_byte_id)
                continue
            if pending:
                parts.append(pending.decode("utf-8", "replace"))
                pending.clear()
            subword = self.subwords[i - 1]
            parts.append(subword[:-1] + " " if subword.endswith("_") else subword)
        parts.append(pending.decode("utf-8", "replace"))
        return "".join(parts)

    def _token_ids(self, token: str) -> tuple[int, ...]:
        """Cut one prepared token greedily into the longest subwords."""
        ids: list[int] = []
        known = self._ids
        end, start = len(token), 0
        while start < end:
            for length in self._lengths.get(token[start : start + 2], ()):
                found = known.get(token[start : start + length])
                if found is not None and start + length <= end:
                    ids.append(found)
                    start += length
                    break
            else:
                character = token[start]
                start += 1
                found = known.get(character)
                if found is not None:
                    ids.append(found)
                    continue
                # The underscore that stands for a space, when no subword took it in.
                data = b" " if character == "_" else character.encode("utf-8")
                ids.extend(self._first_byte_id + byte for byte in data)
        return tuple(ids)

    def _split_reserved(self, text: str) -> list[str]:
        """Split a text that holds reserved subwords into prepared tokens; the rare, slow way."""
        tokens: list[str] = []
        for part in self._reserved_pattern.split(text):
            if part in self._reserved:
                tokens.append(part)
            else:
                tokens.extend(_RUNS.findall(part))
        prepared: list[str] = []
        skip = False
        for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
            if skip:
                skip = False
                continue
            space = following == " "
            if token == _UNDERSCORE:
                # The text itself holds the escape: kept apart, so that it stays what it was.
                # TFDS takes the space in and encodes it again as a token of its own.
                prepared.append(token[:2])
                token = token[2:]
            else:
                skip = space
            prepared.append(token.replace("_", _UNDERSCORE) + ("_" if space else ""))
        return prepared


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
