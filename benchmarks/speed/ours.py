"""Our own scoring, from text to score: the Python call and the command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import edgernn
from benchmarks.command import EDGERNN
from benchmarks.peers.peer import FILE, ONE, Scores, Setup, SpeedPeer

__all__ = ["COMMAND", "OURS", "OURS_ENTRIES"]

OURS = "edgernn"
COMMAND = "edgernn-command"
_PROBABILITY = '"probability": '


class Ours:
    """`edgernn.load().score`."""

    packages = ("edgernn", "numpy")

    def __init__(self, setup: Setup) -> None:
        """Load the shipped model, as `edgernn.load` does without arguments where that fits."""
        self._threads = None if setup.part == FILE else setup.threads
        self._classifier = edgernn.load(device="cpu", threads=self._threads)

    @property
    def settings(self) -> dict[str, Any]:
        """How it is loaded."""
        return {"load": {"device": "cpu", "threads": self._threads}}

    def ready(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts: encoding is part of what is timed."""
        return texts

    def score(self, inputs: Sequence[str]) -> Scores:
        """Score texts."""
        found = self._classifier.score(inputs)
        return np.array([score.probability for score in found])


class Command:
    """`edgernn score --input FILE --output FILE`: the whole process, files and all."""

    packages = ("edgernn", "numpy", "typer")

    def __init__(self, setup: Setup) -> None:
        """Take a folder for the files."""
        self._folder = setup.folder

    @property
    def settings(self) -> dict[str, Any]:
        """What is run."""
        return {"command": "edgernn score --input reviews.jsonl --output scores.jsonl"}

    def ready(self, texts: Sequence[str]) -> Path:
        """Write the texts to a file."""
        path = self._folder / f"{len(texts)}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
        return path

    def score(self, inputs: Path) -> Scores:
        """Run the command, and read what it wrote."""
        output = inputs.with_name("scores.jsonl")
        output.unlink(missing_ok=True)
        command = [EDGERNN, "score", "--input", str(inputs), "--output", str(output)]
        subprocess.run(command, check=True, capture_output=True)
        # Not parsed as JSON: that would be a part of the time to be seen.
        with output.open(encoding="utf-8") as lines:
            found = [line.rpartition(_PROBABILITY)[2].partition(",")[0] for line in lines]
        return np.array(found, np.float64)


OURS_ENTRIES: dict[str, SpeedPeer] = {
    OURS: SpeedPeer(
        "`edgernn.load().score`", "text to score, the shipped model", Ours, parts=(FILE, ONE)
    ),
    COMMAND: SpeedPeer(
        "`edgernn score --input`",
        "the whole process, from a JSONL file to a JSONL file, the shipped model",
        Command,
    ),
}
"""What the peers are compared with."""
