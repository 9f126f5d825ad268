"""Where a measurement was made: machine and versions, to stand beside its figures."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from edgernn.bench import machine as bench
from edgernn.files import write_text

__all__ = ["EXPORT_PACKAGES", "describe_machine", "write_result"]

EXPORT_PACKAGES = (
    "edgernn",
    "keras",
    "tensorflow",
    "tf2onnx",
    "onnx",
    "ai-edge-litert",
    "numpy",
    "onnxruntime",
)
"""What takes part where a run is exported and its files are measured."""


def describe_machine(packages: Sequence[str]) -> dict[str, Any]:
    """Return processor, cores, Python and the versions of the packages that took part.

    Either wheel of ONNX Runtime is `onnxruntime`.
    """
    machine = bench.describe_machine()
    return {
        "processor": machine.name,
        "cores": machine.cores,
        "python": platform.python_version(),
        "versions": {
            name: machine.versions.get(name) or metadata.version(name) for name in packages
        },
    }


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result file."""
    write_text(path, json.dumps(result, indent=2) + "\n")
