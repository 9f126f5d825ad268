"""Exported files on the runtimes of 2023, in an environment of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own_environment import own_environment

from edgernn.bundle import read_model_file, with_bundle
from exporters.rules import FORMATS

Files = dict[tuple[str, str], Path]
Kind = tuple[str, str, str]
"""Run, format, precision."""

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("old_runtimes_replay.py")

NUMPY, ONNXRUNTIME, TFLITE_RUNTIME = "1.26.4", "1.16.3", "2.14.0"
PACKAGES = (
    f"numpy=={NUMPY}",
    f"onnxruntime=={ONNXRUNTIME}",
    f"tflite-runtime=={TFLITE_RUNTIME}",
)
ENGINES = {"onnx": ("onnxruntime", ONNXRUNTIME), "tflite": ("tflite-runtime", TFLITE_RUNTIME)}

KINDS = [
    (run, format.name, precision.name)
    for run, cell in (("subwords", "LSTM"), ("words", "GRU"), ("wide", "Ngrams"))
    for format in FORMATS.values()
    for precision in format.precisions.values()
    if cell not in precision.refused
    and (run, precision.name) not in (("subwords", "int8-full"), ("wide", "int16x8"))
]
"""What can be exported; a model of random weights loses too many labels with full integers, and
an LSTM has no int16x8."""

CONVERTED_ELSEWHERE = [
    *(("subwords", precision) for precision in ("float32", "float16", "int8", "int8-embedding")),
    *(("words", precision) for precision in ("float32", "int8")),
    *(("wide", precision) for precision in ("float16", "int8")),
]
"""Of .tflite files, which take seconds to convert each, those that other tests have, too."""
QUICK = [kind for kind in KINDS if kind[1] == "onnx" or (kind[0], kind[2]) in CONVERTED_ELSEWHERE]

DIFFERENT: dict[tuple[str, str], str] = {}
"""Formats and precisions that these runtimes refuse or score wrong, with a part of the reason."""


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the old packages and nothing else."""
    return own_environment(
        tmp_path_factory.mktemp("old-runtimes") / "venv",
        # What they name besides is for other uses of them.
        *("--no-deps", "--only-binary", ":all:", *PACKAGES),
        without="package index, or no wheels of 2023 for this platform",
    )


def replay_there(python: Path, *paths: Path) -> list[dict[str, Any]]:
    """What the script prints of files in the old environment."""
    done = subprocess.run(
        [python, SCRIPT, *paths],
        capture_output=True,
        encoding="utf-8",
        cwd=python.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def runs(tiny_files: Files, tiny_word_files: Files, tiny_wide_files: Files) -> dict[str, Files]:
    """The files of each run."""
    return {"subwords": tiny_files, "words": tiny_word_files, "wide": tiny_wide_files}


def replay_each(
    python: Path, runs: dict[str, Files], kinds: list[Kind]
) -> dict[Kind, dict[str, Any]]:
    """What the script prints of a file of each kind; one process, since its start takes longest."""
    paths = [runs[run][format, precision] for run, format, precision in kinds]
    return dict(zip(kinds, replay_there(python, *paths), strict=True))


@pytest.fixture(scope="session")
def replayed(old_python: Path, runs: dict[str, Files]) -> dict[Kind, dict[str, Any]]:
    """What the script prints of the files that are quick to make."""
    return replay_each(old_python, runs, QUICK)


@pytest.mark.parametrize("kind", QUICK, ids="-".join)
def test_a_file(replayed: dict[Kind, dict[str, Any]], kind: Kind) -> None:
    """Its golden vectors pass: the same ids, the same labels, the scores within its tolerance."""
    check_file(kind, replayed[kind])


@pytest.mark.slow
def test_the_other_files(old_python: Path, runs: dict[str, Files]) -> None:
    """Likewise."""
    others = [kind for kind in KINDS if kind not in QUICK]
    assert len(others) == 4
    for kind, found in replay_each(old_python, runs, others).items():
        check_file(kind, found)


def check_file(kind: Kind, found: dict[str, Any]) -> None:
    _, format, precision = kind
    name, version = ENGINES[format]
    (row,) = (row for row in found["runtimes"] if row["runtime"] == name)
    assert row["version"] == version
    assert found["ids"]["mismatches"] == 0
    assert found["ids"]["texts"] >= 16
    if (format, precision) in DIFFERENT:
        assert row["passed"] is False
        assert DIFFERENT[format, precision] in row["reason"]
        return
    assert found["passed"], row
    assert row["texts"] == found["ids"]["texts"]
    assert row["label_flips"] == 0
    # Where activations are rounded, another runtime may round to the next step.
    near = 1e-5 if found["tolerance"] <= 1e-4 else found["tolerance"]
    assert row["largest_difference"] < near
    if format == "onnx":
        # What `edgernn.load` makes of the texts themselves.
        assert len(found["scores"]) >= 16
        assert max(abs(score - expected) for score, expected in found["scores"]) < near


def test_nothing_new_is_there(old_python: Path, tiny_files: Files) -> None:
    """The packages are the old ones; what is not installed is said not to be."""
    (found,) = replay_there(old_python, tiny_files["tflite", "float32"])
    assert found["numpy"] == NUMPY
    problems = {row["runtime"]: row["reason"] for row in found["runtimes"]}
    assert problems == {
        "litert, XNNPACK": "not installed",
        "litert, no delegate": "not installed",
        "litert, CompiledModel": "not installed",
        "openvino": "not installed",
        "openvino, f32": "not installed",
        "tflite-micro": "not installed",
        "tflite-runtime": None,
        "tensorflow": "not installed",
        "native": None,
    }


def test_a_wrong_file(old_python: Path, tiny_files: Files, tmp_path: Path) -> None:
    """The check can fail there: another text and another probability are found."""
    file = read_model_file(tiny_files["onnx", "int8"])
    golden = file.bundle.golden
    assert golden is not None
    first, second, *rest = golden.vectors
    assert second.probability is not None
    away = 0.01 if second.probability >= 0.5 else -0.01
    vectors = (
        dataclasses.replace(first, text="another text"),
        dataclasses.replace(second, probability=second.probability + away),
        *rest,
    )
    bundle = dataclasses.replace(file.bundle, golden=dataclasses.replace(golden, vectors=vectors))
    path = tmp_path / "wrong.onnx"
    path.write_bytes(with_bundle(file.data, file.format, bundle))
    (found,) = replay_there(old_python, path)
    assert found["passed"] is False
    assert (found["ids"]["mismatches"], found["ids"]["first"]) == (1, "another text")
    row = found["runtimes"][0]
    assert (row["passed"], row["row"]) == (False, 2)
    assert row["largest_difference"] == pytest.approx(0.01, abs=1e-5)
