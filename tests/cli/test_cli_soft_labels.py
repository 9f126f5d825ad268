"""What `edgernn score --all` writes is a file of soft labels as it stands."""

import json

import pytest
from typer.testing import CliRunner

from edgernn.cli.main import app
from edgernn.data import DataOptions, load_splits


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_scores_are_soft_labels(tmp_path, suffix):
    """Columns of a table and the object of JSON Lines; a row that has no score is left out."""
    texts = ["A great film!", "Boring and dull.", "", "I loved it"]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    path = tmp_path / f"scores.{suffix}"
    call = ["score", "--all", "--input", str(source), "--output", str(path)]
    done = CliRunner().invoke(app, call)
    assert path.exists(), done.output
    splits = load_splits(path, DataOptions(soft_labels=str(path)))
    assert splits.train.texts == (texts[0], texts[1], texts[3])
    assert splits.train.labels.tolist() == [1, 0, 1]
    assert splits.train.soft.argmax(axis=1).tolist() == [1, 0, 1]
    assert splits.train.soft.sum(axis=1) == pytest.approx(1)
