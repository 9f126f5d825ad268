"""NVIDIA's GPUs and packages on this machine: what is there, and what overwrote what.

The packages of one library for two versions of CUDA, such as nvidia-cudnn-cu12 and
nvidia-cudnn-cu13, install files of the same names with other contents. pip does not say so: the
one installed last wins, and a program made for the other loads a build that is not its own.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import groupby
from pathlib import Path

__all__ = [
    "GPUS",
    "IN_A_CONTAINER",
    "NvidiaPackage",
    "find_damaged",
    "find_gpus",
    "find_packages",
    "switch_to",
    "tell_damage",
]

GPUS = Path("/proc/driver/nvidia/gpus")
"""Where the driver of Linux lists them."""

IN_A_CONTAINER = (
    "a container must be started with the machine's GPUs, such as docker run --gpus all"
)
"""What may keep a program from the driver of a GPU that is there."""

_DIST_INFO = re.compile(r"(nvidia_[a-z0-9_]+?)(?:_cu(\d+))?-(\d[^-]*)\.dist-info")
_CUDNN = re.compile(r"nvidia-cudnn(-cu\d+)?")
_LIBRARY = re.compile(r"\.so(\.\d+)*$|\.dll$")
_FRAMEWORKS = ("onnxruntime-gpu", "tensorflow", "torch")

_RECORD_BYTES = 1 << 20
_HASHED_BYTES = 64 << 20
"""How much is read at most where files cannot be told apart by their sizes. The smallest come
first, and one says enough: that of cuDNN 9 has 137,432 bytes in both packages."""


@dataclass(frozen=True)
class NvidiaPackage:
    """An installed package of NVIDIA's, and the libraries that are not as it brought them."""

    name: str
    version: str
    cuda: int | None
    """Major version that its name tells."""
    folder: Path
    """The site-packages that it is in."""
    libraries: int
    replaced: tuple[str, ...] = ()
    """Paths below `folder` where another package's file is."""
    missing: tuple[str, ...] = ()
    """Paths below `folder` where nothing is: removing another package took it along."""
    beside: tuple[str, ...] = ()
    """Packages that install files of the same names, such as `nvidia-cudnn-cu13==9.28.1.4`."""
    needed_by: tuple[str, ...] = ()
    """Which of ONNX Runtime, TensorFlow and PyTorch are installed and ask for it."""

    @property
    def pinned(self) -> str:
        """Name and version, as pip takes them."""
        return f"{self.name}=={self.version}"


def find_gpus() -> list[str]:
    """Return the names of the machine's NVIDIA GPUs, whether or not this process may use them."""
    names = []
    for path in sorted(GPUS.glob("*/information")):
        found = re.search(r"^Model:\s*(.+)$", path.read_text("utf-8", "replace"), re.MULTILINE)
        names.append(found[1].strip() if found else "NVIDIA GPU")
    return names or _asked_of_program() or _asked_of_driver()


def find_packages(folders: Sequence[Path] | None = None) -> list[NvidiaPackage]:
    """Return NVIDIA's packages; reads their lists of files, and little of the files.

    Args:
        folders: site-packages to look into; None is what Python imports from.
    """
    if folders is None:
        folders = list(dict.fromkeys(Path(entry or ".").resolve() for entry in sys.path))
    return [package for folder in folders for package in _packages_of(folder, folders)]


def find_damaged(folders: Sequence[Path] | None = None) -> list[NvidiaPackage]:
    """Return the packages that have libraries which are replaced or missing."""
    return [p for p in find_packages(folders) if p.replaced or p.missing]


def _asked_of_program() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        # The driver itself is asked next.
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def _asked_of_driver() -> list[str]:
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return []
    count, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return []
    names = []
    for device in range(count.value):
        # A device's handle is its number only by habit.
        handle = ctypes.c_int()
        if not driver.cuDeviceGet(ctypes.byref(handle), device) and not driver.cuDeviceGetName(
            name, len(name), handle
        ):
            names.append(name.value.decode("utf-8", "replace"))
    return names


def tell_damage(package: NvidiaPackage) -> str:
    """Say in a line what is wrong with a package, and what to run."""
    users = f" ({', '.join(package.needed_by)} loads it)" if package.needed_by else ""
    if not package.replaced:
        return (
            f"{package.pinned}{users}: {len(package.missing)} of its {package.libraries} libraries "
            "are missing, as removing a package with the same files leaves it: "
            f"pip install --force-reinstall --no-deps {package.pinned}"
        )
    says = (
        f"{package.pinned}{users}: {len(package.replaced)} of its {package.libraries} libraries "
        f"were overwritten by {' and '.join(package.beside) or 'another package'}"
    )
    if not package.beside:
        return f"{says}: pip install --force-reinstall --no-deps {package.pinned}"
    both = [package.name, *(other.partition("==")[0] for other in package.beside)]
    remove = f"pip uninstall -y {' '.join(sorted(both))}"
    if _CUDNN.fullmatch(package.name):
        return (
            f"{says}; keep one: {remove} && pip install 'edgernn[train-gpu]' to train and score on "
            "CUDA 12, or 'edgernn[gpu]' to score on CUDA 13"
        )
    others = " or ".join(sorted([package.pinned, *package.beside]))
    return f"{says}; keep one: {remove} && pip install --no-deps {others}"


def switch_to(extra: str, folders: Sequence[Path] | None = None) -> str:
    """Return the command that installs `gpu` or `train-gpu` and leaves a single cuDNN."""
    wanted = {"gpu": 13, "train-gpu": 12}[extra]
    cudnns = [p for p in find_packages(folders) if _CUDNN.fullmatch(p.name)]
    install = f"pip install 'edgernn[{extra}]'"
    if all(p.cuda == wanted and not p.replaced and not p.missing for p in cudnns):
        return install
    # What is damaged pip takes for installed; it goes too, and comes back whole.
    return f"pip uninstall -y {' '.join(sorted(p.name for p in cudnns))} && {install}"


@dataclass
class _Installed:
    """A package's name and its record of what it installed."""

    library: str
    cuda: int | None
    version: str
    recorded: dict[str, tuple[str, int]] = field(default_factory=dict)
    """SHA-256 as in the record, and size, of its libraries by their paths."""

    @property
    def name(self) -> str:
        name = self.library.replace("_", "-")
        return name if self.cuda is None else f"{name}-cu{self.cuda}"


def _packages_of(folder: Path, folders: Sequence[Path]) -> Iterator[NvidiaPackage]:
    installed = []
    for path in sorted(folder.glob("nvidia_*.dist-info")):
        found = _DIST_INFO.fullmatch(path.name)
        if found is not None:
            cuda = int(found[2]) if found[2] else None
            installed.append(_Installed(found[1], cuda, found[3], _read_record(path / "RECORD")))
    needs = _needs(folders) if installed else {}
    # pip's own order of names is not that of libraries: nvidia_cudnn_frontend stands between.
    installed.sort(key=lambda package: (package.library, package.cuda or 0))
    for _, group in groupby(installed, key=lambda package: package.library):
        yield from _compared(folder, list(group), needs)


def _compared(
    folder: Path, group: list[_Installed], needs: dict[str, list[str]]
) -> Iterator[NvidiaPackage]:
    """Hold what packages of one library recorded against what is there."""
    left = _HASHED_BYTES
    for package in group:
        others = [other for other in group if other is not package]
        replaced, missing = [], []
        for name, (digest, size) in sorted(package.recorded.items(), key=lambda item: item[1][1]):
            path = folder / name
            try:
                there = path.stat().st_size
            except FileNotFoundError:
                missing.append(name)
                continue
            twins = [other.recorded[name] for other in others if name in other.recorded]
            if there == size and any(twin == size and d != digest for d, twin in twins):
                left -= size
                if left < 0:
                    continue
                if _sha256(path) != digest:
                    replaced.append(name)
            elif there != size:
                replaced.append(name)
        yield NvidiaPackage(
            package.name,
            package.version,
            package.cuda,
            folder,
            len(package.recorded),
            tuple(sorted(replaced)),
            tuple(sorted(missing)),
            tuple(
                f"{other.name}=={other.version}"
                for other in others
                if package.recorded.keys() & other.recorded.keys()
            ),
            tuple(needs.get(package.name, ())),
        )


def _read_record(path: Path) -> dict[str, tuple[str, int]]:
    """Return hash and size of the libraries below the folder that a RECORD file lists."""
    try:
        with path.open("rb") as file:
            text = file.read(_RECORD_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        # Installed by something other than pip, which keeps no record to hold files against.
        return {}
    found = {}
    for line in text.splitlines():
        row = line.rsplit(",", 2)
        if len(row) == 3 and row[1].startswith("sha256=") and row[2].isdecimal():
            name = row[0]
            if name.startswith("nvidia/") and ".." not in name and _LIBRARY.search(name):
                found[name] = (row[1].removeprefix("sha256="), int(row[2]))
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _needs(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Return which frameworks that are installed ask for which of NVIDIA's packages."""
    needs: dict[str, list[str]] = {}
    for framework in _FRAMEWORKS:
        for distribution in metadata.distributions(name=framework, path=[*map(str, folders)]):
            asked = [re.match(r"[\w.-]+", need) for need in distribution.requires or ()]
            names = {found[0].replace("_", "-").lower() for found in asked if found}
            for name in sorted(names):
                if name.startswith("nvidia-"):
                    needs.setdefault(name, []).append(f"{framework} {distribution.version}")
    return needs
