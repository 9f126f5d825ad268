"""The engine for machines that are not this one: it is compiled, and has the header's functions.

For Linux on arm64 it also runs, where `qemu-user` emulates such a processor: `pytest -m slow -n0
tests/distribution/test_engine_targets.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from build_script import load_build_script

from edgernn.bundle import read_model_file
from edgernn.engine import installed
from edgernn.runtime import SHIPPED_MODEL

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "engine" / "include" / "edgernn.h"

pytestmark = [pytest.mark.slow, pytest.mark.spawns]


TARGETS = ("linux-x86_64", "linux-aarch64", "darwin-x86_64", "darwin-arm64", "win32-AMD64")


@pytest.mark.parametrize("name", [*TARGETS, "win32-ARM64"])
def test_each_target(name: str, tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    script = load_build_script()
    targets = {"-".join(key): target for key, target in script.TARGETS.items()}
    assert set(targets) == {*TARGETS, "win32-ARM64"}
    library = tmp_path / targets[name].library
    script.build_for(targets[name], library)
    data = library.read_bytes()
    magic = {"linux": b"\x7fELF", "darwin": b"\xcf\xfa\xed\xfe", "win32": b"MZ"}
    assert data.startswith(magic[name.partition("-")[0]])
    functions = set(re.findall(r"\bedgernn_\w+(?=\()", HEADER.read_text("utf-8")))
    assert {"edgernn_open", "edgernn_score"} <= functions
    for function in functions:
        assert function.encode() in data
    assert len(data) < 400_000


def test_linux_on_arm64(tmp_path: Path) -> None:
    """A program with the engine in it scores golden vectors on an emulated processor."""
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if emulator is None:
        pytest.skip("needs qemu-user, which emulates the processor: apt-get install qemu-user")
    script = load_build_script()
    triple = script.TARGETS["linux", "aarch64"].triple
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", triple, "-static"]
    program, level = tmp_path / "score", tmp_path / "level.o"
    caches = {f"ZIG_{kind}_CACHE_DIR": str(tmp_path / kind) for kind in ("GLOBAL", "LOCAL")}

    def run(*command: object) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            encoding="utf-8",
            env=os.environ | caches,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    source = ROOT / "engine" / "src"
    named = "-DEDGERNN_LEVEL_NAME=level_plain"
    run(*compiler, *script.FLAGS, named, "-c", source / "level.c", "-o", level)
    others = [path for path in source.glob("*.c") if path.stem not in ("level", "memory")]
    example = ROOT / "engine" / "examples" / "score.c"
    run(*compiler, *script.FLAGS, *others, level, example, "-o", program)
    # What the wheel for that machine holds is of the same sources and options.
    golden = read_model_file(SHIPPED_MODEL).bundle.golden
    assert golden is not None
    scored = [vector for vector in golden.vectors if vector.probability is not None][:8]
    assert len(scored) == 8
    here = installed()
    model = None if here is None else here.open(SHIPPED_MODEL.read_bytes())
    for vector in scored:
        found = float(run(emulator, program, SHIPPED_MODEL, *vector.ids))
        assert found == pytest.approx(vector.probability, abs=golden.tolerance)
        if model is not None:
            expected = model.score([np.array(vector.ids, np.int32)])[0, 0]
            assert found == pytest.approx(float(expected), abs=2e-6)
