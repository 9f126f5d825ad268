"""A file that breaks off, or Ctrl-C, leaves what was scored until then."""

import gzip
import json
import os
import signal
import time
from pathlib import Path

import pytest
from console_script import Edgernn
from in_process import InProcess

TEXTS = [f"a very good film {i}" for i in range(3000)]


@pytest.mark.parametrize("output", [None, "scores.jsonl"])
def test_truncated_gzip(
    edgernn: InProcess, model: Path, tmp_path: Path, output: str | None
) -> None:
    """Rows before the break are scored and written; the break is one error and exit code 1."""
    packed = gzip.compress("\n".join(TEXTS).encode())
    (tmp_path / "texts.txt.gz").write_bytes(packed[: len(packed) // 2])
    more = ["--output", output] if output else ["--json"]
    done = edgernn("score", "--input", "texts.txt.gz", "--model", model, *more, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: texts.txt.gz")
    lines = (tmp_path / "scores.partial.jsonl").read_text() if output else done.stdout
    assert not (tmp_path / "scores.jsonl").exists()
    scored = [json.loads(line)["text"] for line in lines.splitlines()]
    assert 100 < len(scored) < len(TEXTS)
    assert scored == TEXTS[: len(scored)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c(console: Edgernn, model: Path, tmp_path: Path) -> None:
    """Rows read before Ctrl-C are in a file that says that it is not whole; exit code 130."""
    fifo = tmp_path / "texts.txt"
    os.mkfifo(fifo)
    process = console.start(
        "score", "--input", fifo, "--model", model, "--output", "scores.jsonl", cwd=tmp_path
    )
    with fifo.open("wb", buffering=0) as feed:
        # Enough for a first batch to be scored and written; the reader then waits for more.
        feed.write("".join(f"{text}\n" for text in TEXTS[:1500]).encode())
        deadline = time.monotonic() + 30
        while not any(p.stat().st_size for p in tmp_path.glob("scores.partial.jsonl")):
            assert time.monotonic() < deadline, "no row was written in 30 s"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after" in errors
    lines = (tmp_path / "scores.partial.jsonl").read_text().splitlines()
    scored = [json.loads(line) for line in lines]
    assert scored
    assert [row["text"] for row in scored] == TEXTS[: len(scored)]
