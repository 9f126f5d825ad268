"""Calls on CUDA, with stand-ins for session and driver; on a GPU itself where there is one."""

from __future__ import annotations

import ctypes
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from edgernn import load
from edgernn.runtime import cuda
from edgernn.runtime.devices import cuda_problem

Files = dict[tuple[str, str], Path]

PATH = Path("m.onnx")
GPU = cuda_problem(onnxruntime) is None


class FakeBinding:
    """Notes what is bound where."""

    def __init__(self) -> None:
        self.bound: dict[str, tuple[Any, ...]] = {}

    def bind_input(self, name: str, *where: Any) -> None:
        """Note an input."""
        self.bound[name] = where

    bind_output = bind_input

    def array(self, name: str) -> npt.NDArray[Any]:
        """Read what stands at the address that was bound."""
        device, number, dtype, shape, address = self.bound[name]
        assert (device, number) == ("cpu", 0)
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        content = (ctypes.c_char * size).from_address(address)
        return np.frombuffer(content, dtype).reshape(shape)


class FakeSession:
    """Answers with the sum of each row's ids plus its length, through the binding."""

    def io_binding(self) -> FakeBinding:
        """Give a new binding."""
        return FakeBinding()

    def run_with_iobinding(self, binding: FakeBinding) -> None:
        """Write into the bound output."""
        binding.array("probability")[:] = binding.array("ids").sum(axis=1) + binding.array(
            "lengths"
        )


def test_a_bound_call() -> None:
    """Inputs and output lie in pinned memory, which is used again and grows when it must."""
    asked = []

    def pin(count: int) -> npt.NDArray[np.uint8]:
        asked.append(count)
        return np.zeros(count, np.uint8)

    call = cuda.BoundSession(FakeSession(), pin=pin)
    first = call(np.int32([[1, 2], [3, 0]]), np.int32([2, 1]))
    assert first.tolist() == [5, 4]
    assert asked == [16, 8, 8]
    assert call(np.int32([[7]]), np.int32([1])).tolist() == [8]
    assert asked == [16, 8, 8]
    assert call(np.int32([[1, 1, 1], [1, 1, 1]]), np.int32([3, 3])).tolist() == [6, 6]
    assert asked == [16, 8, 8, 32]
    # A copy: the next call wrote over the buffer.
    assert first.tolist() == [5, 4]


class FakeDriver:
    """Stands in for the CUDA driver; gives memory of the C library, or an error."""

    def __init__(self, fails_at: str | None = None) -> None:
        self.calls: list[str] = []
        self.freed = 0
        self._fails_at = fails_at
        self._memory: Any = None

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name == self._fails_at:
                return 2
            if name == "cuMemHostAlloc":
                self._memory = (ctypes.c_char * arguments[1].value)()
                arguments[0]._obj.value = ctypes.addressof(self._memory)
            if name == "cuMemFreeHost":
                self.freed += 1
            return 0

        return call


def test_pinned_memory() -> None:
    """It comes from the driver, in ONNX Runtime's context, and goes back with the last array."""
    driver = FakeDriver()
    found = cuda.pinned_bytes(64, driver)
    assert driver.calls[-2:] == ["cuCtxSetCurrent", "cuMemHostAlloc"]
    view = found[:8].view(np.int32)
    view[:] = (5, 6)
    assert found[:8].view(np.int32).tolist() == [5, 6]
    del found
    assert driver.freed == 0
    assert view.tolist() == [5, 6]
    del view
    assert driver.freed == 1


@pytest.mark.parametrize("call", ["cuInit", "cuMemHostAlloc"])
def test_no_pinned_memory(call: str) -> None:
    """Ordinary memory does as well; a warning says that it is slower."""
    with pytest.warns(RuntimeWarning, match=rf"page-locked memory .*{call}: error 2"):
        found = cuda.pinned_bytes(64, FakeDriver(call))
    assert found.shape == (64,)


def assigned(**nodes: str) -> Any:
    """A session whose operators run where it is said."""
    parts = [
        SimpleNamespace(
            ep_name=f"{where}ExecutionProvider",
            get_nodes=lambda op=op: [SimpleNamespace(op_type=op)],
        )
        for op, where in nodes.items()
    ]
    return SimpleNamespace(get_provider_graph_assignment_info=lambda: parts)


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN", "Loop"])
def test_a_layer_on_the_cpu(layer: str) -> None:
    """It is named, with the file."""
    session = assigned(**{layer: "CPU", "MatMul": "CUDA", "Shape": "CPU"})
    with pytest.warns(RuntimeWarning, match=rf"m\.onnx: .*recurrent layers \({layer}\) on the CPU"):
        cuda.warn_of_cpu_layers(session, PATH)


def test_all_layers_on_cuda() -> None:
    """What is small and always runs on the CPU is no reason for a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cuda.warn_of_cpu_layers(assigned(LSTM="CUDA", Shape="CPU"), PATH)


def test_the_assignment_of_a_real_session(tiny_files: Files) -> None:
    """ONNX Runtime tells where its nodes run, in the form that is read here."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    session = onnxruntime.InferenceSession(
        tiny_files["onnx", "float32"], options, providers=["CPUExecutionProvider"]
    )
    with pytest.warns(RuntimeWarning, match=r"\(LSTM\) on the CPU"):
        cuda.warn_of_cpu_layers(session, PATH)


@pytest.mark.skipif(not GPU, reason="CUDA does not run on this machine")
def test_on_a_gpu(tiny_files: Files) -> None:
    """Bound and pinned, the scores are the CPU's."""
    texts = ["good film", "a bad film", "one " * 30]
    path = tiny_files["onnx", "float32"]
    found, expected = (
        [score.probability for score in load(path, device).score(texts)]
        for device in ("cuda", "cpu")
    )
    assert found == pytest.approx(expected, abs=1e-4)
