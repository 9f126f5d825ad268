"""Scoring loads the package's own engine, NumPy where that is needed, and nothing heavy besides."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgernn.nvidia import find_gpus

HEAVY = {
    "ai_edge_litert",
    "keras",
    "matplotlib",
    "onnx",
    "pandas",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "tensorflow",
    "tensorflow_datasets",
    "tf_keras",
    "typer",
}


def modules(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh interpreter; return the names of all modules that it loaded."""
    report = "import atexit, json, sys\n" + (
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", report + code, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded(code: str, *arguments: str) -> set[str]:
    """Likewise, the top names."""
    return {name.partition(".")[0] for name in modules(code, *arguments)}


@pytest.fixture(scope="module")
def model(tiny_files) -> str:
    """A small .onnx file."""
    return str(tiny_files["onnx", "int8"])


def test_importing_the_package():
    """`import edgernn` takes its errors, and what keeps ONNX Runtime quiet; not even numpy."""
    names = modules("import edgernn")
    ours = {name for name in names if name.startswith("edgernn")}
    assert ours == {"edgernn", "edgernn.errors", "edgernn.privacy"}
    assert not names & (HEAVY | {"numpy", "onnxruntime"})


def test_scoring():
    """A first score takes the C engine, and the rooms that score, nothing else; not even numpy.

    On any device: only where there is a driver for CUDA is ONNX Runtime asked.
    """
    device = "auto" if find_gpus() == [] else "cpu"
    names = modules(f"import edgernn\nprint(edgernn.load(device='{device}').score(['A film.']))")
    rooms = {name.split(".")[1] for name in names if name.startswith("edgernn.")}
    assert rooms == {
        *("bundle", "cells", "engine", "errors", "files", "later", "privacy", "runtime", "text")
    }
    others = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert "edgernn" in others
    assert not others & (HEAVY | {"exporters", "numpy", "onnxruntime"})


@pytest.mark.parametrize("name", ["audit_model", "train_model"])
def test_naming_a_job(name):
    """The functions load what they need when they are called."""
    names = modules(f"import edgernn\nedgernn.{name}")
    assert "edgernn.api" in names
    assert not names & (HEAVY | {"numpy", "onnxruntime", "exporters"})


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_scoring_on_the_command_line(model, form):
    """`edgernn score` loads Typer beside, but nothing that only other commands need."""
    code = (
        "import sys\nfrom edgernn.cli.main import run\n"
        "sys.argv = ['edgernn', 'score', 'A good film.', '--device', 'cpu', '--model', "
        "*sys.argv[1:]]\nrun()"
    )
    names = loaded(code, model, *form)
    assert {"edgernn", "typer"} <= names
    assert not names & ((HEAVY - {"typer"}) | {"pydantic", "exporters", "numpy", "onnxruntime"})


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.txt"])
def test_scoring_a_file(model, tmp_path: Path, name):
    """Text formats are read with the standard library."""
    (tmp_path / name).write_text('{"text": "x"}\n' if name == "x.jsonl" else "text\nx\n")
    code = (
        "import sys\nfrom edgernn.cli.main import run\n"
        "sys.argv = ['edgernn', 'score', '--model', *sys.argv[1:]]\nrun()"
    )
    names = loaded(code, model, "--input", str(tmp_path / name))
    assert not names & ((HEAVY - {"typer"}) | {"pydantic", "exporters"})


def test_the_command_line_without_a_command():
    """Help loads no model, no runtime and no numpy."""
    code = "import sys\nfrom edgernn.cli.main import run\nsys.argv = ['edgernn', '--help']\nrun()"
    names = loaded(code)
    assert not names & ((HEAVY - {"typer", "rich"}) | {"pydantic", "exporters"})


@pytest.mark.skipif(os.name != "posix", reason="Windows has these signals in name only")
def test_ctrl_c_while_the_command_line_is_imported():
    """It ends the command in silence, as it ends any that has not begun."""
    code = (
        "import os, signal, sys\nfrom edgernn.__main__ import run\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'edgernn.cli.main':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\nrun()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
