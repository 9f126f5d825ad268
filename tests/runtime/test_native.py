"""The C engine behind `edgernn.load`: the scores of the reference, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import edgernn
from edgernn.cli.info import run_info
from edgernn.engine import LEVELS, Library, installed
from edgernn.errors import DeviceError, MissingPackageError, ModelFileError, UsageError
from edgernn.runtime import SHIPPED_MODEL, LoadedModel, native, opening
from edgernn.runtime.loaded_model import open_reference
from exporters.rules import find_format
from exporters.sample_texts import SAMPLE_TEXTS

Files = dict[tuple[str, str], Path]
KINDS = [("onnx", "float32"), ("onnx", "int8"), ("onnx", "float16"), ("tflite", "int8")]
SAME = 1e-6


@pytest.fixture(autouse=True)
def library() -> Library:
    """The engine of this installation."""
    found = installed()
    if found is None:
        pytest.skip(
            "this installation has no C engine: python engine/build.py, or pip install -e ."
        )
    return found


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_scores_of_the_reference(kind: tuple[str, str], tiny_files: Files) -> None:
    """Within 1e-6 of ONNX Runtime; of LiteRT, whose int8 differs, within the file's tolerance."""
    path = tiny_files[kind]
    model = LoadedModel.open(path, engine="native")
    reference = open_reference(path)
    assert (model.engine, model.device) == ("native", "cpu")
    assert reference.engine == {"onnx": "onnxruntime", "tflite": "litert"}[kind[0]]
    ids = model.encoder.encode_batch(SAMPLE_TEXTS)
    ids = [one for one in ids if len(one)]
    expected = reference.probabilities(ids)
    assert np.ptp(expected) > 0.1
    rules = find_format(kind[0]).precisions[kind[1]]
    allowed = SAME if kind[0] == "onnx" else rules.tolerance
    np.testing.assert_allclose(model.probabilities(ids), expected, rtol=0, atol=allowed)


@pytest.mark.parametrize("threads", [1, 3])
def test_bit_equal_alone_and_together(threads: int) -> None:
    """The shipped model, on more texts than one call takes."""
    texts = SAMPLE_TEXTS * 30
    with edgernn.load(engine="native", threads=threads) as classifier:
        assert classifier.engine == "native"
        together = classifier.score(texts)
        alone = {text: classifier.score([text])[0] for text in SAMPLE_TEXTS}
        assert together == [alone[text] for text in texts]
        assert together[::-1] == classifier.score(texts[::-1])
    reference = edgernn.load(device="cpu", engine="onnxruntime").score(SAMPLE_TEXTS)
    for text, score in zip(SAMPLE_TEXTS, reference, strict=True):
        assert alone[text].probability == pytest.approx(score.probability, abs=SAME)
        assert alone[text].label == score.label


def test_the_level_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least is everywhere; others differ by roundings alone."""
    found = {}
    for level in LEVELS[:2]:
        monkeypatch.setenv("EDGERNN_CPU", level)
        model = LoadedModel.open(engine="native")
        ids = [one for one in model.encoder.encode_batch(SAMPLE_TEXTS) if len(one)]
        found[level] = model.probabilities(ids)
    np.testing.assert_allclose(found["auto"], found["plain"], rtol=0, atol=SAME)
    monkeypatch.setenv("EDGERNN_CPU", "sse9")
    with pytest.raises(UsageError, match="EDGERNN_CPU=sse9: choose one of auto, plain, avx2"):
        edgernn.load(engine="native")


def test_auto(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this engine on a CPU, and another one where it does not run a file, which is said."""
    for device in ("cpu", "auto"):
        monkeypatch.setattr(opening, "cuda_may_run", lambda: False)
        classifier = edgernn.load(tiny_files["tflite", "int8"], device)
        assert (classifier.engine, classifier.device) == ("native", "cpu")
        assert classifier.engine_reason == "the default on a CPU"
    other = edgernn.load(tiny_files["onnx", "int8-dynamic"], "cpu")
    assert other.engine == "onnxruntime"
    assert other.engine_reason.startswith("the C engine does not run this file: ")
    assert edgernn.load(device="cpu", engine="onnxruntime").engine_reason == "asked for"


def test_cuda_is_onnx_runtime_s(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked where there is a driver; a file that CUDA cannot run is this engine's."""
    asked: list[str] = []

    def opened(file: object, device: str, threads: int | None) -> object:
        asked.append(device)
        return native.Native(file, "cpu", threads)  # type: ignore[arg-type]

    monkeypatch.setitem(opening.BACKENDS, "onnx", opened)
    monkeypatch.setattr(opening, "cuda_may_run", lambda: True)
    for runs, device, reason in (
        (True, "auto", "CUDA runs here"),
        (False, "auto", "the default on a CPU"),
        (True, "cpu", "the default on a CPU"),
        (True, "cuda", "the C engine runs on a CPU alone"),
    ):
        monkeypatch.setattr(opening, "cuda_runs", lambda runs=runs: runs)
        assert edgernn.load(tiny_files["onnx", "int8"], device).engine_reason == reason
    assert asked == ["cuda", "cuda"]
    monkeypatch.setattr(opening, "on_cpu_only", lambda file: True)
    assert edgernn.load(tiny_files["onnx", "int8"]).engine_reason == "the default on a CPU"


def test_info_says_which_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default, and whether this one does, or why not."""
    for level, said in (("plain", "yes, plain"), ("sse9", "no: EDGERNN_CPU=sse9: choose one of")):
        monkeypatch.setenv("EDGERNN_CPU", level)
        run_info(None, as_json=True)
        found = json.loads(capsys.readouterr().out)["model"]["engine"]
        assert found["native"].startswith(said)
        assert found["auto"] == ("native" if level == "plain" else "none")
        assert found["why"].startswith("the default on a CPU" if level == "plain" else said[4:])


def test_what_does_not_go_together(tiny_files: Files) -> None:
    """Each is one line that names the file or the word."""
    for path, engine, message in (
        (SHIPPED_MODEL, "tensorrt", "'tensorrt' is not known: auto, native, onnxruntime, litert"),
        (SHIPPED_MODEL, "litert", "model.onnx: engine litert runs .tflite files"),
        (tiny_files["tflite", "int8"], "onnxruntime", "engine onnxruntime runs .onnx files"),
    ):
        with pytest.raises(UsageError, match=message):
            edgernn.load(path, engine=engine)
    with pytest.raises(DeviceError, match="engine native runs on the CPU only"):
        edgernn.load(device="cuda", engine="native")
    with pytest.raises(ModelFileError, match=r"engine native does not run it: .*; leave --engine"):
        edgernn.load(tiny_files["onnx", "int8-dynamic"], engine="native")


def test_an_installation_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "installed", lambda: None)
    with pytest.raises(UsageError, match="engine native is not in this installation"):
        edgernn.load(engine="native")

    def refused() -> Library:
        raise OSError("wrong ELF class")

    monkeypatch.setattr(native, "installed", refused)
    with pytest.raises(UsageError, match="cannot be loaded: wrong ELF class"):
        edgernn.load(engine="native")


def test_others_take_its_place(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not here; one that does not load is said aloud. Without any: what to install."""
    monkeypatch.setattr(native, "installed", lambda: None)
    classifier = edgernn.load(device="cpu")
    assert classifier.engine == "onnxruntime"
    reason = "the C engine is not in this installation, which was built without a C compiler"
    assert classifier.engine_reason == reason

    def refused() -> Library:
        raise OSError("wrong ELF class")

    monkeypatch.setattr(native, "installed", refused)
    with pytest.warns(RuntimeWarning, match="engine cannot be loaded: wrong ELF class; scoring"):
        assert edgernn.load(tiny_files["tflite", "int8"]).engine == "litert"

    monkeypatch.setattr(native, "installed", lambda: None)
    for package, path, extra in (
        ("onnxruntime", SHIPPED_MODEL, "cpu"),
        ("ai_edge_litert.interpreter", tiny_files["tflite", "int8"], "tflite"),
    ):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingPackageError, match=rf"{reason}; .*'edgernn\[{extra}\]'") as e:
            edgernn.load(path, "cpu")
        assert str(e.value).startswith(f"{path}: ")
        assert "\n" not in str(e.value)
    with pytest.raises(MissingPackageError, match=r"pip install 'edgernn\[gpu\]'$"):
        edgernn.load(device="cuda")
