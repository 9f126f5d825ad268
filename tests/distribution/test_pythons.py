"""The small install and its tests on every Python that is named, where an interpreter is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pythons import VERSIONS, find, measure

pytestmark = [pytest.mark.slow, pytest.mark.spawns]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_small_install(version: str, tmp_path: Path) -> None:
    """`pip install .` scores; what needs neither TensorFlow nor Java passes its tests."""
    python = find(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's")
    found = measure(python, tmp_path)
    assert found["failed"] == found["error"] == 0, found
    assert found["passed"] > 1000
