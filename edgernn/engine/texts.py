"""Texts as bytes through the engine: what engine/include/edgernn.h has for an encoder."""

from __future__ import annotations

import ctypes
import threading
from array import array
from collections.abc import Mapping, Sequence
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_void_p
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from edgernn.engine.library import STATUSES, EngineError, Library, Model, Opened
from edgernn.later import Later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = Later("numpy")

__all__ = ["CUTS", "FORMS", "PADDINGS", "TOKENS", "Encoder", "Found", "TextRules"]

TOKENS: Final = ("words", "subwords")
CUTS: Final = ("end", "start")
PADDINGS: Final = ("none", "start", "end")
FORMS: Final = ("raw", "normal", "ids")
"""Names of the header's numbers."""

_INT32: Final = "i"
_INT64: Final = "q"
_FLOAT: Final = "f"
_BYTE: Final = "B"
"""Letters of `array`, and of a `memoryview`."""
_TOLD = 3
"""Numbers that are told of a text: `edgernn_told`."""

_NO_ID = -1
_SCRATCH_IDS = 4096
"""See `edgernn.engine.library`."""


class TextRules(NamedTuple):
    """The rules of a contract as the engine takes them; see `edgernn_text_rules`."""

    tokens: str
    becomes: bytes
    """256 bytes: what becomes of each."""
    deleted: bytes
    """Bytes that nothing becomes of."""
    breaks_are_spaces: bool
    vocabulary: Mapping[bytes, int]
    """An id below 0 is a stop word."""
    unknown_id: int | None
    start_id: int | None
    first_byte_id: int
    max_length: int
    cut: str
    padding: str
    padding_id: int


class Found(NamedTuple):
    """What the engine finds of texts, as lists: an array takes longer to make for one text."""

    counts: list[int]
    """Ids of each text."""
    known: list[float]
    """Share of the tokens that the vocabulary has, of the part of each text that the cut leaves."""
    truncated: list[bool]
    """Whether a text has more tokens than are kept."""


class Encoder:
    """The rules of a contract in the engine. Many threads may use it at once."""

    def __init__(self, library: Library, rules: TextRules) -> None:
        """Make the tables.

        Raises:
            EngineError: the vocabulary takes too long to search, or there is no memory.
        """
        self._functions = functions = _declared(library.functions)
        words = list(rules.vocabulary)
        ids = array(_INT32, rules.vocabulary.values())
        offsets = array(_INT64, accumulate(map(len, words), initial=0))
        deleted = bytearray(256)
        for byte in rules.deleted:
            deleted[byte] = 1
        given = _Rules(
            TOKENS.index(rules.tokens),
            rules.becomes,
            bytes(deleted),
            rules.breaks_are_spaces,
            b"".join(words),
            offsets.buffer_info()[0],
            ids.buffer_info()[0],
            len(words),
            _NO_ID if rules.unknown_id is None else rules.unknown_id,
            _NO_ID if rules.start_id is None else rules.start_id,
            rules.first_byte_id,
            rules.max_length,
            CUTS.index(rules.cut),
            PADDINGS.index(rules.padding),
            rules.padding_id,
        )

        def call(*arguments: Any) -> int:
            return int(functions.edgernn_open_encoder(ctypes.byref(given), *arguments))

        self._opened = Opened(call)
        self._address = self._opened.address
        self._rooms = threading.local()

    def encode(
        self, texts: Sequence[bytes], forms: bytes
    ) -> tuple[list[npt.NDArray[np.int32]], Found]:
        """Return the ids of texts.

        Args:
            texts: the bytes of each.
            forms: the number of each one's form, of `FORMS`.

        Raises:
            EngineError: a text is too long, or its ids are no ids.
        """
        room = self._room(texts, forms)
        self._checked(
            self._functions.edgernn_encode(
                self._address, room.given, room.scratch.address, room.scratch.size
            )
        )
        limits = room.id_offsets.values[: len(texts) + 1].tolist()
        ids = np.array(room.ids.values[: limits[-1]], np.int32)
        each = [ids[start:end] for start, end in pairwise(limits)]
        return each, room.found(len(texts))

    def score(
        self, model: Model, texts: Sequence[bytes], forms: bytes
    ) -> tuple[list[float] | npt.NDArray[np.float32], Found]:
        """Return the probabilities of texts; 0 of one without ids.

        Args:
            model: of the same file as the rules.
            texts: the bytes of each.
            forms: the number of each one's form, of `FORMS`.

        Returns:
            A list [texts] where a text has one probability, else float32 [texts, outputs].

        Raises:
            EngineError: a text is too long or too short, or has ids outside the vocabulary.
        """
        room = self._room(texts, forms, model)
        self._checked(
            self._functions.edgernn_score_texts(
                model.address,
                self._address,
                room.given,
                room.probabilities.address,
                room.scratch.address,
                room.scratch.size,
            )
        )
        count, each = len(texts), model.outputs
        probabilities = room.probabilities.values[: count * each]
        if each == 1:
            return probabilities.tolist(), room.found(count)
        return np.array(probabilities, np.float32).reshape(count, each), room.found(count)

    def _checked(self, status: int) -> None:
        if status:
            raise EngineError(STATUSES[status], "a text that it does not take")

    def _room(self, texts: Sequence[bytes], forms: bytes, model: Model | None = None) -> _Room:
        """Return this thread's memory, with the texts given."""
        room: _Room | None = getattr(self._rooms, "room", None)
        if room is None:
            room = self._rooms.room = _Room()
        count = len(texts)
        data = texts[0] if count == 1 else b"".join(texts)
        longest = len(data) if count == 1 else max(map(len, texts), default=0)
        if room.short(len(data), longest, count, model):
            # Never smaller than before: texts of different sizes may come in turns.
            sizes = room.at_least(len(data), longest, count)
            most = int(self._functions.edgernn_most_ids(self._address, sizes[0], sizes[2]))
            each = int(self._functions.edgernn_most_ids(self._address, sizes[1], 1))
            size = int(self._functions.edgernn_encoder_scratch_size(self._address, sizes[1]))
            if model is not None:
                size = max(size, model.scratch_size(max(_SCRATCH_IDS, each)))
            room.grow(sizes, most, size, model)
        offsets = room.offsets.values
        if count == 1:
            offsets[1] = len(data)
        else:
            offsets[1 : count + 1] = array(_INT64, accumulate(map(len, texts)))
        room.texts.bytes = data
        room.texts.forms = forms
        room.texts.count = count
        return room


class _Numbers:
    """Numbers that the engine reads or writes, with their address."""

    def __init__(self, count: int, kind: Literal["i", "q", "f", "B"]) -> None:
        """Make so many, all 0; `kind` is their letter in `array`."""
        memory = bytearray(max(1, count) * array(kind).itemsize)
        self.values: Any = memoryview(memory).cast(kind)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self.size = len(memory)


class _Room:
    """What one thread's calls write into."""

    def __init__(self) -> None:
        self.texts = _Texts()
        self.given = ctypes.byref(self.texts)
        self._bytes = self._longest = self._count = -1
        self._model: Model | None = None

    def short(self, size: int, longest: int, count: int, model: Model | None) -> bool:
        """Tell whether there is too little for texts of so many bytes."""
        return (
            size > self._bytes
            or longest > self._longest
            or count > self._count
            or (model is not None and model is not self._model)
        )

    def at_least(self, size: int, longest: int, count: int) -> tuple[int, int, int]:
        """Return sizes that are no smaller than what there is room for already."""
        return max(size, self._bytes), max(longest, self._longest), max(count, self._count)

    def grow(
        self, sizes: tuple[int, int, int], most: int, scratch: int, model: Model | None
    ) -> None:
        """Make room for `most` ids of so many texts, and for so many bytes of scratch memory."""
        self._bytes, self._longest, self._count = sizes
        self._model = model
        count = self._count
        self.ids = _Numbers(most, _INT32)
        self.offsets = _Numbers(count + 1, _INT64)
        self.id_offsets = _Numbers(count + 1, _INT64)
        self.told = _Numbers(count * _TOLD, _INT32)
        self.scratch = _Numbers(scratch, _BYTE)
        self.probabilities = _Numbers(count * (model.outputs if model else 0), _FLOAT)
        texts = self.texts
        texts.offsets, texts.ids, texts.room = self.offsets.address, self.ids.address, most
        texts.id_offsets, texts.told = self.id_offsets.address, self.told.address

    def found(self, count: int) -> Found:
        """Return what was told of the texts of the last call."""
        limits = self.id_offsets.values[: count + 1].tolist()
        told = self.told.values[: count * _TOLD].tolist()
        tokens, unknown, truncated = (told[place::_TOLD] for place in range(_TOLD))
        return Found(
            [end - start for start, end in pairwise(limits)],
            [1 - u / t if t else 0.0 for t, u in zip(tokens, unknown, strict=True)],
            list(map(bool, truncated)),
        )


class _Rules(ctypes.Structure):
    _fields_ = (
        ("tokens", c_int),
        ("becomes", c_char_p),
        ("is_deleted", c_char_p),
        ("breaks_are_spaces", c_int32),
        ("vocabulary", c_char_p),
        ("offsets", c_void_p),
        ("ids", c_void_p),
        ("count", c_size_t),
        ("unknown_id", c_int32),
        ("start_id", c_int32),
        ("first_byte_id", c_int32),
        ("max_length", c_int32),
        ("cut", c_int),
        ("padding", c_int),
        ("padding_id", c_int32),
    )


class _Texts(ctypes.Structure):
    _fields_ = (
        ("bytes", c_char_p),
        ("offsets", c_void_p),
        ("forms", c_char_p),
        ("count", c_size_t),
        ("ids", c_void_p),
        ("room", c_size_t),
        ("id_offsets", c_void_p),
        ("told", c_void_p),
    )


def _declared(functions: Any) -> Any:
    """Return the library's functions, those for texts with the types of what they take."""
    for name, result, arguments in (
        ("open_encoder", c_int, [c_void_p, c_void_p, c_void_p, c_void_p]),
        ("most_ids", c_size_t, [c_void_p, c_size_t, c_size_t]),
        ("encoder_scratch_size", c_size_t, [c_void_p, c_size_t]),
        ("encode", c_int, [c_void_p, c_void_p, c_void_p, c_size_t]),
        ("score_texts", c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t]),
    ):
        function = getattr(functions, f"edgernn_{name}")
        function.restype, function.argtypes = result, arguments
    return functions
