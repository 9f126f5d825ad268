"""Every command leaves an empty home folder empty, no temporary file, and asks nobody anything.

The slow tests watch the commands that load TensorFlow with strace: `pytest -m slow tests/privacy`.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from homes import Home

from edgernn.cli import file_commands, run_commands

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
SCRIPT = Path(sys.executable).with_name("edgernn.exe" if os.name == "nt" else "edgernn")

QUICK: dict[str, tuple[tuple[object, ...], ...]] = {
    "score": (
        ("Great movie!", "--model", MODEL),
        ("--input", "reviews.csv", "--output", "scores.csv"),
    ),
    "info": ((),),
    "audit": ((),),
    "formats": ((),),
    "recipes": ((),),
    "android": ((MODEL, "--project", "project"),),
    "web": ((MODEL, "--output", "site"),),
}
"""What does without TensorFlow, several ways where they differ in what they load."""

_DATA = ("--data", "reviews.csv")
_RUN = ("--epochs", 1, "--batch-size", 8, "--max-length", 12)
_FILES = ("out/subword-bilstm-float32.onnx", "out/subword-bilstm-float32.tflite")
SLOW: tuple[tuple[object, ...], ...] = (
    ("train", "--recipe", "subword-bilstm", *_DATA, *_RUN, "--output", "run"),
    ("train", "--recipe", "flagship", *_DATA, "--epochs", 1, "--output", "flagship"),
    ("export", "--run", "run", "--format", "all", "--precision", "float32", "--output", "out"),
    ("verify", _FILES[0]),
    ("verify", *_DATA, "--run", "run", _FILES[1]),
    ("evaluate", *_DATA, "--model", "run", "--errors", 3, "--report", "report"),
    ("evaluate", *_DATA, "--model", _FILES[1]),
    ("compare", "run", "flagship", "--plot", "compare.png"),
    ("summary", "run", "--plot", "summary.png"),
    (
        *("import", "run/model.keras", "--tokenizer", "run/vocabulary.subwords"),
        *("--max-length", 12, "--output", "imported"),
    ),
    (
        *("bench", "--run", "run", "--precision", "float32", *_DATA, "--reviews", 20),
        *("--tokens", 5, "--time", 0.05, "--html", "bench.html", "--output", "bench.json"),
    ),
    ("choose", *_DATA, "--max-size", "500kB", "--budget", "15s", "--output", "choice"),
)
"""One after the other, each with what those before it wrote."""

SETTLED = {"choose": (0, 1), "compare": (0,)}
"""Exit codes where 0 is not the only one that says that a command did its work."""

NAME = "Quackenbush"
"""Stands in one of the texts."""

ASKED_FOR = {"reviews.csv", "report/errors.csv", "report/metrics.json"}
"""Files that hold texts of the data: the data, and what `--report` with `--errors` writes."""

UPLOAD_SECONDS = 12.0
"""ONNX Runtime's uploader looks for its host within a second, and again after six."""


def write_reviews(folder: Path) -> None:
    with (folder / "reviews.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "sentiment"))
        for i in range(60):
            word, label = (("bad", "negative"), ("good", "positive"))[i % 2]
            rows.writerow((f"a {'very ' * (i % 5)}{word} film {i}", label))
        rows.writerow((f"a bad film, says {NAME}", "negative"))
    (folder / "project" / "app" / "src" / "main").mkdir(parents=True)


def run(home: Home, command: Sequence[object], before: Sequence[object] = ()) -> str:
    if not SCRIPT.exists():
        pytest.skip(f"no console script {SCRIPT.name} beside {sys.executable}")
    done = home.run([*before, SCRIPT, *command])
    assert done.returncode in SETTLED.get(str(command[0]), (0,)), done.stderr[-3000:]
    return done.stdout


def test_no_command_is_forgotten():
    """Each stands in one of the tables."""
    assert {*QUICK, *(str(command[0]) for command in SLOW)} == {
        *run_commands.COMMANDS,
        *file_commands.COMMANDS,
    }


@pytest.mark.parametrize("name", QUICK)
def test_a_command(home, name):
    """In an empty home folder."""
    write_reviews(home.work)
    for arguments in QUICK[name]:
        run(home, (name, *arguments))
        assert home.left == []


def outside(trace: str) -> list[str]:
    """The calls of a trace that ask a resolver or another machine."""
    found = []
    for line in trace.splitlines():
        call = re.search(r"\b(connect|sendto|sendmsg|sendmmsg)\((.*)", line)
        if call and re.search(r"AF_INET|nscd|resolve|sin6?_port|sin6?_addr", call[2]):
            found.append(line)
    return found


def holding(folder: Path, word: str) -> set[str]:
    """The files that hold a word, in their zipped parts as well."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                parts += [packed.read(name) for name in packed.namelist()]
        if any(word.lower().encode() in part.lower() for part in parts):
            found.add(path.relative_to(folder).as_posix())
    return found


class Watched:
    """Runs programs under strace, where they have no way to other machines."""

    def __init__(self, home: Home) -> None:
        if sys.platform != "linux" or shutil.which("strace") is None:
            pytest.skip("needs strace: apt-get install strace")
        self.home = home
        self.trace = home.folder / "trace"
        self.before = ["strace", "-f", "-qq", "-e", "trace=%network", "-o", self.trace]
        if subprocess.run([*self.before, "true"], capture_output=True).returncode:
            pytest.skip("strace may not watch programs here")

    def run(self, *command: object) -> list[str]:
        """Run a command of ours; return what it asked of others."""
        run(self.home, command, self.before)
        return outside(self.trace.read_text())

    def python(self, code: str, *arguments: object, **variables: str) -> list[str]:
        """Run Python code."""
        done = self.home.run([*self.before, sys.executable, "-c", code, *arguments], **variables)
        assert done.returncode == 0, done.stderr
        return outside(self.trace.read_text())


STAYS = (
    "import sys, time, edgernn\n"
    "classifier = edgernn.load(sys.argv[1], 'cpu')\n"
    "end = time.monotonic() + float(sys.argv[2])\n"
    "while time.monotonic() < end:\n"
    "    classifier.score(['A good film.'])\n"
    "    time.sleep(0.2)\n"
)


@pytest.mark.slow
def test_what_would_be_seen(home):
    """With telemetry on, as a person may wish, a host is looked up: the next test would see it."""
    asked = Watched(home).python(STAYS, MODEL, UPLOAD_SECONDS, ORT_DISABLE_TELEMETRY="0")
    assert asked, "ONNX Runtime's uploader was not seen; this release may have none"


@pytest.mark.slow
def test_a_program_that_stays(home):
    """Longer than the uploader waits."""
    started = time.monotonic()
    assert Watched(home).python(STAYS, MODEL, UPLOAD_SECONDS) == []
    assert time.monotonic() - started > UPLOAD_SECONDS
    assert home.left == []


@pytest.mark.slow
def test_the_commands_with_tensorflow(home):
    """None asks anybody, and none leaves anything in the home folder or among temporary files."""
    pytest.importorskip("tensorflow_datasets", reason="needs pip install 'edgernn[train,export]'")
    write_reviews(home.work)
    watched = Watched(home)
    for command in SLOW:
        assert (command, watched.run(*command), home.left) == (command, [], [])
    assert holding(home.work, "film") > ASKED_FOR
    assert holding(home.work, NAME) <= ASKED_FOR
