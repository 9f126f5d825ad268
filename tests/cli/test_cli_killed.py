"""Commands that are killed at any moment leave the old file or the new one, never a half."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import pytest
from console_script import TRAIN, Edgernn, epochs_of

import edgernn as package
from edgernn import files
from edgernn.errors import ModelFileError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.run import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has these signals in name only")

OLD = b"what an earlier command wrote\n"
CAUSE = {SIGINT: "interrupted", SIGTERM: "ended by SIGTERM"}
CAUSE_OF = {128 + number: cause for number, cause in CAUSE.items()}
ROWS = 10_000


def temporaries(folder: Path) -> list[str]:
    """Names of files that are not written to their end."""
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if files.leftover_of(p.name)]


# --- the writer itself


WRITER = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("files", sys.argv[1])
files = importlib.util.module_from_spec(spec)
sys.modules["files"] = files
spec.loader.exec_module(files)
round = 0
while True:
    round += 1
    with files.new_file(sys.argv[2]) as temporary, temporary.open("wb") as out:
        for part in range(64):
            out.write(b"%07d\\n" % round * 2048)
"""


def test_a_writer_killed(tmp_path: Path) -> None:
    """Killed thirty times as it writes one file after the other: it is always whole."""
    target = tmp_path / "numbers.txt"
    target.write_bytes(OLD)
    rng = random.Random(30)
    left = 0
    for i in range(30):
        before = target.read_bytes()
        arguments = [sys.executable, "-S", "-c", WRITER, files.__file__, str(target)]
        with subprocess.Popen(arguments) as running:
            wait_for(lambda before=before: target.read_bytes() != before, running)
            time.sleep(rng.uniform(0, 0.02))
            if i % 2:
                temporary = target.with_name(f".numbers.{running.pid}.partial.txt")
                wait_for(temporary.exists, running)
            running.kill()
        content = target.read_bytes()
        assert len(content) == 8 * 64 * 2048
        assert content == content[:8] * (64 * 2048)
        left += bool(temporaries(tmp_path))
        # That of an earlier process goes when the next one has written.
        assert len(temporaries(tmp_path)) <= 1
    assert left > 5, "hardly ever hit as it wrote"


# --- commands


@dataclass(frozen=True)
class Killed:
    """How a command ended; -n is the exit code of a process that signal n ended by itself."""

    code: int
    lines: list[str]
    seconds: float
    """Until its files were there, if no signal was sent."""


@dataclass(frozen=True)
class Command:
    """A command, and what shows that it has begun to write its files, and that it has done so."""

    arguments: tuple[object, ...]
    has_begun: Callable[[Path], bool]
    is_done: Callable[[Path], bool]


def wait_for(sign: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    """Wait until there is a sign."""
    deadline = time.monotonic() + 300
    while not sign():
        assert running.poll() is None, "it ended without a sign"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def heeds(process: int) -> bool:
    """Tell whether a process handles SIGTERM; before, Python is only just starting."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        time.sleep(1)
        return True
    lines = status.read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (SIGTERM - 1) & 1)


def run(
    console: Edgernn,
    command: Command,
    folder: Path,
    number: Signals | None = None,
    *,
    late: bool = False,
    delay: float = 0.0,
) -> Killed:
    """Run a command in a folder; send it a signal after a delay.

    The delay counts from where the command handles signals, or if `late` from where it begins to
    write.
    """
    with (folder.parent / f"{folder.name}.log").open("w+b") as log:
        arguments = [console.command, *map(str, command.arguments)]
        with subprocess.Popen(
            arguments, stdout=log, stderr=log, cwd=folder, env=console.environment
        ) as running:
            wait_for(lambda: heeds(running.pid), running)
            if late:
                wait_for(lambda: command.has_begun(folder), running)
            started = time.monotonic()
            if number is not None:
                time.sleep(delay)
                running.send_signal(number)
            else:
                wait_for(lambda: command.is_done(folder), running)
            seconds = time.monotonic() - started
            code = running.wait(300)
        log.seek(0)
        return Killed(code, log.read().decode().splitlines(), seconds)


def check_end(killed: Killed, number: Signals, state: str, folder: Path) -> None:
    """Check exit code and last line; and that nothing half is left of what could tidy up."""
    told = f"{number.name}: {killed}"
    assert "Traceback" not in "".join(killed.lines), told
    if number == SIGKILL:
        assert killed.code == -SIGKILL or (killed.code, state) == (0, "new"), told
        return
    assert temporaries(folder) == [], told
    if state == "new" and killed.code in (0, -number):
        # It had done all and was ending anyway.
        return
    assert killed.code == 128 + number, told
    assert killed.lines[-1].startswith(CAUSE[number]), told


def moments(runs: int, seed: int, whole: float, writing: float) -> Iterator[tuple[Signals, dict]]:
    """Give signals and moments: a third anywhere, the others while files are written."""
    rng = random.Random(seed)
    for i in range(runs):
        late = rng.random() < 2 / 3
        delay = rng.uniform(0, 1.2 * (writing if late else whole))
        yield (SIGINT, SIGTERM, SIGKILL)[i % 3], {"late": late, "delay": delay}


def kill_often(
    console: Edgernn,
    command: Command,
    runs: int,
    folders: Callable[[], Path],
    check: Callable[[Path, Killed], str],
) -> Counter[tuple[str, str]]:
    """Run a command to the end once, then kill it often; count the states by signal.

    `check` gets the folder, tells the state that its files are in, and fails if they are in none.
    """
    lengths = []
    for late in (False, True):
        folder = folders()
        undisturbed = run(console, command, folder, late=late)
        assert undisturbed.code == 0, undisturbed.lines
        assert check(folder, undisturbed) == "new"
        lengths.append(undisturbed.seconds)
    counts: Counter[tuple[str, str]] = Counter()
    for number, moment in moments(runs, 1, *lengths):
        folder = folders()
        killed = run(console, command, folder, number, **moment)
        state = check(folder, killed)
        check_end(killed, number, state.partition(",")[0], folder)
        counts[number.name, state] += 1
    print(*sorted(counts.items()), sep="\n")
    return counts


# --- score


SCORE = Command(
    ("score", "--input", "texts.txt", "--output", "scores.jsonl", "--overwrite"),
    lambda folder: any(p.stat().st_size for p in folder.glob("scores.partial.jsonl")),
    lambda folder: (folder / "scores.jsonl").read_bytes() != OLD,
)


@pytest.fixture
def scoring(tmp_path: Path) -> Callable[[], Path]:
    """Makes folders with texts and an older result."""
    if not SHIPPED_MODEL.exists():
        pytest.skip("no pretrained model in the package")

    def folder() -> Path:
        new = tmp_path / str(len(list(tmp_path.iterdir())))
        new.mkdir()
        (new / "texts.txt").write_text("".join(f"a very good film {i}\n" for i in range(ROWS)))
        (new / "scores.jsonl").write_bytes(OLD)
        return new

    return folder


def scored(path: Path) -> list[str]:
    """The texts of a result; every line must be whole, of a killed one's but the last."""
    lines = path.read_text().splitlines(keepends=True)
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    assert len(lines) - len(rows) <= (".partial" in path.name)
    assert all(0 <= row["probability"] <= 1 for row in rows)
    return [row["text"] for row in rows]


def check_scores(folder: Path, killed: Killed) -> str:
    """The older result or all rows; rows that were reached only under the name that says so."""
    texts = (folder / "texts.txt").read_text().splitlines()
    result, partial = folder / "scores.jsonl", folder / "scores.partial.jsonl"
    state = "old" if result.read_bytes() == OLD else "new"
    if state == "new":
        assert scored(result) == texts
        assert not partial.exists()
    elif partial.exists():
        reached = scored(partial)
        assert reached == texts[: len(reached)]
        state = "old, partial result"
        if killed.code != -SIGKILL:
            # Without a row there would be no such file.
            assert killed.lines[-1] == f"{CAUSE_OF[killed.code]} after {len(reached):,} rows"
    return state


def test_score_killed(console: Edgernn, scoring: Callable[[], Path]) -> None:
    """Six times: the rows of the older result or all of the new one; no temporary file."""
    counts = kill_often(console, SCORE, 6, scoring, check_scores)
    assert sum(counts.values()) == 6
    assert any(state != "new" for _, state in counts), "never hit before the end"


@pytest.mark.slow
def test_score_killed_often(console: Edgernn, scoring: Callable[[], Path]) -> None:
    """Seventeen times."""
    kill_often(console, SCORE, 17, scoring, check_scores)


def test_hangup_is_left_to_nohup(console: Edgernn, scoring: Callable[[], Path]) -> None:
    """SIGHUP ends a command, unless it is switched off as by `nohup`."""
    killed = run(console, SCORE, scoring(), signal.SIGHUP, late=True)
    assert killed.code == 128 + signal.SIGHUP
    assert killed.lines[-1].startswith("ended by SIGHUP after ")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        folder = scoring()
        killed = run(console, SCORE, folder, signal.SIGHUP, late=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert killed.code == 0, killed.lines
    assert check_scores(folder, killed) == "new"


# --- export


def exporting_of(run_folder: Path | None) -> Command:
    """`edgernn export`, of the pretrained model where no run is named."""
    return Command(
        (
            *("export", "--format", "onnx", "--output", "model.onnx"),
            *(() if run_folder is None else ("--run", run_folder)),
        ),
        lambda folder: any(folder.glob(".model.*.onnx")),
        lambda folder: (folder / "model.onnx").read_bytes() != OLD,
    )


@pytest.fixture
def exports(tmp_path: Path) -> Callable[[], Path]:
    """Makes folders with an older model file."""
    # Not by find_spec: where this process does not import TensorFlow, its packages are hidden.
    if not any(metadata.distributions(name="tf2onnx")):
        pytest.skip("needs the export extra: pip install 'edgernn[export]'")

    def folder() -> Path:
        new = tmp_path / str(len(list(tmp_path.iterdir())))
        new.mkdir()
        (new / "model.onnx").write_bytes(OLD)
        return new

    return folder


def check_model(folder: Path, killed: Killed) -> str:
    """The older file, or one that scores."""
    file = folder / "model.onnx"
    if file.read_bytes() == OLD:
        return "old"
    assert 0 <= package.load(file).score(["a very good film"])[0].probability <= 1
    return "new"


def test_export_ended(console: Edgernn, exports: Callable[[], Path]) -> None:
    """SIGTERM as the file is checked: the older one stands, and no temporary file."""
    if not SHIPPED_MODEL.exists():
        pytest.skip("no pretrained model in the package")
    folder = exports()
    killed = run(console, exporting_of(None), folder, SIGTERM, late=True)
    assert check_model(folder, killed) == "old"
    check_end(killed, SIGTERM, "old", folder)
    assert killed.lines[-1] == "ended by SIGTERM"


@pytest.mark.slow
def test_export_killed_often(
    console: Edgernn, exports: Callable[[], Path], request: pytest.FixtureRequest
) -> None:
    """Sixteen times: the older file or one that scores; no temporary file."""
    trained = request.getfixturevalue("run")
    kill_often(console, exporting_of(trained), 16, exports, check_model)


# --- train


@pytest.mark.slow
def test_train_killed_often(console: Edgernn, place: Path, tmp_path: Path) -> None:
    """Seventeen times: a whole run or none; it is gone on with, or begun again, to the same end."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    data = ("--data", place / "reviews.csv", "--vocab", place / "tiny.subwords")
    command = Command(
        ("train", *data, *TRAIN, "--output", "run"),
        lambda folder: (folder / "run" / "checkpoint").exists(),
        lambda folder: (folder / "run" / "model.keras").exists(),
    )
    ends: set[tuple[object, ...]] = set()

    def folder() -> Path:
        new = tmp_path / str(len(list(tmp_path.iterdir())))
        new.mkdir()
        return new

    def check(folder: Path, killed: Killed) -> str:
        cut = folder / "run"
        state = state_of_run(cut)
        if killed.code not in (0, -SIGKILL) and state != "new":
            can_go_on = killed.lines[-1].endswith("to resume: edgernn train --resume --output run")
            assert can_go_on == (state != "old"), (state, killed)
        if state != "new":
            again = console("train", "--resume", "--output", "run", cwd=folder)
            if state == "old":
                assert again.returncode == 1
                assert "nothing to resume" in again.stderr
                again = console(*command.arguments, cwd=folder)
            assert again.returncode == 0, (state, killed, again.stderr)
            assert state_of_run(cut) == "new"
            assert temporaries(folder) == []
        ends.add(end_of_run(cut))
        return state

    kill_often(console, command, 17, folder, check)
    assert len(ends) == 1


def state_of_run(folder: Path) -> str:
    """Whether a run folder is that of a whole run (new), or what is there to go on from."""
    resumable = (folder / "checkpoint" / "state.json").exists()
    try:
        run = Run.open(folder)
    except ModelFileError:
        return "old, checkpoint" if resumable else "old"
    epochs = (folder / "history.csv").read_text().splitlines()[1:]
    assert len(epochs) == run.metrics["epochs"]
    if resumable:
        return "old, partial result" if run.metrics["interrupted"] else "new, checkpoint"
    assert not run.metrics["interrupted"]
    return "new"


def end_of_run(folder: Path) -> tuple[object, ...]:
    """What the same command always ends with: the numbers but for the times, and the weights."""
    weights = Run.open(folder).load_model().get_weights()
    return (json.dumps(epochs_of(folder)), *(array.tobytes() for array in weights))
