"""Files that take long to make, made by the first of the processes that tests run in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder of this test run that all its processes see."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    return folder


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """Return the file or folder at `path`, which `make` writes where nobody has yet."""
    with FileLock(f"{path}.lock"):
        if not path.exists():
            # Under another name of the same ending until it is whole.
            begun = path.with_name(f"begun-{path.name}")
            make(begun)
            begun.rename(path)
    return path
