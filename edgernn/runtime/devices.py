"""Which device runs: CPU or CUDA, asked for plainly and never swapped in silence."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import io
import sys
import warnings
from pathlib import Path
from typing import Any, Literal, get_args

from edgernn.errors import DeviceError, UsageError
from edgernn.privacy import import_quietly

__all__ = [
    "CUDA_DRIVER",
    "Device",
    "check_device",
    "check_wheels",
    "choose_device",
    "cuda_may_run",
    "cuda_problem",
    "cuda_runs",
    "import_onnxruntime",
]

Device = Literal["auto", "cpu", "cuda"]

CUDA_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_CUDA_PROVIDER = (
    "onnxruntime_providers_cuda.dll"
    if sys.platform == "win32"
    else "libonnxruntime_providers_cuda.so"
)

_WHEELS = frozenset(
    f"onnxruntime{kind}" for kind in ("", "_directml", "_gpu", "_openvino", "_training")
)
"""Those that bring the folder `onnxruntime`."""

_WITH_CUDA = (("linux", "x86_64"), ("win32", "AMD64"))
"""Platforms that onnxruntime-gpu has wheels for."""
_NOT_BUILT_FOR_IT = "this ONNX Runtime is built without it"
_NO_DRIVER = f"no NVIDIA driver on this machine ({CUDA_DRIVER} cannot be loaded)"


def import_onnxruntime() -> Any:
    """Import ONNX Runtime, and warn when its wheels were installed over each other."""
    onnxruntime = import_quietly("onnxruntime")
    check_wheels(Path(onnxruntime.__file__).parent.parent)
    return onnxruntime


def check_wheels(site_packages: Path) -> None:
    """Warn when wheels that each are ONNX Runtime are installed over each other in a folder."""
    found = {}
    for path in site_packages.glob("onnxruntime*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        if name in _WHEELS:
            found[name.replace("_", "-")] = version
    if len(found) > 1:
        names = sorted(found)
        # The version that is there: another one may be for another CUDA.
        kept = max(names, key=lambda name: (name == "onnxruntime-gpu", name == "onnxruntime"))
        warnings.warn(
            f"{' and '.join(names)} are installed together and overwrite each other's files; "
            f"run: pip uninstall -y {' '.join(names)} && "
            f"pip install --no-deps {kept}=={found[kept]}",
            RuntimeWarning,
            stacklevel=3,
        )


def check_device(requested: str) -> None:
    """Make sure that a word names a device, or `auto`.

    Raises:
        UsageError: it does not.
    """
    if requested not in get_args(Device):
        raise UsageError(f"device {requested!r} is not known: {', '.join(get_args(Device))}")


def cuda_may_run() -> bool:
    """Tell whether ONNX Runtime is worth asking for CUDA, without loading it.

    It is where its provider for CUDA is installed and the machine has a driver.
    """
    found = importlib.util.find_spec("onnxruntime")
    if found is None or found.origin is None:
        return False
    if not (Path(found.origin).parent / "capi" / _CUDA_PROVIDER).exists():
        return False
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        return False
    return True


def cuda_runs() -> bool:
    """Tell whether ONNX Runtime's provider for CUDA loads; this loads ONNX Runtime."""
    return _try_cuda(import_onnxruntime()) is None


def choose_device(requested: str, onnxruntime: Any) -> Literal["cpu", "cuda"]:
    """Settle on the device to run on.

    Args:
        requested: `cpu`, `cuda`, or `auto` for CUDA where it loads and the CPU elsewhere.
        onnxruntime: the imported package.

    Raises:
        UsageError: another word.
        DeviceError: `cuda` was asked for and cannot run; the message says why.
    """
    check_device(requested)
    if requested == "cpu":
        return "cpu"
    failure = _try_cuda(onnxruntime)
    if failure is None:
        from edgernn.nvidia import find_damaged, tell_damage

        for package in find_damaged():
            warnings.warn(tell_damage(package), RuntimeWarning, stacklevel=4)
        return "cuda"
    if requested == "cuda":
        raise DeviceError(f"CUDA was asked for and cannot run: {_explain(failure, onnxruntime)}")
    return "cpu"


def cuda_problem(onnxruntime: Any) -> str | None:
    """Say why CUDA cannot run here and what to do, or None when its provider loads."""
    failure = _try_cuda(onnxruntime)
    return None if failure is None else _explain(failure, onnxruntime)


def _try_cuda(onnxruntime: Any) -> str | OSError | None:
    """Return None when CUDA loads, or why it does not: an error where libraries are missing.

    ONNX Runtime itself falls back to the CPU without an error, so what it would load is tried
    first: the driver, then the provider with the CUDA and cuDNN libraries that it needs.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return _NOT_BUILT_FOR_IT
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        return _NO_DRIVER
    if not hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info"):
        # Scores on the CPU are those of newer ones; what would run on the GPU could not be seen.
        return f"it takes ONNX Runtime 1.24 or later, this is {onnxruntime.__version__}"
    # Brings in the libraries of the nvidia-* wheels, which the system's loader does not find. What
    # it cannot load it prints to standard output, where results go.
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
    provider = Path(onnxruntime.__file__).parent / "capi" / _CUDA_PROVIDER
    try:
        # The provider is made to be loaded behind this library, which carries its symbols.
        ctypes.CDLL(
            str(provider.with_name(provider.name.replace("cuda", "shared"))), ctypes.RTLD_GLOBAL
        )
        ctypes.CDLL(str(provider))
    except OSError as error:
        return error
    return None


def _explain(failure: str | OSError, onnxruntime: Any) -> str:
    """Add to a reason what to run, where something helps."""
    import platform

    from edgernn.nvidia import IN_A_CONTAINER, find_gpus, find_packages, switch_to, tell_damage

    if failure == _NO_DRIVER:
        gpus = find_gpus()
        return f"{failure}, which has a GPU ({gpus[0]}); {IN_A_CONTAINER}" if gpus else failure
    packages = find_packages()
    if isinstance(failure, OSError):
        for package in packages:
            if package.replaced or package.missing:
                return f"{failure}: {tell_damage(package)}"
    elif failure == _NOT_BUILT_FOR_IT:
        if (sys.platform, platform.machine()) not in _WITH_CUDA:
            return f"{failure}, and none with it is published for this platform"
        # Both, of which the second may be there, overwritten by the first.
        return f"{failure}: pip uninstall -y onnxruntime onnxruntime-gpu && {switch_to('gpu')}"
    # What TensorFlow has installed for CUDA 12 is used by both, or else overwritten.
    extra = "train-gpu" if any(p.name == "nvidia-cudnn-cu12" for p in packages) else "gpu"
    return f"{failure}: {switch_to(extra)}"
