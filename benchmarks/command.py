"""Running the console script of the environment that a benchmark runs in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["EDGERNN", "edgernn"]

EDGERNN = str(Path(sys.executable).with_name("edgernn"))
"""Path of the console script."""


def edgernn(*arguments: str) -> str:
    """Run a command to its end and return its standard output; what it says goes through.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    command = [EDGERNN, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
