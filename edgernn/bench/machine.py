"""The machine that measures: what its figures depend on, to stand beside them."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path

from edgernn.bench.results import Machine
from edgernn.bundle.messages import one_line
from edgernn.runtime.cores import cores

__all__ = ["describe_machine", "differences"]

_PACKAGES = (
    *("edgernn", "numpy", "onnxruntime", "onnxruntime-gpu", "ai-edge-litert", "keras"),
    "tensorflow",
)
_FLAGS = re.compile(
    r"sse4_2|avx|avx2|avx512(f|bw|vl|dq|_vnni|_bf16|_fp16)|avx_vnni|fma|f16c|amx_(tile|int8|bf16)"
    r"|neon|asimd|asimddp|asimdhp|i8mm|bf16|sve|sve2|svei8mm"
)
"""Instruction sets that matrix products use, as Linux calls them."""
_CPU = Path("/proc/cpuinfo")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_GPUS = Path("/proc/driver/nvidia/gpus")
_GPU_DRIVER = Path("/proc/driver/nvidia/version")


def describe_machine() -> Machine:
    """Return what there is to know; what this system does not tell is None or left out."""
    cpu = _cpu_facts()
    flags = (cpu.get("flags") or cpu.get("Features") or "").split()
    name = cpu.get("model name") or platform.processor() or platform.machine() or "unknown"
    return Machine(
        name=one_line(name),
        system=" ".join((platform.system(), platform.release(), platform.machine())),
        cores=cores(),
        memory_bytes=_memory(),
        flags=tuple(sorted({flag for flag in flags if _FLAGS.fullmatch(flag)})),
        governor=_read(_GOVERNOR),
        versions=_versions(),
    )


def differences(one: Machine, other: Machine) -> list[str]:
    """Name what sets two machines apart so that their times cannot be compared."""
    pairs = {
        "processor": (one.name, other.name),
        "cores": (one.cores, other.cores),
        "system": (one.system.partition(" ")[0], other.system.partition(" ")[0]),
        "governor": (one.governor, other.governor),
    }
    return [
        f"{name} {first or 'unknown'}, was {second or 'unknown'}"
        for name, (first, second) in pairs.items()
        if first != second
    ]


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        # Windows has no sysconf, and some systems not these names.
        return None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package.removesuffix("-gpu")] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    for number, card in enumerate(sorted(_GPUS.glob("*/information"))):
        facts = _facts(_read(card) or "")
        if "Model" in facts:
            found[f"gpu {number}"] = one_line(facts["Model"])
    driver = re.search(r"\d+\.\d+(\.\d+)?", _read(_GPU_DRIVER) or "")
    if driver is not None:
        found["nvidia driver"] = driver[0]
    return found


def _cpu_facts() -> dict[str, str]:
    """Return what Linux says of the first core."""
    return _facts((_read(_CPU) or "").partition("\n\n")[0])


def _facts(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        # Other systems, and machines without such a part, lack the file.
        return None
