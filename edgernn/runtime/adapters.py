"""Other people's runtimes, an adapter of a few lines each, run in a process of their own.

    python adapters.py NAME FILE

They may end the process, log what they like and write into the home folder: so each is run by
`edgernn.runtime.other_runtimes` in a child process, with a home folder that is gone afterwards.
This file needs NumPy, the runtime and nothing else, so that it can run in any environment. Requests
and answers are NumPy archives (`.npz`) behind their length; an answer holds `scores` and the
`seconds` that the call took, or `error`.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["ADAPTERS", "Adapter", "receive", "send", "serve"]

Arrays = Mapping[str, npt.NDArray[Any]]
Call = Callable[[Arrays], npt.NDArray[Any]]
"""From a graph's inputs by name, in its order, to its only output."""

_LENGTH = struct.Struct("<Q")
_ARENA_BYTES = 64 << 20
_REASON = 200
"""Characters of a reason that are kept."""
_PLACES = ("Exception from ", "Check '", "\u2514 ERROR: [")
"""How lines begin that say where in a runtime's sources it happened, and no more."""


class Adapter(NamedTuple):
    """One way to run a file in a runtime."""

    formats: tuple[str, ...]
    packages: tuple[str, ...]
    """What to install: the first that is there names the version."""
    module: str
    """Its module, which is there if it is installed."""
    open: Callable[[str], Call]
    """Loads a file."""


def _onnxruntime(path: str) -> Call:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, dict(given))[0]


def _onnx_reference(path: str) -> Call:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(path)
    return lambda given: evaluator.run(None, dict(given))[0]


def _openvino(path: str, **settings: str) -> Call:
    # Its converter sends usage data by this package; the runtime does without.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    model = openvino.Core().compile_model(path, "CPU", settings)
    return lambda given: model(list(given.values()))[0]


def _openvino_in_float32(path: str) -> Call:
    return _openvino(path, INFERENCE_PRECISION_HINT="f32")


def _compiled_model(path: str) -> Call:
    from ai_edge_litert.compiled_model import CompiledModel

    model = CompiledModel.from_file(path)

    def call(given: Arrays) -> npt.NDArray[Any]:
        (ids,) = given.values()
        model.resize_input_tensor(0, ids.shape)
        (into,), (out,) = model.create_input_buffers(0), model.create_output_buffers(0)
        into.write(ids)
        model.run_by_index(0, [into], [out])
        size = model.get_output_buffer_requirements(0)["buffer_size"]
        return np.array(out.read(size // 4, np.float32))

    return call


def _tflite_micro(path: str) -> Call:
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(path, arena_size=_ARENA_BYTES)

    def call(given: Arrays) -> npt.NDArray[Any]:
        (ids,) = given.values()
        interpreter.set_input(ids, 0)
        interpreter.invoke()
        found: npt.NDArray[Any] = interpreter.get_output(0)
        return found

    return call


_ORT = ("onnxruntime", "onnxruntime-gpu")

ADAPTERS: dict[str, Adapter] = {
    "onnxruntime, default options": Adapter(("onnx",), _ORT, "onnxruntime", _onnxruntime),
    "onnx reference": Adapter(("onnx",), ("onnx",), "onnx", _onnx_reference),
    "openvino": Adapter(("onnx", "tflite"), ("openvino",), "openvino", _openvino),
    "openvino, f32": Adapter(("onnx", "tflite"), ("openvino",), "openvino", _openvino_in_float32),
    "litert, CompiledModel": Adapter(
        ("tflite",), ("ai-edge-litert",), "ai_edge_litert", _compiled_model
    ),
    "tflite-micro": Adapter(("tflite",), ("tflite-micro",), "tflite_micro", _tflite_micro),
}
"""By name, in the order of tables."""


def version_of(adapter: Adapter) -> str | None:
    """Return the version that is installed; None where none is known."""
    for package in adapter.packages:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return None


def send(stream: IO[bytes], **arrays: Any) -> None:
    """Write arrays, in their order."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    stream.write(_LENGTH.pack(content.tell()) + content.getvalue())
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, npt.NDArray[Any]] | None:
    """Read arrays; None where the other side has ended."""
    start = stream.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    content = stream.read(_LENGTH.unpack(start)[0])
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def serve(name: str, path: str, adapters: Mapping[str, Adapter] = ADAPTERS) -> None:
    """Answer requests on standard input until it ends.

    The first answer says whether the file could be loaded.
    """
    # What a runtime prints must not stand between answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        call = adapters[name].open(path)
    except Exception as error:  # noqa: BLE001 (whatever a runtime raises is its answer)
        send(answers, error=_reason(error))
        return
    send(answers, scores=np.zeros(0, np.float32), seconds=np.float64(0))
    while (given := receive(sys.stdin.buffer)) is not None:
        started = time.perf_counter()
        try:
            scores = np.asarray(call(given))
        except Exception as error:  # noqa: BLE001 (likewise)
            send(answers, error=_reason(error))
        else:
            send(answers, scores=scores, seconds=time.perf_counter() - started)


def _reason(error: Exception) -> str:
    lines = (line for line in str(error).splitlines() if not line.startswith(_PLACES))
    said = " ".join(" ".join(lines).split())
    if len(said) > _REASON:
        said = f"{said[:_REASON].rpartition(' ')[0]} ..."
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
