"""A GPU that the machine has and TensorFlow cannot use: why not, and what to run."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib import metadata
from typing import Any

from edgernn.nvidia import (
    IN_A_CONTAINER,
    NvidiaPackage,
    find_gpus,
    find_packages,
    switch_to,
    tell_damage,
)

__all__ = ["find_gpu_problem"]

_DRIVER = "libcuda.so.1"
_LOG = (
    "TF_CPP_MIN_LOG_LEVEL=0 python -c "
    "\"import tensorflow as tf; tf.config.list_physical_devices('GPU')\""
)


def find_gpu_problem(tensorflow: Any) -> str | None:
    """Say what keeps TensorFlow from training on a GPU of this machine, and what to run.

    None where it sees one and finds its own libraries, where the machine has none, and where a
    person has hidden it with CUDA_VISIBLE_DEVICES.

    Args:
        tensorflow: the imported package.
    """
    if tensorflow.config.list_physical_devices("GPU"):
        damaged = [p for p in _needed() if p.replaced or p.missing]
        return tell_damage(damaged[0]) if damaged else None
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        return None
    gpus = find_gpus()
    if not gpus:
        return None
    return f"this machine has a GPU ({gpus[0]}) that TensorFlow does not see: {_why(tensorflow)}"


def _why(tensorflow: Any) -> str:
    if sys.platform == "win32":
        return "on Windows it trains on a GPU in WSL 2 only"
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return f"the driver's {_DRIVER} cannot be loaded; {IN_A_CONTAINER}"
    if not tensorflow.test.is_built_with_cuda():
        try:
            metadata.version("tensorflow-cpu")
        except metadata.PackageNotFoundError:
            return "this build of it has no CUDA"
        return f"it is tensorflow-cpu: pip uninstall -y tensorflow-cpu && {switch_to('train-gpu')}"
    needed = _needed()
    for package in needed:
        if package.replaced or package.missing:
            return tell_damage(package)
    if not any(p.name == "nvidia-cudnn-cu12" for p in needed):
        return f"its CUDA libraries are not installed: {switch_to('train-gpu')}"
    return f"its CUDA libraries are installed; its own log says why: {_LOG}"


def _needed() -> list[NvidiaPackage]:
    """Return the installed ones of NVIDIA's packages that TensorFlow asks for."""
    return [p for p in find_packages() if any(u.startswith("tensorflow ") for u in p.needed_by)]
