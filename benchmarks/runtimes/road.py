"""One way from a Keras model to a file, or a file's scores; run by `benchmarks.runtimes.roads`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.privacy import import_quietly
from edgernn.training.run import Run

__all__ = ["main"]

_TURNS = 15
_TOLERANCE = 1e-4
Call = Callable[[npt.NDArray[np.int32]], float]


def main() -> None:
    """Convert, or score."""
    what, *arguments = sys.argv[1:]
    if what == "convert":
        road, run, path = arguments
        _CONVERTERS[road](Run.open(run).load_model(), Path(path))
    else:
        _score(*map(Path, arguments))


def _keras_onnx(model: Any, path: Path) -> None:
    model.export(str(path), format="onnx", verbose=False)


def _keras_litert(model: Any, path: Path) -> None:
    model.export(str(path), format="litert", verbose=False)


def _tf2onnx(model: Any, path: Path) -> None:
    tf = import_quietly("tensorflow")
    tf2onnx = import_quietly("tf2onnx")

    signature = [tf.TensorSpec((None, None), tf.int32, name="ids")]
    graph, _ = tf2onnx.convert.from_function(
        tf.function(lambda ids: model(ids, training=False)), signature, opset=18
    )
    path.write_bytes(graph.SerializeToString())


def _tflite_converter(model: Any, path: Path) -> None:
    tf = import_quietly("tensorflow")

    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


_CONVERTERS: dict[str, Callable[[Any, Path], None]] = {
    "Keras export, onnx": _keras_onnx,
    "Keras export, litert": _keras_litert,
    "tf2onnx": _tf2onnx,
    "TFLiteConverter": _tflite_converter,
}


def _score(run: Path, path: Path, texts: Path, reference: Path, output: Path) -> None:
    """Compare a file's logits with the Keras model's, and its time with our file's."""
    model = Run.open(run).load_model()
    ids = [np.array(one, np.int32)[None] for one in json.loads(texts.read_text())]
    expected = [_first(model(one, training=False).numpy()) for one in ids]
    call = _session(path) if path.suffix == ".onnx" else _interpreter(path)
    first = [call(one) for one in ids]
    again = [call(one) for one in ids]
    off = [abs(a - b) for a, b in zip(first, expected, strict=True)]
    # The same text twice in a row: only a state that is kept tells the calls apart.
    kept = max(abs(call(ids[1]) - call(ids[1])), *np.abs(np.subtract(first, again)))
    ours = _ours(reference)
    ratios = []
    for turn in range(_TURNS):
        pair = (call, ours) if turn % 2 else (ours, call)
        seconds = {one: _seconds(one, ids[-1]) for one in pair}
        ratios.append(seconds[call] / seconds[ours])
    found = {
        "runs": True,
        "off": float(f"{max(off):.2g}"),
        "right": bool(max(off) <= _TOLERANCE),
        "keeps_state": bool(kept > _TOLERANCE),
        "time_to_onnxruntime": float(f"{statistics.median(ratios):.2g}"),
    }
    output.write_text(json.dumps(found))


def _first(logits: npt.NDArray[Any]) -> float:
    return float(1 / (1 + np.exp(-np.ravel(logits)[0].astype(np.float64))))


def _session(path: Path) -> Call:
    onnxruntime = import_quietly("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.float32 if given.type == "tensor(float)" else np.int32
    return lambda ids: _first(session.run(None, {given.name: ids.astype(kind)})[0])


def _ours(path: Path) -> Call:
    onnxruntime = import_quietly("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def call(ids: npt.NDArray[np.int32]) -> float:
        values = {"ids": ids, "lengths": np.array([ids.shape[1]], np.int32)}
        return float(np.ravel(session.run(None, {name: values[name] for name in names})[0])[0])

    return call


def _interpreter(path: Path) -> Call:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    (given,), (got, *_) = interpreter.get_input_details(), interpreter.get_output_details()

    def call(ids: npt.NDArray[np.int32]) -> float:
        # As most programs do: no reset of variables.
        interpreter.resize_tensor_input(given["index"], ids.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], ids.astype(given["dtype"]))
        interpreter.invoke()
        return _first(interpreter.get_tensor(got["index"]))

    return call


def _seconds(call: Call, ids: npt.NDArray[np.int32]) -> float:
    started = time.perf_counter()
    call(ids)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
