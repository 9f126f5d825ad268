#!/usr/bin/env bash
# IREE 3.13.0 adds up a single one of the ones that an ONNX graph makes of its input: of a row of
# seven ids `Equal(ids, ids)`, cast to int32 and summed along the row, is 1 and not 7, without a
# word, where that axis is dynamic. `Less(ids, 2147483647)` gives 7, and so do both in ONNX's own
# reference.
#
# Needs Python 3.11; downloads 150 MB. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'END_OF_PYTHON'
import subprocess
import sys
from importlib import metadata

import numpy as np
import onnx
from iree import runtime
from iree.compiler import tools
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

IDS = np.arange(3, 10, dtype=np.int32)[None]


def graph(operator, other):
    nodes = [
        helper.make_node(operator, ["ids", other], ["same"]),
        helper.make_node("Cast", ["same"], ["ones"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["ones", "axis"], ["count"], keepdims=1),
    ]
    constants = {"axis": np.array([1], np.int64), "above": np.array([2**31 - 1], np.int32)}
    given = helper.make_tensor_value_info("ids", TensorProto.INT32, [1, "time"])
    got = helper.make_tensor_value_info("count", TensorProto.INT32, [1, 1])
    initializers = [
        numpy_helper.from_array(value, name)
        for name, value in constants.items()
        if name in ("axis", other)
    ]
    made = helper.make_graph(nodes, "count", [given], [got], initializers)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def in_iree(model, name):
    path = f"{sys.argv[1]}/{name}"
    onnx.save(model, f"{path}.onnx")
    command = [sys.executable, "-m", "iree.compiler.tools.import_onnx", f"{path}.onnx"]
    subprocess.run([*command, "-o", f"{path}.mlir"], check=True)
    flags = ["--iree-llvmcpu-target-cpu=host"]
    compiled = tools.compile_file(f"{path}.mlir", target_backends=["llvm-cpu"], extra_args=flags)
    config = runtime.Config("local-sync")
    context = runtime.SystemContext(config=config)
    context.add_vm_module(runtime.VmModule.copy_buffer(config.vm_instance, compiled))
    module = context.modules.module
    names = module.vm_module.function_names
    (function,) = (one for one in names if not one.startswith("__") and "$" not in one)
    return int(np.asarray(module[function](IDS)).item())


print("IREE", metadata.version("iree-base-runtime"), "onnx", onnx.__version__)
found = {}
for operator, other in (("Equal", "ids"), ("Less", "above")):
    model = graph(operator, other)
    (right,) = ReferenceEvaluator(model).run(None, {"ids": IDS})
    found[operator] = in_iree(model, operator)
    print(f"{operator} of 7 ids and {other}: {found[operator]}, reference {right.item()}")
    assert right.item() == 7
assert found == {"Equal": 1, "Less": 7}, "it has changed"
END_OF_PYTHON
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  "iree-base-compiler[onnx]==3.13.0" iree-base-runtime==3.13.0 onnx==1.23.2
"$folder/venv/bin/python" -W ignore "$folder/look.py" "$folder"
