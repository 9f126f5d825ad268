"""The runtimes of this machine, and those that are not on it."""

from __future__ import annotations

import sys
import warnings
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from stand_in_files import with_operators

from edgernn.bundle import ModelFile, read_model_file
from edgernn.engine import installed
from edgernn.errors import ModelFileError
from edgernn.runtime import engines, native
from edgernn.runtime.devices import cuda_problem
from edgernn.runtime.engines import Engine, find_engines

Files = dict[tuple[str, str], Path]

TFLITE = ("litert, XNNPACK", "litert, no delegate", "tflite-runtime", "tensorflow", "native")


@pytest.fixture
def onnx(tiny_files: Files) -> ModelFile:
    return read_model_file(tiny_files["onnx", "float32"])


@pytest.fixture
def tflite(tiny_files: Files) -> ModelFile:
    return read_model_file(tiny_files["tflite", "float32"])


def named(file: ModelFile) -> dict[str, Engine]:
    return {engine.name: engine for engine in find_engines(file)}


def test_onnx(onnx: ModelFile) -> None:
    """ONNX Runtime on the CPU, which is always here, and on CUDA, which says why it is not."""
    cpu, cuda, _ = find_engines(onnx)
    assert (cpu.name, cpu.version, cpu.problem) == ("onnxruntime", onnxruntime.__version__, None)
    assert cpu.open().device == "cpu"
    assert (cuda.name, cuda.version) == ("onnxruntime, CUDA", onnxruntime.__version__)
    assert cuda.problem == cuda_problem(onnxruntime)


def test_the_c_engine(
    onnx: ModelFile, tflite: ModelFile, tiny_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there for both formats; it says what it does not run, and where it is not."""
    if installed() is None:
        pytest.skip("this installation has no C engine: pip install -e .")
    for file in (onnx, tflite):
        ours = named(file)["native"]
        assert (ours.problem, ours.version) == (None, metadata.version("edgernn"))
        assert 0 < ours.open().run([np.array([3, 4, 5], np.int32)])[0] < 1
    other = named(read_model_file(tiny_files["onnx", "int8-dynamic"]))["native"]
    assert other.problem is not None
    assert other.problem.startswith("does not run this file: ")
    monkeypatch.setattr(native, "installed", lambda: None)
    assert named(onnx)["native"].problem == "not installed"


def test_tflite(tflite: ModelFile) -> None:
    """LiteRT twice, and the two other packages with its interpreter."""
    assert tuple(named(tflite)) == TFLITE
    for engine in find_engines(tflite)[:2]:
        assert engine.problem is None
        assert engine.version is not None
        found = engine.open().run([np.array([3, 4, 5], np.int32)])
        assert 0 < found[0] < 1


def test_the_delegate(tflite: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row leaves LiteRT's choice alone, the other asks for none."""
    import ai_edge_litert.interpreter as litert

    asked: list[dict[str, Any]] = []
    real = litert.Interpreter

    def interpreter(**settings: Any) -> Any:
        asked.append(settings)
        return real(**settings)

    monkeypatch.setattr(litert, "Interpreter", interpreter)
    for engine in find_engines(tflite)[:2]:
        engine.open()
    resolvers = [settings.get("experimental_op_resolver_type") for settings in asked]
    assert resolvers == [None, litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES]


def test_a_loop_that_xnnpack_gets_wrong(tflite: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """XNNPACK is not used, as in `edgernn.load`; nor is TensorFlow's, which has the same defect."""
    import ai_edge_litert.interpreter as litert

    asked: list[dict[str, Any]] = []

    def interpreter(**settings: Any) -> Any:
        asked.append(settings)
        return litert.Interpreter(**settings)

    experimental = SimpleNamespace(OpResolverType=litert.OpResolverType)
    lite = SimpleNamespace(Interpreter=interpreter, experimental=experimental)
    tensorflow = SimpleNamespace(__version__="9.9", lite=lite)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    loop = with_operators(tflite, {"WHILE": 2, "SPLIT_V": 1})
    found = named(loop)
    xnnpack = found["litert, XNNPACK"]
    assert xnnpack.version is not None
    assert xnnpack.problem is not None
    assert xnnpack.problem.startswith("not used for this file")
    assert found["litert, no delegate"].problem is None
    last = found["tensorflow, no delegate"]
    assert (last.version, last.problem) == ("9.9", None)
    last.open()
    without = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    assert asked[0]["experimental_op_resolver_type"] == without


@pytest.mark.parametrize(
    ("module", "rows"),
    [
        ("ai_edge_litert", TFLITE[:2]),
        ("ai_edge_litert.interpreter", TFLITE[:2]),
        ("tflite_runtime", TFLITE[2:3]),
        ("tensorflow", TFLITE[3:4]),
    ],
)
def test_not_installed(
    tflite: ModelFile, monkeypatch: pytest.MonkeyPatch, module: str, rows: tuple[str, ...]
) -> None:
    """The rows stay, with the reason; the other rows are as they were."""
    before = named(tflite)
    monkeypatch.setitem(sys.modules, module, None)
    after = named(tflite)
    assert tuple(after) == TFLITE
    for name in TFLITE:
        expected = "not installed" if name in rows else before[name].problem
        assert after[name].problem == expected
        assert after[name].version == (None if name in rows else before[name].version)


def test_cuda(onnx: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for what CUDA needs: used, but for a graph that it has no operators for."""
    monkeypatch.setattr(engines, "cuda_problem", lambda runtime: None)
    assert find_engines(onnx)[1].problem is None
    quantized = with_operators(onnx, {"com.microsoft::DynamicQuantizeLSTM": 2})
    cpu, cuda, _ = find_engines(quantized)
    assert cpu.problem is None
    assert cuda.problem == "not used for this file: int8 LSTMs run on the CPU only"


def test_no_onnxruntime(onnx: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither device has it."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert [(e.version, e.problem) for e in find_engines(onnx)[:2]] == [(None, "not installed")] * 2


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ImportError("libfoo.so: no such file\nmore"), "cannot be imported: libfoo.so: no such f"),
        (ImportError(), "cannot be imported: ImportError"),
        (AttributeError("_ARRAY_API not found"), "cannot be imported: _ARRAY_API not found"),
        (ModuleNotFoundError("No module named 'tensorflow'"), "not installed"),
    ],
)
def test_broken_packages(
    tflite: ModelFile, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str
) -> None:
    """A package built for another numpy, say: its reason, in one line."""

    def fails() -> Any:
        raise error

    monkeypatch.setattr(engines, "_import_tensorflow", fails)
    found = named(tflite)["tensorflow"]
    assert found.problem is not None
    assert found.problem.startswith(problem)
    assert "\n" not in found.problem


def test_tensorflow_without_an_interpreter(
    tflite: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow means to take `tf.lite` out."""
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(__version__="3.0"))
    problem = named(tflite)["tensorflow"].problem
    assert problem is not None
    assert problem.startswith("cannot be imported: ")
    assert "lite" in problem


def test_warnings_of_an_interpreter(tflite: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow warns of what will be in a later version: not of concern here."""
    import ai_edge_litert.interpreter as litert

    real = litert.Interpreter

    def interpreter(**settings: Any) -> Any:
        warnings.warn("deprecated", UserWarning, stacklevel=2)
        return real(**settings)

    monkeypatch.setattr(litert, "Interpreter", interpreter)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_engines(tflite)[0].open()


def test_the_name_in_an_error(tflite: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine's refusal names the row that it belongs to."""
    import ai_edge_litert.interpreter as litert

    def interpreter(**settings: Any) -> Any:
        raise ValueError("Didn't find op for builtin opcode 'X'\nRegistration failed.")

    monkeypatch.setattr(litert, "Interpreter", interpreter)
    with pytest.raises(
        ModelFileError, match=r"litert, no delegate cannot run it: Didn't find op for .*'X'$"
    ):
        find_engines(tflite)[1].open()
