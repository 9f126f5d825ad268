"""What other people's runtimes make of our files, and other converters of our Keras models.

    python -m benchmarks.runtimes --data aclImdb_v1.tar.gz [--keep FOLDER] [--only MODEL ...]

The shipped model, and every recipe after two epochs on 3,000 reviews, are exported to both formats.
Each runtime replays a file's golden vectors one by one and, where a graph takes several, in a
batch, and is timed on one text in turns with ONNX Runtime, both on one core. Runtimes and
converters that edgernn does not need get an environment each under a temporary folder, which take
about 9 GB, most of it PyTorch's, and half an hour; rten is built by cargo, onnx2tf needs
`python3.12`. `--keep` keeps environments and runs in a folder, and uses those that it finds there;
`--only` measures some models anew and keeps what the result says of the others. The result is
`benchmarks/results/runtimes.json`, of which `python -m benchmarks.readme` writes docs/runtimes.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import EXPORT_PACKAGES, describe_machine, write_result
from benchmarks.runtimes.adapters import MORE
from benchmarks.runtimes.environments import Place, make_places
from benchmarks.runtimes.models import REVIEWS, SHIPPED, runs
from benchmarks.runtimes.roads import measure_roads
from edgernn.bundle import Golden, ModelFile, read_model_file
from edgernn.cli.console import say
from edgernn.errors import EdgernnError, ExportError
from edgernn.native_logs import held_back
from edgernn.recipes.catalogue import RECIPES
from edgernn.runtime.adapters import ADAPTERS
from edgernn.runtime.backends import Backend
from edgernn.runtime.engines import Engine, find_engines
from edgernn.runtime.loaded_model import open_reference
from edgernn.runtime.other_runtimes import ChildRuntime, runtime_version
from edgernn.runtime.replay import replay_on
from exporters.export import TrainedModel, export, open_trained
from exporters.rules import FORMATS
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["RESULT", "main"]

RESULT = Path("benchmarks/results/runtimes.json")
_SCRIPT = Path(__file__).with_name("adapters.py")
_TOKENS = 200
_TURNS = 15
_OURS = frozenset({"onnxruntime", "litert, XNNPACK", "tensorflow", "tensorflow, no delegate"})
"""Engines of `edgernn.runtime.engines` that have a row."""

_FORMS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("onnx", "onnx", {"batch": "many"}),
    ("onnx, one text", "onnx", {"batch": "one"}),
    ("tflite, loop", "tflite", {"recurrent": "loop"}),
    ("tflite, fused", "tflite", {"recurrent": "fused"}),
)
"""Name, format, and arguments of `export`."""
_PRECISION = "float32"


def main() -> None:
    """Measure, and write the result after each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the IMDB reviews; none where all runs are kept")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="MODEL")
    parser.add_argument("--without-roads", action="store_true")
    parser.add_argument("--without-files", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    # Before a runtime is started: they all inherit it.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    result = _kept(arguments.output) if arguments.only else {"files": [], "roads": []}
    result |= {
        "machine": describe_machine(EXPORT_PACKAGES),
        "precision": _PRECISION,
        "tokens": _TOKENS,
        "turns": _TURNS,
        "reviews": REVIEWS,
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if arguments.keep is None else arguments.keep.absolute()
        places = make_places(folder / "environments", converters=not arguments.without_roads)
        result["missing"] = {n: p.problem for n, p in places.items() if p.problem is not None}
        for name, run in runs(folder / "runs", arguments.only, arguments.data):
            trained = open_trained(run, SAMPLE_TEXTS)
            paths = dict(_exported(name, trained, folder))
            if not arguments.without_files:
                _replace(result, "files", name, _files(name, trained, paths, places))
            if not arguments.without_roads and name != SHIPPED:
                ours = {"reference": paths["onnx"], "ours": paths["onnx, one text"]}
                rows = measure_roads(name, trained, ours, places, folder)
                for row in rows:
                    say(str(row))
                _replace(result, "roads", name, rows)
            write_result(arguments.output, result)


def _kept(path: Path) -> dict[str, Any]:
    """Return what is measured already."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _replace(result: dict[str, Any], part: str, name: str, rows: list[dict[str, Any]]) -> None:
    """Put a model's rows in the place of those that are there, in the order of the recipes."""
    others = [row for row in result[part] if row["recipe"] != name]
    order = [SHIPPED, *RECIPES]
    result[part] = sorted([*others, *rows], key=lambda row: order.index(row["recipe"]))


def _files(
    name: str, trained: TrainedModel, paths: dict[str, Path], places: dict[str, Place]
) -> list[dict[str, Any]]:
    """Return what each runtime makes of each form of a model."""
    ngrams = trained.network.ngrams
    hash = None if ngrams is None else ngrams.hash
    files = []
    for form, path in paths.items():
        with held_back():
            file = read_model_file(path)
            rows = list(_rows(file, paths["onnx"], places))
        for row in rows:
            say(f"{name}, {form}: {row}")
        files.append({"recipe": name, "form": form, "hash": hash, "runtimes": rows})
    return files


def _exported(name: str, trained: TrainedModel, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each form of a model with its file, and leave out one that is as another."""
    for form, format, settings in _FORMS:
        is_fused = any(layer.is_fused for layer in trained.network.recurrent_layers)
        if settings.get("recurrent") == "fused" and not is_fused:
            continue
        rules = FORMATS[format]
        path = folder / f"{name}-{form.replace(', ', '-').replace(' ', '-')}{rules.suffix}"
        try:
            export(trained, rules, _PRECISION, path, open_reference, **settings)
        except ExportError as error:
            say(f"{name}, {form}: {error}")
        else:
            yield form, path


def _rows(file: ModelFile, reference: Path, places: dict[str, Place]) -> Iterator[dict[str, Any]]:
    golden = file.bundle.golden
    assert golden is not None
    for engine in _engines(file, places):
        yield _row(engine, file, golden, read_model_file(reference))


def _engines(file: ModelFile, places: dict[str, Place]) -> Iterator[Engine]:
    yield from (engine for engine in find_engines(file) if engine.name in _OURS)
    for name, adapter in {**ADAPTERS, **MORE}.items():
        place = places.get(name)
        if file.format not in adapter.formats or (place is not None and place.problem):
            continue
        if place is None:
            version, opened = runtime_version(adapter), partial(ChildRuntime, name, file)
        else:
            version = place.version
            opened = partial(ChildRuntime, name, file, python=place.python, script=_SCRIPT)
        yield Engine(name, version, None, opened, is_other=True)


def _row(engine: Engine, file: ModelFile, golden: Golden, reference: ModelFile) -> dict[str, Any]:
    answers = replay_on(engine, file, golden)
    row: dict[str, Any] = {
        "runtime": engine.name,
        "version": engine.version,
        "right": answers.passed,
        "refused": answers.refused,
        "reason": answers.reason,
        "one_by_one": _rounded(answers.alone_difference),
        "in_a_batch": _rounded(answers.batch_difference),
    }
    if answers.texts:
        row["time_to_onnxruntime"] = _relative_time(engine, file, reference)
    return row


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.2g}")


def _relative_time(engine: Engine, file: ModelFile, reference: ModelFile) -> float | None:
    """Return the median of the time of a call over ONNX Runtime's, in turns."""
    size = file.bundle.contract.vocabulary_size
    length = min(_TOKENS, file.bundle.contract.max_length)
    ids = np.random.default_rng(0).integers(1, size, length, dtype=np.int32)
    ratios = []
    with ExitStack() as stack:
        try:
            ours, theirs = find_engines(reference)[0].open(), engine.open()
            if isinstance(theirs, ChildRuntime):
                stack.enter_context(theirs)
            for turn in range(_TURNS):
                pair = [ours, theirs] if turn % 2 else [theirs, ours]
                seconds = {id(backend): _seconds(backend, ids) for backend in pair}
                ratios.append(seconds[id(theirs)] / seconds[id(ours)])
        except EdgernnError as error:
            say(f"{engine.name}: not timed: {error}")
            return None
    return float(f"{statistics.median(ratios):.2g}")


def _seconds(backend: Backend, ids: Any) -> float:
    """Return how long a call takes; a child's time is measured in it."""
    run: Callable[..., Any] = backend.run
    started = time.perf_counter()
    run([ids])
    seconds = time.perf_counter() - started
    return backend.seconds if isinstance(backend, ChildRuntime) else seconds


if __name__ == "__main__":
    main()
