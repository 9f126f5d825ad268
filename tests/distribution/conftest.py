"""A pip of their own for the tests that ask a package index, and a wheel of this tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from index_pip import Pip, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Pip:
    """The newest pip: before 23.3 a dry run downloads everything."""
    pytest.importorskip("hatchling", reason="needs hatchling: pip install 'edgernn[dev]'")
    folder = tmp_path_factory.mktemp("pip")
    made = run(sys.executable, "-m", "venv", folder / "venv")
    assert made.returncode == 0, made.stderr
    inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = folder / "venv" / inside
    options = ("--retries", "1", "--timeout", "15", "--quiet", "--upgrade")
    done = run(python, "-m", "pip", "install", *options, "pip")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        pytest.skip(f"no package index: {reason}")
    build = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    built = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return Pip(python, folder / built.stdout.split()[-1], folder)
