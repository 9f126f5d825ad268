"""The engine under the sanitizers: no access outside its memory, no undefined behaviour."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.spawns]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("sanitized.py")
FLAGS = ("-fPIC", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def sanitizer(compiler: list[str]) -> str:
    """The sanitizer's library, which a process that was built without it loads first."""
    if compiler != ["gcc"]:
        pytest.skip("the sanitizers' libraries are GCC's: there is no gcc")
    asked = [*compiler, "-print-file-name=libasan.so"]
    path = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    if not Path(path).is_absolute():
        pytest.skip("gcc is here without libasan")
    return path


def test_no_fault(compiler: list[str], build_engine: Callable[..., Path], tmp_path: Path) -> None:
    """Every kind of layer, every failing allocation, ids that are none."""
    library = tmp_path / "libedgernn_sanitized.so"
    preloaded = sanitizer(compiler)
    build_engine(library, flags=FLAGS, freestanding=False)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(library)],
        env=os.environ
        # Python itself leaks, and has an allocator whose blocks the sanitizer does not see.
        | {"LD_PRELOAD": preloaded, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
        | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "helpers")))},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" networks, no fault\n")
