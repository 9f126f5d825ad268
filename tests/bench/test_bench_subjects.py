"""The rows of a model file, those that cannot run here among them, and what runs them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from bench_samples import FakeClock

from edgernn.bench import cold_start, machine, subjects
from edgernn.bench.cold_start import FirstScore, start
from edgernn.bench.machine import describe_machine, differences
from edgernn.bench.scorers import FileScorer, KerasScorer, _BusyClock
from edgernn.bench.subjects import NO_DELEGATE, XNNPACK, file_subjects, keras_subjects
from edgernn.engine import installed
from edgernn.errors import DeviceError, EdgernnError, ModelFileError
from edgernn.runtime import SHIPPED_MODEL, load
from edgernn.runtime.devices import cuda_problem

Files = dict[tuple[str, str], Path]

BOTH = (XNNPACK, NO_DELEGATE)
OTHERS = ("onnxruntime", "litert")
TEXTS = ["A great film", "?!", "one bad film"]


@pytest.fixture
def tflite(tiny_files: Files) -> Path:
    return tiny_files["tflite", "float32"]


def test_onnx_rows() -> None:
    """A row for each device and number of threads; what the file is stands in each."""
    rows = file_subjects(SHIPPED_MODEL, ("cpu", "cuda"), (1, 2), BOTH, OTHERS)
    assert [(row.requested_device, row.threads) for row in rows] == [
        ("cpu", 1),
        ("cuda", 1),
        ("cpu", 2),
        ("cuda", 2),
    ]
    data = SHIPPED_MODEL.read_bytes()
    for row in rows:
        assert (row.runtime, row.options) == ("onnxruntime", "")
        assert row.runtime_version == onnxruntime.__version__
        assert (row.model.name, row.model.bytes) == ("model.onnx", len(data))
        assert row.model.sha256 == hashlib.sha256(data).hexdigest()
        assert (row.model.recipe, row.model.format) == ("flagship", "onnx")
        assert row.model.precision == load(SHIPPED_MODEL, "cpu").card["precision"]
        wanted = cuda_problem(onnxruntime) if row.requested_device == "cuda" else None
        assert row.problem == wanted


def test_only_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose operators CUDA does not have says so, also where there is no CUDA."""
    monkeypatch.setattr(subjects, "on_cpu_only", lambda file: True)
    cpu, cuda = file_subjects(SHIPPED_MODEL, ("cpu", "cuda"), (1,), BOTH, OTHERS)
    assert (cpu.problem, cuda.problem) == (None, "int8 LSTMs run on the CPU only")


def test_scores_of_a_file() -> None:
    """They are those of the file as its users load it, text without a token included."""
    (row,) = file_subjects(SHIPPED_MODEL, ("cpu",), (1,), BOTH, ("auto",))
    scorer = row.open()
    expected = [score.probability for score in load(SHIPPED_MODEL, "cpu").score(TEXTS[::2])]
    found = scorer.score_all(TEXTS)
    assert found[[0, 2]].tolist() == pytest.approx(expected, abs=1e-6)
    assert np.isnan(found[1])
    assert scorer.device == "cpu"
    assert isinstance(scorer, FileScorer)
    parts = scorer.parts(TEXTS * 50)
    assert min(parts.encode, parts.infer) > 0
    assert parts.batch >= 0


def test_rows_of_engines(tflite: Path) -> None:
    """Those that are named, for files of their format; the C engine's row is there without it."""
    rows = file_subjects(SHIPPED_MODEL, ("cpu",), (1,), BOTH)
    assert [row.runtime for row in rows] == ["native", "onnxruntime"]
    rows = file_subjects(SHIPPED_MODEL, ("cpu",), (1,), BOTH, ("native", "litert"))
    assert [row.runtime for row in rows] == ["native"]
    (row,) = file_subjects(tflite, ("cpu",), (1,), BOTH, ("native",))
    if installed() is None:
        assert row.problem is not None
        assert row.problem.startswith("engine native is not in this installation")
        pytest.skip("this installation has no C engine: pip install -e .")
    assert row.problem is None
    expected = load(tflite, engine="native").score(TEXTS[::2])
    found = row.open().score_all(TEXTS[::2])
    assert found.tolist() == [score.probability for score in expected]


def test_rows_of_auto(tiny_files: Files) -> None:
    """The engine that scoring takes; where that is not ours, the row of ours says why."""
    if installed() is None:
        pytest.skip("this installation has no C engine: pip install -e .")
    rows = file_subjects(SHIPPED_MODEL, ("cpu", "cuda"), (1,), BOTH, ("auto",))
    asked = [(row.runtime, row.requested_device) for row in rows]
    assert asked == [("native", "cpu"), ("onnxruntime", "cuda")]
    refused = tiny_files["onnx", "int8-dynamic"]
    ours, other = file_subjects(refused, ("cpu",), (1,), BOTH, ("auto",))
    assert ours.problem is not None
    assert "engine native does not run it" in ours.problem
    assert (other.runtime, other.problem) == ("onnxruntime", None)


def test_tflite_rows(tflite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteRT with its delegate and without, on the CPU; both score alike."""
    pytest.importorskip("ai_edge_litert", reason="needs LiteRT: pip install 'edgernn[tflite]'")
    rows = file_subjects(tflite, ("cpu", "cuda"), (1,), BOTH, OTHERS)
    assert [(row.options, row.requested_device, row.problem) for row in rows] == [
        (XNNPACK, "cpu", None),
        (NO_DELEGATE, "cpu", None),
    ]
    one, other = (row.open().score_all(TEXTS[::2]) for row in rows)
    assert one.tolist() == pytest.approx(other.tolist(), abs=1e-4)
    (asked,) = file_subjects(tflite, ("cuda",), (1,), (XNNPACK,), OTHERS)
    assert asked.problem == ".tflite files run on the CPU only"
    monkeypatch.setattr(subjects, "xnnpack_fails", lambda file: True)
    with_it, without = file_subjects(tflite, ("cpu",), (1,), BOTH, OTHERS)
    assert with_it.problem is not None
    assert "now and then" in with_it.problem
    assert without.problem is None


def test_packages_that_are_missing(
    tflite: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row says which extra brings it."""
    from edgernn.training.run import Run

    monkeypatch.setattr(subjects, "_installed", lambda package: None)
    (litert,) = file_subjects(tflite, ("cpu",), (1,), (XNNPACK,), OTHERS)
    assert litert.problem == "not installed: pip install 'edgernn[tflite]'"
    (keras,) = keras_subjects(Run.open(tiny_run), (1,))
    assert keras.problem == "not installed: pip install 'edgernn[export]'"


def test_keras(tiny_run: Path, tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's model scores as its export does; other numbers of threads are other processes'."""
    from edgernn.training.run import Run

    first, second = keras_subjects(Run.open(tiny_run), (1, 2))
    assert (first.model.name, first.model.format) == ("tiny-bilstm.keras", "keras")
    assert first.model.bytes == (tiny_run / "model.keras").stat().st_size
    assert second.problem is not None
    assert "one number of threads" in second.problem
    for name, value in cold_start.keras_environment(1).items():
        monkeypatch.setenv(name, value)
    scorer = first.open()
    exported = load(tiny_files["onnx", "float32"], "cpu").score(TEXTS[::2])
    found = scorer.score_all([TEXTS[0], "", TEXTS[2]])
    assert found[[0, 2]].tolist() == pytest.approx([s.probability for s in exported], abs=1e-4)
    assert np.isnan(found[1])
    parts = scorer.parts(TEXTS[::2])
    assert min(parts.encode, parts.infer) > 0
    scorer.score_one(TEXTS[0])
    # TensorFlow is loaded by now.
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    with pytest.raises(DeviceError, match="another number of threads"):
        first.open()


def test_many_labels(tiny_labels_run: Path) -> None:
    """A row of probabilities a text, of which the likeliest is given."""
    from edgernn.training.run import Run

    scorer = KerasScorer(Run.open(tiny_labels_run))
    scores = scorer.score_all([TEXTS[0], "", TEXTS[2]])
    assert (scores.shape, scores.dtype) == ((3, 3), np.float32)
    assert np.isnan(scores[1]).all()
    assert scores[[0, 2]].sum(axis=1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert scorer.parts(TEXTS[::2]).infer > 0


def test_a_broken_file(tmp_path: Path) -> None:
    """What is no model file of ours is an error, not a row."""
    (tmp_path / "x.onnx").write_bytes(b"x")
    with pytest.raises(ModelFileError, match=r"x\.onnx"):
        file_subjects(tmp_path / "x.onnx", ("cpu",), (1,), BOTH)


def test_a_fresh_process() -> None:
    """It takes longer than a score, and its memory is its own, not that of its parent."""
    held = bytearray(b"x") * (700 << 20)
    found = start(FirstScore("edgernn", str(SHIPPED_MODEL), "cpu", 1), "A great film")
    assert 20 < found.milliseconds < 60_000
    assert found.peak_bytes is not None
    assert 20e6 < found.peak_bytes < len(held) / 2


def test_a_fresh_process_without_delegate(tflite: Path) -> None:
    """The other ways to load a file start, too."""
    pytest.importorskip("ai_edge_litert", reason="needs LiteRT: pip install 'edgernn[tflite]'")
    assert start(FirstScore("plain", str(tflite), "cpu", 1), "A great film").milliseconds > 20


@pytest.mark.slow
def test_a_fresh_process_with_keras(tiny_run: Path) -> None:
    """A run folder's model."""
    assert start(FirstScore("keras", str(tiny_run), "auto", 1), "A great film").milliseconds > 200


def test_a_process_that_fails(tmp_path: Path) -> None:
    """Its last line says why; a text that no process can be given is an error, too."""
    missing = FirstScore("edgernn", str(tmp_path / "none.onnx"), "cpu", 1)
    with pytest.raises(EdgernnError, match=r"ModelFileError: .*none\.onnx: cannot be read"):
        start(missing, "A great film")
    with pytest.raises(EdgernnError, match="a fresh process failed"):
        start(FirstScore("edgernn", str(SHIPPED_MODEL), "cpu", 1), "a\0b")


def test_current_folder_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that lies beside the model is none of ours."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported')")
    shutil.copy(SHIPPED_MODEL, tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    assert start(FirstScore("edgernn", "model.onnx", "cpu", 1), "A great film").milliseconds > 20


def test_time_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls at the same time count once, as long as one is under way."""
    now = FakeClock()
    monkeypatch.setattr("edgernn.bench.scorers.time.perf_counter", now)
    clock = _BusyClock()
    with clock:
        now.now += 1
        with clock:
            now.now += 2
        now.now += 4
    now.now += 8
    with clock:
        now.now += 16
    assert clock.seconds == 1 + 2 + 4 + 16


CPU_INFO = (
    "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu avx2 avx512_vnni fma vmx\n\n"
    "processor\t: 1\nmodel name\t: Other\n"
)


def test_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor, instruction sets, clock and versions."""
    (tmp_path / "cpu").write_text(CPU_INFO)
    (tmp_path / "governor").write_text("powersave\n")
    card = tmp_path / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA H100\nIRQ: 5\n")
    (tmp_path / "driver").write_text("NVRM version: NVIDIA UNIX Kernel Module  570.86.15  Thu\n")
    names = {"_CPU": "cpu", "_GOVERNOR": "governor", "_GPUS": "gpus", "_GPU_DRIVER": "driver"}
    for name, file in names.items():
        monkeypatch.setattr(machine, name, tmp_path / file)
    found = describe_machine()
    assert found.name == "Some CPU @ 3 GHz"
    assert found.flags == ("avx2", "avx512_vnni", "fma")
    assert found.governor == "powersave"
    assert found.versions["gpu 0"] == "NVIDIA H100"
    assert found.versions["nvidia driver"] == "570.86.15"
    assert found.versions["onnxruntime"] == onnxruntime.__version__
    assert found.cores >= 1


def test_another_machine() -> None:
    """What makes times another's is named; versions are what may well have changed."""
    here = describe_machine()
    assert differences(here, here) == []
    changes = {**here.__dict__, "cores": here.cores + 1, "versions": {}, "governor": "x"}
    assert differences(here, type(here)(**changes)) == [
        f"cores {here.cores}, was {here.cores + 1}",
        f"governor {here.governor or 'unknown'}, was x",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe(tmp_path: Path) -> None:
    """A file that can be read once is refused before it is read: fresh processes would wait."""
    path = tmp_path / "model.onnx"
    os.mkfifo(path)
    with pytest.raises(ModelFileError, match="fresh processes are to open it again"):
        file_subjects(path, ["cpu"], [1], [])
