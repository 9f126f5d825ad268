"""Compiles the C engine for WebAssembly: one module with 128-bit vectors, one without.

    python engine/build_wasm.py                  into the JavaScript library
    python engine/build_wasm.py --output FOLDER  elsewhere

The compiler is `ziglang`, from the package index.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["LIBRARY", "MODULES", "build_wasm"]

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parent / "runtimes" / "js" / "src"
"""The folder that the JavaScript library loads the modules from."""

# A tile's sums are in registers only where its loops are unrolled.
MODULES = {"engine.wasm": ("-msimd128", "-O3"), "engine-plain.wasm": ("-mno-simd128", "-Os")}
"""Each module, and what the arithmetic is compiled with for it."""

_FLAGS = (
    *("-target", "wasm32-freestanding", "-std=gnu11", "-g0", "-fvisibility=hidden"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fno-builtin"),
    *("-fno-stack-protector", "-ffunction-sections", "-fdata-sections"),
    *("-Wall", "-Wextra", "-Werror"),
)
_SMALL = ("-mno-simd128", "-Os", "-fno-vectorize", "-fno-slp-vectorize", "-fno-inline-functions")
"""For all but the arithmetic: it runs once a file."""
_LEVEL = "-DEDGERNN_LEVEL_NAME=level_plain"

_EXPORTS = (
    *("open_alone", "take", "outputs", "vocabulary_size", "shortest_text", "scratch_size", "score"),
)
_LINK = (
    *("-s", "--no-entry", "--gc-sections"),
    # A stack that overflows runs into nothing, rather than over data.
    *("--stack-first", "-z", f"stack-size={1 << 17}"),
    *(f"--export=edgernn_{name}" for name in _EXPORTS),
)


def build_wasm(folder: Path) -> None:
    """Compile the modules.

    Args:
        folder: where to write them.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it has said why.
    """
    zig = [sys.executable, "-m", "ziglang"]
    sources = [path for path in sorted((HERE / "src").glob("*.c")) if path.stem != "level"]
    include = f"-I{HERE / 'include'}"
    with tempfile.TemporaryDirectory() as scratch:
        # A compiler's cache in the home folder would stay behind.
        caches = {f"ZIG_{kind}_CACHE_DIR": str(Path(scratch, kind)) for kind in ("GLOBAL", "LOCAL")}

        def run(*arguments: str) -> None:
            subprocess.run([*zig, *arguments], check=True, env=os.environ | caches)

        def compile_one(job: tuple[Path, str, tuple[str, ...]]) -> str:
            source, name, flags = job
            made = str(Path(scratch, f"{name}.o"))
            run("cc", *_FLAGS, *flags, include, "-c", str(source), "-o", made)
            return made

        jobs = [(path, path.stem, _SMALL) for path in (*sources, HERE / "wasm" / "door.c")]
        level = HERE / "src" / "level.c"
        jobs += [(level, name, (*flags, _LEVEL)) for name, flags in MODULES.items()]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compile_one, jobs))
        folder.mkdir(parents=True, exist_ok=True)
        for arithmetic, name in zip(objects[-len(MODULES) :], MODULES, strict=True):
            output = str(folder / name)
            run("wasm-ld", *_LINK, *objects[: -len(MODULES)], arithmetic, "-o", output)


def _main() -> None:
    parser = argparse.ArgumentParser(description="Compiles the C engine for WebAssembly.")
    parser.add_argument("--output", type=Path, default=LIBRARY, help="default: the library's")
    folder = parser.parse_args().output
    build_wasm(folder)
    for name in MODULES:
        print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    _main()
