"""The recipes for Dask and Ray Data on docs/pipelines.md run where their clusters start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.spawns]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pipelines.md"


@pytest.mark.parametrize(
    ("name", "packages", "start"),
    [
        (
            "dask",
            ("dask.dataframe", "distributed"),
            "from dask.distributed import Client\nif __name__ == '__main__':\n"
            "    Client(n_workers=1).close()",
        ),
        ("ray", ("ray.data",), "import ray\nray.init()"),
    ],
)
def test_the_page(name: str, packages: tuple[str, ...], start: str, tmp_path: Path) -> None:
    """Each prints what stands below it."""
    for package in packages:
        pytest.importorskip(package, reason=f"needs {package}")
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}

    def run(code: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "job.py").write_text(code, "utf-8")
        command = [sys.executable, tmp_path / "job.py"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    started = run(start)
    if started.returncode:
        pytest.skip(f"{name} does not start a cluster here: {started.stderr[-300:]}")
    found = re.search(
        rf"```python {name}\n(.*?)```\n+```text\n(.*?)```", PAGE.read_text("utf-8"), re.S
    )
    assert found is not None
    done = run(found[1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(found[2])
