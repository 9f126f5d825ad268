"""The C engine beside what edgernn was before it: commit 7777c62, installed beside, in turns.

    git archive 7777c62 --prefix=today/ | tar -x -C /tmp
    python3.11 -m venv /tmp/venv && /tmp/venv/bin/pip install /tmp/today
    edgernn export --format onnx --precision float32 --output /tmp/flagship-float32.onnx
    PYTHONPATH=/tmp/today python -P benchmarks/speed/engine_recipes.py DATA FILE.subwords /tmp/files
    python -m benchmarks.speed.engine --data aclImdb_v1.tar.gz --today /tmp/venv/bin/python \
        --float32 /tmp/flagship-float32.onnx --recipes /tmp/files

Each row is measured for two levels of instructions in one run with the older version, each once in
a round; a ratio is made within a round, and the median of them taken. Rows that are in the result
file stay: `--only ROW` measures one anew. What a row could not have is an error.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import describe_machine, write_result
from benchmarks.speed.rounds import spread
from benchmarks.speed.sample import of_length, stratified
from edgernn.bundle import read_model_file
from edgernn.cli.console import say
from edgernn.data import load_split
from edgernn.runtime import SHIPPED_MODEL, load

__all__ = ["RESULT", "main"]

RESULT = Path("benchmarks/speed/results/engine.json")
LEVELS = ("avx512", "avx2")
_WORKER = Path(__file__).with_name("engine_worker.py")
_COMMAND = "from edgernn.cli.main import run; run()"
"""What the console script does, in either environment."""
_SQUARE = """
import time, numpy
square = numpy.random.default_rng(0).random((1536, 1536), numpy.float32)
best = 1e9
for _ in range(8):
    started = time.perf_counter()
    square @ square
    best = min(best, time.perf_counter() - started)
print(2 * 1536**3 / best)
"""
_BLAS = {"avx512": "SkylakeX", "avx2": "Haswell"}
"""The kernels of NumPy's library, OpenBLAS, that have a level's instructions."""
_TOKENS = 200
_ONE_REVIEWS = 64
_ONE_SECONDS = 0.2
_FEW = 2000
"""Reviews that files of recipes score."""


class _Worker:
    """A process of one version with a model."""

    def __init__(
        self, python: str, model: Path | None, threads: int, level: str | None, engine: str = "-"
    ) -> None:
        command = [python, "-P", str(_WORKER), str(model or "-"), str(threads), engine]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=_environment(level),
            cwd="/",
        )
        self.about = self._read()

    def ask(self, **what: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _Bench:
    """What rows share: the reviews, the interpreters, a folder."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.arguments = arguments
        self.folder = folder
        self.rounds: int = arguments.rounds
        texts = load_split(arguments.data, "test").texts
        places = stratified(texts, arguments.reviews)
        self.texts: Sequence[str] = [texts[place] for place in places]

    def workers(
        self, stack: ExitStack, texts: Sequence[str], threads: int, model: Path | None = None
    ) -> dict[str, _Worker]:
        """Open the older version and ours at each level, with texts that they have scored once."""
        path = self.folder / "texts.json"
        path.write_text(json.dumps(list(texts)), "utf-8")
        found = {"today": _Worker(self.arguments.today, model, threads, None)}
        stack.callback(found["today"].close)
        for level in LEVELS:
            found[level] = _Worker(sys.executable, model, threads, level)
            stack.callback(found[level].close)
            if found[level].about["engine"] != "native":
                raise RuntimeError(f"{model or 'the shipped model'}: the C engine does not run it")
        for worker in found.values():
            worker.ask(texts=str(path))
        return found

    def in_turns(self, measure: Mapping[str, Callable[[], float]], unit: str) -> dict[str, Any]:
        """Measure each once in a round; return medians and how many times today's each is."""
        taken: dict[str, list[float]] = {name: [] for name in measure}
        for number in range(self.rounds):
            for name, one in measure.items():
                time.sleep(0.05)
                taken[name].append(one())
            shown = ", ".join(f"{name} {values[-1]:.4g}" for name, values in taken.items())
            say(f"round {number + 1}: {shown} {unit}")
        found: dict[str, Any] = {unit: {name: spread(values) for name, values in taken.items()}}
        first = next(iter(measure))
        found["times"] = {
            name: spread([a / b for a, b in zip(taken[first], values, strict=True)])
            for name, values in taken.items()
            if name != first
        }
        return found


def main() -> None:
    """Measure the rows that are not there and write the result after each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.engine")
    parser.add_argument("--data", required=True)
    parser.add_argument("--today", required=True, help="an interpreter that has 7777c62")
    parser.add_argument("--float32", type=Path, help="the flagship in float32, .onnx")
    parser.add_argument("--recipes", type=Path, help="a folder of .onnx files")
    parser.add_argument("--only", nargs="*", choices=[*_ROWS], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reviews", type=int, default=25_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    output: Path = arguments.output
    result = json.loads(output.read_text("utf-8")) if output.exists() else {"rows": {}}
    with tempfile.TemporaryDirectory(prefix="edgernn-engine-") as name:
        bench = _Bench(arguments, Path(name))
        for row in arguments.only or [row for row in _ROWS if row not in result["rows"]]:
            say(f"{row}:")
            load_before = round(os.getloadavg()[0], 2)
            found = _ROWS[row](bench)
            result["machine"] = describe_machine(("edgernn", "numpy", "onnxruntime"))
            result["rows"][row] = {"load_average_before": load_before, **found}
            write_result(output, result)


def _score(bench: _Bench) -> dict[str, Any]:
    """`Classifier.score` of all reviews, two threads."""
    with ExitStack() as stack:
        workers = bench.workers(stack, bench.texts, 2)
        found = bench.in_turns(_all_of(workers), "seconds")
    return {"reviews": len(bench.texts), "threads": 2, **found}


def _command(bench: _Bench) -> dict[str, Any]:
    """`edgernn score --input FILE.csv --output FILE.jsonl`, the whole process."""
    path, output = bench.folder / "reviews.csv", bench.folder / "scores.jsonl"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text",), *((text,) for text in bench.texts)])

    def run(python: str, level: str | None) -> float:
        output.unlink(missing_ok=True)
        command = [python, "-P", "-c", _COMMAND, "score", "--input", str(path)]
        return _seconds([*command, "--output", str(output), "--device", "cpu"], level)

    found = bench.in_turns(_ours_and_today(bench, run), "seconds")
    return {"reviews": len(bench.texts), **found}


def _one(bench: _Bench) -> dict[str, Any]:
    """One review of 200 tokens a call, text to score, one thread."""
    encoder = read_model_file(SHIPPED_MODEL).bundle.encoder
    texts = of_length(
        bench.texts, _TOKENS, min(_ONE_REVIEWS, len(bench.texts) // 8), encoder.encode
    )
    with ExitStack() as stack:
        workers = bench.workers(stack, texts, 1)

        def each(worker: _Worker) -> float:
            return float(worker.ask(each=_ONE_SECONDS)["milliseconds"])

        found = bench.in_turns(
            {name: partial(each, worker) for name, worker in workers.items()},
            "milliseconds",
        )
    return {"tokens": _TOKENS, "threads": 1, **found}


def _fasttext(bench: _Bench) -> dict[str, Any]:
    """The supervised classifier of fastText with pairs of words, beside ours, two threads each."""
    from concurrent.futures import ThreadPoolExecutor

    from benchmarks.peers.fasttext_peer import FastText

    peer = FastText(quantized=False, tutorial=False)
    train = load_split(bench.arguments.data, "train")
    peer.fit(train.texts, np.asarray(train.labels, np.int8))
    halves = [bench.texts[::2], bench.texts[1::2]]
    with ThreadPoolExecutor(2) as pool, ExitStack() as stack:

        def predict() -> float:
            # Its Python part holds the lock: two threads are no slower than one.
            started = time.perf_counter()
            list(pool.map(peer.score, halves))
            return time.perf_counter() - started

        workers = bench.workers(stack, bench.texts, 2)
        del workers["today"]
        found = bench.in_turns({"fasttext": predict} | _all_of(workers), "seconds")
    return {"reviews": len(bench.texts), "threads": 2, **found}


def _recipes(bench: _Bench) -> dict[str, Any]:
    """The int8 files of that commit's recipes, untrained; the geometric mean."""
    texts = [bench.texts[place] for place in stratified(bench.texts, _FEW)]
    each = {}
    for path in sorted(bench.arguments.recipes.glob("*.onnx")):
        with ExitStack() as stack:
            workers = bench.workers(stack, texts, 2, path)
            say(path.stem)
            each[path.stem] = bench.in_turns(_all_of(workers), "seconds")["times"]
    medians = {level: [times[level]["median"] for times in each.values()] for level in LEVELS}
    mean = {level: round(statistics.geometric_mean(medians[level]), 2) for level in LEVELS}
    return {"reviews": len(texts), "threads": 2, "each": each, "geometric_mean": mean}


def _start(bench: _Bench) -> dict[str, Any]:
    """A process from its start to its first score, beside `import onnxruntime`."""
    score = ["-c", _COMMAND, "score", "Great movie!", "--device", "cpu"]
    commands = {
        "today": [bench.arguments.today, "-P", *score],
        "ours": [sys.executable, "-P", *score],
        "import onnxruntime": [sys.executable, "-P", "-c", "import onnxruntime"],
    }
    for command in commands.values():
        _seconds(command, None)
    bench.rounds = 6 * bench.rounds
    try:
        return bench.in_turns(
            {name: partial(_seconds, command, None) for name, command in commands.items()},
            "seconds",
        )
    finally:
        bench.rounds //= 6


def _difference(bench: _Bench) -> dict[str, Any]:
    """The largest difference of a probability to ONNX Runtime, on the float32 file."""
    path = bench.arguments.float32
    texts, found = bench.folder / "texts.json", {}
    texts.write_text(json.dumps(list(bench.texts)), "utf-8")
    for name, level, engine in (
        ("onnxruntime", None, "onnxruntime"),
        *((level, level, "native") for level in LEVELS),
    ):
        worker = _Worker(sys.executable, path, 2, level, engine)
        worker.ask(texts=str(texts))
        worker.ask(write=str(bench.folder / f"{name}.npy"))
        worker.close()
        found[name] = np.load(bench.folder / f"{name}.npy")
    expected = found.pop("onnxruntime")
    return {
        "reviews": len(bench.texts),
        "largest_difference": {n: float(np.abs(p - expected).max()) for n, p in found.items()},
        "flips": {n: int(((p >= 0.5) != (expected >= 0.5)).sum()) for n, p in found.items()},
        "bit_equal_levels": bool((found[LEVELS[0]] == found[LEVELS[1]]).all()),
    }


def _peak(bench: _Bench) -> dict[str, Any]:
    """Multiply-adds a second of the shipped model's LSTM on ids, of those of a large product.

    Both with the same instructions.
    """
    network = {"state": 8192, "state and input": 16384}
    found: dict[str, Any] = {
        "multiply_adds_per_token": network,
        "product_gigaflops": {},
        "gigaflops": {},
        "share": {},
    }
    texts = [bench.texts[place] for place in stratified(bench.texts, _FEW)]
    scorers = {}
    for level in LEVELS:
        os.environ["EDGERNN_CPU"] = level
        scorers[level] = load(device="cpu", threads=1, engine="native")
    del os.environ["EDGERNN_CPU"]
    model: Any = scorers[LEVELS[0]]._model
    ids = [one for one in model.encoder.encode_batch(texts) if len(one)]
    tokens = sum(map(len, ids))
    peaks: dict[str, list[float]] = {level: [] for level in LEVELS}
    speeds: dict[str, list[float]] = {level: [] for level in LEVELS}
    for _ in range(bench.rounds):
        for level in LEVELS:
            peaks[level].append(_peak_of_a_product(level))
            own: Any = scorers[level]._model
            seconds = min(_timed(partial(own.probabilities, ids)) for _ in range(3))
            speeds[level].append(2 * network["state"] * tokens / seconds)
    for level in LEVELS:
        peak, speed = statistics.median(peaks[level]), statistics.median(speeds[level])
        found["product_gigaflops"][level] = round(peak / 1e9, 1)
        found["gigaflops"][level] = round(speed / 1e9, 1)
        share = speed / peak
        found["share"][level] = {"state": round(share, 3), "state and input": round(2 * share, 3)}
    return found


def _peak_of_a_product(level: str) -> float:
    """Return the FLOP/s of a large product in NumPy on one thread, in a process of its own.

    How many threads NumPy's library takes, and which instructions, is settled when it is loaded.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", _SQUARE],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | dict.fromkeys(names, "1") | {"OPENBLAS_CORETYPE": _BLAS[level]},
    )
    return float(done.stdout)


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _all_of(workers: Mapping[str, _Worker]) -> dict[str, Callable[[], float]]:
    def score(worker: _Worker) -> float:
        return float(worker.ask(all=1)["seconds"])

    return {name: partial(score, worker) for name, worker in workers.items()}


def _ours_and_today(
    bench: _Bench, run: Callable[[str, str | None], float]
) -> dict[str, Callable[[], float]]:
    today: dict[str, Callable[[], float]] = {}
    today["today"] = partial(run, bench.arguments.today, None)
    return today | {level: partial(run, sys.executable, level) for level in LEVELS}


def _seconds(command: Sequence[str], level: str | None) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=_environment(level), cwd="/")
    return time.perf_counter() - started


def _environment(level: str | None) -> dict[str, str]:
    # Python keeps compiled modules, as it does by itself and as pip leaves them behind.
    left_out = ("PYTHONDONTWRITEBYTECODE", "EDGERNN_CPU", "PYTHONPATH")
    own = {name: value for name, value in os.environ.items() if name not in left_out}
    return own | ({} if level is None else {"EDGERNN_CPU": level}) | {"ORT_DISABLE_TELEMETRY": "1"}


_ROWS: dict[str, Callable[[_Bench], dict[str, Any]]] = {
    "score": _score,
    "command": _command,
    "one": _one,
    "fasttext": _fasttext,
    "recipes": _recipes,
    "start": _start,
    "difference": _difference,
    "peak": _peak,
}
"""By name, in the order of the page."""


if __name__ == "__main__":
    main()
