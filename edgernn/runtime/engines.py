"""The runtimes that can run a model file on this machine, each opened by name.

`edgernn.load` takes one of them; proving that a file answers alike on all takes each.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any, Final

from edgernn.bundle import ModelFile
from edgernn.bundle.container import missing
from edgernn.bundle.messages import one_line
from edgernn.errors import ModelFileError
from edgernn.privacy import import_quietly
from edgernn.runtime.adapters import Adapter
from edgernn.runtime.backends import (
    Backend,
    LiteRT,
    OnnxRuntime,
    on_cpu_only,
    xnnpack_fails,
)
from edgernn.runtime.devices import cuda_problem, import_onnxruntime
from edgernn.runtime.native import Native, NotHereError, RefusedError
from edgernn.runtime.other_runtimes import ChildRuntime, known_for, runtime_version

__all__ = ["ENGINES", "NOT_INSTALLED", "Engine", "find_engines", "find_others"]

NOT_INSTALLED: Final = "not installed"
"""The problem of a runtime that is not here."""

# Of 1,500 loads of a small model TensorFlow 2.21 scored one wrong, LiteRT 2.3 one in eleven,
# tflite-runtime 2.14 none.
_XNNPACK_FAILS = "not used for this file: it scores such a loop wrong now and then"


@dataclass(frozen=True)
class Engine:
    """One way to run a model file."""

    name: str
    """The runtime, with what sets it apart from another row of the same runtime."""
    version: str | None
    """None where the runtime is not here, or does not say."""
    problem: str | None
    """Why it cannot be had here or is not used for the file, in one line; None where it is."""
    open: Callable[[], Backend]
    """Loads the file. Raises the errors of `edgernn.runtime.backends`: what is wrong is the file,
    or the runtime that should have run it."""
    is_other: bool = False
    """Whether it is one that nothing here scores with, so that it may refuse a file."""


def find_engines(file: ModelFile) -> tuple[Engine, ...]:
    """Return the runtimes for a file's format, those that are not on this machine among them.

    Each that is installed is imported, TensorFlow too: this takes seconds.

    Raises:
        ModelFileError: none is known for the format.
    """
    if file.format not in ENGINES:
        problem = missing(file.format, "runtime", "ENGINES in edgernn/runtime/engines.py")
        raise ModelFileError(f"{file.path}: {problem}")
    return ENGINES[file.format](file)


def find_others(file: ModelFile) -> tuple[Engine, ...]:
    """Return the runtimes that are known for a file's format and that nothing here scores with.

    None is imported: each loads the file in a process of its own.
    """
    return tuple(_other(name, adapter, file) for name, adapter in known_for(file.format).items())


def _other(name: str, adapter: Adapter, file: ModelFile) -> Engine:
    version = runtime_version(adapter)
    problem = NOT_INSTALLED if version is None else None
    return Engine(name, version, problem, lambda: ChildRuntime(name, file), is_other=True)


def _onnx_engines(file: ModelFile) -> tuple[Engine, ...]:
    return (_onnxruntime(file, "cpu"), _onnxruntime(file, "cuda"), _native(file))


def _tflite_engines(file: ModelFile) -> tuple[Engine, ...]:
    litert, tensorflow = _find(_import_litert), _find(_import_tensorflow)
    fails = xnnpack_fails(file)
    return (
        _interpreter(file, "litert, XNNPACK", litert, unused=_XNNPACK_FAILS if fails else None),
        _interpreter(file, "litert, no delegate", litert, delegate=False),
        _interpreter(file, "tflite-runtime", _find(_import_tflite_runtime)),
        _interpreter(
            file,
            "tensorflow, no delegate" if fails else "tensorflow",
            tensorflow,
            delegate=not fails,
        ),
        _native(file),
    )


ENGINES: Final[dict[str, Callable[[ModelFile], tuple[Engine, ...]]]] = {
    "onnx": _onnx_engines,
    "tflite": _tflite_engines,
}
"""The runtimes of each format."""


def _onnxruntime(file: ModelFile, device: str) -> Engine:
    version = None
    try:
        runtime = import_onnxruntime()
        version = str(runtime.__version__)
        problem = cuda_problem(runtime) if device == "cuda" else None
        if device == "cuda" and problem is None and on_cpu_only(file):
            problem = "not used for this file: int8 LSTMs run on the CPU only"
    except ImportError as error:
        problem = _reason(error)
    name = "onnxruntime" if device == "cpu" else "onnxruntime, CUDA"
    return Engine(name, version, problem, lambda: OnnxRuntime(file, device, None))


def _native(file: ModelFile) -> Engine:
    try:
        version = metadata.version("edgernn")
    except metadata.PackageNotFoundError:
        # A tree on the path.
        version = None
    try:
        backend = Native(file, "cpu", None)
    except NotHereError as error:
        problem = error.reason if error.is_broken else NOT_INSTALLED
        return Engine("native", None, problem, lambda: Native(file, "cpu", None))
    except RefusedError as error:
        return Engine("native", version, error.predicate, lambda: Native(file, "cpu", None))
    return Engine("native", version, None, lambda: backend)


@dataclass(frozen=True)
class _Package:
    """A package with TFLite's interpreter, or why there is none."""

    version: str | None = None
    interpreter: Any = None
    resolvers: Any = None
    """The package's `OpResolverType`."""
    problem: str | None = None


def _interpreter(
    file: ModelFile,
    name: str,
    package: _Package,
    delegate: bool = True,
    unused: str | None = None,
) -> Engine:
    """Return a package's interpreter with its default delegate, which is XNNPACK, or without."""

    def make_interpreter(**settings: Any) -> Any:
        # TensorFlow warns that its interpreter will move, which is no concern of the file.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return package.interpreter(**settings)

    def open() -> Backend:
        make: Callable[..., Any] = make_interpreter
        if not delegate:
            without = package.resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            make = partial(make_interpreter, experimental_op_resolver_type=without)
        return LiteRT(file, "cpu", None, make, name)

    return Engine(name, package.version, package.problem or unused, open)


def _find(import_package: Callable[[], _Package]) -> _Package:
    try:
        return import_package()
    # What is installed for another numpy raises all kinds of errors, none of them the file's.
    except (ImportError, AttributeError, SystemError) as error:
        return _Package(problem=_reason(error))


def _import_litert() -> _Package:
    import ai_edge_litert
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return _Package(_version(ai_edge_litert), Interpreter, OpResolverType)


def _import_tflite_runtime() -> _Package:
    import tflite_runtime
    from tflite_runtime.interpreter import Interpreter, OpResolverType

    return _Package(_version(tflite_runtime), Interpreter, OpResolverType)


def _import_tensorflow() -> _Package:
    tf = import_quietly("tensorflow")

    return _Package(_version(tf), tf.lite.Interpreter, tf.lite.experimental.OpResolverType)


def _version(package: Any) -> str | None:
    version = getattr(package, "__version__", None)
    return None if version is None else str(version)


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return NOT_INSTALLED
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return one_line(f"cannot be imported: {reason}")
