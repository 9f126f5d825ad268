"""Writes what lies in this folder; runs in a checkout of 7777c62, not of a later version.

    git worktree add ../edgernn-7777c62 7777c62
    cp tests/old_artifacts/{make.py,reviews.csv,texts.json} ../edgernn-7777c62/
    cd ../edgernn-7777c62 && python make.py

The packages are those that `scores.json` names. Two recipes of that version are made small; what
they train, export and score is untouched.
"""

import dataclasses
import importlib
import json
import shutil
import sys
from pathlib import Path

from edgernn.training.recipe import Dense, Dropout, Embedding, Ngrams, Pool, Recurrent

import edgernn
from edgernn.cli.main import run
from edgernn.training import recipes

OUTPUT = Path("old_artifacts")
PACKAGES = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "ai_edge_litert", "numpy")
SMALL = {
    "bilstm": {
        "layers": (
            Embedding(8, start="neighbours"),
            Recurrent(16, bidirectional=True, input_dropout=0.2),
            Dense(8, "relu"),
            Dense(1),
        )
    },
    "flagship": {
        "layers": (
            Embedding(8, start="neighbours"),
            Recurrent(8, bidirectional=True, sequences=True, input_dropout=0.3),
            Pool(),
            Dropout(0.5),
            Dense(1),
        ),
        "ngrams": Ngrams(buckets=509, longest=3),
    },
}


def edgernn_command(*arguments):
    """Run a command of edgernn in this process, with the recipes as they are here."""
    sys.argv = ["edgernn", *map(str, arguments)]
    try:
        run()
    except SystemExit as ended:
        if ended.code:
            raise


def cpu_name():
    """Return what Linux calls this machine's CPU: another one may round otherwise."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))


def main():
    """Train, evaluate, export and score."""
    texts = json.loads(Path("texts.json").read_text("utf-8"))
    found = {
        "cpu": cpu_name(),
        "packages": {name: importlib.import_module(name).__version__ for name in PACKAGES},
        "probabilities": {},
    }
    for name, changes in SMALL.items():
        recipes.RECIPES[name] = dataclasses.replace(recipes.RECIPES[name], **changes)
        folder = OUTPUT / name
        data = ("--data", "reviews.csv")
        edgernn_command(
            *("train", "--recipe", name, *data, "--output", folder),
            *("--epochs", 30, "--batch-size", 16, "--learning-rate", 0.01),
        )
        edgernn_command("evaluate", "--model", folder, *data)
        for form, precision in (("onnx", "int8"), ("tflite", "float16")):
            path = OUTPUT / f"{name}.{form}"
            what = ("--format", form, "--precision", precision, "--output", path)
            edgernn_command("export", "--run", folder, *what)
            scores = edgernn.load(path, "cpu", threads=1).score(texts)
            found["probabilities"][path.name] = [score.probability for score in scores]
        # The largest file by far, and nothing reads it.
        (folder / "history.png").unlink()
        shutil.rmtree(folder / "teacher", ignore_errors=True)
    text = json.dumps(found, indent=1)
    (OUTPUT / "scores.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
