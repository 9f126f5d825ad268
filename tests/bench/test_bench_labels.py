"""A benchmark shows no accuracy on texts that trained the model."""

import csv
import json
import shutil

import numpy as np
import pytest

from edgernn.bench.reviews import Reviews
from edgernn.cli.bench_labels import without_training_labels
from edgernn.data import DataOptions, describe
from edgernn.training.seen_texts import SeenTexts

TEXTS = ("a good film", "a bad film", "good", "bad")


@pytest.fixture
def reviews(tmp_path):
    """A labelled file, as the benchmark has read it."""
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [(text, int("good" in text)) for text in TEXTS]
        csv.writer(file).writerows([("text", "label"), *rows])
    return Reviews(TEXTS, np.array(["good" in text for text in TEXTS]), path.name), str(path)


@pytest.mark.parametrize(("known", "stay"), [(TEXTS[:1], True), (TEXTS[:3], False)])
def test_texts_of_a_run(tiny_run, reviews, tmp_path, capfd, known, stay):
    """Most of them trained it: their labels go, with a word; a few, and they stay."""
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / "seen_texts.bin").write_bytes(SeenTexts.of(known).to_bytes())
    texts, data = reviews
    found = without_training_labels(texts, data, DataOptions(), run, [])
    assert (found.labels is not None) is stay
    assert found.texts == TEXTS
    said = capfd.readouterr().err
    assert (f"warning: {run}: most of these texts are of its train split" in said) is not stay


def test_the_file_that_trained_a_run(tiny_run, reviews, tmp_path):
    """A run without hashes is known by the digest of its data; other data is not looked into."""
    run = shutil.copytree(tiny_run, tmp_path / "run")
    texts, data = reviews
    config = json.loads((run / "config.json").read_text("utf-8"))
    assert without_training_labels(texts, data, DataOptions(), run, []) is texts
    config["data"] = {"source": data, "description": describe(data)}
    (run / "config.json").write_text(json.dumps(config), "utf-8")
    assert without_training_labels(texts, data, DataOptions(), run, []).labels is None
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    assert without_training_labels(texts, data, DataOptions(), None, [broken]) is texts
