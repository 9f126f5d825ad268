#!/usr/bin/env bash
# LiteRT's CompiledModel, which its documentation recommends, loads no file that has a variable
# tensor: ai-edge-litert 2.3.0 refuses every LSTM that TensorFlow's converter fuses, as it does one of
# tf-keras ("Variable tensors not yet supported", on standard error alone; the exception names two
# lines of its sources). The Interpreter of the same package runs the file. The same layer with
# `unroll=True`, without the fused operator, is taken by both.
#
# Needs Python 3.11; downloads 700 MB (TensorFlow). Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'END_OF_PYTHON'
import os
import sys
from importlib import metadata

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import tf_keras as keras
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter

X = np.random.default_rng(0).normal(0, 1, (1, 5, 3)).astype(np.float32)


def converted(unroll):
    inputs = keras.Input((5, 3), batch_size=1)
    model = keras.Model(inputs, keras.layers.LSTM(4, unroll=unroll)(inputs))
    return tf.lite.TFLiteConverter.from_keras_model(model).convert(), model(X).numpy()


def in_interpreter(data):
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], X)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def in_compiled_model(path, data):
    with open(path, "wb") as file:
        file.write(data)
    model = CompiledModel.from_file(path)
    (into,), (out,) = model.create_input_buffers(0), model.create_output_buffers(0)
    into.write(X)
    model.run_by_index(0, [into], [out])
    return np.array(out.read(4, np.float32))


print("ai-edge-litert", metadata.version("ai-edge-litert"), "tensorflow", tf.__version__)
for unroll in (False, True):
    data, expected = converted(unroll)
    interpreter = Interpreter(model_content=data)
    fused = any("SEQUENCE_LSTM" in op["op_name"] for op in interpreter._get_ops_details())
    off = float(np.abs(in_interpreter(data) - expected).max())
    print(f"unroll={unroll}: fused {fused}, Interpreter {off:.1e} off")
    assert fused is not unroll and off < 1e-5, "it has changed"
    try:
        found = in_compiled_model(f"{sys.argv[1]}/{unroll}.tflite", data)
    except RuntimeError as error:
        print("CompiledModel refuses it:", " ".join(str(error).split()))
        assert fused, "it has changed"
    else:
        off = float(np.abs(found - expected).max())
        print(f"CompiledModel {off:.1e} off")
        assert not fused and off < 1e-5, "it has changed"
END_OF_PYTHON
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  tensorflow==2.21.0 tf-keras==2.21.0 ai-edge-litert==2.3.0
HOME="$folder" "$folder/venv/bin/python" -W ignore "$folder/look.py" "$folder"
