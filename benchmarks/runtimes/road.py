"""One way from a Keras model to a file, or a file's scores; run by `benchmarks.runtimes.roads`.

    python -m benchmarks.runtimes.road convert WAY RUN FILE
    python -m benchmarks.runtimes.road score RUN FILE IDS OUR_FILE RESULT logits|probabilities

`score` runs the file, which gives the one or the other, as most programs do.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.privacy import import_quietly
from edgernn.training.run import Run

__all__ = ["main"]

_TURNS = 15
_TOLERANCE = 1e-4
Call = Callable[[npt.NDArray[np.int32]], npt.NDArray[np.float64]]
"""From ids [1, tokens] to probabilities [labels]."""
Read = Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]
"""From what a file gives to probabilities [labels]."""


def main() -> None:
    """Convert, or score."""
    what, *arguments = sys.argv[1:]
    if what == "convert":
        road, run, path = arguments
        model = Run.open(run).load_model()
        # As one that was trained in the same program has been.
        model(np.ones((1, 7), np.int32))
        _CONVERTERS[road](model, Path(path))
    else:
        *paths, gives = arguments
        _score(*map(Path, paths), gives=gives)


def _keras_onnx(model: Any, path: Path) -> None:
    model.export(str(path), format="onnx", verbose=False)


def _keras_litert(model: Any, path: Path) -> None:
    model.export(str(path), format="litert", verbose=False)


def _keras_litert_one(model: Any, path: Path) -> None:
    keras = import_quietly("keras")
    signature = [keras.InputSpec(shape=(1, None), dtype="int32")]
    model.export(str(path), format="litert", verbose=False, input_signature=signature)


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
    "Keras export, litert, [1, None]": _keras_litert_one,
    "tf2onnx": _tf2onnx,
    "TFLiteConverter": _tflite_converter,
}


def _score(
    run: Path, path: Path, texts: Path, reference: Path, output: Path, *, gives: str
) -> None:
    """Compare a file's scores with the Keras model's, and its time with our file's."""
    opened = Run.open(run)
    model, softmax = opened.load_model(), opened.contract.decides.rule == "largest"
    read = _plain if gives == "probabilities" else partial(_probabilities, softmax=softmax)
    call, length = (_session if path.suffix == ".onnx" else _interpreter)(path, read)
    ids = [np.array(one, np.int32)[None, :length] for one in json.loads(texts.read_text())]
    expected = [_probabilities(model(one, training=False).numpy(), softmax) for one in ids]
    if length is not None:
        ids = [np.pad(one, ((0, 0), (0, length - one.shape[1]))) for one in ids]
    first = np.stack([call(one) for one in ids])
    again = np.stack([call(one) for one in ids])
    off = float(np.abs(first - np.stack(expected)).max())
    # The same text twice in a row: only a state that is kept tells the calls apart.
    kept = max(np.abs(call(ids[1]) - call(ids[1])).max(), np.abs(first - again).max())
    ours = _ours(reference)
    ratios = []
    for turn in range(_TURNS):
        pair = (call, ours) if turn % 2 else (ours, call)
        seconds = {one: _seconds(one, ids[-1]) for one in pair}
        ratios.append(seconds[call] / seconds[ours])
    found = {
        "runs": True,
        "tokens": length,
        "off": float(f"{off:.2g}"),
        "right": bool(off <= _TOLERANCE),
        "keeps_state": bool(kept > _TOLERANCE),
        "time_to_onnxruntime": float(f"{statistics.median(ratios):.2g}"),
    }
    output.write_text(json.dumps(found))


def _probabilities(logits: npt.NDArray[Any], softmax: bool) -> npt.NDArray[np.float64]:
    wide = np.ravel(logits).astype(np.float64)
    if not softmax:
        return 1 / (1 + np.exp(-wide))
    powers = np.exp(wide - wide.max())
    return np.asarray(powers / powers.sum())


def _plain(found: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.ravel(found).astype(np.float64)


_KINDS = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def _session(path: Path, read: Read) -> tuple[Call, int | None]:
    """Return what scores a text, and the one length that it takes, if there is only one."""
    session = _on_one_thread(path)
    (given,) = session.get_inputs()
    kind = _KINDS[given.type]
    length = given.shape[1] if isinstance(given.shape[1], int) else None

    def call(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        return read(session.run(None, {given.name: ids.astype(kind)})[0])

    return call, length


def _on_one_thread(path: Path) -> Any:
    onnxruntime = import_quietly("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def _ours(path: Path) -> Call:
    session = _on_one_thread(path)
    names = [given.name for given in session.get_inputs()]

    def call(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        values = {"ids": ids, "lengths": np.array([ids.shape[1]], np.int32)}
        return _plain(session.run(None, {name: values[name] for name in names})[0])

    return call


def _interpreter(path: Path, read: Read) -> tuple[Call, int | None]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    (given,), (got, *_) = interpreter.get_input_details(), interpreter.get_output_details()
    signature = given["shape_signature"]
    fixed = len(signature) == 2 and signature[1] > 0

    def call(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        # As most programs do: no reset of variables.
        interpreter.resize_tensor_input(given["index"], ids.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], ids.astype(given["dtype"]))
        interpreter.invoke()
        return read(interpreter.get_tensor(got["index"]))

    return call, int(signature[1]) if fixed else None


def _seconds(call: Call, ids: npt.NDArray[np.int32]) -> float:
    started = time.perf_counter()
    call(ids)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
