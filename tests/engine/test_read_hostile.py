"""Bytes that are no model file, memory that runs out: the C engine's readers refuse in one line."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_once import made_once, shared_folder
from read_networks import BROKEN, NO_MEMORY, OK, UNSUPPORTED, Reader, compile_readers

ROOT = Path(__file__).resolve().parents[2]
GRAPHS = ROOT / "runtimes" / "graphs"
SEEDS = (
    *sorted((Path(__file__).parent / "seeds").glob("*.onnx")),
    *sorted(GRAPHS.glob("*.tflite")),
)
SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Counter[str]]:
    """A program that reads broken copies of files, watched by AddressSanitizer and UBSan."""
    path = shared_folder(tmp_path_factory, "engine") / "fuzz_readers"
    made_once(path, lambda path: compile_readers(path, "fuzz_readers.c", SANITIZED))

    def run(rounds: int, seed: int, *files: Path) -> Counter[str]:
        command = [str(path), str(rounds), str(seed), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        words = done.stdout.replace(",", "").split()
        return Counter({name: int(number) for number, name in zip(*[iter(words)] * 2, strict=True)})

    return run


def test_broken_copies(fuzz: Callable[..., Counter[str]]) -> None:
    """Cut off at every byte near the ends, or with a few changes: no access that is none."""
    counts = fuzz(40, 1, *SEEDS)
    assert counts["broken"] > 1000
    assert counts["unsupported"] > 10
    assert counts["read"] >= len(SEEDS) - 1


@pytest.mark.slow
@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_many_broken_copies(fuzz: Callable[..., Counter[str]], path: Path) -> None:
    """The same for a minute a file."""
    fuzz(60_000, 2, path)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_memory_runs_out(engine_reader: Reader, path: Path) -> None:
    """Wherever that is, one status says so, and nothing is left of the network."""
    file = path.read_bytes()
    expected = engine_reader.read(file)
    for allocations in range(100_000):
        found = engine_reader.read(file, allocations=allocations)
        if found.status != NO_MEMORY:
            assert (found.status, found.message) == (expected.status, expected.message)
            assert allocations > 10
            return
        assert found.message.startswith("no memory")


def cases() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Patched copies of the graphs that every runtime is tried with."""
    graphs = {path.stem: path.read_bytes() for path in GRAPHS.glob("*.tflite")}
    with open(GRAPHS / "graphs.jsonl", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            case = json.loads(line)
            file = bytearray(graphs[case["graph"]])
            for place, data in case["patch"]:
                patch = bytes.fromhex(data)
                file[place : place + len(patch)] = patch
            yield case, bytes(file)


def test_graphs_of_every_runtime(engine_reader: Reader) -> None:
    """What is read is among what an engine may be given; sound graphs are, but for two kinds."""
    counts: Counter[int] = Counter()
    for case, file in cases():
        found = engine_reader.read(file)
        counts[found.status] += 1
        if found.network is not None and not case["accepted"]:
            rows = len(found.network.layers[0].table)  # type: ignore[union-attr]
            assert case["vocabulary_size"] > rows, case["id"]
        if not case["patch"] and case["accepted"]:
            assert (found.network is None) is (case["graph"] == "integers")
    assert min(counts[OK], counts[BROKEN], counts[UNSUPPORTED]) > 50


@pytest.mark.parametrize("path", [SEEDS[0], GRAPHS / "labels.tflite"], ids=lambda path: path.name)
def test_cut_off_anywhere(engine_reader: Reader, path: Path) -> None:
    """No beginning of a file is one, but where an ONNX file's last fields begin."""
    file = path.read_bytes()
    statuses = Counter(engine_reader.read(file[:size]).status for size in range(len(file)))
    assert statuses[BROKEN] >= len(file) - (2 if path.suffix == ".onnx" else 0)


@pytest.mark.parametrize(
    "file",
    [b"", b"\0", b"TFL3", b"\x1c\0\0\0TFL3", b"\0" * 100, b"\xff" * 100],
    ids=repr,
)
def test_no_model_at_all(engine_reader: Reader, file: bytes) -> None:
    """Is broken."""
    assert engine_reader.read(file).status == BROKEN
