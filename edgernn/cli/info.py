"""`edgernn info`: what a file holds, what this machine has."""

from __future__ import annotations

import json
from contextlib import nullcontext
from importlib import metadata, util
from pathlib import Path
from typing import Any

from edgernn.audit import find_oldest_runtime, read_graph
from edgernn.bundle import ModelFile, read_model_file
from edgernn.cli.console import write_line
from edgernn.errors import EdgernnError, UsageError
from edgernn.native_logs import held_back
from edgernn.nvidia import find_gpus, find_packages, tell_damage
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.devices import cuda_problem, import_onnxruntime
from edgernn.runtime.native import Native, NotHereError, RefusedError
from edgernn.runtime.opening import open_backend

__all__ = ["run_info"]


def run_info(path: Path | None, as_json: bool) -> None:
    """Print a model file's content and this machine's runtimes."""
    found = {"model": _model(SHIPPED_MODEL if path is None else path), "machine": _machine()}
    if as_json:
        write_line(json.dumps(found, ensure_ascii=False))
        return
    for title, section in found.items():
        write_line(title)
        for name, value in _flat(section):
            write_line(f"  {name:<22} {value}")


def _model(path: Path) -> dict[str, Any]:
    file = read_model_file(path)
    contract = file.bundle.contract
    vocabulary = len(file.bundle.encoder.vocabulary)
    oldest = find_oldest_runtime(read_graph(file))
    return {
        "file": str(path),
        "format": file.format,
        "bytes": len(file.data),
        "card": dict(file.bundle.card),
        "contract": json.loads(contract.to_json()),
        "vocabulary bytes": vocabulary,
        "operators": dict(sorted(file.operators.items())),
        "engine": _engines(file),
        "oldest runtime": oldest.text,
        **({"newer for": [reason.text for reason in oldest.reasons]} if oldest.reasons else {}),
    }


def _engines(file: ModelFile) -> dict[str, str]:
    """Say which engine `auto` is for the file here and why, and whether the C engine runs it."""
    try:
        native = f"yes, {Native(file, 'cpu', 1).level}"
    except (NotHereError, RefusedError) as error:
        native = f"no: {error.reason}"
    except UsageError as error:
        native = f"no: {error}"
    try:
        with held_back() if file.container.quiet else nullcontext():
            backend, why = open_backend(file, "auto", 1)
    except EdgernnError as error:
        return {"auto": "none", "why": str(error), "native": native}
    return {"auto": backend.name, "why": why, "native": native}


def _machine() -> dict[str, Any]:
    try:
        ort = import_onnxruntime()
    except ModuleNotFoundError:
        ort = None
    problem = "pip install 'edgernn[gpu]'" if ort is None else cuda_problem(ort)
    litert = "no: pip install 'edgernn[tflite]'"
    if util.find_spec("ai_edge_litert") is not None:
        litert = metadata.version("ai-edge-litert")
    packages = find_packages()
    return {
        "onnxruntime": "no: pip install 'edgernn[cpu]'" if ort is None else ort.__version__,
        "built for cuda": str(getattr(ort, "cuda_version", "")) or "no",
        "execution providers": [] if ort is None else ort.get_available_providers(),
        "cpu": "yes",
        "cuda": "yes" if problem is None else f"no: {problem}",
        "gpus": find_gpus(),
        "cudnn": [p.pinned for p in packages if p.name.startswith("nvidia-cudnn-cu")],
        "damaged packages": [tell_damage(p) for p in packages if p.replaced or p.missing],
        "litert": litert,
    }


def _flat(section: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in section.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{name} ")
        elif isinstance(value, list):
            # Of objects, such as layers, the values say enough in a line.
            parts = [
                " ".join(map(str, v.values())) if isinstance(v, dict) else str(v) for v in value
            ]
            lines.append((f"{prefix}{name}", ", ".join(parts) or "none"))
        else:
            shown = f"{value:,}" if type(value) is int else str(value)
            lines.append((f"{prefix}{name}", shown))
    return lines
