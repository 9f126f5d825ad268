"""Other people's runtimes: right, wrong, refusing, ended, late, or not here; each is a row."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgernn.bundle import ModelFile, read_model_file
from edgernn.cli.verify import run_verification
from edgernn.errors import EdgernnError, ModelFileError
from edgernn.evaluation.verification import RealTexts
from edgernn.runtime import SHIPPED_MODEL, engines, other_runtimes
from edgernn.runtime.adapters import ADAPTERS, Adapter
from edgernn.runtime.engines import NOT_INSTALLED, find_others
from edgernn.runtime.other_runtimes import ChildRuntime, Refused, failure_in, runtime_version

IDS = [np.array([3, 4, 5], np.int32), np.array([7], np.int32)]

SCRIPT = """
import os, sys, time
sys.path.insert(0, {folder!r})
import numpy as np
import adapters

def right(path):
    import onnxruntime
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, dict(given))[0]

def ignores_lengths(path):
    call = right(path)
    def longest(given):
        return call({{**given, "lengths": np.full_like(given["lengths"], given["ids"].shape[1])}})
    return longest

def talks(path):
    print("what a runtime says", flush=True)
    os.write(1, b"and its native part")
    open(os.path.expanduser("~/trace"), "w").close()
    return right(path)

def refuses(path):
    raise RuntimeError("Exception from x.cpp:1:\\nno such operator\\nand more")

def mutters(path):
    os.write(2, b"INFO: [a.cc:1] no error\\nERROR: [b.cc:2] Variable tensors not supported.\\n")
    raise RuntimeError("Failed to load\\n\u2514 ERROR: [c.cc:3]")

def ends(path):
    os._exit(3)

def dies(path):
    return lambda given: os.abort()

def sleeps(path):
    time.sleep(60)

def shapeless(path):
    return lambda given: np.zeros((7,), np.float32)

functions = (right, ignores_lengths, talks, refuses, mutters, ends, dies, sleeps, shapeless)
adapters.serve(sys.argv[1], sys.argv[2], {{
    f.__name__: adapters.Adapter(("onnx",), (), "numpy", f) for f in functions
}})
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "runtimes.py"
    folder = str(Path(other_runtimes.__file__).parent)
    path.write_text(SCRIPT.format(folder=folder), "utf-8")
    return path


@pytest.fixture(scope="module")
def file() -> ModelFile:
    return read_model_file(SHIPPED_MODEL)


def row(file: ModelFile, script: Path, name: str, seconds: float = 60.0) -> engines.Engine:
    return engines.Engine(
        name, "1.0", None, lambda: ChildRuntime(name, file, script=script, seconds=seconds), True
    )


def verified(
    monkeypatch: pytest.MonkeyPatch, file: ModelFile, others: list[engines.Engine]
) -> None:
    """Run `edgernn verify` with these runtimes beside ours."""
    monkeypatch.setattr("edgernn.runtime.replay.find_others", lambda _: tuple(others))
    run_verification(file.path, RealTexts(), as_json=False)


def test_scores_are_ours(file: ModelFile, script: Path) -> None:
    """One by one and in a batch; what it prints is not taken for an answer."""
    ours = engines.find_engines(file)[0].open()
    with ChildRuntime("talks", file, script=script) as child:
        assert child.batched
        np.testing.assert_allclose(child.run(IDS), ours.run(IDS), atol=1e-5)
        np.testing.assert_allclose(child.run(IDS[:1]), ours.run(IDS[:1]), atol=1e-5)
        assert 0 < child.seconds < 60
        home = child._folder.name
        assert (Path(home) / "trace").exists()
    assert not os.path.exists(home)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("refuses", Refused, "RuntimeError: no such operator and more"),
        (
            "mutters",
            Refused,
            "RuntimeError: Failed to load: Variable tensors not supported.",
        ),
        ("ends", ModelFileError, "ends ends its process with exit code 3"),
        ("sleeps", ModelFileError, "sleeps takes longer than 2 seconds"),
    ],
)
def test_a_file_that_is_not_loaded(
    file: ModelFile, script: Path, name: str, kind: type[ModelFileError], said: str
) -> None:
    """The reason, in one line."""
    with pytest.raises(kind) as error:
        ChildRuntime(name, file, script=script, seconds=2 if name == "sleeps" else 60)
    assert type(error.value) is kind
    assert str(error.value) == f"{file.path}: {said}"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", None),
        ("INFO: no error\nWARNING: [a.cc:1] Failed to load a plugin\nall is well", None),
        ("[18:22:23] :337: Check failed ==> NOT_SUPPORTED_OP", "Check failed ==> NOT_SUPPORTED_OP"),
        ("Didn't find op for 'WHILE'\nFailed to get it", "Didn't find op for 'WHILE'"),
        (
            "Traceback (most recent call last):\n  raise Error\nImportError: no x",
            "ImportError: no x",
        ),
    ],
)
def test_the_line_of_a_log(log: str, said: str | None) -> None:
    """The first that tells of a failure, without where in the sources it happened."""
    assert failure_in(log) == said


def test_a_table_of_six_runtimes(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    file: ModelFile,
    script: Path,
) -> None:
    """Each is a row; one that ignores lengths is found in the batch, which no exit code tells."""
    names = ("right", "ignores_lengths", "refuses", "dies", "shapeless")
    absent = engines.Engine("absent", None, NOT_INSTALLED, lambda: pytest.fail("opened"), True)
    with pytest.raises(EdgernnError, match=r"2 of \d runtimes fail \(dies; shapeless\)"):
        verified(monkeypatch, file, [*(row(file, script, name) for name in names), absent])
    out = capfd.readouterr().out
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "✓" in lines["right"]
    cells = lines["ignores_lengths"].split()
    alone, batch = float(cells[4]), float(cells[5])
    assert alone < 1e-4 < batch
    assert "✗  in a batch: " in lines["ignores_lengths"]
    assert lines["refuses"].endswith("-  refuses the file: RuntimeError: no such operator and more")
    assert "✗  dies ends its process by signal 6" in lines["dies"]
    assert "shapeless gives [7] probabilities for 1 texts" in lines["shapeless"]
    assert "absent" not in lines
    assert "not installed: absent" in lines
    assert any(
        line.startswith("right in ")
        and "; wrong dies, shapeless; wrong in a batch alone ignores_lengths; " in line
        for line in lines
    )
    assert "refused by refuses" in out


def test_a_refusal_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    file: ModelFile,
    script: Path,
) -> None:
    """It is no wrong answer."""
    verified(monkeypatch, file, [row(file, script, "refuses")])
    assert "refused by refuses" in capfd.readouterr().out


def test_the_table_of_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is known for a format, and is here or not; nothing is imported to know it."""
    for adapter in ADAPTERS.values():
        assert set(adapter.formats) <= {"onnx", "tflite"}
        assert adapter.packages
    assert runtime_version(ADAPTERS["onnxruntime, default options"]) is not None
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert runtime_version(ADAPTERS["onnx reference"]) is None
    nowhere = Adapter(("onnx",), ("nowhere",), "no_such_module", lambda path: None)  # type: ignore[arg-type, return-value]
    assert runtime_version(nowhere) is None


def test_what_is_known(file: ModelFile) -> None:
    """Of an ONNX file the runtimes of ONNX, with the versions that are installed."""
    found = {engine.name: engine for engine in find_others(file)}
    assert [*found] == [name for name, one in ADAPTERS.items() if "onnx" in one.formats]
    for engine in found.values():
        assert (engine.version is None) == (engine.problem == NOT_INSTALLED)


@pytest.mark.parametrize("name", [n for n, one in ADAPTERS.items() if "onnx" in one.formats])
def test_each_adapter_here(file: ModelFile, name: str) -> None:
    """Those that are installed answer, or say why not; `verify` prints whichever it is."""
    if runtime_version(ADAPTERS[name]) is None:
        pytest.skip(f"{name} is not installed")
    reason, scores = str(file.path), np.zeros(1)
    try:
        with ChildRuntime(name, file) as child:
            scores = child.run(IDS[:1])
    except Refused as error:
        reason = str(error)
    assert reason.startswith(str(file.path))
    assert scores.shape == (1,)
    assert 0 <= scores[0] <= 1


def test_json_of_others(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    file: ModelFile,
    script: Path,
) -> None:
    """Both differences, and whether it was refused."""
    others = (row(file, script, "right"), row(file, script, "refuses"))
    monkeypatch.setattr("edgernn.runtime.replay.find_others", lambda _: others)
    run_verification(file.path, RealTexts(), as_json=True)
    right, refuses = json.loads(capfd.readouterr().out)["golden"]["runtimes"][-2:]
    assert right["passed"] is True
    assert max(right["alone_difference"], right["batch_difference"]) == right["largest_difference"]
    assert (refuses["passed"], refuses["refused"], refuses["texts"]) == (None, True, 0)
