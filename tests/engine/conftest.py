"""The engine, compiled for tests: with a door for networks that no file holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from build_script import load_build_script
from c_compiler import find_compiler
from made_once import made_once, shared_folder

from edgernn.engine import Library

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def compiler() -> list[str]:
    """The command that compiles C."""
    return find_compiler()


@pytest.fixture(scope="session")
def build_engine(compiler: list[str]) -> Callable[..., Path]:
    """Compile the engine with the door for networks."""
    script = load_build_script()

    def build(
        output: Path,
        flags: Sequence[str] = ("-fPIC",),
        cc: Sequence[str] = compiler,
        **more: Any,
    ) -> Path:
        sources = [ROOT / "tests" / "engine" / "open_network.c"]
        script.build(output, cc, more_sources=sources, flags=flags, **more)
        return output

    return build


@pytest.fixture(scope="session")
def engine(build_engine: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = shared_folder(tmp_path_factory, "engine")
    return Library(made_once(folder / "libedgernn_test.so", build_engine))
