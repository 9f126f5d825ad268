"""Environments that hold one runtime or converter each, made for a measurement and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["REQUIREMENTS", "Place", "make_places"]

REQUIREMENTS: Final[dict[str, tuple[str, ...]]] = {
    "openvino": ("openvino==2026.4.1",),
    "openvino, f32": ("openvino==2026.4.1",),
    "MNN": ("MNN==3.6.1", "numpy"),
    "IREE": ("iree-base-compiler[onnx]==3.13.0", "iree-base-runtime==3.13.0"),
    "tflite-micro": ("tflite-micro==0.dev20261023182759",),
    "torch": ("litert-torch==0.10.0", "torch==2.14.1", "onnx==1.23.2", "onnxscript==0.7.2"),
    "onnx2tf": ("onnx2tf==2.6.9",),
}
"""By runtime or converter; the first names the version. The others are in edgernn's own
environment."""

_CONVERTERS: Final = ("torch", "onnx2tf")
_PYTHON: Final = {"onnx2tf": "python3.12"}
"""What does not run on Python 3.11, by its package."""
_RTEN = Path(__file__).parent / "rten"


@dataclass(frozen=True)
class Place:
    """Where a runtime is."""

    python: str
    version: str | None
    """None: that of edgernn's own environment."""
    problem: str | None = None
    """Why it could not be had."""


def make_places(folder: Path, *, converters: bool = True) -> dict[str, Place]:
    """Make the environments that are not in a folder yet, and rten's program.

    Args:
        folder: where they are kept.
        converters: whether those that hold no runtime are wanted, too.
    """
    made: dict[tuple[str, ...], Place] = {}
    wanted = {
        name: requirements
        for name, requirements in REQUIREMENTS.items()
        if converters or name not in _CONVERTERS
    }
    for requirements in wanted.values():
        if requirements not in made:
            made[requirements] = _environment(folder, requirements)
    return {
        **{name: made[requirements] for name, requirements in wanted.items()},
        "rten": _rten(folder),
    }


def _environment(folder: Path, requirements: tuple[str, ...]) -> Place:
    name, _, version = requirements[0].partition("==")
    path = folder / name.partition("[")[0]
    python = path / "bin" / "python"
    if not python.exists():
        of = shutil.which(_PYTHON.get(name, sys.executable))
        if of is None:
            return Place(str(python), version, f"{_PYTHON[name]} is not installed")
        subprocess.run([of, "-m", "venv", str(path)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*command, *requirements], capture_output=True, text=True)
        if done.returncode:
            return Place(str(python), version, _last_line(done.stderr))
    return Place(str(python), version)


def _rten(folder: Path) -> Place:
    """Build rten's program, which adapters find by a variable of the environment."""
    version = "0.27.0"
    target = folder / "rten"
    command = ["cargo", "build", "--release", "--quiet", "--target-dir", str(target)]
    try:
        done = subprocess.run(command, cwd=_RTEN, capture_output=True, text=True)
    except FileNotFoundError:
        return Place(sys.executable, version, "cargo is not installed")
    if done.returncode:
        return Place(sys.executable, version, _last_line(done.stderr))
    os.environ["EDGERNN_RTEN"] = str(target / "release" / "edgernn-in-rten")
    return Place(sys.executable, version)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason is given"])[-1]
