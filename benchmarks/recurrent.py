"""LSTM and SimpleRNN layers of a TFLite file as a loop, beside the fused operator.

    python -m benchmarks.recurrent [--only last|pool|layer ...]

Networks of random weights are converted in both forms, and texts of several lengths are scored in
LiteRT on one thread, in turns. The layer gives its last step, or all steps, which are pooled or
read by a second layer of half as many units; `--only` measures some of these, and keeps what the
result says of the others. Writes `benchmarks/results/recurrent.json`, from which
docs/export.md has its table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.environment import describe_machine, write_result
from edgernn.cells import CELLS
from edgernn.cli.console import say
from exporters import tflite_graph
from exporters.network import Dense, Direction, Embedding, Layer, Network, Pool, Recurrent

__all__ = ["RESULT", "main"]

RESULT = Path("benchmarks/results/recurrent.json")
_IDS = 2000
_INPUTS = 64
_UNITS = (32, 64, 128)
_TOKENS = (50, 200, 800)
_PRECISIONS = ("float32", "int8")
_READERS = ("last", "pool", "layer")
_PACKAGES = ("edgernn", "tensorflow", "tf-keras", "ai-edge-litert", "numpy")


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", nargs="*", choices=_READERS, default=_READERS)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if arguments.output.exists():
        kept = json.loads(arguments.output.read_text("utf-8"))["rows"]
        rows = [row for row in kept if row["reader"] not in arguments.only]
    for cell, units, reader in _cases():
        if reader not in arguments.only:
            continue
        network = _network(cell, units, reader)
        for precision in _PRECISIONS:
            files = {
                "fused": tflite_graph.convert(network, precision),
                "loop": tflite_graph.convert(network.as_loops(), precision),
            }
            for tokens, times in _measured(files, arguments.rounds).items():
                row = {
                    "cell": cell,
                    "units": units,
                    "reader": reader,
                    "precision": precision,
                    "tokens": tokens,
                    "fused_milliseconds": float(f"{statistics.median(times['fused']):.3g}"),
                    "loop_milliseconds": float(f"{statistics.median(times['loop']):.3g}"),
                    # In turns, so that what else the machine does slows both.
                    "loop_to_fused": round(
                        statistics.median(
                            loop / fused
                            for loop, fused in zip(times["loop"], times["fused"], strict=True)
                        ),
                        2,
                    ),
                }
                say(str(row))
                rows.append(row)
    cases = list(_cases())
    rows.sort(key=lambda row: cases.index((row["cell"], row["units"], row["reader"])))
    machine = describe_machine(_PACKAGES)
    write_result(arguments.output, {"machine": machine, "rounds": arguments.rounds, "rows": rows})


def _cases() -> Iterator[tuple[str, int, str]]:
    for reader in _READERS:
        for units in _UNITS:
            yield "LSTM", units, reader
    yield "SimpleRNN", _UNITS[0], "last"


def _network(cell: str, units: int, reader: str) -> Network:
    rng = np.random.default_rng(7)

    def weights(*shape: int) -> npt.NDArray[np.float32]:
        return rng.normal(0, 0.1, shape).astype(np.float32)

    def layer(inputs: int, units: int, *, sequences: bool) -> Recurrent:
        gates = len(CELLS[cell].gates)
        shapes = ((inputs, gates * units), (units, gates * units), (gates * units,))
        forward = Direction(*(weights(*shape) for shape in shapes))
        return Recurrent(cell, units, sequences, forward, None)

    layers: list[Layer] = [Embedding(weights(_IDS, _INPUTS))]
    layers.append(layer(_INPUTS, units, sequences=reader != "last"))
    outputs = units
    if reader == "pool":
        layers.append(Pool())
        outputs = 2 * units
    elif reader == "layer":
        outputs = units // 2
        layers.append(layer(units, outputs, sequences=False))
    layers.append(Dense(weights(outputs, 1), weights(1), "linear"))
    return Network(tuple(layers))


def _measured(files: dict[str, bytes], rounds: int) -> dict[int, dict[str, list[float]]]:
    """Return milliseconds by number of tokens and form, a round after the other."""
    calls = {form: _caller(file) for form, file in files.items()}
    found: dict[int, dict[str, list[float]]] = {}
    for tokens in _TOKENS:
        ids = np.random.default_rng(tokens).integers(1, _IDS, (1, tokens), dtype=np.int32)
        scores = {form: call(ids)[1] for form, call in calls.items()}
        if not abs(scores["loop"] - scores["fused"]) < 1e-2:
            raise SystemExit(f"loop and fused operator differ: {scores}")
        times: dict[str, list[float]] = {form: [] for form in calls}
        for number in range(rounds):
            for form in sorted(calls, reverse=bool(number % 2)):
                times[form].append(calls[form](ids)[0])
        found[tokens] = times
    return found


def _caller(file: bytes) -> Callable[[npt.NDArray[np.int32]], tuple[float, float]]:
    """Return what scores ids [1, tokens] and gives milliseconds and probability."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file, num_threads=1)
    given = interpreter.get_input_details()[0]["index"]
    got = interpreter.get_output_details()[0]["index"]
    length = 0

    def call(ids: npt.NDArray[np.int32]) -> tuple[float, float]:
        nonlocal length
        if ids.shape[1] != length:
            interpreter.resize_tensor_input(given, ids.shape)
            interpreter.allocate_tensors()
            length = ids.shape[1]
        interpreter.reset_all_variables()
        interpreter.set_tensor(given, ids)
        started = time.perf_counter()
        interpreter.invoke()
        seconds = time.perf_counter() - started
        return 1000 * seconds, float(interpreter.get_tensor(got)[0])

    return call


if __name__ == "__main__":
    main()
