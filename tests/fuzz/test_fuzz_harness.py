"""The fuzz test's own tools: a crash, a hang and a file that is opened would be seen."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path

import fuzz_pool
import pytest
from fuzz_files import Mutant, Seed, joined, sealed
from fuzz_model_files import random_mutants
from fuzz_pool import Outcome, Worker
from fuzz_watch import Watch
from test_fuzz_model_files import MEMORY, SECONDS, _problem

from edgernn.bundle import read_model_file

Files = dict[tuple[str, str], Path]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and inotify")

CHILD = """
import json, os, sys, time
print("{}", flush=True)
for line in sys.stdin:
    if "crash" in line:
        os.abort()
    if "end" in line:
        sys.exit(0)
    if "hang" in line:
        time.sleep(600)
    print(json.dumps({"status": "loaded", "probabilities": [0.5], "touched": []}), flush=True)
"""


def test_a_crash_and_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told as such, and the next file has a child of its own."""
    script = tmp_path / "child.py"
    script.write_text(CHILD, "utf-8")
    monkeypatch.setattr(fuzz_pool, "_HANG_SECONDS", 1.0)
    sound = Outcome("loaded", probabilities=(0.5,))
    with Worker([], tmp_path, script) as worker:
        for name, expected in (
            ("sound", sound),
            ("crash", Outcome("crash", message="exit code -6")),
            ("sound", sound),
            ("hang", Outcome("hang", seconds=1.0)),
            ("end", Outcome("crash", message="exit code 0")),
            ("sound", sound),
        ):
            assert worker.ask(Path(name)) == expected


def test_a_child_that_does_not_start(tmp_path: Path) -> None:
    """A sound file that is not scored is an error of the test, not a finding."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"")
    with Worker([broken], tmp_path) as worker, pytest.raises(RuntimeError, match="sound files"):
        worker.ask(broken)


HOOK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from fuzz_worker import _Hook, _memory
hook = _Hook()
sys.addaudithook(hook)
open(os.devnull).close()
hook.path = sys.argv[2]
open(sys.argv[2]).close()
open(os.__file__).close()
assert hook.seen == [], hook.seen
open(os.devnull).close()
open(sys.argv[2], "a").close()
os.listdir("/")
os.remove(sys.argv[2])
hook.path = None
print(len(hook.seen), *(line.split()[0] for line in hook.seen))
assert _memory("VmHWM") > 1 << 20
"""


def test_what_python_opens(tmp_path: Path) -> None:
    """Reading the file and Python's own is not noted; other files and any change are."""
    path = tmp_path / "model.onnx"
    path.touch()
    command = [sys.executable, "-c", HOOK, str(Path(__file__).parent), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "open", "open", "os.listdir", "os.remove"]


def test_what_others_open(tmp_path: Path) -> None:
    """A file that any process opens, and a new file in a folder, are noted."""
    path, folder = tmp_path / "outside", tmp_path / "work"
    path.touch()
    folder.mkdir()
    watch = Watch(path, folder)
    assert watch.seen() == []
    subprocess.run(["cat", path], check=True)
    assert watch.seen()
    (folder / "new").touch()
    assert any("new" in event for event in watch.seen())
    with pytest.raises(OSError, match="inotify_add_watch"):
        Watch(tmp_path / "none")


MODEL = Path("m.onnx")
DAMAGE = Mutant("m/damage", b"", damaged=True)
ATTACK = Mutant("m/attack", b"", "too large")
SEALED = Mutant("m/sealed", b"")


def loaded(*probabilities: float, **values: float) -> Outcome:
    return Outcome("loaded", probabilities=probabilities, **values)  # type: ignore[arg-type]


def refused(message: str, kind: str = "ModelFileError") -> Outcome:
    return Outcome("refused", kind, message)


@pytest.mark.parametrize(
    ("outcome", "mutant", "problem"),
    [
        (Outcome("crash"), SEALED, "crash"),
        (Outcome("hang"), DAMAGE, "hang"),
        (Outcome("error", "KeyError", "x"), SEALED, "error"),
        (loaded(0.5, seconds=SECONDS + 0.1), SEALED, "too slow"),
        (loaded(0.5, memory=MEMORY + 1), SEALED, "too much memory"),
        (Outcome("loaded", probabilities=(0.5,), touched=("open /x",)), SEALED, "touched"),
        (loaded(0.5), ATTACK, "not refused"),
        (loaded(0.4), DAMAGE, "other scores"),
        (loaded(0.5), DAMAGE, None),
        (loaded(0.4), SEALED, None),
        (loaded(float("nan")), SEALED, "no probability"),
        (loaded(1.5), SEALED, "no probability"),
        (refused("m.onnx: too large"), ATTACK, None),
        (refused("m.onnx: odd"), ATTACK, "not refused for"),
        (refused("m.onnx: odd"), DAMAGE, None),
        (refused("odd"), DAMAGE, "does not name"),
        (refused("m.onnx: odd\nlines"), DAMAGE, "no short line"),
        (refused("m.onnx: " + "x" * 2000), DAMAGE, "no short line"),
        (refused("m.onnx: std::bad_alloc"), SEALED, "for want of memory"),
        (refused("text 1: no token", "TextError"), SEALED, None),
        (refused("text 1: no token", "TextError"), DAMAGE, "another error"),
        (refused("m.onnx: odd", "DataError"), SEALED, "another error"),
    ],
)
def test_the_rules(outcome: Outcome, mutant: Mutant, problem: str | None) -> None:
    """Each rule that a file can break is told; what is allowed is not."""
    found = _problem(outcome, mutant, (0.5,), MODEL)
    assert found is None if problem is None else found is not None and problem in found


@pytest.mark.parametrize("key", [("onnx", "int8"), ("tflite", "int8")])
def test_put_together_again(tiny_files: Files, tmp_path: Path, key: tuple[str, str]) -> None:
    """The parts of a file, joined as they were, are a sound file, in either way."""
    seed = Seed("m", key[0], tiny_files[key].read_bytes())  # type: ignore[arg-type]
    path = tmp_path / "m"
    entries = [(name.encode(), content) for name, content in seed.attachments.items()]
    for data in (sealed(seed), joined(seed, entries)):
        path.write_bytes(data)
        assert read_model_file(path).bundle.contract.vocabulary_size == 299


def test_the_same_files_each_time(tiny_files: Files) -> None:
    """A seed of the random numbers names the files; another gives others."""
    seeds = [
        Seed(f"m.{key[0]}", key[0], tiny_files[key].read_bytes())  # type: ignore[arg-type]
        for key in (("onnx", "int8"), ("tflite", "int8"))
    ]

    def made(seed: int) -> list[Mutant]:
        return [*itertools.islice(random_mutants(seeds, random.Random(seed)), 60)]

    first = made(1)
    assert first == made(1)
    assert first != made(2)
    assert 15 < sum(mutant.damaged for mutant in first) < 45
    assert len({mutant.data for mutant in first}) > 50
