"""The tiers of tests come from what they use, and the guard sees what they do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import tiers

LOOP = "not slow and not keras and not jvm and not spawns"


def _start() -> None:
    subprocess.run(["mvn"], check=True)


class _Build:
    def __call__(self) -> None:
        _start()


class _Says:
    uses = ("keras",)


def _imports() -> None:
    pytest.importorskip("tensorflow.lite")


def _late() -> None:
    from edgernn.training import models

    assert models.build


def _nothing() -> None:
    pytest.importorskip("numpy")


@pytest.mark.parametrize(
    ("function", "markers"),
    [
        (_start, {"jvm", "spawns"}),
        (lambda: _Build()(), {"jvm", "spawns"}),
        (_imports, {"keras"}),
        (lambda: _Says(), {"keras"}),
        (_late, {"keras"}),
        (_nothing, set()),
    ],
)
def test_what_a_function_uses(function, markers):
    """It counts what others of ours do for it, also those that it imports when it runs."""
    assert tiers.uses([function])[function] == markers


@pytest.mark.parametrize(
    ("expression", "left_out"),
    [
        (LOOP, True),
        ("not keras", True),
        ("jvm and not keras", True),
        ("not slow", False),
        ("slow", False),
        ("keras or spawns", False),
        ("", False),
    ],
)
def test_what_an_expression_leaves_out(expression, left_out):
    """A file is left alone only where no test of Keras can run, whatever else it is."""
    assert tiers.leaves_out(expression, "keras") is left_out


def test_files_that_import_it_at_once(tmp_path: Path):
    """By themselves or through a helper beside them; inside a function is not at once."""
    sources = {
        "a": "import keras.layers",
        "b": "from a import x",
        "c": "import pytest\ntf2onnx = pytest.importorskip('tf2onnx', reason='r')",
        "d": "def f():\n    import keras",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
    heavy = [name for name in sources if tiers.imports_heavy(tmp_path / f"{name}.py")]
    assert heavy == ["a", "b", "c"]


@pytest.mark.jvm
@pytest.mark.spawns
def test_the_guard():
    """It notes what happens between start and stop, each kind once."""
    guard = tiers.Guard()
    sys.audit("os.fork")
    guard.start(hide=False)
    sys.audit("subprocess.Popen", "/usr/bin/mvn", ["mvn"], None, None)
    sys.audit("os.fork")
    assert guard.stop() == {"spawns": "starts mvn", "jvm": "starts mvn"}
    sys.audit("os.fork")
    assert guard.stop() == {}


def test_tensorflow_is_hidden():
    """A test without the marker runs as where it is not installed."""
    for name in sorted(tiers.HEAVY):
        with pytest.raises(ImportError):
            importlib.import_module(name)
        assert importlib.util.find_spec(name) is None


@pytest.mark.keras
def test_tensorflow_is_there_again():
    """What the guard hid comes back, the very module; what was not loaded can be."""
    keras = importlib.import_module("keras")
    guard = tiers.Guard()
    # A test whose teardown failed was not stopped.
    guard.start(hide=True)
    guard.start(hide=True)
    assert "keras" in sys.modules
    assert sys.modules["keras"] is None
    guard.stop()
    assert sys.modules["keras"] is keras
    assert sys.modules.get("tf2onnx", tiers) is not None
