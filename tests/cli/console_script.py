"""Running the installed console script, as a user does."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import DROPPED

SCRIPT = Path(sys.executable).with_name("edgernn.exe" if os.name == "nt" else "edgernn")
SUBWORDS = ("good_", "good", "bad_", "bad", "film_", "film", "a_", "very_")

TRAIN = (
    *("--recipe", "subword-bilstm", "--epochs", "2", "--batch-size", "8", "--max-length", "12"),
    *("--limit", "36", "--seed", "5"),
)


def write_reviews(path: Path, count: int = 40) -> Path:
    """Write a CSV of `count` reviews, no two alike; even ones are negative, odd ones positive."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "sentiment"))
        for i in range(count):
            word, label = (("bad", "negative"), ("good", "positive"))[i % 2]
            rows.writerow((f"a {'very ' * (i % 5)}{word} film {i}", label))
    return path


def epochs_of(folder: Path) -> list[dict[str, str]]:
    """Return what a run's history says of each epoch, but for how long it took."""
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


class Edgernn:
    """The installed console script; `environment` is what it sees of ours."""

    def __init__(self) -> None:
        if not SCRIPT.exists():
            pytest.skip(f"no console script {SCRIPT.name} beside {sys.executable}")
        self.command = str(SCRIPT)
        self.environment = {k: v for k, v in os.environ.items() if k not in DROPPED}

    def __call__(
        self, *arguments: object, stdin: bytes = b"", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; standard output and standard error come as text."""
        done = subprocess.run(
            [self.command, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=cwd,
            env=self.environment,
            timeout=300,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def start(self, *arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start and go on at once; standard error is a pipe of text."""
        return subprocess.Popen(
            [self.command, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=cwd,
            env=self.environment,
        )
