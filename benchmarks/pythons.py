"""What runs on which Python: the small install, and tests without TensorFlow or Java.

    python -m benchmarks.pythons

Each interpreter is `python3.11` and so on of PATH, or one of pyenv's. It gets an environment of
its own in a temporary folder: `pip install .`, three texts scored, then the packages that tests
use, and the tests. An interpreter that is not there is written down as not run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.environment import write_result

__all__ = ["RESULT", "VERSIONS", "find", "main", "measure", "pythons_table"]

RESULT = Path("benchmarks/results/pythons.json")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

_ROOT = Path(__file__).resolve().parents[1]
_EXTRAS = "cpu,data,duckdb,files,polars,sklearn,tflite"
_TOOLS = ("filelock", "hypothesis", "onnx", "pandas", "pytest", "pytest-cov", "pytest-xdist")
_FOLDERS = ("text", "bundle", "engine", "runtime", "rows")
_SCORE = (
    "import json, numpy, platform, edgernn\n"
    "classifier = edgernn.load(device='cpu')\n"
    "labels = [score.label for score in classifier.score(['Great movie!', 'Boring.', ''])]\n"
    "print(json.dumps({'python': platform.python_version(), 'numpy': numpy.__version__,"
    " 'engine': classifier.engine, 'labels': labels}))"
)


def main() -> None:
    """Try each Python and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", action="append", choices=VERSIONS)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    held = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    for version in arguments.only or VERSIONS:
        python = find(version)
        with tempfile.TemporaryDirectory() as folder:
            held[version] = None if python is None else measure(python, Path(folder))
        write_result(arguments.output, {version: held.get(version) for version in VERSIONS})


def find(version: str) -> Path | None:
    """Return an interpreter of a version such as `3.12`; None: there is none."""
    of_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    named = shutil.which(f"python{version}")
    found = sorted(of_pyenv.glob(f"{version}.*/bin/python"))
    for path in found if named is None else [*found, Path(named)]:
        # A shim of pyenv's may stand for a version that is not active.
        asked = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return path
    return None


def measure(python: Path, folder: Path) -> dict[str, Any]:
    """Install and test with one interpreter.

    Raises:
        subprocess.CalledProcessError: nothing could be installed, or no text scored.
    """
    own = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTEST_ADDOPTS")}

    def run(*command: str | Path, check: bool = True) -> str:
        done = subprocess.run(
            list(map(str, command)), cwd=_ROOT, env=own, text=True, stdout=subprocess.PIPE
        )
        if check:
            done.check_returncode()
        return done.stdout

    run(python, "-m", "venv", folder)
    made = folder / "bin"
    pip = (str(made / "python"), "-m", "pip", "install", "-q", "-c", "constraints.txt")
    run(*pip, ".")
    # Not from here, where the folder `edgernn` would be taken for what is installed.
    scored = subprocess.run(
        [made / "python", "-c", _SCORE], cwd=folder, env=own, check=True, stdout=subprocess.PIPE
    )
    found: dict[str, Any] = json.loads(scored.stdout)
    if found.pop("labels") != ["positive", "negative", None]:
        raise RuntimeError(f"Python {found['python']} scores otherwise")
    run(*pip, f".[{_EXTRAS}]", *_TOOLS)
    marks = "not slow and not keras and not jvm and not spawns"
    folders = [f"tests/{name}" for name in _FOLDERS]
    options = ("-q", "-n0", "-p", "no:cacheprovider", "-m", marks)
    said = run(made / "pytest", *options, *folders, check=False)
    counts = {name: 0 for name in ("passed", "failed", "skipped", "error")}
    for number, name in re.findall(r"(\d+) (passed|failed|skipped|error)", said.splitlines()[-1]):
        counts[name] = int(number)
    if counts["failed"] or counts["error"] or not counts["passed"]:
        print(said)
    return {**found, **counts}


def pythons_table(result: dict[str, Any]) -> str:
    """Return the table of `docs/install.md`."""
    lines = ["| Python | small install scores with | tests passed | failed | skipped | numpy |"]
    lines.append("| --- | --- | ---: | ---: | ---: | --- |")
    for version in VERSIONS:
        found = result.get(version)
        if found is None:
            lines.append(f"| {version} | not run | - | - | - | - |")
            continue
        lines.append(
            f"| {found['python']} | engine {found['engine']} | {found['passed']:,} "
            f"| {found['failed'] + found['error']:,} | {found['skipped']:,} "
            f"| {found['numpy']} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
