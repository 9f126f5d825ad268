#!/usr/bin/env bash
# ONNX Runtime 1.31.1: one session leaves a device id and a database of telemetry events in the home
# folder. disable_telemetry_events() is too late, and so is the variable once the package is imported;
# with ORT_DISABLE_TELEMETRY=1 before the import nothing is left. A value such as 2 does not switch it
# off, CI=true does: a test in CI does not see it.
# https://github.com/microsoft/onnxruntime/pull/27379
#
# Needs Linux and Python 3.11 or later; downloads 50 MB. Exit code 0: it is so.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q onnxruntime==1.31.1 onnx==1.23.2
cat >"$work/model.py" <<'PY'
import sys
from onnx import TensorProto, helper

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value("x")], [value("y")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open(sys.argv[1], "wb").write(model.SerializeToString())
PY
"$work/venv/bin/python" "$work/model.py" "$work/model.onnx"

open='onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])'
wrong=0

# try TITLE EXPECTED CODE [VARIABLE=VALUE]...: counts the files that a session leaves in an empty home.
try() {
  local title=$1 expected=$2 code=$3
  shift 3
  rm -rf "$work/home" && mkdir "$work/home"
  env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work" "$@" \
    "$work/venv/bin/python" -c "import os, sys, onnxruntime; $code; $open" "$work/model.onnx"
  local files
  files=$(cd "$work/home" && find . -type f | sort | tr '\n' ' ')
  printf '%-52s %s\n' "$title" "${files:-(nothing)}"
  [[ $(wc -w <<<"$files") == "$expected" ]] || wrong=1
}

"$work/venv/bin/python" -c 'import onnxruntime; print("onnxruntime", onnxruntime.__version__)'
try "as it comes" 2 pass
try "disable_telemetry_events() after the import" 2 "onnxruntime.disable_telemetry_events()"
try "the variable after the import" 2 'os.environ["ORT_DISABLE_TELEMETRY"] = "1"'
try "the variable is 2" 2 pass ORT_DISABLE_TELEMETRY=2
try "ORT_DISABLE_TELEMETRY=1 before the import" 0 pass ORT_DISABLE_TELEMETRY=1
try "CI=true" 0 pass CI=true
exit "$wrong"
