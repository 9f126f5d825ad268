"""ONNX Runtime's telemetry is off before it is imported, wherever that is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest

from edgernn import privacy
from edgernn.privacy import TELEMETRY, import_quietly, switch_telemetry_off

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
SENDS = sys.platform == "linux" and privacy._sends(onnxruntime)


LEFT = [
    f"home/.cache/Microsoft/DeveloperTools/.onnxruntime/{name}"
    for name in ("deviceid", "onnxruntime.db")
]
OPEN = (
    "import onnxruntime, sys\n"
    "onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])\n"
)
SCORE = (
    "import sys, edgernn\n"
    "edgernn.load(sys.argv[1], 'cpu', engine='onnxruntime').score(['A good film.'])\n"
)


@pytest.mark.skipif(not SENDS, reason="this ONNX Runtime has no telemetry on this system")
@pytest.mark.parametrize(
    ("code", "variables", "left"),
    [
        (OPEN, {}, LEFT),
        (OPEN, {TELEMETRY: "1"}, []),
        (SCORE, {}, []),
        (SCORE, {TELEMETRY: "0"}, LEFT),
        (f"import edgernn\n{OPEN}", {}, []),
    ],
    ids=["ONNX Runtime alone", "off", "edgernn", "as asked for", "ONNX Runtime after edgernn"],
)
def test_what_stays_in_the_home_folder(home, code, variables, left):
    """Nothing of edgernn's; ONNX Runtime alone leaves what this test would see."""
    home.python(code, MODEL, **variables)
    assert [name for name in home.left if name in LEFT] == left
    assert left or home.left == []


def test_the_processes_that_it_starts(home):
    """They inherit the variable."""
    code = (
        "import subprocess, sys, edgernn\n"
        f'child = "import os; print(os.environ[{TELEMETRY!r}])"\n'
        "subprocess.run([sys.executable, '-c', child], check=True)\n"
    )
    assert home.python(code).stdout == "1\n"


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
def test_imported_before_us(home):
    """One warning a process, which says what to do; who does it gets none."""
    code = f"import onnxruntime\n{SCORE}{SCORE}"
    said = home.python(code, MODEL).stderr
    assert said.count("RuntimeWarning: this program imported onnxruntime before edgernn") == 1
    assert f"set {TELEMETRY}=1 before the program starts" in said
    for right in (f"import edgernn\n{code}", SCORE):
        assert home.python(right, MODEL).stderr == ""
    assert home.python(code, MODEL, **{TELEMETRY: "1"}).stderr == ""


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


def test_tests_run_without_it():
    """The tests themselves import ONNX Runtime as people do, after this was set."""
    assert os.environ[TELEMETRY] == "1"
