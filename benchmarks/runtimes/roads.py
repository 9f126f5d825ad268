"""What the usual ways make of a recipe's Keras model, beside our files of it.

Each conversion and each run has a process of its own and five minutes. A file is right if it scores
texts of several lengths as the Keras model does, twice in a row; a text that scores otherwise the
second time is scored by a graph that keeps its state. torch.onnx and litert-torch are left out:
PyTorch's wheel, with what it needs, is too large to be got for this.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from exporters.export import TrainedModel

__all__ = ["ROADS", "measure_roads"]

_SECONDS = 300
_LENGTHS = (7, 60, 60, 1, 200, 200)

ROADS: Final[dict[str, str]] = {
    "Keras export, onnx": "onnx",
    "Keras export, litert": "tflite",
    "tf2onnx": "onnx",
    "TFLiteConverter": "tflite",
}
"""What is tried, and what it writes."""


def measure_roads(
    name: str, trained: TrainedModel, reference: Path, folder: Path
) -> list[dict[str, Any]]:
    """Return a row for each way.

    Args:
        name: the recipe.
        trained: its model, with its run folder.
        reference: our .onnx file of it, which calls are timed in turns with.
        folder: where to write.
    """
    size = trained.run.contract.vocabulary_size
    rng = np.random.default_rng(3)
    ids = [rng.integers(1, size, length, dtype=np.int32) for length in _LENGTHS]
    texts = folder / f"{name}-ids.json"
    texts.write_text(json.dumps([one.tolist() for one in ids]))
    rows = []
    for road, format in ROADS.items():
        path = folder / f"{name}-{road.replace(', ', '-').replace(' ', '-')}.{format}"
        row: dict[str, Any] = {"recipe": name, "road": road, "converts": False, "runs": False}
        if (failed := _run("convert", road, trained.run.folder, path)) is not None and (
            not path.exists()
        ):
            rows.append(row | {"reason": failed})
            continue
        found = path.with_suffix(".json")
        failed = _run("score", trained.run.folder, path, texts, reference, found)
        row["converts"] = True
        rows.append(row | ({"reason": failed} if failed else json.loads(found.read_text())))
    return rows


def _run(*arguments: object) -> str | None:
    """Run `benchmarks.runtimes.road`; return why it failed, None where it did not."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.runtimes.road"]
    try:
        done = subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        )
    except subprocess.TimeoutExpired:
        return f"takes longer than {_SECONDS} seconds"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return (lines or [f"it ends with exit code {done.returncode}"])[-1][:300]
