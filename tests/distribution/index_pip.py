"""A pip that asks a package index, and what it would install of this tree."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def run(*command: object, timeout: int = 900) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
    )


@dataclass(frozen=True)
class Pip:
    """A pip that resolves by the packages' metadata, without downloading the packages."""

    python: Path
    wheel: Path
    """Of this tree."""
    folder: Path

    def resolve(self, extras: str, *options: object) -> dict[str, str] | str:
        """Return what would be installed, versions by name, or pip's message where that fails."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        done = run(
            *(self.python, "-m", "pip", "install", "--dry-run", "--ignore-installed"),
            *("--disable-pip-version-check", "--report", report, *options),
            f"{self.wheel}[{extras}]" if extras else self.wheel,
        )
        if done.returncode:
            # The reasons of a conflict are on standard output.
            return done.stdout + done.stderr
        found: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["install"]
        return {part["metadata"]["name"]: part["metadata"]["version"] for part in found}

    def environment(
        self, folder: Path, packages: Sequence[object], interpreter: str = sys.executable
    ) -> Path:
        """Make an environment with packages and what they need; return its interpreter."""
        made = run(interpreter, "-m", "venv", "--without-pip", folder)
        assert made.returncode == 0, made.stderr
        python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        done = run(
            *(self.python, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--disable-pip-version-check", "--only-binary", ":all:", *packages),
        )
        assert done.returncode == 0, done.stderr
        return python
