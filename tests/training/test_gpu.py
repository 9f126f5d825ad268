"""A GPU that TensorFlow does not see; the machine and TensorFlow are played by stand-ins."""

from __future__ import annotations

import ctypes
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgernn import nvidia
from edgernn.nvidia import NvidiaPackage
from edgernn.training import gpu
from edgernn.training.gpu import find_gpu_problem

CUDNN = NvidiaPackage(
    *("nvidia-cudnn-cu12", "9.28.0.42", 12, Path("site-packages"), 10),
    needed_by=("tensorflow 2.21.0",),
)
CUDNN_13 = NvidiaPackage("nvidia-cudnn-cu13", "9.28.1.4", 13, Path("site-packages"), 10)
SEEN = "this machine has a GPU (NVIDIA T4) that TensorFlow does not see: "


class Machine:
    """A machine with a GPU, a driver and no CUDA libraries; what is set differs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gpus = ["NVIDIA T4"]
        self.packages: list[NvidiaPackage] = []
        self.has_driver = self.has_cuda = True
        self.seen: list[str] = []
        self.tensorflow: Any = SimpleNamespace(
            config=SimpleNamespace(list_physical_devices=lambda kind: self.seen),
            test=SimpleNamespace(is_built_with_cuda=lambda: self.has_cuda),
        )
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(gpu, "find_gpus", lambda: self.gpus)
        for module in (gpu, nvidia):
            monkeypatch.setattr(module, "find_packages", lambda folders=None: self.packages)
        monkeypatch.setattr(ctypes, "CDLL", self.load)

    def load(self, name: str) -> object:
        """Load the driver, or not."""
        assert name == "libcuda.so.1"
        if not self.has_driver:
            raise OSError(name)
        return object()

    def problem(self) -> str | None:
        """What is said."""
        return find_gpu_problem(self.tensorflow)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The stand-in."""
    return Machine(monkeypatch)


def test_nothing_is_wrong(machine: Machine) -> None:
    """TensorFlow sees the GPU and has its own libraries; or there is none."""
    machine.seen, machine.packages = ["GPU:0"], [CUDNN]
    assert machine.problem() is None
    machine.seen, machine.gpus = [], []
    assert machine.problem() is None


@pytest.mark.parametrize(("hidden", "said"), [("", False), ("-1", False), ("0", True)])
def test_hidden_on_purpose(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, hidden: str, said: bool
) -> None:
    """Who hides the GPU knows that it is there."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert (machine.problem() is not None) is said


def test_no_libraries(machine: Machine) -> None:
    """`pip install tensorflow` brings none; those for CUDA 13 go, or they would be mixed."""
    start = f"{SEEN}its CUDA libraries are not installed: "
    assert machine.problem() == f"{start}pip install 'edgernn[train-gpu]'"
    machine.packages = [CUDNN_13]
    assert machine.problem() == (
        f"{start}pip uninstall -y nvidia-cudnn-cu13 && pip install 'edgernn[train-gpu]'"
    )


def test_overwritten_libraries(machine: Machine) -> None:
    """Whether or not TensorFlow sees the GPU, it would load another build of cuDNN."""
    damaged = NvidiaPackage(
        *("nvidia-cudnn-cu12", "9.28.0.42", 12, Path("site-packages"), 10, ("libcudnn.so.9",)),
        beside=(CUDNN_13.pinned,),
        needed_by=("tensorflow 2.21.0",),
    )
    machine.packages = [damaged, CUDNN_13]
    assert machine.problem() == SEEN + nvidia.tell_damage(damaged)
    machine.seen = ["GPU:0"]
    assert machine.problem() == nvidia.tell_damage(damaged)


def test_what_no_package_mends(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without the driver, a build without CUDA, Windows, and what we cannot tell."""
    machine.packages = [CUDNN]
    problem = machine.problem()
    assert problem is not None
    assert "its own log says why: TF_CPP_MIN_LOG_LEVEL=0 python -c" in problem
    machine.has_cuda = False
    assert machine.problem() == f"{SEEN}this build of it has no CUDA"
    machine.has_driver = False
    problem = machine.problem()
    assert problem is not None
    assert problem.startswith(f"{SEEN}the driver's libcuda.so.1 cannot be loaded; a container")
    monkeypatch.setattr(sys, "platform", "win32")
    assert machine.problem() == f"{SEEN}on Windows it trains on a GPU in WSL 2 only"


def test_the_build_for_cpus(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It installs the same files as TensorFlow, so it goes first."""
    machine.has_cuda = False
    monkeypatch.setattr(metadata, "version", lambda name: {"tensorflow-cpu": "2.21.0"}[name])
    assert machine.problem() == (
        f"{SEEN}it is tensorflow-cpu: pip uninstall -y tensorflow-cpu && "
        "pip install 'edgernn[train-gpu]'"
    )
