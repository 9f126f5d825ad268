"""Which runtime a file must run on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgernn.audit import OldestRuntime, audit_file
from edgernn.bundle import CONTAINERS
from edgernn.errors import ExportError, UsageError
from edgernn.runtime import LoadedModel
from exporters.export import TrainedModel, export
from exporters.min_runtime import find_min_runtime, oldest_supported
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


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_a_newer_runtime_takes_whole_float16(tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """Smaller than the file for the oldest one, which would get its scores wrong."""
    sizes = []
    for name, wanted in (("old", None), ("new", "ai-edge-litert==1.0.1")):
        path = tmp_path / f"{name}.tflite"
        runtime = find_min_runtime("tflite", wanted)
        export(
            tiny_trained,
            TFLITE,
            "float16",
            path,
            lambda p: LoadedModel.open(p, "cpu"),
            min_runtime=runtime,
        )
        assert runtime.runs(audit_file(path).oldest_runtime)
        sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0]
    assert audit_file(path).oldest_runtime.text.startswith("ai-edge-litert 1.0.1")


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_a_file_that_needs_a_newer_runtime(tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """It is not written, and the reason says how to allow it."""
    newer = find_min_runtime("tflite", "ai-edge-litert==1.0.1")
    # As if the converter began to write it by itself.
    oldest = dataclasses.replace(newer, name="tflite-runtime", version="2.15")
    with pytest.raises(ExportError, match=r"oldest runtime: .*\(--min-runtime\): float16 weights"):
        export(
            tiny_trained,
            TFLITE,
            "float16",
            tmp_path / "m.tflite",
            lambda p: LoadedModel.open(p, "cpu"),
            min_runtime=oldest,
        )
    assert list(tmp_path.iterdir()) == []
