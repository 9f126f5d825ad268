"""The header as a C program has it: the example, and several threads under ThreadSanitizer."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgernn.engine import Library

pytestmark = pytest.mark.spawns
"""The engine is compiled for it, by a process of the compiler."""

ROOT = Path(__file__).resolve().parents[2]
FLAGSHIP = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def compile_program(compiler: list[str], source: Path, library: Path, *flags: str) -> Path:
    """Compile a program beside the library that it is linked with."""
    program = library.with_name(source.stem)
    command = [*compiler, *flags, str(source), str(library), "-o", str(program)]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}"], check=True)
    return program


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)


def test_the_example(compiler: list[str], engine: Library, tmp_path: Path) -> None:
    """It scores the shipped model, and says what is wrong with another file and other ids."""
    source = ROOT / "engine" / "examples" / "score.c"
    program = compile_program(compiler, source, engine.path, *STRICT)
    ids = [5, 17, 3, 2500, 9]
    (expected,) = engine.open(FLAGSHIP.read_bytes()).score([np.array(ids, np.int32)])
    done = run(program, FLAGSHIP, *ids)
    assert (done.returncode, done.stderr) == (0, "")
    assert np.float32(done.stdout) == expected[0]
    done = run(program, FLAGSHIP, 10_000_000)
    assert (done.returncode, done.stderr) == (1, "these ids cannot be scored\n")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no model")
    done = run(program, other, 1)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{other}: ")


@pytest.mark.slow
def test_threads(compiler: list[str], build_engine: Callable[..., Path], tmp_path: Path) -> None:
    """One model in four threads: no race, and the same bits in each."""
    flags = ("-fPIC", "-O1", "-fsanitize=thread")
    library = tmp_path / "libedgernn_threads.so"
    try:
        build_engine(library, flags=flags, freestanding=False)
        source = ROOT / "tests" / "engine" / "threads.c"
        program = compile_program(compiler, source, library, *flags[1:], "-pthread")
    except subprocess.CalledProcessError:
        pytest.skip("the compiler has no ThreadSanitizer")
    done = run(program, FLAGSHIP)
    assert (done.returncode, done.stderr) == (0, "")
