"""What is proposed to a run that has no test figure."""

from pathlib import Path

import pytest

from edgernn.evaluation.proposals import propose_test

FILE = {"source": "my reviews.csv", "description": {"kind": "file"}}
ARCHIVE = {"source": "aclImdb_v1.tar.gz", "description": {"kind": "archive"}}
TFDS = {"source": None, "description": {"kind": "tensorflow_datasets"}}


def counts(train: int, validation: int, test: int | None) -> dict:
    return {"counts": {"train": train, "validation": validation, "test": test}}


@pytest.mark.parametrize(
    ("config", "words", "command"),
    [
        ({"data": ARCHIVE}, "has a test split", "edgernn evaluate --data aclImdb_v1.tar.gz"),
        ({"data": TFDS}, "has a test split", "edgernn evaluate"),
        ({"data": FILE}, "--test-fraction 0.2", "edgernn evaluate --data test.csv"),
        ({"data": None}, "--test-fraction 0.2", "edgernn evaluate --data test.csv"),
        ({"data": FILE, "splits": counts(90, 10, None)}, "--test-fraction 0.2, or name", "edgernn"),
        ({"data": FILE, "splits": counts(72, 8, 20)}, "rows of its data are", "edgernn evaluate"),
        (
            {"data": FILE, "splits": counts(8, 2, None)},
            "are 10 rows, of which a test split",
            "edgernn",
        ),
    ],
)
def test_how_to_come_to_a_test_figure(config, words, command):
    """Never the file that the run was trained on, but for rows that were kept out of it."""
    said, proposed = propose_test(config, Path("runs/x"))
    assert words in said
    assert proposed.startswith(command)
    assert proposed.endswith(" --model runs/x")
    assert "my reviews.csv" not in proposed
    _, of_file = propose_test(config, Path("runs/x"), Path("runs/x/x.onnx"))
    assert of_file == proposed.replace("runs/x", "runs/x/x.onnx --run runs/x")
