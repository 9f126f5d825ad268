"""Start to first score of a whole process, beside the start of ONNX Runtime alone.

    python -m benchmarks.startup

Both commands run in turn; the ratio is that of the medians. Python keeps compiled modules, as it
does unless it is told not to, and as pip leaves them behind: the first rounds do not count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.command import EDGERNN
from benchmarks.environment import describe_machine, write_result

__all__ = ["main"]


def main() -> None:
    """Time both and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/startup.json"))
    arguments = parser.parse_args()
    commands = {
        "score": [EDGERNN, "score", "Great movie!"],
        "import_onnxruntime": [sys.executable, "-c", "import onnxruntime"],
    }
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(arguments.rounds + 2):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            # The first two rounds fill the file cache, and that of compiled modules.
            if number >= 2:
                seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    machine = describe_machine(("edgernn", "numpy", "typer", "onnxruntime"))
    write_result(
        arguments.output,
        {
            "machine": machine,
            "rounds": arguments.rounds,
            "seconds": {
                name: {
                    "median": round(medians[name], 4),
                    "min": round(min(values), 4),
                    "max": round(max(values), 4),
                }
                for name, values in seconds.items()
            },
            "ratio": round(medians["score"] / medians["import_onnxruntime"], 2),
        },
    )


if __name__ == "__main__":
    main()
