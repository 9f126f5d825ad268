"""Packages of NVIDIA's that overwrote each other, in folders as pip leaves them."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from fake_packages import CUDNN_12, CUDNN_13, CUDNN_LIBRARIES, cudnn, install, write_index

from edgernn import nvidia
from edgernn.cli.info import run_info
from edgernn.nvidia import find_damaged, find_gpus, find_packages, switch_to, tell_damage

LIBRARIES = tuple(f"nvidia/cudnn/lib/{name}" for name in CUDNN_LIBRARIES)
TENSORFLOW = ("tensorflow", "2.21.0", {}, ["nvidia-cudnn-cu12<10.0,>=9.3; extra == 'and-cuda'"])


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """TensorFlow with its cuDNN, and that of CUDA 13 on top."""
    install(tmp_path, *TENSORFLOW)
    install(tmp_path, *CUDNN_12, cudnn(12))
    install(tmp_path, *CUDNN_13, cudnn(13))
    return [tmp_path]


@pytest.mark.parametrize(("package", "cuda"), [(CUDNN_12, 12), (CUDNN_13, 13)])
def test_one(tmp_path: Path, package: tuple[str, str], cuda: int) -> None:
    """One cuDNN alone is as it was installed."""
    install(tmp_path, *package, cudnn(cuda))
    install(tmp_path, "nvidia-cudnn-frontend", "1.18.0", {"cudnn/__init__.py": b""})
    assert find_damaged([tmp_path]) == []
    frontend, found = sorted(find_packages([tmp_path]), key=lambda p: p.cuda or 0)
    assert (frontend.pinned, frontend.libraries) == ("nvidia-cudnn-frontend==1.18.0", 0)
    assert (found.pinned, found.cuda, found.libraries) == ("==".join(package), cuda, 3)
    assert found.beside == ()


def test_two(two: list[Path]) -> None:
    """The one that was installed first is named, who loads it, and what to run."""
    (damaged,) = find_damaged(two)
    assert damaged.pinned == "nvidia-cudnn-cu12==9.28.0.42"
    assert (damaged.libraries, damaged.replaced, damaged.missing) == (3, LIBRARIES, ())
    assert damaged.beside == ("nvidia-cudnn-cu13==9.28.1.4",)
    assert damaged.needed_by == ("tensorflow 2.21.0",)
    assert tell_damage(damaged) == (
        "nvidia-cudnn-cu12==9.28.0.42 (tensorflow 2.21.0 loads it): 3 of its 3 libraries were "
        "overwritten by nvidia-cudnn-cu13==9.28.1.4; keep one: pip uninstall -y nvidia-cudnn-cu12 "
        "nvidia-cudnn-cu13 && pip install 'edgernn[train-gpu]' to train and score on CUDA 12, or "
        "'edgernn[gpu]' to score on CUDA 13"
    )


def test_two_the_other_way_round(tmp_path: Path) -> None:
    """Which is overwritten follows the files, not the names."""
    install(tmp_path, *CUDNN_13, cudnn(13))
    install(tmp_path, *CUDNN_12, cudnn(12))
    (damaged,) = find_damaged([tmp_path])
    assert damaged.pinned == "nvidia-cudnn-cu13==9.28.1.4"


def test_files_of_one_size(two: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sizes are equal the contents decide, as far as so much is read."""
    (folder,) = two
    ours = cudnn(12)
    for name in LIBRARIES[1:]:
        (folder / name).write_bytes(ours[name])
    (damaged, other) = find_damaged(two)
    assert (damaged.name, damaged.replaced) == ("nvidia-cudnn-cu12", LIBRARIES[:1])
    assert (other.name, other.replaced) == ("nvidia-cudnn-cu13", LIBRARIES[1:])
    monkeypatch.setattr(nvidia, "_HASHED_BYTES", len(ours[LIBRARIES[0]]) - 1)
    assert [package.name for package in find_damaged(two)] == ["nvidia-cudnn-cu13"]


def test_removed_beside(two: list[Path]) -> None:
    """What removing one takes along is missing from the other."""
    (folder,) = two
    for path in (*cudnn(12), "nvidia_cudnn_cu12-9.28.0.42.dist-info/RECORD"):
        (folder / path).unlink()
    (folder / "nvidia_cudnn_cu12-9.28.0.42.dist-info" / "METADATA").unlink()
    (folder / "nvidia_cudnn_cu12-9.28.0.42.dist-info").rmdir()
    (damaged,) = find_damaged(two)
    assert (damaged.name, damaged.missing) == ("nvidia-cudnn-cu13", LIBRARIES)
    assert tell_damage(damaged).endswith(
        "3 of its 3 libraries are missing, as removing a package with the same files leaves it: "
        "pip install --force-reinstall --no-deps nvidia-cudnn-cu13==9.28.1.4"
    )


def test_other_libraries(tmp_path: Path) -> None:
    """The check is not cuDNN's alone; libraries in folders of their own are no fault."""
    for cuda in (12, 13):
        files = {"nvidia/nccl/lib/libnccl.so.2": f"NCCL for CUDA {cuda}".encode() + b"." * cuda}
        install(tmp_path, f"nvidia-nccl-cu{cuda}", "2.32.3", files)
    install(
        tmp_path, "nvidia-cublas-cu12", "12.9.3.13", {"nvidia/cublas/lib/libcublas.so.12": b"12"}
    )
    install(tmp_path, "nvidia-cublas", "13.10.0.20", {"nvidia/cu13/lib/libcublas.so.13": b"13"})
    (damaged,) = find_damaged([tmp_path])
    assert tell_damage(damaged) == (
        "nvidia-nccl-cu12==2.32.3: 1 of its 1 libraries were overwritten by "
        "nvidia-nccl-cu13==2.32.3; keep one: pip uninstall -y nvidia-nccl-cu12 nvidia-nccl-cu13 && "
        "pip install --no-deps nvidia-nccl-cu12==2.32.3 or nvidia-nccl-cu13==2.32.3"
    )


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xff\xfe\x00",
        b"nvidia/cudnn/lib/libcudnn.so.9,sha256=x,many\n",
        b"/etc/libcudnn.so.9,sha256=x,1\nnvidia/../../libcudnn.so.9,sha256=x,1\n",
        b"nvidia/cudnn/lib/libcudnn.so.9\n" * 100,
    ],
)
def test_a_broken_record(tmp_path: Path, record: bytes) -> None:
    """A record that says nothing holds nothing against the files, nor one that is not there."""
    install(tmp_path, *CUDNN_12, cudnn(12))
    path = tmp_path / "nvidia_cudnn_cu12-9.28.0.42.dist-info" / "RECORD"
    path.write_bytes(record)
    (found,) = find_packages([tmp_path])
    assert (found.libraries, found.replaced, found.missing) == (0, (), ())
    path.unlink()
    assert find_packages([tmp_path]) == [found]


def test_switching(two: list[Path], tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is in the way goes first; what is whole stays."""
    assert switch_to("gpu", []) == "pip install 'edgernn[gpu]'"
    remove = "pip uninstall -y nvidia-cudnn-cu12 nvidia-cudnn-cu13 && "
    assert switch_to("train-gpu", two) == f"{remove}pip install 'edgernn[train-gpu]'"
    whole = tmp_path_factory.mktemp("whole")
    install(whole, *CUDNN_12, cudnn(12))
    assert switch_to("train-gpu", [whole]) == "pip install 'edgernn[train-gpu]'"
    remove = "pip uninstall -y nvidia-cudnn-cu12 && "
    assert switch_to("gpu", [whole]) == f"{remove}pip install 'edgernn[gpu]'"


def test_following_what_is_said(tmp_path: Path) -> None:
    """Each command that a message gives leaves one whole cuDNN, and the ONNX Runtime for it."""
    index, venv = tmp_path / "index", tmp_path / "venv"
    index.mkdir()
    write_index(index)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=120)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # What `pip --python` starts, as a second process.
    (runner,) = (path for path in metadata.files("pip") or () if path.name == "__pip-runner__.py")
    pattern = "Lib/site-packages" if os.name == "nt" else "lib/*/site-packages"
    (site,) = venv.glob(pattern)

    def pip(*arguments: str) -> None:
        offline = ("--no-index", "--find-links", index) if arguments[0] == "install" else ()
        done = subprocess.run(
            [python, runner.locate(), "-q", *arguments, *offline],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    def follow(message: str, without: str = "") -> None:
        """Run the commands at the end of a message; `without` is the choice not taken."""
        commands = message[message.index("pip ") :]
        chosen = re.sub(r" to (train and score|score) on CUDA \d+(, or )?", " ", commands)
        for command in chosen.replace(without, "").split("&&"):
            program, *arguments = shlex.split(command)
            assert program == "pip"
            pip(*arguments)

    def installed() -> set[str]:
        found = {p.pinned for p in find_packages([site])}
        engines = site.glob("onnxruntime_gpu-*.dist-info")
        return found | {path.name.removesuffix(".dist-info") for path in engines}

    whole_12 = {"nvidia-cudnn-cu12==9.28.0.42", "onnxruntime_gpu-1.26.0"}
    whole_13 = {"nvidia-cudnn-cu13==9.28.1.4", "onnxruntime_gpu-1.31.1"}

    pip("install", "tensorflow[and-cuda]")
    pip("install", "edgernn[gpu]")
    (damaged,) = find_damaged([site])
    assert (damaged.name, damaged.needed_by) == ("nvidia-cudnn-cu12", ("tensorflow 2.21.0",))
    follow(tell_damage(damaged), without="'edgernn[gpu]'")
    assert (find_damaged([site]), installed()) == ([], whole_12)

    follow(switch_to("gpu", [site]))
    assert (find_damaged([site]), installed()) == ([], whole_13)

    pip("install", "nvidia-cudnn-cu12")
    pip("uninstall", "-y", "nvidia-cudnn-cu12")
    (damaged,) = find_damaged([site])
    assert len(damaged.missing) == 3
    follow(tell_damage(damaged))
    assert (find_damaged([site]), installed()) == ([], whole_13)


def no_driver(name: str) -> object:
    raise OSError(f"{name}: cannot open shared object file")


def test_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of the driver is read; without it, its program and itself there is no GPU."""
    monkeypatch.setattr(nvidia, "GPUS", tmp_path / "gpus")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ctypes, "CDLL", no_driver)
    assert find_gpus() == []
    for place, text in (("0000:01", "Model: \t\t NVIDIA H200\nIRQ: 16\n"), ("0000:02", "\n")):
        (tmp_path / "gpus" / place).mkdir(parents=True)
        (tmp_path / "gpus" / place / "information").write_text(text)
    assert find_gpus() == ["NVIDIA H200", "NVIDIA GPU"]


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize(("code", "names"), [(0, ["NVIDIA T4"]), (9, [])])
def test_the_drivers_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, names: list[str]
) -> None:
    """A stand-in for nvidia-smi, which says in words, too, that it found nothing."""
    monkeypatch.setattr(ctypes, "CDLL", no_driver)
    monkeypatch.setattr(nvidia, "GPUS", tmp_path / "gpus")
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho NVIDIA T4\nexit {code}\n")
    program.chmod(0o755)
    assert find_gpus() == names


class Driver:
    """Stands in for the driver's library; its functions return 0 for success."""

    def __init__(self, names: list[bytes], failing: str = "") -> None:
        self.names = names
        for function in ("cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName"):
            result = 100 if function == failing else 0
            called = getattr(self, f"_{function}")
            setattr(self, function, lambda *a, call=called, result=result: call(*a) or result)

    def _cuInit(self, flags: int) -> None:
        assert flags == 0

    def _cuDeviceGetCount(self, count: Any) -> None:
        count._obj.value = len(self.names)

    def _cuDeviceGet(self, handle: Any, device: int) -> None:
        handle._obj.value = 40 + device

    def _cuDeviceGetName(self, name: Any, size: int, handle: Any) -> None:
        assert size == 256
        name.value = self.names[handle.value - 40]


@pytest.mark.parametrize("failing", ["", "cuInit", "cuDeviceGetCount", "cuDeviceGet"])
def test_the_driver_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Where nothing else is there, a stand-in for the driver is asked, which may fail."""
    monkeypatch.setattr(nvidia, "GPUS", tmp_path / "gpus")
    monkeypatch.setenv("PATH", str(tmp_path))
    driver = Driver([b"NVIDIA T4", b"NVIDIA L4"], failing)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    assert find_gpus() == ([] if failing else ["NVIDIA T4", "NVIDIA L4"])


def test_info(two: list[Path], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """`edgernn info` names the GPUs, each cuDNN, and what was overwritten, for people and JSON."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nvidia, "GPUS", two[0] / "no-gpus")
        patch.setenv("PATH", "")
        patch.setattr(sys, "path", [*sys.path, str(two[0])])
        run_info(None, as_json=True)
        machine = json.loads(capsysbinary.readouterr().out)["machine"]
        run_info(None, as_json=False)
        lines = capsysbinary.readouterr().out.decode().splitlines()
        (damaged,) = (p for p in find_damaged() if p.folder == two[0])
    assert machine["gpus"] == []
    assert "  gpus                   none" in lines
    both = {"nvidia-cudnn-cu12==9.28.0.42", "nvidia-cudnn-cu13==9.28.1.4"}
    assert both <= set(machine["cudnn"])
    assert tell_damage(damaged) in machine["damaged packages"]
    assert any(line.endswith(tell_damage(damaged)) for line in lines)
