"""Packages of a few bytes with the names, needs and file names of NVIDIA's and their users'."""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]

CUDNN_LIBRARIES = ("libcudnn.so.9", "libcudnn_adv.so.9", "libcudnn_ops.so.9")
CUDNN_12, CUDNN_13 = ("nvidia-cudnn-cu12", "9.28.0.42"), ("nvidia-cudnn-cu13", "9.28.1.4")


def cudnn(cuda: int) -> dict[str, bytes]:
    """Files of a cuDNN: one has the same size for every CUDA, as the real one, the others not."""
    return {
        "nvidia/cudnn/include/cudnn.h": b"the same for all",
        **{
            f"nvidia/cudnn/lib/{name}": f"{name} for CUDA {cuda}".encode() + b"." * (cuda * i)
            for i, name in enumerate(CUDNN_LIBRARIES)
        },
    }


def record_line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}"


def install(
    folder: Path, name: str, version: str, files: Mapping[str, bytes], requires: Iterable[str] = ()
) -> None:
    """Put a package into a site-packages folder as pip does: over what is there."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    lines = [record_line(path, content) for path, content in files.items()]
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,", ""]))
    (info / "METADATA").write_text(metadata(name, version, requires))


def metadata(name: str, version: str, requires: Iterable[str]) -> str:
    lines = [f"Requires-Dist: {need}" for need in requires]
    extras = {need.rpartition("extra == ")[2].strip("'\" ") for need in requires if "extra" in need}
    lines += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
    return "\n".join([f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *lines, ""])


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes] = {},
    requires: Iterable[str] = (),
) -> None:
    """Write a wheel that pip installs anywhere."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    inside = {
        **files,
        f"{info}/METADATA": metadata(name, version, requires).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [record_line(path, content) for path, content in inside.items()]
    inside[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, content in inside.items():
            archive.writestr(path, content)


def write_index(folder: Path) -> None:
    """Write wheels for all that `edgernn[gpu]` and `edgernn[train-gpu]` bring for CUDA.

    Edgernn's own is this project's extras without anything else.
    """
    write_wheel(folder, *CUDNN_12, cudnn(12))
    write_wheel(folder, *CUDNN_13, cudnn(13))
    write_wheel(folder, "tensorflow", "2.21.0", {}, [f"{CUDNN_12[0]}; extra == 'and-cuda'"])
    for version, needed in (("1.26.0", CUDNN_12), ("1.31.1", CUDNN_13)):
        needs = [f"{needed[0]}; extra == 'cudnn'", "numpy; extra == 'cuda' and extra == 'no'"]
        write_wheel(folder, "onnxruntime-gpu", version, {}, needs)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    needs = []
    for extra in ("gpu", "train-gpu"):
        for text in extras[extra]:
            need = Requirement(text)
            if need.name != "edgernn":
                named = f"{need.name}[{','.join(sorted(need.extras))}]{need.specifier}"
                needs.append(f"{named}; extra == '{extra}'")
    write_wheel(folder, "edgernn", "0.1.0", {}, needs)
