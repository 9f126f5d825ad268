"""Arrays that a long job has reached, kept in a file for when it is run again."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError
from edgernn.files import new_file

__all__ = ["add_texts", "read_cached", "write_cached"]


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


def add_texts(digest: _Digest, texts: Iterable[str]) -> None:
    """Let the digest that becomes a key depend on texts, whatever is in them."""
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")


def write_cached(path: Path, key: str, **arrays: npt.NDArray[Any]) -> None:
    """Write what was reached to a file, under a key that tells what it was reached from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as temporary, temporary.open("wb") as out:
        np.savez(out, key=np.array(key), **arrays)  # type: ignore[arg-type]


def read_cached(
    path: Path, key: str, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, npt.NDArray[Any]] | None:
    """Read arrays, or return None where there are none of the same key.

    Args:
        path: a file of `write_cached`.
        key: what it was written under.
        shapes: of the arrays, by name.

    Raises:
        DataError: the file is broken.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["key"]) != key:
                return None
            found = {name: arrays[name] for name in shapes}
        if any(found[name].shape != shape for name, shape in shapes.items()):
            raise ValueError("an array has another shape")
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is broken: remove it and train again") from error
    return found
