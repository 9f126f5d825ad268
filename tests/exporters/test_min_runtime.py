"""Which runtime a file must run on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgernn.audit import OldestRuntime, audit_file
from edgernn.bundle import CONTAINERS, read_model_file
from edgernn.errors import ExportError, UsageError
from edgernn.runtime.loaded_model import LoadedModel, open_reference
from exporters.export import CONVERTERS, TrainedModel, export
from exporters.min_runtime import MinRuntime, find_min_runtime, oldest_supported
from exporters.rules import FORMATS

TFLITE = FORMATS["tflite"]


def test_the_oldest_supported() -> None:
    """Both of 2023."""
    assert str(find_min_runtime("onnx", None)) == "onnxruntime==1.16"
    assert str(find_min_runtime("tflite", None)) == "tflite-runtime==2.14"
    assert not any(runtime.is_lifted() for runtime in map(oldest_supported, CONTAINERS))
    # However it is spelled.
    assert not find_min_runtime("tflite", "tflite-runtime==2.14.0").is_lifted()
    assert find_min_runtime("tflite", "tflite-runtime==2.14.1").is_lifted()
    assert find_min_runtime("tflite", "ai-edge-litert==1.0.1").is_lifted()


@pytest.mark.parametrize(
    ("format", "wanted", "needs", "runs"),
    [
        ("onnx", None, ("onnxruntime", "1.16"), True),
        ("onnx", None, ("onnxruntime", "1.17"), False),
        ("onnx", "onnxruntime==1.20.1", ("onnxruntime", "1.20"), True),
        ("onnx", "onnxruntime==1.20", ("onnxruntime", "1.20.1"), False),
        ("onnx", "onnxruntime==2", ("onnxruntime", "1.99.9"), True),
        ("tflite", None, ("tflite-runtime", "2.14"), True),
        ("tflite", None, ("ai-edge-litert", "1.0.1"), False),
        ("tflite", "tflite-runtime==2.14.0", ("tflite-runtime", "2.14"), True),
        # Newer, although its number is smaller.
        ("tflite", "ai-edge-litert==1.0.1", ("tflite-runtime", "2.14"), True),
        ("tflite", "ai-edge-litert==1.0.1", ("ai-edge-litert", "1.1"), False),
        ("tflite", "tflite-runtime==2.20", ("ai-edge-litert", "1.0.1"), False),
    ],
)
def test_what_runs(format: str, wanted: str | None, needs: tuple[str, str], runs: bool) -> None:
    """Versions are compared as numbers, and LiteRT comes after TensorFlow Lite's runtime."""
    oldest = OldestRuntime(*needs, ())
    assert find_min_runtime(format, wanted).runs(oldest) is runs  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("format", "wanted", "said"),
    [
        ("onnx", "1.20", "for onnx name onnxruntime==VERSION"),
        ("onnx", "ai-edge-litert==1.0.1", "for onnx name onnxruntime==VERSION"),
        ("tflite", "onnxruntime==1.20", "tflite-runtime==VERSION or ai-edge-litert==VERSION"),
        ("tflite", "ai-edge-litert==1.0.1.1", "name tflite-runtime==VERSION"),
        ("tflite", "ai-edge-litert==", "name tflite-runtime==VERSION"),
        ("tflite", "tflite-runtime==2.13", "the oldest supported is tflite-runtime==2.14"),
        ("onnx", "onnxruntime==1.9", "the oldest supported is onnxruntime==1.16"),
    ],
)
def test_what_is_refused(format: str, wanted: str, said: str) -> None:
    """A word that is no runtime of the format, and one that is too old."""
    with pytest.raises(UsageError, match=f"--min-runtime {wanted}: .*{said}"):
        find_min_runtime(format, wanted)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def converted_once() -> Iterator[None]:
    """Two tests convert the same model, which takes seconds: the second gets the first's file.

    Other files come to be as always.
    """
    convert = CONVERTERS["tflite"]
    made: list[bytes] = []

    def once(*asked: Any) -> bytes:
        if not asked[-1].is_lifted():
            return convert(*asked)
        if not made:
            made.append(convert(*asked))
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONVERTERS, "tflite", once)
        yield


def write(trained: TrainedModel, path: Path, runtime: MinRuntime) -> None:
    def opened(path: Path) -> LoadedModel:
        return open_reference(path)

    export(trained, TFLITE, "float16", path, opened, min_runtime=runtime)


@pytest.mark.usefixtures("converted_once")
@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_a_newer_runtime_takes_whole_float16(
    tiny_trained: TrainedModel, tiny_files: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    """Smaller than the file for the oldest one, which would get its scores wrong."""
    old, new = tiny_files["tflite", "float16"], tmp_path / "new.tflite"
    assert find_min_runtime("tflite", None).runs(audit_file(old).oldest_runtime)
    newer = find_min_runtime("tflite", "ai-edge-litert==1.0.1")
    write(tiny_trained, new, newer)
    assert newer.runs(audit_file(new).oldest_runtime)
    assert audit_file(new).oldest_runtime.text.startswith("ai-edge-litert 1.0.1")
    assert new.stat().st_size < old.stat().st_size
    assert "BITCAST" in read_model_file(old).operators
    assert "BITCAST" not in read_model_file(new).operators


@pytest.mark.usefixtures("converted_once")
@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_a_file_that_needs_a_newer_runtime(tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """It is not written, and the reason says how to allow it."""
    newer = find_min_runtime("tflite", "ai-edge-litert==1.0.1")
    # As if the converter began to write it by itself.
    oldest = dataclasses.replace(newer, name="tflite-runtime", version="2.15")
    with pytest.raises(ExportError, match=r"oldest runtime: .*\(--min-runtime\): float16 weights"):
        write(tiny_trained, tmp_path / "m.tflite", oldest)
    assert list(tmp_path.iterdir()) == []
