"""The C compiler of tests."""

from __future__ import annotations

import importlib.util
import shutil
import sys

import pytest


def find_compiler() -> list[str]:
    """A C compiler that is here: GCC, Clang, or that of the package index."""
    for name in ("gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    pytest.skip("no C compiler: neither gcc nor clang nor the package ziglang")
