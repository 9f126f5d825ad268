"""Adapters of runtimes that `edgernn verify` does not know, run in environments of their own.

    python benchmarks/runtimes/adapters.py NAME FILE

Those that it knows are read from `edgernn/runtime/adapters.py`, as a file: edgernn itself is not
installed there. Each call is timed here, without the way to this process.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MORE"]


def _known() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "edgernn" / "runtime" / "adapters.py"
    spec = importlib.util.spec_from_file_location("adapters_of_edgernn", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


KNOWN: Any = _known()


def _mnn(path: str) -> Any:
    """Convert by the module's function: the command `mnnconvert` would install packages."""
    # The extension module by itself: MNN.tools would install a package that sends logs.
    import _tools
    import MNN

    converted = f"{path}.mnn"
    kind = "ONNX" if path.endswith(".onnx") else "TFLITE"
    _tools.mnnconvert(
        ["", "-f", kind, "--modelFile", path, "--MNNModel", converted, "--bizCode", "edgernn"]
    )
    if not Path(converted).exists():
        raise RuntimeError("the converter refuses it")
    model = MNN.nn.load_module_from_file(
        converted, [], [], precision_mode=MNN.expr.PrecisionMode.High, thread_num=1
    )

    def call(given: Any) -> npt.NDArray[Any]:
        variables = []
        for array in given.values():
            variable = MNN.expr.placeholder(
                list(array.shape), MNN.expr.data_format.NCHW, MNN.expr.dtype.int
            )
            variable.write(array.ravel().tolist())
            variables.append(variable)
        found = model.forward(variables)
        found = found[0] if isinstance(found, list | tuple) else found
        return np.array(found.read(), np.float32)

    return call


def _iree(path: str) -> Any:
    """Import, compile for the CPU, and load."""
    import subprocess

    from iree import runtime
    from iree.compiler import tools

    mlir = f"{path}.mlir"
    command = [sys.executable, "-m", "iree.compiler.tools.import_onnx", path, "-o", mlir]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"import: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
    flags = ["--iree-llvmcpu-target-cpu=host"]
    try:
        compiled = tools.compile_file(mlir, target_backends=["llvm-cpu"], extra_args=flags)
    except tools.CompilerToolError as error:
        # Behind the line stand the operator, the command, and all that it was given.
        lines = (line.partition(" error: ")[2] for line in str(error).splitlines())
        raise RuntimeError(next(filter(None, lines), "the compiler fails")) from error
    config = runtime.Config("local-sync")
    context = runtime.SystemContext(config=config)
    context.add_vm_module(runtime.VmModule.copy_buffer(config.vm_instance, compiled))
    module = context.modules.module
    # Beside it stand its form for other schedulers and what initializes the module.
    names = module.vm_module.function_names
    (name,) = (n for n in names if not n.startswith("__") and "$" not in n)
    return lambda given: np.array(module[name](*given.values()))


def _rten(path: str) -> Any:
    """Run the program of `benchmarks/runtimes/rten`; its main.rs says what it reads and writes."""
    import os
    import subprocess

    process = subprocess.Popen(
        [os.environ["EDGERNN_RTEN"], path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "RTEN_NUM_THREADS": "1"},
    )
    given, got = process.stdin, process.stdout
    assert given is not None
    assert got is not None

    def answer() -> npt.NDArray[Any]:
        count = np.frombuffer(got.read(4), "<i4")
        if not len(count):
            raise RuntimeError(f"it ended with exit code {process.wait()}")
        if count[0] < 0:
            (length,) = np.frombuffer(got.read(4), "<i4")
            raise RuntimeError(got.read(int(length)).decode())
        return np.frombuffer(got.read(4 * int(count[0])), "<f4")

    answer()

    def call(arrays: Any) -> npt.NDArray[Any]:
        numbers = [len(arrays)]
        for array in arrays.values():
            numbers += [array.ndim, *array.shape, *array.ravel().tolist()]
        given.write(np.array(numbers, "<i4").tobytes())
        given.flush()
        return answer()

    return call


MORE: dict[str, Any] = {
    "MNN": KNOWN.Adapter(("onnx", "tflite"), ("MNN",), "MNN", _mnn),
    "IREE": KNOWN.Adapter(("onnx",), ("iree-base-runtime",), "iree", _iree),
    "rten": KNOWN.Adapter(("onnx",), (), "numpy", _rten),
}
"""By name, as `edgernn.runtime.adapters.ADAPTERS`."""


if __name__ == "__main__":
    KNOWN.serve(sys.argv[1], sys.argv[2], {**KNOWN.ADAPTERS, **MORE})
