"""What a teacher that reads says of texts and of pieces of them, kept in a file without the texts.

A transformer takes an hour for what it says; a file of it makes training one command again. The
pieces are a function of the texts, see `pieces`, so the numbers are all that is kept, with a digest
of the texts that they are of.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.distillation.cached_arrays import add_texts
from edgernn.distillation.pieces import PIECES
from edgernn.errors import DataError
from edgernn.files import new_file

__all__ = ["ReaderLogits", "read_logits", "write_logits"]

_LARGEST = 1 << 28
"""Bytes that a file may unpack to."""


@dataclass(frozen=True, eq=False)
class ReaderLogits:
    """Logits of the positive class."""

    texts: npt.NDArray[np.float32]
    """float32 [texts]; of texts with a label by a model that has not seen it."""
    pieces: npt.NDArray[np.float32]
    """float32 [texts, PIECES]."""


def write_logits(path: Path, texts: Sequence[str], logits: ReaderLogits) -> None:
    """Write what a teacher says, as float16.

    Args:
        path: the file.
        texts: what it was asked about: labelled texts, then unlabelled ones.
        logits: of these.
    """
    with new_file(path) as temporary, temporary.open("wb") as out:
        np.savez_compressed(
            out,
            digest=np.array(_digest(texts)),
            texts=logits.texts.astype(np.float16),
            pieces=logits.pieces.astype(np.float16),
        )


def read_logits(path: Path, texts: Sequence[str]) -> ReaderLogits:
    """Read a file of `write_logits`.

    Args:
        path: the file.
        texts: what it has to be about, in the same order.

    Raises:
        DataError: there is no such file, it is broken, or it is about other texts.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _LARGEST:
                raise ValueError("it unpacks to more than any such file")
        with np.load(path, allow_pickle=False) as arrays:
            digest = str(arrays["digest"])
            found = ReaderLogits(
                arrays["texts"].astype(np.float32), arrays["pieces"].astype(np.float32)
            )
        if found.texts.ndim != 1 or found.pieces.shape != (len(found.texts), PIECES):
            raise ValueError("an array has another shape")
        if not (np.isfinite(found.texts).all() and np.isfinite(found.pieces).all()):
            raise ValueError("a number is not finite")
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: is no file of a teacher's logits: {error}") from error
    if len(found.texts) != len(texts) or digest != _digest(texts):
        raise DataError(
            f"{path}: is about {len(found.texts):,} other texts than the {len(texts):,} of the "
            "data; what a teacher says is of the very texts that it was asked about"
        )
    return found


def _digest(texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    add_texts(digest, texts)
    return digest.hexdigest()
