"""What the usual ways make of a recipe's model, beside our files of it.

Keras' own exports, tf2onnx and TensorFlow's converter start from the Keras model, torch.onnx and
litert-torch from the same layers with the same weights, and onnx2tf from an .onnx file, ours or
what another way wrote. Each conversion and each run has a process of its own and five minutes. A
file is right if it scores texts of several lengths as the Keras model does, twice in a row; a text
that scores otherwise the second time is scored by a graph that keeps its state. Where a file takes
one length alone, shorter texts are padded for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.runtimes.environments import Place
from benchmarks.runtimes.layers import NotWritten, write_layers
from exporters.export import TrainedModel

__all__ = ["ROADS", "Road", "measure_roads"]

_SECONDS = 300
_LENGTHS = (7, 60, 60, 1, 200, 200)
_TORCH = Path(__file__).with_name("torch_road.py")


class Road(NamedTuple):
    """A way from a model to a file."""

    format: str
    place: str | None = None
    """Whose environment of `benchmarks.runtimes.environments`; None: that of edgernn."""
    of: str | None = None
    """The way whose file it starts from; `ours`: our graph for one text."""


ROADS: Final[dict[str, Road]] = {
    "Keras export, onnx": Road("onnx"),
    "Keras export, litert": Road("tflite"),
    "Keras export, litert, [1, None]": Road("tflite"),
    "tf2onnx": Road("onnx"),
    "TFLiteConverter": Road("tflite"),
    "torch.onnx": Road("onnx", "torch"),
    "litert-torch": Road("tflite", "torch"),
    "onnx2tf of our .onnx": Road("tflite", "onnx2tf", "ours"),
    "onnx2tf of tf2onnx": Road("tflite", "onnx2tf", "tf2onnx"),
    "onnx2tf of torch.onnx": Road("tflite", "onnx2tf", "torch.onnx"),
}
"""What is tried; a way that starts from another's file stands behind that."""


def measure_roads(
    name: str,
    trained: TrainedModel,
    files: Mapping[str, Path],
    places: Mapping[str, Place],
    folder: Path,
) -> list[dict[str, Any]]:
    """Return a row for each way.

    Args:
        name: the recipe.
        trained: its model, with its run folder.
        files: our files of it: `reference`, which calls are timed in turns with, and `ours`.
        places: environments by name.
        folder: where to write.
    """
    size = trained.run.contract.vocabulary_size
    rng = np.random.default_rng(3)
    ids = [rng.integers(1, size, length, dtype=np.int32) for length in _LENGTHS]
    texts = folder / f"{name}-ids.json"
    texts.write_text(json.dumps([one.tolist() for one in ids]))
    made = {"ours": files["ours"]}
    rows = []
    for way, road in ROADS.items():
        label = way.replace(", ", "-").replace(" ", "-").replace("[1-None]", "1")
        path = folder / f"{name}-{label}.{road.format}"
        path.unlink(missing_ok=True)
        row: dict[str, Any] = {"recipe": name, "road": way, "converts": False, "runs": False}
        failed = _converted(way, road, trained, made, places, path)
        if not path.exists():
            rows.append(row | {"reason": failed or "it writes no file"})
            continue
        made[way] = path
        found = path.with_suffix(".json")
        found.unlink(missing_ok=True)
        failed = _run(
            *(sys.executable, "-W", "ignore", "-m", "benchmarks.runtimes.road", "score"),
            *(trained.run.folder, path, texts, files["reference"], found),
            # Ours has the function behind the logits in its graph.
            "probabilities" if road.of == "ours" else "logits",
        )
        row["converts"] = True
        rows.append(row | ({"reason": failed} if failed else json.loads(found.read_text())))
    return rows


def _converted(
    way: str,
    road: Road,
    trained: TrainedModel,
    made: Mapping[str, Path],
    places: Mapping[str, Place],
    path: Path,
) -> str | None:
    """Go one way; return why there may be no file."""
    if road.place is None:
        command = (sys.executable, "-W", "ignore", "-m", "benchmarks.runtimes.road", "convert")
        return _run(*command, way, trained.run.folder, path)
    place = places[road.place]
    if place.problem is not None:
        return f"not installed: {place.problem}"
    if road.of is None:
        layers = path.with_suffix(".npz")
        try:
            write_layers(trained.network, layers)
        except NotWritten as error:
            return str(error)
        return _run(place.python, "-W", "ignore", _TORCH, way, layers, path)
    if road.of not in made:
        return f"{road.of} writes no file"
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    # It writes over the file that it is given.
    given = folder / "given.onnx"
    given.write_bytes(made[road.of].read_bytes())
    failed = _run(place.python, "-m", "onnx2tf", "-i", given, "-o", folder, "-v", "error")
    written = sorted(folder.glob("*_float32.tflite"))
    if written:
        written[0].replace(path)
    return failed


def _run(*command: object) -> str | None:
    """Run a command; return why it failed, None where it did not."""
    try:
        done = subprocess.run(
            [*map(str, command)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        )
    except subprocess.TimeoutExpired:
        return f"takes longer than {_SECONDS} seconds"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return (lines or [f"it ends with exit code {done.returncode}"])[-1][:300]
