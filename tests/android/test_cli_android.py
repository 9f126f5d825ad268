"""`edgernn android`: what it copies, what it warns of, what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from stand_in_files import with_operators

from edgernn.bundle import ModelFile, read_model_file, with_bundle
from edgernn.cli import android
from edgernn.errors import ModelFileError, UsageError
from edgernn.runtime import SHIPPED_MODEL


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an app in it."""
    (tmp_path / "project" / "app" / "src" / "main").mkdir(parents=True)
    return tmp_path / "project"


def assets(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "app" / "src" / "main" / "assets").glob("*"))


def test_the_pretrained_model_is_copied(project, capsys):
    """Byte for byte, under the name that the app looks for; nothing goes to standard output."""
    android.run_android(None, project, "16MiB")
    assert assets(project) == ["model.onnx"]
    target = project / "app" / "src" / "main" / "assets" / "model.onnx"
    assert target.read_bytes() == SHIPPED_MODEL.read_bytes()
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{len(SHIPPED_MODEL.read_bytes()):,} bytes; text contract version 2" in said.err
    assert f"{target}: copied from {SHIPPED_MODEL}" in said.err
    assert "warning" not in said.err


def test_the_next_step_is_named(project, capsys):
    """The build script where there is one; a runtime that the app has not by default is named."""
    (project / "build_apk.sh").touch()
    (project / "app" / "src" / "main" / "assets").mkdir()
    (project / "app" / "src" / "main" / "assets" / "model.tflite").touch()
    android.run_android(None, project, "16MiB")
    said = capsys.readouterr().err
    assert "model.tflite is there too" in said
    assert "build_apk.sh, or Run in Android Studio" in said


def test_an_older_model_is_replaced(project):
    """The second model takes the place of the first."""
    folder = project / "app" / "src" / "main" / "assets"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"old")
    android.run_android(SHIPPED_MODEL, project, "16MiB")
    assert (folder / "model.onnx").read_bytes() == SHIPPED_MODEL.read_bytes()
    assert assets(project) == ["model.onnx"]


def test_a_folder_without_an_app_is_refused(tmp_path):
    """In a line that says what the folder lacks; nothing is made."""
    with pytest.raises(UsageError, match=r"no Android app there \(it has no folder app/src/main\)"):
        android.run_android(None, tmp_path / "elsewhere", "16MiB")
    assert not (tmp_path / "elsewhere").exists()


def test_a_large_model_is_refused(project):
    """The limit can be chosen; the file is not copied."""
    with pytest.raises(ModelFileError, match=r"bytes, allowed 1,000: raise it with --max-size"):
        android.run_android(None, project, "1kB")
    with pytest.raises(UsageError, match="--max-size huge"):
        android.run_android(None, project, "huge")
    assert assets(project) == []


@pytest.mark.parametrize("damage", ["not a model", "cut", "other rules"])
def test_a_file_that_no_runtime_takes_is_refused(project, tmp_path, damage):
    """As scoring refuses it, and an older model stays."""
    folder = project / "app" / "src" / "main" / "assets"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"old")
    data = SHIPPED_MODEL.read_bytes()
    changed = {
        "not a model": b"PK\3\4 this is something else",
        "cut": data[: len(data) // 2],
        "other rules": data.replace(b'"version": 2', b'"version": 9'),
    }[damage]
    assert changed != data
    path = tmp_path / "strange.onnx"
    path.write_bytes(changed)
    with pytest.raises(ModelFileError, match=r"strange\.onnx: "):
        android.run_android(path, project, "16MiB")
    assert (folder / "model.onnx").read_bytes() == b"old"


def test_a_model_that_cannot_check_itself_is_warned_of(project, tmp_path, capsys):
    """Without golden vectors the app's page Verify has nothing to replay."""
    file = read_model_file(SHIPPED_MODEL)
    bundle = dataclasses.replace(file.bundle, golden=None)
    path = tmp_path / "bare.onnx"
    path.write_bytes(with_bundle(file.data, "onnx", bundle))
    android.run_android(path, project, "16MiB")
    assert "warning: it carries no golden vectors" in capsys.readouterr().err


def test_a_tflite_model_is_copied(project, tiny_tflite, capsys):
    """Under its own name, and without a warning where every runtime runs it."""
    android.run_android(tiny_tflite, project, "16MiB")
    assert assets(project) == ["model.tflite"]
    assert "warning" not in capsys.readouterr().err


@pytest.fixture(scope="session")
def tiny_tflite(tiny_files) -> Path:
    """A small LSTM as a TFLite file. Needs TensorFlow."""
    return tiny_files["tflite", "float32"]


@pytest.mark.parametrize(
    ("operators", "warned"),
    [({"WHILE": 1, "SPLIT_V": 2}, True), ({"WHILE": 1}, False)],
)
def test_loops_that_xnnpack_gets_wrong_are_warned_of(tiny_tflite, operators, warned):
    """A GRU's loop is known by its operators; no other graph is spoken of."""
    file = with_operators(read_model_file(tiny_tflite), operators)
    lines = list(android._warnings(file))
    assert [line for line in lines if "setUseXNNPACK(false)" in line] == lines
    assert bool(lines) == warned


def test_graphs_that_are_too_new_are_warned_of(tiny_tflite, monkeypatch):
    """What needs a runtime above the TensorFlow Lite that Android's packages have."""
    file: ModelFile = read_model_file(tiny_tflite)
    monkeypatch.setattr(android, "find_oldest_runtime", lambda graph: NEWER)
    (line,) = android._warnings(file)
    assert (
        "too old for it (FULLY_CONNECTED version 12: needs ai-edge-litert 1.0.1; refused)" in line
    )


class NEWER:
    """The oldest runtime of a file with dense weights of a scale each."""

    name = "ai-edge-litert"
    tensorflow_lite = "2.17"

    class _Reason:
        text = "FULLY_CONNECTED version 12: needs ai-edge-litert 1.0.1; refused"

    reasons = (_Reason,)
