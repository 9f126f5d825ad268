#!/usr/bin/env python3
"""Compiles the C engine with its door for Java, libedgernn_jni.so.

    python runtimes/kotlin/native/build.py --output FOLDER             for Android's processors
    python runtimes/kotlin/native/build.py --output FOLDER --for host  for a JVM on this machine

writes FOLDER/PROCESSOR/libedgernn_jni.so; what is newer than its sources stays as it is. Neither an
NDK nor a C library is needed: the compiler is the package `ziglang`, for this machine also `cc`.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

__all__ = ["ANDROID", "HOSTS", "LIBRARY", "build", "host"]

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parents[2] / "engine"
LIBRARY = "libedgernn_jni.so"


class Processor(NamedTuple):
    """What the library is compiled for."""

    triple: str
    """Its name for the compiler."""
    flags: Sequence[str] = ()


ANDROID = {
    "arm64-v8a": Processor("aarch64-linux-musl"),
    # The least processor of Android's ABI: no division of integers, no fused multiply-add.
    "armeabi-v7a": Processor(
        "arm-linux-musleabi", ("-mcpu=cortex_a8", "-mfloat-abi=softfp", "-mthumb")
    ),
    # Emulators and Chromebooks.
    "x86_64": Processor("x86_64-linux-musl"),
}
"""The processors of Android by the names of its ABIs."""

HOSTS = {
    ("Linux", "x86_64"): ("linux-x86_64", Processor("x86_64-linux-musl")),
    ("Linux", "aarch64"): ("linux-aarch64", Processor("aarch64-linux-musl")),
}
"""Desktops and servers by what Python calls system and processor, with the name of the folder."""

SMALL = ("-ffunction-sections", "-fdata-sections")
SMALL += ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables")


def build(name: str, processor: Processor, output: Path, cc: Sequence[str] | None = None) -> None:
    """Compile the library.

    Args:
        name: what the processor is called; one of Android's asks for a small library.
        processor: what it is compiled for.
        output: the library to write.
        cc: a compiler for the processor; None is `ziglang`.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    link = ["-s", "-Wl,-z,defs", "-Wl,--gc-sections", f"-Wl,-soname,{LIBRARY}"]
    link += [f"-Wl,--version-script={HERE / 'exports.map'}", "-Wl,-z,max-page-size=16384"]
    if cc is None:
        cc = [sys.executable, "-m", "ziglang", "cc", "-target", processor.triple]
        # 32-bit ARM divides by a function of the compiler's.
        link.append("-rtlib=compiler-rt")
    _engine().build(
        output,
        cc,
        x86="x86_64" in processor.triple,
        more_sources=sorted(HERE.glob("*.c")),
        flags=("-fPIC", *SMALL, *processor.flags),
        link=link,
        small=name in ANDROID,
    )


def host() -> tuple[str, Processor] | None:
    """Return this machine's folder and processor, if it is one of `HOSTS`."""
    return HOSTS.get((platform.system(), platform.machine()))


def _engine() -> ModuleType:
    """Return the engine's own build, under a name that no package has."""
    path = ENGINE / "build.py"
    spec = importlib.util.spec_from_file_location("edgernn_engine_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_current(output: Path) -> bool:
    sources = [*HERE.iterdir(), ENGINE / "build.py"]
    sources += [*(ENGINE / "src").iterdir(), *(ENGINE / "include").iterdir()]
    newest = max(path.stat().st_mtime for path in sources if path.is_file())
    return output.exists() and output.stat().st_mtime >= newest


def _main() -> None:
    parser = argparse.ArgumentParser(description="Compiles the C engine for Java.")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    names = ",".join(ANDROID)
    parser.add_argument(
        "--for", dest="names", default=names, help=f"processors, or host; default {names}"
    )
    given = parser.parse_args()
    has_zig = importlib.util.find_spec("ziglang") is not None
    for name in given.names.split(","):
        cc = None
        if name == "host":
            found = host()
            if found is None:
                # Java's own engine is an option there, too, so this is no failure.
                machine = f"{platform.system()} on {platform.machine()}"
                print(f"build.py: no engine for Java on {machine}", file=sys.stderr)
                continue
            folder, processor = found
            if not has_zig:
                cc = [shutil.which("cc") or ""]
        elif name in ANDROID:
            folder, processor = name, ANDROID[name]
        else:
            parser.error(f"--for {name}: none of {', '.join([*ANDROID, 'host'])}")
        output = given.output / folder / LIBRARY
        if _is_current(output):
            continue
        if not has_zig and not (cc and cc[0]):
            sys.exit(f"build.py: no compiler for {folder}: pip install ziglang")
        try:
            build(folder, processor, output, cc)
        except subprocess.CalledProcessError as error:
            sys.exit(f"build.py: {folder}: {error.cmd[0]} ended with exit code {error.returncode}")
        print(output)


if __name__ == "__main__":
    _main()
