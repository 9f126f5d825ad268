"""Ctrl-C: what was reached is kept, what was not is not left behind half."""

import json
import os
import shlex
import shutil
import signal
import subprocess

import pytest
from console_script import epochs_of, write_reviews

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")


def wait_for(running, beginning: str) -> list[str]:
    """Read standard error up to the line that begins so."""
    lines = []
    for line in running.stderr:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError(f"no line {beginning!r} but {lines}")


def interrupt(running) -> tuple[int, list[str]]:
    """Press Ctrl-C; return the exit code and the lines on standard error that followed."""
    running.send_signal(signal.SIGINT)
    lines = running.stderr.read().splitlines()
    running.stdout.close()
    running.stderr.close()
    return running.wait(60), lines


@pytest.fixture
def scoring(console, model, tmp_path):
    """`edgernn score` at work on input that has not ended, beside an older result."""
    (tmp_path / "s.jsonl").write_text("old")
    running = subprocess.Popen(
        [
            *(console.command, "score", "--model", str(model), "--input", "-"),
            *("--output", "s.jsonl", "--overwrite"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=tmp_path,
        env=console.environment,
    )
    # More than a pipe holds: when it is written, scoring has begun, and waits for more.
    running.stdin.write("a good film\n" * 40_000)
    running.stdin.flush()
    assert (tmp_path / "s.jsonl").read_text() == "old"
    yield running
    running.stdin.close()


def test_while_scoring(scoring, tmp_path):
    """No traceback; the rows that were reached stand under a name that says they are not all."""
    code, lines = interrupt(scoring)
    assert code == 130
    assert "Traceback" not in "".join(lines)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("s.jsonl", "s.partial.jsonl", "s.partial.jsonl.job"),
    }
    rows = (tmp_path / "s.partial.jsonl").read_text().splitlines()
    assert {json.loads(row)["text"] for row in rows} == {"a good film"}
    assert len(rows) > 20_000
    assert (tmp_path / "s.jsonl").read_text() == "old"
    assert lines[-1] == f"interrupted after {len(rows):,} rows"


def test_killed_while_scoring(scoring, tmp_path):
    """What was killed leaves the older result as it was, and the rows that it had reached."""
    scoring.kill()
    assert scoring.wait(60) == -signal.SIGKILL
    scoring.stdout.close()
    scoring.stderr.close()
    assert (tmp_path / "s.jsonl").read_text() == "old"
    rows = (tmp_path / "s.partial.jsonl").read_text().splitlines(keepends=True)
    assert len(rows) > 1000
    assert {json.loads(row)["text"] for row in rows if row.endswith("\n")} == {"a good film"}


@pytest.fixture(scope="module")
def long(tmp_path_factory, place):
    """Enough reviews for an epoch to take a second or two."""
    folder = tmp_path_factory.mktemp("interrupt")
    write_reviews(folder / "reviews.csv", 600)
    shutil.copy(place / "tiny.subwords", folder)
    return folder


TRAIN = (
    *("train", "--recipe", "subword-bilstm", "--data", "reviews.csv", "--vocab", "tiny.subwords"),
    *("--epochs", "3", "--batch-size", "4", "--max-length", "12", "--seed", "2"),
)


@pytest.mark.slow
def test_in_the_second_epoch(console, long, tmp_path):
    """The run can be used at once, and gone on with to the numbers of a run without Ctrl-C."""
    running = console.start(*TRAIN, "--output", "my cut", cwd=long)
    wait_for(running, "epoch 1/3")
    code, lines = interrupt(running)
    assert code == 130, lines
    assert lines[-1] == "interrupted; to resume: edgernn train --resume --output 'my cut'"
    assert json.loads((long / "my cut" / "metrics.json").read_text())["epochs"] == 1

    done = console(
        "export", "--format", "onnx", "--run", "my cut", "--output", tmp_path / "cut.onnx", cwd=long
    )
    assert done.returncode == 0, done.stderr
    assert console("score", "good", "--model", tmp_path / "cut.onnx").returncode == 0

    resumed = console(*shlex.split(lines[-1].partition("edgernn ")[2]), cwd=long)
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 1/3" not in resumed.stderr
    assert "epoch 3/3" in resumed.stderr
    whole = console(*TRAIN, "--output", "whole", cwd=long)
    assert whole.returncode == 0, whole.stderr
    numbers = epochs_of(long / "my cut")
    assert numbers == epochs_of(long / "whole")
    assert len(numbers) == 3
    assert not (long / "my cut" / "checkpoint").exists()

    again = console("train", "--resume", "--output", "my cut", cwd=long)
    assert again.returncode == 1
    assert again.stderr == "error: my cut: nothing to resume: the run is complete\n"


@pytest.mark.slow
def test_before_the_first_epoch_ended(console, long):
    """No model was reached; it says so, and the same command may be given again."""
    running = console.start(*TRAIN, "--output", "early", cwd=long)
    wait_for(running, "vocabulary of ")
    code, lines = interrupt(running)
    assert code == 130
    assert lines[-1] == "interrupted before the first epoch ended: no model was written"
    assert "Traceback" not in "".join(lines)
    assert not (long / "early" / "model.keras").exists()
    done = console(*TRAIN, "--limit", "40", "--output", "early", cwd=long)
    assert done.returncode == 0, done.stderr
