"""ONNX Runtime's telemetry is off before it is imported, wherever that is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest

from edgernn import privacy
from edgernn.privacy import TELEMETRY, import_quietly, switch_telemetry_off

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
FOLDERS = ("edgernn", "exporters", "benchmarks")
SENDS = sys.platform == "linux" and privacy._sends(onnxruntime)


def run(home: Path, code: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess:
    """Run code in a process whose home is `home`, as a person's is: without the marks of a CI."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, *map(str, arguments)],
        env={**kept, "HOME": str(home), **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


OPEN = (
    "import onnxruntime, sys\n"
    "onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])\n"
)
SCORE = "import sys, edgernn\nedgernn.load(sys.argv[1], 'cpu').score(['A good film.'])\n"


@pytest.mark.skipif(not SENDS, reason="this ONNX Runtime has no telemetry on this system")
@pytest.mark.parametrize(
    ("code", "variables", "left"),
    [
        (OPEN, {}, ["deviceid", "onnxruntime.db"]),
        (OPEN, {TELEMETRY: "1"}, []),
        (SCORE, {}, []),
        (SCORE, {TELEMETRY: "0"}, ["deviceid", "onnxruntime.db"]),
        (f"import edgernn\n{OPEN}", {}, []),
    ],
    ids=["ONNX Runtime alone", "off", "edgernn", "as asked for", "ONNX Runtime after edgernn"],
)
def test_what_stays_in_the_home_folder(tmp_path, code, variables, left):
    """Nothing of edgernn's; ONNX Runtime alone leaves what this test would see."""
    run(tmp_path, code, MODEL, **variables)
    assert files(tmp_path) == left


def test_the_processes_that_it_starts(tmp_path):
    """They inherit the variable."""
    code = (
        "import subprocess, sys, edgernn\n"
        f'child = "import os; print(os.environ[{TELEMETRY!r}])"\n'
        "subprocess.run([sys.executable, '-c', child], check=True)\n"
    )
    assert run(tmp_path, code).stdout == "1\n"


@pytest.mark.parametrize("value", ["0", "1", "", "yes"])
def test_what_a_person_set_stays(monkeypatch, value):
    """Nothing overrules it, and nothing warns."""
    monkeypatch.setattr(privacy, "_too_late", False)
    monkeypatch.setenv(TELEMETRY, value)
    switch_telemetry_off()
    import_quietly("onnxruntime")
    assert os.environ[TELEMETRY] == value
    assert not privacy._too_late


@pytest.mark.skipif(not SENDS, reason="this ONNX Runtime has no telemetry on this system")
def test_imported_before_us(tmp_path):
    """One warning a process, which says what to do; who does it gets none."""
    code = f"import onnxruntime\n{SCORE}{SCORE}"
    said = run(tmp_path, code, MODEL).stderr
    assert said.count("RuntimeWarning: this program imported onnxruntime before edgernn") == 1
    assert f"set {TELEMETRY}=1 before the program starts" in said
    for right in (f"import edgernn\n{code}", SCORE):
        assert run(tmp_path, right, MODEL).stderr == ""
    assert run(tmp_path, code, MODEL, **{TELEMETRY: "1"}).stderr == ""


@pytest.mark.parametrize(
    ("version", "sends"),
    [("1.28.0", False), ("1.29.0", True), ("1.31.1", True), ("2.0", True), ("dev", True)],
)
def test_releases(version, sends):
    """Telemetry came with 1.29; a version that says nothing may have it."""
    assert privacy._sends(SimpleNamespace(__version__=version)) is sends


def test_windows(monkeypatch):
    """There the system collects events, which the package's own function stops."""
    calls = []
    fake = SimpleNamespace(disable_telemetry_events=lambda: calls.append("off"))
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    monkeypatch.setattr(privacy.sys, "platform", "win32")
    for value in ("0", "1"):
        monkeypatch.setenv(TELEMETRY, value)
        assert import_quietly("onnxruntime") is fake
    assert calls == ["off"]


BY_NAME = ("import_module", "__import__")


def imported(tree: ast.AST) -> set[str]:
    """The packages that a file imports by a statement or by name, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func).rpartition(".")[2]
            found |= {str(node.args[0].value)} if function in BY_NAME else set()
    return {name.partition(".")[0] for name in found}


def test_one_place_imports_it():
    """A second one would be the way around."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 200
    wrong = [p for p in paths if "onnxruntime" in imported(ast.parse(p.read_text("utf-8")))]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "import onnxruntime as ort",
        "def f():\n    from onnxruntime.quantization import quantize_dynamic",
        "importlib.import_module('onnxruntime')",
        "__import__('onnxruntime.capi')",
    ],
)
def test_the_reader_of_imports(source):
    """These tests see an import however it is written."""
    assert "onnxruntime" in imported(ast.parse(source))


def test_tests_run_without_it():
    """The tests themselves import ONNX Runtime as people do, after this was set."""
    assert os.environ[TELEMETRY] == "1"
