"""Environments of their own with a few pinned packages, for what edgernn's cannot hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def own_environment(folder: Path, *packages: str, without: str = "package index") -> Path:
    """Make an environment with packages; return its interpreter, or skip the test.

    Args:
        folder: where, a new folder.
        packages: what pip is to install, options of its `install` among them.
        without: what may be missing, for the message of a skip.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "--retries", "1", "--timeout", "15"),
            *("install", "--quiet", "--disable-pip-version-check", *packages),
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        pytest.skip(f"no {without}: {reason}")
    return python
