#!/usr/bin/env bash
# OpenVINO 2026.4.1 ignores the input `sequence_lens` of ONNX's LSTM where batch and time are
# dynamic: of a batch padded to its longest row it returns for the shorter rows the state behind the
# padding, without a word. The same graph is right in ONNX Runtime, and for one row at its own length
# in both. INFERENCE_PRECISION_HINT is f32, so that nothing else can be the reason.
#
# Needs Python 3.11; downloads 90 MB. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'END_OF_PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper, numpy_helper

UNITS, INPUTS = 4, 3
rng = np.random.default_rng(0)


def constant(name, *shape):
    return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)


node = helper.make_node(
    "LSTM", ["x", "W", "R", "B", "lengths"], ["", "last"], hidden_size=UNITS
)
graph = helper.make_graph(
    [node],
    "lstm",
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["time", "batch", INPUTS]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ],
    [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, "batch", UNITS])],
    [
        constant("W", 1, 4 * UNITS, INPUTS),
        constant("R", 1, 4 * UNITS, UNITS),
        constant("B", 1, 8 * UNITS),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
checker.check_model(model, full_check=True)
data = model.SerializeToString()

session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
core = openvino.Core()
compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
lengths = np.array([5, 2], np.int32)
x = rng.normal(0, 1, (5, 2, INPUTS)).astype(np.float32)


def off(x, lengths):
    (expected,) = session.run(None, {"x": x, "lengths": lengths})
    return np.abs(compiled([x, lengths])[0] - expected)[0].max(axis=-1)


alone = off(x[:2, 1:], lengths[1:])
together = off(x, lengths)
print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__)
print(f"one row of 2 steps: {alone[0]:.1e} off")
print(f"rows of 5 and 2 steps in a batch: {together[0]:.1e} and {together[1]:.1e} off")
assert alone[0] < 1e-5 and together[0] < 1e-5 and together[1] > 1e-2, "it has changed"
END_OF_PYTHON
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.28.0
ORT_DISABLE_TELEMETRY=1 "$folder/venv/bin/python" "$folder/look.py"
