"""Compiles the C engine into a shared library.

    python engine/build.py                   into the package, for this machine
    python engine/build.py --target TARGET   for another one, see TARGETS
    python engine/build.py --cc gcc          with a compiler of one's own

The compiler is `ziglang`, from the package index, unless another one is named. The library needs no
other library, not even C's own.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

__all__ = ["PACKAGE", "TARGETS", "Target", "build", "build_for", "this_target"]

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "edgernn" / "engine"
"""The folder that `edgernn.engine` loads the library from."""


class Target(NamedTuple):
    """A kind of machine that the engine is compiled for."""

    triple: str
    """Its name for the compiler, with the least processor that it stands for."""
    library: str
    wheel: str
    """The platforms that a wheel with the library is for."""


TARGETS = {
    ("linux", "x86_64"): Target(
        "x86_64-linux-musl", "libedgernn.so", "manylinux_2_17_x86_64.musllinux_1_1_x86_64"
    ),
    ("linux", "aarch64"): Target(
        "aarch64-linux-musl", "libedgernn.so", "manylinux_2_17_aarch64.musllinux_1_1_aarch64"
    ),
    ("darwin", "x86_64"): Target("x86_64-macos.11.0", "libedgernn.dylib", "macosx_11_0_x86_64"),
    ("darwin", "arm64"): Target("aarch64-macos.11.0", "libedgernn.dylib", "macosx_11_0_arm64"),
    ("win32", "AMD64"): Target("x86_64-windows-gnu", "edgernn.dll", "win_amd64"),
    ("win32", "ARM64"): Target("aarch64-windows-gnu", "edgernn.dll", "win_arm64"),
}
"""By what Python calls the system and the processor."""

# No contraction of a * b + c: what is fused is written as such, so that scores do not depend on how
# a compiler laid out a loop.
FLAGS = (
    *("-std=gnu11", "-O3", "-g0", "-fvisibility=hidden"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-psabi"),
)
FREESTANDING = ("-fno-builtin", "-fno-stack-protector")

X86_LEVELS = {"avx2": ("-mavx2", "-mfma"), "avx512": ("-mavx512f", "-mavx512dq", "-mavx2", "-mfma")}
"""What level.c is compiled with for levels above the least."""


def build_for(target: Target, output: Path) -> None:
    """Compile the engine for a target with `ziglang`.

    Args:
        target: one of `TARGETS`.
        output: the library to write.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    cc = [sys.executable, "-m", "ziglang", "cc", "-target", target.triple]
    is_dll = target.library.endswith(".dll")
    # A library of Windows has an entry point unless told otherwise; the others' code may lie
    # anywhere.
    flags = () if is_dll else ("-fPIC",)
    link = ("-Wl,--no-entry",) if is_dll else ()
    # What it needs and has not would be looked for when it is loaded.
    link = ("-Wl,-z,defs",) if target.library.endswith(".so") else link
    build(output, cc, x86=target.triple.startswith("x86_64"), flags=flags, link=("-s", *link))


def build(
    output: Path,
    cc: Sequence[str],
    *,
    x86: bool = platform.machine() in ("x86_64", "AMD64"),
    more_sources: Iterable[Path] = (),
    flags: Sequence[str] = ("-fPIC",),
    link: Sequence[str] = (),
    freestanding: bool = True,
    small: bool = False,
) -> None:
    """Compile the engine.

    Args:
        output: the library to write.
        cc: a C compiler that takes the options of GCC, with whatever options name its target.
        x86: whether the target has the levels of x86-64.
        more_sources: files to compile beside the engine's.
        flags: further options of the compiler and the linker.
        link: further options of the linker.
        freestanding: without C's library.
        small: without AVX-512 and copies of loops, all but the arithmetic compiled for size; for
            Clang.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    sources = [path for path in sorted((HERE / "src").glob("*.c")) if path.stem != "level"]
    if not freestanding:
        sources.remove(HERE / "src" / "memory.c")
    general = (*FLAGS, *(FREESTANDING if freestanding else ()), *flags)
    levels: dict[str, tuple[str, ...]] = {"plain": ()}
    if x86:
        # A processor without AVX2 is an exception, for which speed may cost less.
        levels = {"plain": ("-Os",) if small else (), **X86_LEVELS}
    if small:
        levels.pop("avx512", None)
        general += ("-DEDGERNN_SMALL",)
    with tempfile.TemporaryDirectory() as folder:
        jobs: list[tuple[Path, str, tuple[str, ...]]] = [
            (
                HERE / "src" / "level.c",
                f"level_{name}",
                (*more, f"-DEDGERNN_LEVEL_NAME=level_{name}"),
            )
            for name, more in levels.items()
        ]
        # Zig takes -Oz for -Os, which is larger.
        for_size = ("-Xclang", "-Oz") if small else ()
        jobs += [(source, source.stem, for_size) for source in (*sources, *more_sources)]
        # A compiler's cache in the home folder would stay behind.
        caches = {f"ZIG_{kind}_CACHE_DIR": str(Path(folder, kind)) for kind in ("GLOBAL", "LOCAL")}

        def run(*arguments: str) -> None:
            subprocess.run([*cc, *arguments], check=True, env=os.environ | caches)

        def compile_one(job: tuple[Path, str, tuple[str, ...]]) -> str:
            source, name, more = job
            made = str(Path(folder, f"{name}.o"))
            run(*general, *more, "-c", str(source), "-o", made)
            return made

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compile_one, jobs))
        output.parent.mkdir(parents=True, exist_ok=True)
        without = ("-nostdlib",) if freestanding else ()
        run("-shared", *without, *flags, *link, *objects, "-o", str(output))


def this_target() -> Target | None:
    """Return the target that this machine is, if it is one."""
    return TARGETS.get((sys.platform, platform.machine()))


def _main() -> None:
    names = {"-".join(key): target for key, target in TARGETS.items()}
    parser = argparse.ArgumentParser(description="Compiles the C engine into a shared library.")
    parser.add_argument("--target", choices=names, help="default: this machine")
    parser.add_argument("--cc", help="a compiler of one's own, with its options")
    parser.add_argument("--output", type=Path, help="default: in the package")
    given = parser.parse_args()
    target = names[given.target] if given.target else this_target()
    if target is None:
        parser.error(f"no target {sys.platform}-{platform.machine()}")
    output = given.output or PACKAGE / target.library
    if given.cc is None:
        build_for(target, output)
    else:
        build(output, shlex.split(given.cc))
    print(output)


if __name__ == "__main__":
    _main()
