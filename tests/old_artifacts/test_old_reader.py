"""What commit 7777c62, which reads version 1 alone, says of a file of version 2."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from many_labels import contract_of, write_file

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "7777c62"
SCRIPT = """
import sys, edgernn
try:
    edgernn.load(sys.argv[1], "cpu")
except edgernn.EdgernnError as error:
    print(edgernn.__file__)
    print(error)
"""


@pytest.mark.slow
def test_version_2_is_refused(tmp_path: Path) -> None:
    """In one line, which names the file and says what to do."""
    command = ["git", "-C", str(ROOT), "archive", COMMIT, "edgernn"]
    packed = subprocess.run(command, capture_output=True, timeout=60)
    if packed.returncode:
        pytest.skip(f"no commit {COMMIT} here: a clone with the whole history has it")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path / "old", filter="data")
    path = write_file(tmp_path / "many.onnx", contract_of(3))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "old")},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    package, line = done.stdout.splitlines()
    assert Path(package).is_relative_to(tmp_path)
    said = "text contract version 2 is not known here (known: 1): update edgernn"
    assert line == f"{path}: {said}"
