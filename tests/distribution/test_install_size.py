"""The base install stays small: added up from what is installed here, without installing it."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from benchmarks.install_size import LIMIT, RESULT, installed_bytes

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
ENGINE = 300_000
"""Bytes of the compiled engine, at most: 231,000 on Linux on x86-64."""


def needed(requirements: list[str]) -> set[str]:
    """Names of all packages that requirements bring, as they are installed here."""
    found: set[str] = set()
    while requirements:
        asked = Requirement(requirements.pop())
        name = re.sub(r"[-_.]+", "-", asked.name).lower()
        if name in found or (asked.marker and not asked.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        requirements += metadata.requires(name) or []
    return found


@pytest.mark.spawns  # It asks git which files are the project's.
def test_the_base_install_is_small() -> None:
    """NumPy, Typer and what that needs, and this tree's own files: at most 70 MiB."""
    packages = needed(list(PROJECT["project"]["dependencies"]))
    assert {"numpy", "typer"} <= packages
    assert not {"onnxruntime", "onnxruntime-gpu", "tensorflow", "ai-edge-litert"} & packages
    others = sum(installed_bytes(metadata.distribution(name)) for name in packages)
    listed = subprocess.run(
        ["git", "ls-files", "-z", *WHEEL], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    if listed.returncode:
        pytest.skip("not in a git repository, which says what the project's files are")
    own = sum((ROOT / name).stat().st_size for name in listed.stdout.split("\0") if name)
    assert others + own + ENGINE <= LIMIT


def test_the_measured_size() -> None:
    """The committed figure is of the same packages, and within the limit."""
    result = json.loads((ROOT / RESULT).read_text("utf-8"))
    assert result["bytes"] == sum(one["bytes"] for one in result["packages"].values()) <= LIMIT
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in result["packages"]}
    assert names == needed(list(PROJECT["project"]["dependencies"])) | {"edgernn"}
