"""Which device runs: CPU or CUDA, asked for plainly and never swapped in silence."""

from __future__ import annotations

import ctypes
import sys
import warnings
from pathlib import Path
from typing import Any, Literal, get_args

from edgernn.errors import DeviceError, UsageError
from edgernn.privacy import import_quietly

__all__ = [
    "CUDA_DRIVER",
    "Device",
    "check_wheels",
    "choose_device",
    "cuda_problem",
    "import_onnxruntime",
]

Device = Literal["auto", "cpu", "cuda"]

CUDA_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_CUDA_PROVIDER = (
    "onnxruntime_providers_cuda.dll"
    if sys.platform == "win32"
    else "libonnxruntime_providers_cuda.so"
)


def import_onnxruntime() -> Any:
    """Import ONNX Runtime, and warn when two of its wheels were installed over each other."""
    onnxruntime = import_quietly("onnxruntime")
    check_wheels(Path(onnxruntime.__file__).parent.parent)
    return onnxruntime


def check_wheels(site_packages: Path) -> None:
    """Warn when the wheels `onnxruntime` and `onnxruntime-gpu` are both installed in a folder."""
    found = [
        name
        for name in ("onnxruntime", "onnxruntime_gpu")
        if next(site_packages.glob(f"{name}-*.dist-info"), None) is not None
    ]
    if len(found) > 1:
        warnings.warn(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other's files; "
            "run: pip uninstall -y onnxruntime onnxruntime-gpu && "
            "pip install --force-reinstall --no-deps onnxruntime-gpu",
            RuntimeWarning,
            stacklevel=3,
        )


def choose_device(asked: str, onnxruntime: Any) -> Literal["cpu", "cuda"]:
    """Settle on the device to run on.

    Args:
        asked: `cpu`, `cuda`, or `auto` for CUDA where it loads and the CPU elsewhere.
        onnxruntime: the imported package.

    Raises:
        UsageError: another word.
        DeviceError: `cuda` was asked for and cannot run; the message says why.
    """
    if asked not in get_args(Device):
        raise UsageError(f"device {asked!r} is not known: {', '.join(get_args(Device))}")
    if asked == "cpu":
        return "cpu"
    problem = cuda_problem(onnxruntime)
    if problem is None:
        return "cuda"
    if asked == "cuda":
        raise DeviceError(f"CUDA was asked for and cannot run: {problem}")
    return "cpu"


def cuda_problem(onnxruntime: Any) -> str | None:
    """Say why CUDA cannot run here, or None when its provider loads.

    ONNX Runtime itself falls back to the CPU without an error, so what it would load is tried
    first: the driver, then the provider with the CUDA and cuDNN libraries that it needs.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this ONNX Runtime is built without it: pip install onnxruntime-gpu"
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        return f"no NVIDIA driver on this machine ({CUDA_DRIVER} cannot be loaded)"
    # Brings in the libraries of the nvidia-* wheels, which the system's loader does not find.
    onnxruntime.preload_dlls()
    provider = Path(onnxruntime.__file__).parent / "capi" / _CUDA_PROVIDER
    try:
        # The provider is made to be loaded behind this library, which carries its symbols.
        ctypes.CDLL(
            str(provider.with_name(provider.name.replace("cuda", "shared"))), ctypes.RTLD_GLOBAL
        )
        ctypes.CDLL(str(provider))
    except OSError as error:
        return f"{error}: pip install 'edgernn[gpu]'"
    return None
