"""Memory of `edgernn score --input` on a file of millions of rows. Linux only.

    python -m benchmarks.memory

Writes a file of made-up rows to a temporary folder, short and long ones mixed and the same at every
run, scores it in a process of its own, and looks at that process's resident memory every second.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.command import EDGERNN
from benchmarks.environment import describe_machine, write_result

__all__ = ["main"]

RESULT = Path("benchmarks/results/memory.json")
_SEED = 20
_MINUTE = 60.0
_WORDS = (
    "a the this that was is not never one film movie plot actors scene good bad great boring "
    "funny dull moving long short I loved hated it and but with of to in for very really best "
    "worst ever seen again naïve über cliché ☕ 10/10 <br /><br />"
)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, scores = Path(folder, "rows.jsonl"), Path(folder, "scores.jsonl")
        words = write_rows(rows, arguments.rows)
        size = rows.stat().st_size
        found = _scored(rows, scores)
        with scores.open("rb") as file:
            written = sum(1 for _ in file)
    if written != arguments.rows:
        raise RuntimeError(f"{written} of {arguments.rows} rows were written")
    machine = describe_machine(("edgernn", "numpy", "onnxruntime"))
    write_result(
        arguments.output,
        {
            "machine": machine,
            "rows": arguments.rows,
            "bytes": size,
            "words_a_row": {"mean": round(sum(words) / len(words), 1), "max": max(words)},
            **found,
        },
    )


def write_rows(path: Path, rows: int) -> list[int]:
    """Write JSON Lines with a text each; return how many words each has.

    Of a hundred rows one is as long as a review, of a thousand one three times as long.
    """
    rng = random.Random(_SEED)
    vocabulary = _WORDS.split()
    counts = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            if number % 1000 == 500:
                count = 700
            elif number % 100 == 50:
                count = rng.randint(150, 300)
            else:
                count = rng.randint(1, 8)
            counts.append(count)
            text = " ".join(rng.choices(vocabulary, k=count))
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return counts


def _scored(rows: Path, scores: Path) -> dict[str, Any]:
    """Score a file; return seconds and megabytes (of a million bytes)."""
    command = [EDGERNN, "score", "--input", str(rows), "--output", str(scores)]
    started = time.monotonic()
    process = subprocess.Popen(command)
    samples: list[tuple[float, float]] = []
    peak = 0.0
    while process.poll() is None:
        memory = _memory(process.pid)
        if memory is not None:
            peak = memory[1]
            samples.append((time.monotonic() - started, memory[0]))
        time.sleep(1)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    minute = next((megabytes for at, megabytes in samples if at >= _MINUTE), None)
    return {
        "seconds": round(seconds, 1),
        "peak_mb": round(peak, 1),
        "rss_mb_after_a_minute": None if minute is None else round(minute, 1),
        "rss_mb_at_the_end": round(samples[-1][1], 1),
        "samples": len(samples),
    }


def _memory(process: int) -> tuple[float, float] | None:
    """Return resident memory now and at its peak in megabytes; None of a process that ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines())
    if "VmRSS" not in fields:
        return None
    now, peak = (int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return now, peak


if __name__ == "__main__":
    main()
