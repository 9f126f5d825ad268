"""The rows of a benchmark before they are measured: each model file on each runtime.

A row that cannot run on this machine is there, too, and says why.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgernn.bench.cold_start import FirstScore, keras_environment
from edgernn.bench.results import Model
from edgernn.bench.scorers import FileScorer, KerasScorer, Scorer
from edgernn.bundle import ModelFile, read_model_file
from edgernn.bundle.container import missing
from edgernn.bundle.messages import one_line
from edgernn.errors import DeviceError, MissingPackageError, ModelFileError, UsageError
from edgernn.native_logs import held_back
from edgernn.runtime.backends import (
    LiteRT,
    OnnxRuntime,
    on_cpu_only,
    xnnpack_fails,
)
from edgernn.runtime.devices import cuda_problem, import_onnxruntime
from edgernn.runtime.native import Native
from edgernn.runtime.opening import ENGINE_FORMATS, auto_is_cuda

if TYPE_CHECKING:
    from edgernn.training.run import Run

__all__ = [
    "NO_DELEGATE",
    "SUBJECTS",
    "XNNPACK",
    "Subject",
    "file_subjects",
    "keras_subjects",
    "open_plain",
    "prepare_keras",
]

XNNPACK = "XNNPACK"
NO_DELEGATE = "no delegate"

_XNNPACK_FAILS = "not used for this file: it scores such a loop wrong now and then"
_CPU_ONLY_LSTM = "int8 LSTMs run on the CPU only"
_NOT_INSTALLED = "not installed: pip install 'edgernn[{}]'"


@dataclass(frozen=True)
class Subject:
    """A model file on a runtime, to be measured."""

    runtime: str
    runtime_version: str | None
    options: str
    requested_device: str
    threads: int
    model: Model
    problem: str | None
    """Why it cannot run here, in one line."""
    open: Callable[[], Scorer]
    """Loads the model. Raises an EdgernnError where it cannot."""
    first_score: FirstScore
    """What a fresh process does to load it and to score a text."""


def file_subjects(
    path: Path,
    devices: Sequence[str],
    threads: Sequence[int],
    delegates: Sequence[str],
    engines: Sequence[str] = ("all",),
) -> list[Subject]:
    """Return the rows of a model file.

    Args:
        path: an .onnx or .tflite file that `edgernn export` wrote.
        devices: of `cpu`, `cuda` and `auto`, those that are asked for; a .tflite file is not
            measured on CUDA unless CUDA alone is asked for, which it cannot have.
        threads: a row for each number.
        delegates: of `XNNPACK` and `NO_DELEGATE`, what LiteRT runs with.
        engines: `all`, or of `edgernn.runtime.opening.ENGINE_NAMES`; those of other formats have no
            row. Where `auto` is not the C engine, that has a row too, which says why.

    Raises:
        ModelFileError: the file is missing, broken, or not one of ours.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ModelFileError(
            f"{path}: is a pipe or a device, and fresh processes are to open it again: save it as "
            "a file"
        )
    file = read_model_file(path)
    card = file.bundle.card
    model = Model(
        name=one_line(path.name),
        sha256=hashlib.sha256(file.data).hexdigest(),
        bytes=len(file.data),
        recipe=_line(card.get("recipe")),
        format=file.format,
        precision=_line(card.get("precision")) or "unknown",
    )
    if file.format not in SUBJECTS:
        problem = missing(file.format, "row", "SUBJECTS in edgernn/bench/subjects.py")
        raise ModelFileError(f"{file.path}: {problem}")
    rows: list[Subject] = []
    for count in threads:
        for engine in engines:
            others = ENGINE_FORMATS.get(engine, file.format) == file.format
            elsewhere = devices
            if engine in ("auto", "native", "all"):
                row = _native(file, model, count)
                on_cpu = _on_cpu(file, devices)
                if engine != "auto" or on_cpu:
                    rows.append(row)
                if engine == "auto" and row.problem is None:
                    elsewhere = [device for device in devices if device not in on_cpu]
            if others and engine != "native" and elsewhere:
                rows += SUBJECTS[file.format](file, model, elsewhere, count, delegates)
    return rows


def _on_cpu(file: ModelFile, devices: Sequence[str]) -> list[str]:
    """Return those of the devices that are the CPU for a file."""
    if file.format != "onnx":
        return list(devices)
    has_cuda = "auto" in devices and auto_is_cuda(file)
    return [device for device in devices if device == "cpu" or (device == "auto" and not has_cuda)]


def _onnx_rows(
    file: ModelFile, model: Model, devices: Sequence[str], threads: int, delegates: Sequence[str]
) -> list[Subject]:
    return [_onnx(file, model, device, threads) for device in devices]


def _tflite_rows(
    file: ModelFile, model: Model, devices: Sequence[str], threads: int, delegates: Sequence[str]
) -> list[Subject]:
    own = [device for device in devices if device != "cuda"] or devices
    return [
        _litert(file, model, device, threads, delegate) for device in own for delegate in delegates
    ]


SUBJECTS: Final[dict[str, Callable[..., list[Subject]]]] = {
    "onnx": _onnx_rows,
    "tflite": _tflite_rows,
}
"""The rows of a format's file with one number of threads."""


def keras_subjects(run: Run, threads: Sequence[int]) -> list[Subject]:
    """Return the rows of a run's Keras model; TensorFlow chooses its device."""
    from edgernn.training.run import MODEL

    path = run.folder / MODEL
    data = path.read_bytes()
    recipe = _line(run.config.get("recipe"))
    model = Model(
        name=f"{recipe or one_line(run.folder.name)}.keras",
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        recipe=recipe,
        format="keras",
        precision="float32",
    )
    version = _installed("keras") if _installed("tensorflow") else None
    rows = []
    for number, count in enumerate(threads):
        problem = None
        if version is None:
            problem = _NOT_INSTALLED.format("export")
        elif number:
            problem = (
                "TensorFlow takes one number of threads a process: name this one first in --threads"
            )
        rows.append(
            Subject(
                *("keras", version, "", "auto", count, model, problem),
                open=partial(_open_keras, run, count),
                first_score=FirstScore("keras", str(run.folder), "auto", count),
            )
        )
    return rows


def prepare_keras(threads: int) -> None:
    """Settle TensorFlow's number of threads, for a process that has not loaded it yet."""
    if "tensorflow" not in sys.modules:
        os.environ.update(keras_environment(threads))


def open_plain(path: str, threads: int) -> Scorer:
    """Open a .tflite file in LiteRT without a delegate.

    Raises:
        MissingPackageError: LiteRT is not installed.
        ModelFileError: the file is broken, or LiteRT refuses the graph.
    """
    return _open_litert(read_model_file(path), NO_DELEGATE, threads)


def _onnx(file: ModelFile, model: Model, device: str, threads: int) -> Subject:
    version = problem = None
    try:
        runtime = import_onnxruntime()
        version = str(runtime.__version__)
        if device == "cuda":
            problem = _CPU_ONLY_LSTM if on_cpu_only(file) else cuda_problem(runtime)
    except ModuleNotFoundError:
        problem = _NOT_INSTALLED.format("gpu" if device == "cuda" else "cpu")
    except ImportError as error:
        problem = one_line(f"cannot be imported: {error}")

    def open() -> Scorer:
        return FileScorer(file, OnnxRuntime(file, device, threads))

    return Subject(
        *("onnxruntime", version, "", device, threads, model, problem),
        open=open,
        first_score=FirstScore("edgernn", str(file.path), device, threads, "onnxruntime"),
    )


def _native(file: ModelFile, model: Model, threads: int) -> Subject:
    problem = None
    try:
        Native(file, "cpu", threads)
    except (ModelFileError, UsageError) as error:
        problem = one_line(str(error))
    return Subject(
        *("native", _installed("edgernn"), "", "cpu", threads, model, problem),
        open=lambda: FileScorer(file, Native(file, "cpu", threads)),
        first_score=FirstScore("edgernn", str(file.path), "cpu", threads, "native"),
    )


def _litert(file: ModelFile, model: Model, device: str, threads: int, delegate: str) -> Subject:
    version = _installed("ai-edge-litert")
    problem = None
    if version is None:
        problem = _NOT_INSTALLED.format("tflite")
    elif device == "cuda":
        problem = ".tflite files run on the CPU only"
    elif delegate == XNNPACK and xnnpack_fails(file):
        problem = _XNNPACK_FAILS
    # Where XNNPACK fails, a file that is loaded as usual does without it.
    usual = delegate == XNNPACK or xnnpack_fails(file)
    way = "edgernn" if usual else "plain"
    return Subject(
        *("litert", version, delegate, device, threads, model, problem),
        open=partial(_open_litert, file, delegate, threads),
        first_score=FirstScore(way, str(file.path), device, threads, "litert"),
    )


def _open_litert(file: ModelFile, delegate: str, threads: int) -> Scorer:
    make = _without_delegate() if delegate == NO_DELEGATE else None
    with held_back():
        backend = LiteRT(file, "cpu", threads, make)
    return FileScorer(file, backend)


def _without_delegate() -> Callable[..., Any]:
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise MissingPackageError(
            "ai-edge-litert", "running a .tflite file with LiteRT", "tflite"
        ) from error
    without = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return partial(Interpreter, experimental_op_resolver_type=without)


def _open_keras(run: Run, threads: int) -> Scorer:
    prepare_keras(threads)
    wanted = keras_environment(threads)
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        raise DeviceError("TensorFlow was loaded with another number of threads")
    return KerasScorer(run)


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _line(value: object) -> str | None:
    return one_line(value) if isinstance(value, str) else None
