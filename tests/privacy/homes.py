"""Running programs whose home folder is empty, and looking at what they leave there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")
"""Variables of ours that a program sees, too; none of a CI's, which switch things off."""


@dataclass
class Home:
    """A home folder and a folder for temporary files, both new and empty."""

    folder: Path

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.temporary = self.folder / "temporary"
        self.work = self.folder / "work"
        for path in (self.home, self.temporary, self.work):
            path.mkdir()

    def run(
        self, command: Sequence[object], timeout: int = 600, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder `work`."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary)}
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.work,
            env={**kept, **own, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )

    def python(
        self, code: str, *arguments: object, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python code that must not fail; what is deprecated is no concern here."""
        command = [sys.executable, "-W", "always", "-W", "ignore::DeprecationWarning", "-c", code]
        done = self.run([*command, *arguments], **variables)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def left(self) -> list[str]:
        """What lies in the home folder and among the temporary files, folders too."""
        return sorted(
            str(path.relative_to(self.folder))
            for folder in (self.home, self.temporary)
            for path in folder.rglob("*")
        )
