"""The choice of a device; what CUDA needs is played by stand-ins, but for the last test."""

from __future__ import annotations

import ctypes
import platform
import re
import shutil
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnxruntime
import pytest

from edgernn import nvidia
from edgernn.errors import DeviceError, UsageError
from edgernn.runtime import devices
from edgernn.runtime.devices import check_wheels, choose_device, cuda_problem, import_onnxruntime

CPU_ONLY = SimpleNamespace(get_available_providers=lambda: ["CPUExecutionProvider"])


class FakeLibraries:
    """Stands in for `ctypes.CDLL`: notes what is loaded, and cannot load what is missing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
        self.loaded: list[str] = []
        self.missing = missing
        self.onnxruntime = SimpleNamespace(
            __file__="/site-packages/onnxruntime/__init__.py",
            __version__="1.31.1",
            get_available_providers=lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
            InferenceSession=SimpleNamespace(get_provider_graph_assignment_info=None),
            preload_dlls=lambda: self.loaded.append("preload_dlls"),
        )
        monkeypatch.setattr(devices.ctypes, "CDLL", self.load)

    def load(self, name: str, mode: int = 0) -> object:
        """Load a library by name, or not."""
        if self.missing and self.missing in name:
            raise OSError(f"{name}: cannot open shared object file")
        suffix = " for all" if mode == ctypes.RTLD_GLOBAL and mode else ""
        self.loaded.append(Path(name).name + suffix)
        return object()


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """A folder as pip leaves it, with the wheels of some other packages."""
    for name in ("numpy-2.4.6", "onnxruntime_extensions-0.14.0", "onnx-1.23.2"):
        (tmp_path / f"{name}.dist-info").mkdir()
    (tmp_path / "onnxruntime").mkdir()
    return tmp_path


@pytest.mark.parametrize("wheels", [(), ("onnxruntime-1.26.0",), ("onnxruntime_gpu-1.26.0",)])
def test_one_wheel(site_packages: Path, wheels: tuple[str, ...]) -> None:
    """No warning for either wheel alone."""
    for wheel in wheels:
        (site_packages / f"{wheel}.dist-info").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_wheels(site_packages)


@pytest.mark.parametrize(
    ("wheels", "command"),
    [
        (
            ("onnxruntime-1.25.0", "onnxruntime_gpu-1.26.0"),
            "onnxruntime onnxruntime-gpu && pip install --no-deps onnxruntime-gpu==1.26.0",
        ),
        (
            ("onnxruntime_directml-1.24.4", "onnxruntime-1.25.0"),
            "onnxruntime onnxruntime-directml && pip install --no-deps onnxruntime==1.25.0",
        ),
    ],
)
def test_two_wheels(site_packages: Path, wheels: tuple[str, ...], command: str) -> None:
    """They overwrite each other; the warning says how to get out of it, to the same version."""
    for wheel in wheels:
        (site_packages / f"{wheel}.dist-info").mkdir()
    with pytest.warns(RuntimeWarning, match=f"; run: pip uninstall -y {command}$"):
        check_wheels(site_packages)


def test_both_wheels_are_seen_at_import(
    site_packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that is looked at is the one that ONNX Runtime comes from."""
    for wheel in ("onnxruntime-1.25.0", "onnxruntime_gpu-1.26.0"):
        (site_packages / f"{wheel}.dist-info").mkdir()
    fake = SimpleNamespace(__file__=str(site_packages / "onnxruntime" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    with pytest.warns(RuntimeWarning, match="onnxruntime-gpu are installed together"):
        assert import_onnxruntime() is fake


@pytest.mark.parametrize("asked", ["gpu", "CPU", "cuda:0", "", "tpu"])
@pytest.mark.parametrize("runtime", [CPU_ONLY, None])
def test_unknown_device(asked: str, runtime: Any) -> None:
    """Another word is refused, and the known ones are listed."""
    with pytest.raises(UsageError, match=f"device {asked!r} is not known: auto, cpu, cuda"):
        choose_device(asked, runtime)


def test_cpu_asks_nobody() -> None:
    """The CPU needs no look at libraries, which would take time."""
    assert choose_device("cpu", None) == "cpu"


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (
            "x86_64",
            r"it: pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'edgernn\[gpu\]'$",
        ),
        ("aarch64", r"built without it, and none with it is published for this platform$"),
    ],
)
def test_a_runtime_without_cuda(
    monkeypatch: pytest.MonkeyPatch, machine: str, message: str
) -> None:
    """The CPU wheel: `auto` is the CPU, `cuda` an error that says what to install, if anything."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert choose_device("auto", CPU_ONLY) == "cpu"
    with pytest.raises(DeviceError, match=f"cannot run: this ONNX Runtime is .*{message}"):
        choose_device("cuda", CPU_ONLY)


def test_a_container_without_its_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has a GPU, and the driver's library is not in the container."""
    fake = FakeLibraries(monkeypatch, missing=devices.CUDA_DRIVER)
    monkeypatch.setattr(nvidia, "find_gpus", lambda: ["NVIDIA T4"])
    message = r"no NVIDIA driver .*, which has a GPU \(NVIDIA T4\); a container must be started"
    with pytest.raises(DeviceError, match=message):
        choose_device("cuda", fake.onnxruntime)


def test_an_old_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that scores on the CPU and cannot show what CUDA would run."""
    fake = FakeLibraries(monkeypatch, missing="")
    fake.onnxruntime.__version__ = "1.20.1"
    fake.onnxruntime.InferenceSession = object
    assert choose_device("auto", fake.onnxruntime) == "cpu"
    message = r"1.24 or later, this is 1.20.1: pip install 'edgernn\[gpu\]'$"
    with pytest.raises(DeviceError, match=message):
        choose_device("cuda", fake.onnxruntime)


@pytest.mark.skipif(
    "CUDAExecutionProvider" not in onnxruntime.get_available_providers()
    or cuda_problem(onnxruntime) is None,
    reason="no CUDA wheel of ONNX Runtime, or CUDA runs on this machine",
)
def test_standard_output_is_for_results(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A driver without CUDA's libraries: ONNX Runtime prints what it misses; nobody reads that."""
    real = ctypes.CDLL

    def load(name: str, mode: int = ctypes.DEFAULT_MODE) -> object:
        return object() if name == devices.CUDA_DRIVER else real(name, mode)

    monkeypatch.setattr(ctypes, "CDLL", load)
    onnxruntime.preload_dlls()
    assert "Failed to load" in capfd.readouterr().out
    assert choose_device("auto", onnxruntime) == "cpu"
    problem = cuda_problem(onnxruntime)
    assert problem is not None
    assert re.search(r"cannot open shared object file.*: pip ", problem)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def two_cudnns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that Python imports from with cuDNN for CUDA 12 under that for CUDA 13."""
    path = "nvidia/cudnn/lib/libcudnn_ops.so.9"
    (tmp_path / path).parent.mkdir(parents=True)
    for name, content in (("cu12-9.28.0.42", b"for CUDA 12"), ("cu13-9.28.1.4", b"CUDA 13")):
        (tmp_path / path).write_bytes(content)
        info = tmp_path / f"nvidia_cudnn_{name}.dist-info"
        info.mkdir()
        (info / "RECORD").write_text(f"{path},sha256=x,{len(content)}\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


OVERWRITTEN = (
    r"nvidia-cudnn-cu12==9.28.0.42.*: 1 of its 1 libraries were overwritten by nvidia-cudnn-cu13=="
)


@pytest.mark.parametrize("asked", ["auto", "cuda"])
def test_two_cudnns_on_cuda(monkeypatch: pytest.MonkeyPatch, two_cudnns: Path, asked: str) -> None:
    """What runs on CUDA says which was overwritten; it may be that of another program's."""
    fake = FakeLibraries(monkeypatch, missing="")
    with pytest.warns(RuntimeWarning, match=OVERWRITTEN):
        assert choose_device(asked, fake.onnxruntime) == "cuda"


def test_two_cudnns_without_cuda(monkeypatch: pytest.MonkeyPatch, two_cudnns: Path) -> None:
    """Where CUDA does not load for it, the error says so; what takes the CPU does not look."""
    fake = FakeLibraries(monkeypatch, missing="providers_cuda")
    with pytest.raises(DeviceError, match=rf"cannot open .*: {OVERWRITTEN}"):
        choose_device("cuda", fake.onnxruntime)
    monkeypatch.setattr(nvidia, "find_packages", None)
    for asked in ("cpu", "auto"):
        assert choose_device(asked, fake.onnxruntime) == "cpu"


def test_cuda_12_stays_cuda_12(monkeypatch: pytest.MonkeyPatch, two_cudnns: Path) -> None:
    """Beside what TensorFlow has installed for CUDA 12, nothing for CUDA 13 is proposed."""
    shutil.rmtree(two_cudnns / "nvidia_cudnn_cu13-9.28.1.4.dist-info")
    (two_cudnns / "nvidia/cudnn/lib/libcudnn_ops.so.9").write_bytes(b"for CUDA 12")
    fake = FakeLibraries(monkeypatch, missing="providers_cuda")
    with pytest.raises(DeviceError, match=r"cannot open .*: pip install 'edgernn\[train-gpu\]'$"):
        choose_device("cuda", fake.onnxruntime)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (devices.CUDA_DRIVER, "no NVIDIA driver on this machine"),
        ("providers_shared", r"providers_shared.*cannot open .*pip install 'edgernn\[gpu\]'"),
        ("providers_cuda", r"providers_cuda.*cannot open .*pip install 'edgernn\[gpu\]'"),
    ],
)
def test_a_library_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str, message: str) -> None:
    """With stand-ins for ONNX Runtime and the loader: the message says which library."""
    fake = FakeLibraries(monkeypatch, missing)
    assert choose_device("auto", fake.onnxruntime) == "cpu"
    with pytest.raises(DeviceError, match=f"CUDA was asked for and cannot run: .*{message}"):
        choose_device("cuda", fake.onnxruntime)


@pytest.mark.parametrize("asked", ["auto", "cuda"])
def test_all_libraries_load(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """With stand-ins for ONNX Runtime and the loader: what is loaded, and in which order."""
    fake = FakeLibraries(monkeypatch, missing="")
    assert choose_device(asked, fake.onnxruntime) == "cuda"
    shared, cuda = devices._CUDA_PROVIDER.replace("cuda", "shared"), devices._CUDA_PROVIDER
    visible = " for all" if ctypes.RTLD_GLOBAL else ""
    assert fake.loaded == [devices.CUDA_DRIVER, "preload_dlls", shared + visible, cuda]


@pytest.mark.skipif(cuda_problem(onnxruntime) is None, reason="CUDA runs on this machine")
def test_this_machine_without_cuda() -> None:
    """Nothing is played: `auto` is the CPU, `cuda` an error that says why."""
    runtime = import_onnxruntime()
    assert runtime is onnxruntime
    assert choose_device("auto", runtime) == "cpu"
    with pytest.raises(DeviceError, match=r"cannot run: .*(no NVIDIA driver|pip install)"):
        choose_device("cuda", runtime)


@pytest.mark.skipif(
    cuda_problem(onnxruntime) is not None, reason="CUDA does not run on this machine"
)
def test_this_machine_with_cuda(tiny_files: dict[tuple[str, str], Path]) -> None:
    """Nothing is played: `auto` is CUDA, and it scores as the CPU does."""
    from edgernn import load
    from exporters.sample_texts import SAMPLE_TEXTS

    path = tiny_files["onnx", "float32"]
    on_cuda, on_cpu = load(path, "auto"), load(path, "cpu")
    assert (on_cuda.device, on_cpu.device) == ("cuda", "cpu")
    expected = [score.probability for score in on_cpu.score(SAMPLE_TEXTS)]
    found = [score.probability for score in on_cuda.score(SAMPLE_TEXTS)]
    assert found == pytest.approx(expected, abs=1e-3)
