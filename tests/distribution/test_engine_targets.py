"""The engine for machines that are not this one: it is compiled, and has the header's functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from build_script import load_build_script

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
    assert len(functions) == 8
    for function in functions:
        assert function.encode() in data
    assert len(data) < 400_000
