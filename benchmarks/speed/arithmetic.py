"""How far the network is from the machine's arithmetic peak on one thread, and where the rest goes.

    python -m benchmarks.speed.arithmetic --data aclImdb_v1.tar.gz

Prints one JSON object. Measured in turns: the bare session in its best batches; products of
matrices as the LSTM has them in these batches; a large square product; and how
long ONNX Runtime's profiler sees each operator at work. numpy and ONNX Runtime both compute each
product; the faster one counts, and the fastest product of all is the peak.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.bare_session import Batch, open_session, plan_batches
from benchmarks.peers.encoded import Ids
from benchmarks.peers.threads import set_threads
from edgernn.bundle import read_model_file
from edgernn.cells import CELLS
from edgernn.privacy import import_quietly
from edgernn.recipes.recipe import Embedding, Layer, Recurrent
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["lstm_multiply_adds", "main", "measure", "measure_apart", "products_of", "profile"]

_BATCH_TOKENS = (512, 1024, 2048, 4096, 8192)
_REVIEWS = 2000
_SQUARE = 1536
_COPIES = 8
"""Products of the state in one call: few enough for their weights to stay in a core's cache."""
_ROUNDS = 5
_TRIES = 2
_SECONDS = 0.15
"""How long a product is computed again and again in a round, at least."""


def lstm_multiply_adds(inputs: int, units: int, directions: int = 1) -> int:
    """Return the multiply-adds of an LSTM layer for one token.

    Each of its four gates is a product of the token's `inputs` numbers with an [inputs, units]
    matrix, and one of the state before with a [units, units] matrix. The few sums and products
    that then make the new state, 3 a unit, are left out, as are the gates' sigmoid and tanh.
    """
    return directions * 4 * units * (inputs + units)


def products_of(layers: Sequence[Layer]) -> list[tuple[int, int, int]]:
    """Return the layers' products for one token: directions, rows and columns of the weights.

    Two for each recurrent layer: of the token, and of the state before. What is computed once a
    text, or is no product of matrices, is left out.
    """
    products = []
    width = 0
    for layer in layers:
        match layer:
            case Embedding():
                width = layer.units
            case Recurrent():
                directions = 2 if layer.bidirectional else 1
                columns = len(CELLS[layer.cell].gates) * layer.units
                products.append((directions, width, columns))
                products.append((directions, layer.units, columns))
                width = directions * layer.units
            case _:
                continue
    return products


def measure(texts: Sequence[str], layers: Sequence[Layer]) -> dict[str, Any]:
    """Measure everything, on the threads that the process has: one.

    Args:
        texts: reviews.
        layers: of the shipped model's recipe.

    Returns:
        For the result file. Speeds are in 1e9 operations a second, of which a multiply-add is two.
    """
    encoder = read_model_file(SHIPPED_MODEL).bundle.encoder
    ids = encoder.encode_batch(texts)
    session = open_session(SHIPPED_MODEL, 1)
    batches = _best_batches(session, ids)
    rows, steps = batches[len(batches) // 2].feed["ids"].shape
    (directions, inputs, gates), (_, units, _) = products_of(layers)
    per_token = lstm_multiply_adds(inputs, units, directions)
    tokens = sum(map(len, ids))
    padded = sum(batch.feed["ids"].size for batch in batches)

    shapes = {
        "square": (_SQUARE, _SQUARE, _SQUARE),
        "input": (rows * steps, inputs, gates),
        "state": (rows, units, gates),
    }
    # A call takes a microsecond or more, which is much of a product of few rows.
    copies = {name: _COPIES if name == "state" else 1 for name in shapes}
    products = {name: _product_makers(*shape, copies[name]) for name, shape in shapes.items()}
    seconds: dict[str, list[float]] = {"session": [], "encode": []}
    speeds: dict[str, dict[str, list[float]]] = {name: {} for name in shapes}
    for _ in range(_ROUNDS):
        seconds["encode"].append(_seconds(partial(encoder.encode_batch, texts)))
        seconds["session"].append(_seconds(partial(_run, session, batches)))
        for name, makers in products.items():
            for library, compute in makers.items():
                operations = 2.0 * copies[name] * math.prod(shapes[name])
                speed = 1e-9 * operations / _repeated(compute)
                speeds[name].setdefault(library, []).append(speed)
    spent = statistics.median(seconds["session"])
    found = {
        name: {
            "shape": [list(shapes[name][:2]), list(shapes[name][1:])],
            **{library: round(statistics.median(s), 1) for library, s in libraries.items()},
        }
        for name, libraries in speeds.items()
    }
    best = {
        name: max(statistics.median(s) for s in libraries.values())
        for name, libraries in speeds.items()
    }
    peak = max(best.values())
    best["session"] = 2e-9 * per_token * tokens / spent
    operators, outside = profile(batches)
    best["lstm_operator"] = best["session"] / operators["LSTM"]
    own = {name: round(best[name], 1) for name in ("session", "lstm_operator")}
    return {
        "threads": 1,
        "reviews": len(ids),
        "tokens": tokens,
        "tokens_with_padding": padded,
        "batch": {"reviews": rows, "steps": steps, "batches": len(batches)},
        "multiply_adds_per_token": {
            "input": directions * inputs * gates,
            "state": directions * units * gates,
            "total": per_token,
        },
        "gigaflops": {**own, "peak": round(peak, 1), **found},
        "share_of_peak": {name: round(speed / peak, 3) for name, speed in best.items()},
        "seconds": {
            "session": round(spent, 4),
            "encode": round(statistics.median(seconds["encode"]), 4),
        },
        "share_of_session": {
            "by_operator": {name: round(share, 4) for name, share in operators.items()},
            "outside_operators": round(outside, 4),
        },
    }


def profile(batches: Sequence[Batch]) -> tuple[dict[str, float], float]:
    """Return each operator's share of the session's time, the largest first, and what is left."""
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(SHIPPED_MODEL, 1, Path(folder) / "profile")
        _run(session, batches)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    operators: Counter[str] = Counter()
    total = 0.0
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            operators[event["args"]["op_name"]] += event["dur"]
        elif event["cat"] == "Session" and event["name"] == "model_run":
            total += event["dur"]
    shares = {name: spent / total for name, spent in operators.most_common()}
    return shares, 1 - sum(shares.values())


def measure_apart(data: str) -> dict[str, Any]:
    """Measure in a process of its own, whose libraries have one thread.

    Raises:
        subprocess.CalledProcessError: it failed; what it said went to standard error.
    """
    command = [sys.executable, "-m", "benchmarks.speed.arithmetic", "--data", data]
    with set_threads(1):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _best_batches(session: Any, ids: Sequence[Ids]) -> list[Batch]:
    """Return the batches that the session is fastest with."""
    found = []
    for batch_tokens in _BATCH_TOKENS:
        batches = plan_batches(ids, batch_tokens)
        seconds = min(_seconds(partial(_run, session, batches)) for _ in range(_TRIES))
        found.append((seconds, batches))
    return min(found, key=lambda pair: pair[0])[1]


def _run(session: Any, batches: Sequence[Batch]) -> None:
    for batch in batches:
        session.run(["probability"], batch.feed)


def _product_makers(m: int, k: int, n: int, copies: int) -> dict[str, Callable[[], Any]]:
    """Return what computes float32 [m, k] by [k, n] so many times in one call, by library."""
    random = np.random.default_rng(0)
    lefts = random.standard_normal((copies, m, k), np.float32)
    right = random.standard_normal((k, n), np.float32)
    out = np.empty((copies, m, n), np.float32)
    session = _product_session(right, copies)
    feed = {"left": lefts[0]}
    # numpy multiplies a stack of matrices one by one; ONNX Runtime runs all of its nodes, however
    # few of their outputs are asked for.
    return {
        "numpy": lambda: np.matmul(lefts, right, out=out),
        "onnxruntime": lambda: session.run(["out_0"], feed),
    }


def _product_session(right: Any, copies: int) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    onnxruntime = import_quietly("onnxruntime")

    names = [(f"right_{i}", f"out_{i}") for i in range(copies)]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["left", weight], [out]) for weight, out in names],
        "products",
        [helper.make_tensor_value_info("left", TensorProto.FLOAT, ["m", right.shape[0]])],
        [
            helper.make_tensor_value_info(out, TensorProto.FLOAT, ["m", right.shape[1]])
            for _, out in names
        ],
        # Equal nodes would become one.
        [numpy_helper.from_array(right + i, weight) for i, (weight, _) in enumerate(names)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _repeated(call: Callable[[], Any]) -> float:
    """Return the seconds of one call, from as many as fill `_SECONDS`."""
    call()
    calls = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < _SECONDS:
        call()
        calls += 1
    return spent / max(calls, 1)


def main() -> None:
    """Measure on a sample of the test reviews and print the result."""
    from benchmarks.speed.sample import stratified
    from edgernn.data import load_split
    from edgernn.recipes.catalogue import RECIPES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    texts = load_split(parser.parse_args().data, "test").texts
    some = [texts[i] for i in stratified(texts, _REVIEWS)]
    print(json.dumps(measure(some, RECIPES["flagship"].layers)))


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("numpy would compute on all threads: set OPENBLAS_NUM_THREADS=1")
    main()
