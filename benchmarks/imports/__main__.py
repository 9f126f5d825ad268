"""Make the cases with five Keras versions, measure them, and write the result.

python -m benchmarks.imports [--keep FOLDER]

Environments for the older versions are made under a temporary folder and take about 4 GB and some
minutes; Keras 3.15 and tf_keras are those that edgernn itself is installed with. `--keep` keeps
environments and cases in a folder, and uses those that it finds there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.environment import describe_machine, write_result
from benchmarks.imports.cases import TEXTS, Case
from benchmarks.imports.measure import failures, measure_all

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "benchmarks" / "results" / "imports.json"
REQUIREMENTS = {
    "2.12": ("tensorflow-cpu==2.12.1", "keras==2.12.0", "numpy<1.24"),
    "2.15": ("tensorflow-cpu==2.15.1", "keras==2.15.0", "numpy<2"),
    "3.0": ("tensorflow-cpu==2.16.2", "keras==3.0.5", "numpy<2"),
    "3.15": (),
    "tf_keras": (),
}
"""What an environment of each version is made of; nothing: that of edgernn itself."""


def main() -> None:
    """Run all, and exit 1 where a case did not go as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if keep is None else keep.absolute()
        cases = folder / "cases"
        for version, requirements in REQUIREMENTS.items():
            if not list(cases.glob(f"*-{version}")):
                _make(version, _python(folder / "environments" / version, requirements), cases)
        folders = sorted(path.parent for path in cases.glob("*/case.json"))
        with tempfile.TemporaryDirectory() as work:
            rows = measure_all(folders, Path(work))
    machine = describe_machine(["edgernn", "keras", "tensorflow", "onnxruntime", "ai-edge-litert"])
    write_result(RESULT, {"versions": machine["versions"], "texts": len(TEXTS), "cases": rows})
    wrong = failures(rows, [Case.read(path) for path in folders])
    sys.exit("\n".join(wrong) if wrong else 0)


def _python(folder: Path, requirements: tuple[str, ...]) -> Path:
    """Return the interpreter of an environment with these packages, made where there is none."""
    if not requirements:
        return Path(sys.executable)
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
    return python


def _make(version: str, python: Path, cases: Path) -> None:
    subprocess.run(
        [python, "-m", "benchmarks.imports.make", version, cases],
        check=True,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
