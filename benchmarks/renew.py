"""Puts a trained run in the place of the pretrained model, and measures anew what is said of it.

    python -m benchmarks.renew --run runs/flagship-seed-1 --run runs/flagship-seed-2 \
        --run runs/flagship-seed-3 --data aclImdb_v1.tar.gz --short short/

The first run becomes the model, the others are seeds that stand beside it in the tables. Each step
is shown before it runs, and `--only` takes some of them: after a step that failed, go on with it.
What depends on the network's shape and not on its weights is listed at the end, to be measured
again where the shape is another: most of it wants a quiet machine.
"""

from __future__ import annotations

import argparse
import io
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
from PIL import Image

from benchmarks.command import EDGERNN
from edgernn.cli.console import done, say
from edgernn.errors import UsageError
from edgernn.files import new_file, write_text
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training import run as files
from edgernn.training.run import Run

__all__ = ["OF_THE_SHAPE", "STEPS", "Renewal", "main", "pack", "place"]

_COLOURS = 64
"""Of the picture, whose lines have few: a third of the bytes."""
_WEIGHTS = "model.weights.h5"
_FEWEST_PACKED = 1000
"""Numbers of an array that filters make smaller."""
EARLIER = Path("benchmarks/models/flagship-1/model.onnx")
OF_THE_SHAPE = (
    "python -m benchmarks.speed --data DATA",
    "python -m benchmarks.speed.engine --data DATA --today PYTHON --float32 FILE --recipes FILES",
    "python -m benchmarks.startup",
    "python -m benchmarks.memory",
    "python -m benchmarks.callers --data DATA",
    "python -m benchmarks.encode --data DATA",
    "python -m benchmarks.install_size",
    "python -m benchmarks.apk",
    "python -m benchmarks.jvm",
    "python -m benchmarks.web",
    "python -m benchmarks.runtimes",
    "python -m benchmarks.pipelines",
    "python -m benchmarks.own_data --data DATA",
)
"""What else is measured with the pretrained model."""
_COPIED = (
    files.MODEL,
    files.CONTRACT,
    files.METRICS,
    files.HISTORY,
    files.HISTORY_PLOT,
    files.SUMMARY,
    files.EVALUATION,
)


@dataclass(frozen=True)
class Renewal:
    """What was asked: the runs, and where their data lies."""

    runs: Sequence[Path]
    data: str
    short: Path

    @property
    def model(self) -> Path:
        """The run that becomes the pretrained model."""
        return self.runs[0]


def main() -> None:
    """Take the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, action="append", required=True, dest="runs")
    parser.add_argument("--data", required=True, help="aclImdb_v1.tar.gz or its folder")
    parser.add_argument("--short", type=Path, required=True, help="the folder of sentences")
    parser.add_argument("--only", nargs="*", choices=[*STEPS], default=[])
    arguments = parser.parse_args()
    asked = Renewal(arguments.runs, arguments.data, arguments.short)
    for name in arguments.only or STEPS:
        say(f"{name}:")
        STEPS[name](asked)
        done(name)
    say("if the network's shape is another, on a quiet machine:")
    for line in OF_THE_SHAPE:
        say(f"  {line}")


def place(run: Path, folder: Path) -> None:
    """Copy what the pretrained model's folder has of a run, without where its data lay.

    Args:
        run: a finished and evaluated run of the recipe that the folder is named after, of all its
            data.
        folder: the pretrained model's.

    Raises:
        UsageError: it is not.
        ModelFileError: the run cannot be read.
    """
    opened = Run.open(run)
    config = opened.config
    if (config["recipe"], config["published"], config["limit"]) != (folder.name, False, None):
        raise UsageError(f"--run {run}: not of recipe {folder.name}, as it is, on all of its data")
    if opened.metrics["interrupted"]:
        raise UsageError(f"--run {run}: its training was ended before all epochs")
    data = config["data"] | {"source": config["data"]["description"]["name"]}
    write_text(folder / files.CONFIG, json.dumps(config | {"data": data}, indent=2) + "\n")
    for name in (*_COPIED, opened.contract.vocabulary_file):
        shutil.copyfile(run / name, folder / name)
    pack(folder / files.MODEL)
    picture = folder / files.HISTORY_PLOT
    Image.open(picture).convert("RGB").quantize(_COLOURS).save(picture, optimize=True)


def pack(path: Path) -> None:
    """Write a Keras file's weights with HDF5's shuffle and deflate filters: the same numbers.

    An installation has the file, and is to be small.

    Args:
        path: a file of Keras 3, which reads weights in either form.
    """
    with zipfile.ZipFile(path) as packed:
        entries = {entry.filename: packed.read(entry) for entry in packed.infolist()}
    weights = io.BytesIO()
    with h5py.File(io.BytesIO(entries[_WEIGHTS]), "r") as old, h5py.File(weights, "w") as new:
        _copy(old, new)
    entries[_WEIGHTS] = weights.getvalue()
    with new_file(path) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for name, data in entries.items():
            # A date of its own would make equal weights other files.
            entry = zipfile.ZipInfo(name)
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def _copy(old: Any, new: Any) -> None:
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name, item in old.items():
        if isinstance(item, h5py.Group):
            _copy(item, new.create_group(name))
            continue
        filters: dict[str, Any] = {}
        if item.size >= _FEWEST_PACKED:
            filters = {"compression": 9, "shuffle": True, "chunks": item.shape}
        copied = new.create_dataset(name, data=item[()], **filters)
        for attribute, value in item.attrs.items():
            copied.attrs[attribute] = value


def _evaluate(asked: Renewal) -> None:
    """What a run folder says of its test split, which the model's folder takes over."""
    if not (asked.model / files.EVALUATION).exists():
        _run(EDGERNN, "evaluate", "--model", str(asked.model), "--data", asked.data)


def _place(asked: Renewal) -> None:
    folder = SHIPPED_MODEL.parent
    place(asked.model, folder)
    _run(
        *(EDGERNN, "export", "--format", "onnx", "--run", str(folder), "--data", asked.data),
        *("--output", str(SHIPPED_MODEL)),
    )


def _flagship(asked: Renewal) -> None:
    runs = [part for run in asked.runs for part in ("--run", str(run))]
    _measure("flagship", *runs, *_texts(asked), "--compare", str(EARLIER))


def _accuracy(asked: Renewal) -> None:
    """The runs among the other programs, and the picture of them."""
    for run in asked.runs:
        name = f"{SHIPPED_MODEL.parent.name}-seed-{Run.open(run).config['seed']}"
        _measure("accuracy.measure_run", str(run), "--name", name, *_texts(asked))
    _measure("accuracy.plot")


def _recipes(asked: Renewal) -> None:
    """The recipe's row among the others, and what its formats and precisions are."""
    name = SHIPPED_MODEL.parent.name
    with tempfile.TemporaryDirectory(prefix="edgernn-renew-") as folder:
        left = shutil.ignore_patterns(files.TEACHER)
        shutil.copytree(asked.model, Path(folder) / name, ignore=left)
        # No other recipe's data is looked at.
        given = ("--data", asked.data, "--csv", asked.data, "--runs", folder)
        for module in ("recipes", "exports"):
            _measure(module, *given, "--only", name)


def _shipped_model(asked: Renewal) -> None:
    _measure("shipped_model", "--data", asked.data)


def _plain(module: str) -> Callable[[Renewal], None]:
    return lambda asked: _measure(module)


STEPS: dict[str, Callable[[Renewal], None]] = {
    "evaluate": _evaluate,
    "place": _place,
    "behaviour": _plain("behaviour"),
    "flagship": _flagship,
    "accuracy": _accuracy,
    "recipes": _recipes,
    "shipped_model": _shipped_model,
    "latency": _plain("latency"),
    "capture": _plain("capture"),
    "readme": _plain("readme"),
}
"""In their order: later ones read what earlier ones wrote."""


def _texts(asked: Renewal) -> tuple[str, ...]:
    return ("--data", asked.data, "--short", str(asked.short))


def _measure(module: str, *arguments: str) -> None:
    _run(sys.executable, "-m", f"benchmarks.{module}", *arguments)


def _run(*command: str) -> None:
    say(f"$ {shlex.join(command)}")
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
