"""Compiles the C engine into a shared library, or into modules of WebAssembly.

    python engine/build.py                   into the package, for this machine
    python engine/build.py --target TARGET   for another one, see TARGETS
    python engine/build.py --target wasm     into the JavaScript library, see MODULES
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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = [
    *("JAVASCRIPT", "MODULES", "PACKAGE", "TARGETS", "Target"),
    *("build", "build_for", "build_wasm", "this_target"),
]

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "edgernn" / "engine"
"""The folder that `edgernn.engine` loads the library from."""
JAVASCRIPT = HERE.parent / "runtimes" / "js" / "src"
"""The folder that the JavaScript library loads the modules from."""
_ZIG = (sys.executable, "-m", "ziglang")


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


# Zig takes -Oz for -Os, which is larger.
SMALLEST = ("-Xclang", "-Oz")
"""For what runs once a file, where a library's size counts."""

# A tile's sums are in registers only where its loops are unrolled.
MODULES = {
    "engine.wasm": ("-msimd128", "-O3"),
    "engine-plain.wasm": ("-mno-simd128", "-Os", *SMALLEST),
}
"""Each module of WebAssembly, and what the arithmetic is compiled with for it."""

_WASM = (
    *("-target", "wasm32-freestanding", "-std=gnu11", "-g0", "-fvisibility=hidden"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", *FREESTANDING),
    *("-ffunction-sections", "-fdata-sections", "-DEDGERNN_SMALL", "-Wall", "-Wextra", "-Werror"),
)
# Calls are small in WebAssembly, addresses that run along with a loop are not.
_READERS = (
    *("-mno-simd128", "-Os", *SMALLEST, "-fno-vectorize", "-fno-slp-vectorize"),
    *("-mllvm", "-inline-threshold=-20", "-mllvm", "-disable-lsr"),
)
_EXPORTS = (
    *("open_alone", "take", "outputs", "vocabulary_size", "shortest_text", "scratch_size", "score"),
)
_WASM_LINK = (
    *("-s", "--no-entry", "--gc-sections", "--compress-relocations"),
    # A stack that overflows runs into nothing, rather than over data.
    *("--stack-first", "-z", f"stack-size={1 << 17}"),
    *(f"--export=edgernn_{name}" for name in _EXPORTS),
)


def build_for(target: Target, output: Path) -> None:
    """Compile the engine for a target with `ziglang`.

    Args:
        target: one of `TARGETS`.
        output: the library to write.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    cc = [*_ZIG, "cc", "-target", target.triple]
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
    sources = _readers()
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
    jobs = [_level(f"level_{name}", f"level_{name}", more) for name, more in levels.items()]
    jobs += [
        _Job(source, source.stem, SMALLEST if small else ()) for source in (*sources, *more_sources)
    ]
    with _compiled((*cc, *general), jobs) as (objects, run):
        output.parent.mkdir(parents=True, exist_ok=True)
        without = ("-nostdlib",) if freestanding else ()
        run(*cc, "-shared", *without, *flags, *link, *objects, "-o", str(output))


def build_wasm(folder: Path) -> None:
    """Compile the engine for WebAssembly with `ziglang`.

    Args:
        folder: where to write `MODULES`.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    include = f"-I{HERE / 'include'}"
    jobs = [_Job(path, path.stem, _READERS) for path in (*_readers(), HERE / "wasm" / "door.c")]
    jobs += [_level(name, "level_plain", options) for name, options in MODULES.items()]
    with _compiled((*_ZIG, "cc", *_WASM, include), jobs) as (objects, run):
        folder.mkdir(parents=True, exist_ok=True)
        shared = objects[: -len(MODULES)]
        for level, name in zip(objects[-len(MODULES) :], MODULES, strict=True):
            run(*_ZIG, "wasm-ld", *_WASM_LINK, *shared, level, "-o", str(folder / name))


class _Job(NamedTuple):
    source: Path
    name: str
    """Of its object file."""
    options: Sequence[str]


def _readers() -> list[Path]:
    """Return all sources but that of the levels."""
    return [path for path in sorted((HERE / "src").glob("*.c")) if path.stem != "level"]


def _level(name: str, symbol: str, options: Sequence[str]) -> _Job:
    return _Job(HERE / "src" / "level.c", name, (*options, f"-DEDGERNN_LEVEL_NAME={symbol}"))


@contextmanager
def _compiled(
    cc: Sequence[str], jobs: Sequence[_Job]
) -> Iterator[tuple[list[str], Callable[..., None]]]:
    """Give the object files of sources, and what runs a command that links them."""
    with tempfile.TemporaryDirectory() as folder:
        # A compiler's cache in the home folder would stay behind.
        caches = {f"ZIG_{kind}_CACHE_DIR": str(Path(folder, kind)) for kind in ("GLOBAL", "LOCAL")}

        def run(*command: str) -> None:
            subprocess.run(command, check=True, env=os.environ | caches)

        def compile_one(job: _Job) -> str:
            made = str(Path(folder, f"{job.name}.o"))
            run(*cc, *job.options, "-c", str(job.source), "-o", made)
            return made

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compile_one, jobs))
        yield objects, run


def this_target() -> Target | None:
    """Return the target that this machine is, if it is one."""
    return TARGETS.get((sys.platform, platform.machine()))


def _main() -> None:
    names = {"-".join(key): target for key, target in TARGETS.items()}
    parser = argparse.ArgumentParser(description="Compiles the C engine.")
    parser.add_argument("--target", choices=[*names, "wasm"], help="default: this machine")
    parser.add_argument("--cc", help="a compiler of one's own, with its options; not for wasm")
    parser.add_argument(
        "--output", type=Path, help="file, for wasm a folder; default: in the package"
    )
    given = parser.parse_args()
    if given.target == "wasm":
        if given.cc is not None:
            parser.error("--cc: WebAssembly is compiled with ziglang")
        folder = given.output or JAVASCRIPT
        build_wasm(folder)
        for name in MODULES:
            print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")
        return
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
