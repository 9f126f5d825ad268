"""Which engine runs a model file: asked for by name, or the best that is here."""

from __future__ import annotations

import warnings
from typing import Final, NamedTuple

from edgernn.bundle import ModelFile
from edgernn.bundle.container import missing
from edgernn.errors import MissingPackageError, ModelFileError, UsageError
from edgernn.runtime.backends import BACKENDS, Backend, on_cpu_only
from edgernn.runtime.devices import check_device, cuda_may_run, cuda_runs

__all__ = [
    "ENGINE_FORMATS",
    "ENGINE_NAMES",
    "Opened",
    "auto_is_cuda",
    "open_backend",
    "reference_of",
]

ENGINE_NAMES: Final = ("auto", "native", "onnxruntime", "litert")
"""What `edgernn.load` and `--engine` take."""

ENGINE_FORMATS: Final = {"onnxruntime": "onnx", "litert": "tflite"}
"""The format that each engine of others runs."""


class Opened(NamedTuple):
    """A file in an engine."""

    backend: Backend
    why: str
    """Why it is this engine, in one line."""


def open_backend(file: ModelFile, device: str, threads: int | None, engine: str = "auto") -> Opened:
    """Load a model file into an engine.

    Args:
        file: the checked file.
        device: `cpu`, `cuda` or `auto`.
        threads: how many threads score; None is the engine's own number.
        engine: one of `ENGINE_NAMES`; `auto` is ONNX Runtime on CUDA, and on a CPU the C engine
            where that is here and runs the graph, or else ONNX Runtime for .onnx files and LiteRT
            for .tflite files.

    Raises:
        DeviceError: the device cannot run it.
        MissingPackageError: ONNX Runtime or LiteRT, which would run it, is not installed.
        ModelFileError: there is no engine for the format, or it refuses the graph.
        UsageError: no such engine, or it is not for files of this format, or not installed.
    """
    if engine not in ENGINE_NAMES:
        raise UsageError(f"engine {engine!r} is not known: {', '.join(ENGINE_NAMES)}")
    check_device(device)
    if file.format not in BACKENDS:
        problem = missing(file.format, "engine", "BACKENDS in edgernn/runtime/backends.py")
        raise ModelFileError(f"{file.path}: {problem}")
    if engine == "auto":
        return _open_best(file, device, threads)
    if engine == "native":
        # Scoring with another engine loads nothing of it.
        from edgernn.runtime.native import Native

        return Opened(Native(file, device, threads), "asked for")
    if ENGINE_FORMATS[engine] != file.format:
        raise UsageError(
            f"{file.path}: engine {engine} runs .{ENGINE_FORMATS[engine]} files: choose auto or "
            "native"
        )
    return Opened(BACKENDS[file.format](file, device, threads), "asked for")


def reference_of(format: str) -> str:
    """Return the engine of others that a format's files are held to; `auto` where none has one."""
    return next((name for name, runs in ENGINE_FORMATS.items() if runs == format), "auto")


def auto_is_cuda(file: ModelFile) -> bool:
    """Tell whether the device `auto` is CUDA for a file on this machine."""
    return file.format == "onnx" and not on_cpu_only(file) and cuda_may_run() and cuda_runs()


def _open_best(file: ModelFile, device: str, threads: int | None) -> Opened:
    open_other = BACKENDS[file.format]
    if device == "cuda":
        return Opened(open_other(file, device, threads), "the C engine runs on a CPU alone")
    if device == "auto" and auto_is_cuda(file):
        return Opened(open_other(file, "cuda", threads), "CUDA runs here")
    from edgernn.runtime.native import Native, NotHereError, RefusedError

    try:
        return Opened(Native(file, "cpu", threads), "the default on a CPU")
    except (NotHereError, RefusedError) as error:
        why = f"the C engine {error.predicate}"
        if isinstance(error, NotHereError) and error.is_broken:
            warnings.warn(f"{why}; scoring with another one", RuntimeWarning, stacklevel=5)
    try:
        return Opened(open_other(file, device, threads), why)
    except MissingPackageError as error:
        purpose = f"{file.path}: {why}; {error.purpose}"
        raise MissingPackageError(error.package, purpose, error.extra) from error
