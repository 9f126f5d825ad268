"""Which texts a run has met, so that what is measured on them never passes for a test.

The run folder keeps a hash of each text that the run learnt from, and of each that chose its epoch;
no text can be read out of it. Who has the folder can find out whether a text that they already hold
was among them, which is what the file is for. The salt is drawn anew for each run, so that hashes
are of no use for another run, and a table made in advance (of short texts, names, addresses) of
none at all. A run that starts from another's model keeps that one's hashes, and so its salt. Model
files do not carry it, and a run folder without it is a run all the same.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.data.groups import alike
from edgernn.errors import ModelFileError
from edgernn.training.run import SEEN_TEXTS, read_file

__all__ = ["Seen", "SeenTexts", "read_seen_texts"]

Hashes = npt.NDArray[np.uint64]

_MAGIC = b"edgernn seen 1\n\0"
_HEADER = struct.Struct("<16s16sQQ")
"""Magic, salt, number of texts that were learnt from, and of those that chose the epoch."""
_HASH = np.dtype("<u8")
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Seen:
    """Which texts of some data a run has met."""

    learnt: npt.NDArray[np.bool_]
    """bool [texts], those that the model learnt from."""
    watched: npt.NDArray[np.bool_]
    """bool [texts], those that only chose its epoch."""

    @property
    def new(self) -> npt.NDArray[np.bool_]:
        """The texts that are new to the model, bool [texts]."""
        return ~(self.learnt | self.watched)


@dataclass(frozen=True, eq=False)
class SeenTexts:
    """Hashes of the texts that a run has met."""

    salt: bytes
    learnt: Hashes
    """uint64 [texts], rising: the texts that the model learnt from."""
    watched: Hashes
    """uint64 [texts], rising: those that chose its epoch and that it did not learn from."""

    @classmethod
    def of(cls, learnt: Iterable[str], watched: Iterable[str] = ()) -> SeenTexts:
        """Hash texts, with a salt of their own."""
        salt = secrets.token_bytes(16)
        first = np.unique(_hashes(learnt, salt))
        return cls(salt, first, np.setdiff1d(_hashes(watched, salt), first))

    def and_learnt(self, texts: Iterable[str]) -> SeenTexts:
        """Return these and more, of a run that goes on from this one's model: with its salt."""
        learnt = np.union1d(self.learnt, _hashes(texts, self.salt))
        return SeenTexts(self.salt, learnt, np.setdiff1d(self.watched, learnt))

    def find(self, texts: Sequence[str]) -> Seen:
        """Tell which of some texts are among them, or `alike` one that is."""
        hashes = _hashes(texts, self.salt)
        return Seen(np.isin(hashes, self.learnt), np.isin(hashes, self.watched))

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        header = _HEADER.pack(_MAGIC, self.salt, len(self.learnt), len(self.watched))
        return header + b"".join(
            hashes.astype(_HASH).tobytes() for hashes in (self.learnt, self.watched)
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> SeenTexts:
        """Read the content of the file.

        Raises:
            ValueError: it is something else.
        """
        if len(data) < _HEADER.size:
            raise ValueError("not a file of hashes")
        magic, salt, learnt, watched = _HEADER.unpack_from(data)
        if magic != _MAGIC or len(data) != _HEADER.size + (learnt + watched) * _HASH.itemsize:
            raise ValueError("not a file of hashes")
        hashes = np.frombuffer(data, _HASH, offset=_HEADER.size).astype(np.uint64)
        parts = hashes[:learnt], hashes[learnt:]
        if any(np.any(part[1:] <= part[:-1]) for part in parts):
            raise ValueError("the hashes are not in order")
        return cls(salt, *parts)


def read_seen_texts(folder: Path) -> SeenTexts | None:
    """Read which texts a run has met; None where its folder does not say.

    Raises:
        ModelFileError: the file is there and broken.
    """
    if not (folder / SEEN_TEXTS).exists():
        return None
    try:
        return SeenTexts.from_bytes(read_file(folder, SEEN_TEXTS, _MAX_BYTES))
    except ValueError as error:
        raise ModelFileError(f"{folder / SEEN_TEXTS}: {error}") from error


def _hashes(texts: Iterable[str], salt: bytes) -> Hashes:
    """Return a hash of each text, uint64 [texts]."""
    digests = [
        hashlib.blake2b(
            alike(text).encode("utf-8", "surrogatepass"), digest_size=_HASH.itemsize, key=salt
        ).digest()
        for text in texts
    ]
    return np.frombuffer(b"".join(digests), _HASH).astype(np.uint64)
