"""What the base install takes on disk: `pip install .` into an environment that has nothing.

    python -m benchmarks.install_size

Each package's own list of files is added up, as they are installed: without pip, and without the
compiled forms of modules, which Python makes by itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from benchmarks.environment import describe_machine, write_result

__all__ = ["LIMIT", "installed_bytes", "main"]

LIMIT = 70 << 20
"""Bytes that the base install may take."""
RESULT = Path("benchmarks/results/install_size.json")
_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Install, add up and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        options = ["--quiet", "--no-compile", "-c", str(_ROOT / "constraints.txt")]
        command = [str(folder / inside), "-m", "pip", "install", *options, str(_ROOT)]
        subprocess.run(command, check=True)
        (site,) = folder.rglob("site-packages")
        found = {
            one.name: {"version": one.version, "bytes": installed_bytes(one)}
            for one in sorted(metadata.distributions(path=[str(site)]), key=lambda one: one.name)
            if one.name != "pip" and one.name != "setuptools"
        }
    write_result(
        arguments.output,
        {
            "machine": describe_machine(("edgernn", "numpy")),
            "packages": found,
            "bytes": sum(one["bytes"] for one in found.values()),
        },
    )


def installed_bytes(package: metadata.Distribution) -> int:
    """Return the bytes of a package's files, by its `RECORD`, without compiled modules.

    Raises:
        ValueError: it keeps no such list, or a file has no size there.
    """
    files: Iterable[metadata.PackagePath] | None = package.files
    if files is None:
        raise ValueError(f"{package.name}: no list of its files")
    total = 0
    for file in files:
        if file.suffix == ".pyc":
            continue
        # `RECORD` has no size of itself.
        total += Path(str(file.locate())).stat().st_size if file.size is None else file.size
    return total


if __name__ == "__main__":
    main()
