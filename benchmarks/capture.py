"""The terminal capture of the README: real commands, what they printed.

    python -m benchmarks.capture

Runs in an empty folder; standard error and standard output as a terminal shows them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.environment import write_result

__all__ = ["main"]

_COMMANDS = (
    "edgernn export --format tflite",
    'edgernn score "Great movie!" "Boring and far too long." --model flagship-int8.tflite',
    "edgernn verify flagship-int8.tflite",
    "unzip -Z1 flagship-int8.tflite",
)


def main() -> None:
    """Run the commands and write the capture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/capture.json"))
    arguments = parser.parse_args()
    environment = dict(os.environ)
    environment.pop("EDGERNN_DATA", None)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    captured = []
    with tempfile.TemporaryDirectory() as folder:
        for command in _COMMANDS:
            done = subprocess.run(
                command,
                shell=True,
                check=True,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            captured.append({"command": command, "output": done.stdout})
    write_result(arguments.output, {"commands": captured})


if __name__ == "__main__":
    main()
