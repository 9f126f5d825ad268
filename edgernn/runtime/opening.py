"""Which engine runs a model file: asked for by name, or that of the file's format."""

from __future__ import annotations

from typing import Final

from edgernn.bundle import ModelFile
from edgernn.bundle.container import missing
from edgernn.errors import ModelFileError, UsageError
from edgernn.runtime.backends import BACKENDS, Backend

__all__ = ["ENGINE_FORMATS", "ENGINE_NAMES", "open_backend"]

ENGINE_NAMES: Final = ("auto", "native", "onnxruntime", "litert")
"""What `edgernn.load` and `--engine` take."""

ENGINE_FORMATS: Final = {"onnxruntime": "onnx", "litert": "tflite"}
"""The format that each engine of others runs."""


def open_backend(
    file: ModelFile, device: str, threads: int | None, engine: str = "auto"
) -> Backend:
    """Load a model file into an engine.

    Args:
        file: the checked file.
        device: `cpu`, `cuda` or `auto`.
        threads: how many threads score; None is the engine's own number.
        engine: one of `ENGINE_NAMES`; `auto` is ONNX Runtime for .onnx files and LiteRT for .tflite
            files.

    Raises:
        DeviceError: the device cannot run it.
        MissingPackageError: LiteRT is not installed.
        ModelFileError: there is no engine for the format, or it refuses the graph.
        UsageError: no such engine, or it is not for files of this format, or not installed.
    """
    if engine not in ENGINE_NAMES:
        raise UsageError(f"engine {engine!r} is not known: {', '.join(ENGINE_NAMES)}")
    if file.format not in BACKENDS:
        problem = missing(file.format, "engine", "BACKENDS in edgernn/runtime/backends.py")
        raise ModelFileError(f"{file.path}: {problem}")
    if engine == "native":
        # Scoring with another engine loads nothing of it.
        from edgernn.runtime.native import Native

        return Native(file, device, threads)
    if ENGINE_FORMATS.get(engine, file.format) != file.format:
        raise UsageError(
            f"{file.path}: engine {engine} runs .{ENGINE_FORMATS[engine]} files: choose auto or "
            "native"
        )
    return BACKENDS[file.format](file, device, threads)
