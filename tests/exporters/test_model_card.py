"""The model card: facts of the run in it, and nothing that a run folder could smuggle in."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from edgernn.bundle import read_model_file
from edgernn.errors import ModelFileError
from edgernn.runtime.loaded_model import open_reference
from edgernn.training.run import EVALUATION, Run
from exporters.export import TrainedModel, export
from exporters.model_card import describe, page
from exporters.rules import FORMATS

SHA256 = {"graph": "0" * 64}


def card(trained: TrainedModel, **config: Any) -> dict[str, Any]:
    """A checked file's card, with some of the run's config changed."""
    run = dataclasses.replace(trained.run, config=trained.run.config | config)
    found = describe(run, trained.network, "onnx", "int8")
    return found | {"checks": {"lines": ["parity: fine"]}, "oldest_runtime": "onnxruntime 1.12"}


def written(trained: TrainedModel, **config: Any) -> str:
    """The same for people."""
    return page(card(trained, **config), trained.run.contract, SHA256)


def test_the_file_and_the_card_beside_it(tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """Both say the same; the one outside has the hash of the whole file, too."""
    path, beside = tmp_path / "m.onnx", tmp_path / "card.md"
    rules = FORMATS["onnx"]
    export(tiny_trained, rules, "float32", path, open_reference, card_file=beside)
    inside = read_model_file(path).bundle.page
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert beside.read_text("utf-8").replace(f"| m.onnx | {digest} |\n", "") == inside
    assert digest not in inside
    assert tiny_trained.run.contract.vocabulary_sha256 in inside
    assert "- parity: " in inside
    assert "- padding: scores do not depend" in inside


def test_a_recipe_on_the_reviews(tiny_trained: TrainedModel) -> None:
    """Data, licence and limits of the data set; title and source of the recipe."""
    data = {"description": {"kind": "archive", "name": "aclImdb_v1.tar.gz", "sha256": "ab" * 32}}
    text = written(tiny_trained, recipe="word-lstm", data=data)
    assert text.startswith("# LSTM on the 50,000 most frequent words\n")
    assert "Maas et al." in text
    assert "English film reviews" in text
    assert "abab" in text
    assert "| validation accuracy | 75.00% |" in text
    assert "not measured on new texts before this file was written" in text


def test_limits_elsewhere(tiny_wide_trained: TrainedModel) -> None:
    """What programs without edgernn get wrong: lengths, and the older hash of n-grams."""
    network = tiny_wide_trained.network
    assert network.ngrams is not None
    ignored, integers = "leave `lengths` out of account", "compute the hash of its n-grams"
    for batch in ("many", "one"):
        for hash in ("float32", "int32"):
            ngrams = dataclasses.replace(network.ngrams, hash=hash)
            changed = dataclasses.replace(network, batch=batch, ngrams=ngrams)
            limits = " ".join(describe(tiny_wide_trained.run, changed, "onnx", "int8")["limits"])
            assert (ignored in limits) == (batch == "many")
            assert (integers in limits) == (hash == "int32")


def test_an_imported_run(tiny_trained: TrainedModel) -> None:
    """What is not known is said to be so."""
    text = written(tiny_trained, data=None, imported={"kind": "keras"}, seed=None)
    assert "| licence of the data | not known to edgernn: ask that person |" in text
    assert "| file | not known |" in text
    assert "| seed | not known |" in text


def test_a_measured_run(tiny_run: Path, tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """The test split's figures come from the run folder."""
    for file in tiny_run.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    found = {"accuracy": 0.8765, "log_loss": 0.25, "examples": 25000}
    (tmp_path / EVALUATION).write_text(json.dumps(found), "utf-8")
    run = Run.open(tmp_path)
    text = written(dataclasses.replace(tiny_trained, run=run))
    assert "| test accuracy | 87.65% of 25,000 test texts, before export |" in text
    assert "| test log loss | 0.2500 |" in text
    assert "| expected calibration error | not known |" in text
    (tmp_path / EVALUATION).write_text("[]", "utf-8")
    with pytest.raises(ModelFileError, match="not a JSON object"):
        written(dataclasses.replace(tiny_trained, run=run))


@pytest.mark.parametrize(
    ("start", "line"),
    [
        (None, None),
        ("none", None),
        ("pretrained", "the pretrained model of edgernn, which has learned from IMDB reviews"),
        ("runs/a|b", "the run runs/a\\|b, and what it has learned from"),
    ],
)
def test_what_training_started_from(tiny_trained: TrainedModel, start, line) -> None:
    """The model has learned from that data, too."""
    text = written(tiny_trained, **({} if start is None else {"from": start}))
    assert ("started from" in text) is (line is not None)
    assert line is None or f"| started from | {line} |" in text


def test_names_are_no_markup(tiny_trained: TrainedModel) -> None:
    """A name from a run folder stays in its cell."""
    text = written(tiny_trained, recipe="a | b\n\n# c <script> `d` [e](f)")
    assert "| recipe | a \\| b # c \\<script\\> \\`d\\` \\[e\\](f) |" in text
    assert "\n# c" not in text
    assert "<script>" not in text.replace("\\<script\\>", "")


@pytest.mark.parametrize("split", ["train", "validation", "not known"])
def test_training_figures_are_no_test(
    tiny_run: Path, tiny_trained: TrainedModel, tmp_path: Path, split: str
) -> None:
    """What was measured on texts that the model knows, or may know, stands nowhere in the card."""
    for file in tiny_run.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    seen = {"learnt": 600, "watched": 0, "new": 0, "accuracy_of_new": None}
    found = {"accuracy": 0.9876, "examples": 600, "split": split, "seen": seen}
    (tmp_path / EVALUATION).write_text(json.dumps(found), "utf-8")
    trained = dataclasses.replace(tiny_trained, run=Run.open(tmp_path))
    assert "evaluation" not in card(trained)
    assert "98.76" not in written(trained)
    assert "| test accuracy | not measured on new texts before this file was written |" in written(
        trained
    )


def test_figures_of_each_label(tiny_trained: TrainedModel) -> None:
    """Those of the held-out texts, by the names of the labels; what is broken is not known."""
    figures = {"balanced_accuracy": 0.71, "larger_class": 0.95, "f1_of_each": [0.25, 0.979]}
    held_out = {**tiny_trained.run.metrics, "held_out": figures}
    trained = dataclasses.replace(
        tiny_trained, run=dataclasses.replace(tiny_trained.run, metrics=held_out)
    )
    text = written(trained)
    assert "| larger class alone | 95.00% |" in text
    assert "| validation balanced accuracy | 71.00% |" in text
    assert "| validation F1 of negative | 0.2500 |" in text
    held_out["held_out"] = {"f1_of_each": 3}
    assert "| validation F1 of negative | not known |" in written(trained)


def of_labels(trained: TrainedModel, **rules: Any) -> TrainedModel:
    """The same run with other text rules."""
    encoder = copy.copy(trained.run.encoder)
    encoder.contract = dataclasses.replace(encoder.contract, version=None, **rules)
    return dataclasses.replace(trained, run=dataclasses.replace(trained.run, encoder=encoder))


def test_what_labels_there_are(tiny_trained: TrainedModel) -> None:
    """How a text gets one, and what is not said of texts that are none of them."""
    assert (
        "A text classifier: negative or positive, the second from a probability of 0.5 on.\n"
        in (written(tiny_trained))
    )
    unsure = written(of_labels(tiny_trained, none_below=0.75))
    assert "of 0.5 on; a label less probable than 0.75 is not given.\n" in unsure
    assert "A text gets no label where the likeliest is less probable than 0.75" in unsure
    names = tuple(f"intent_{number}" for number in range(15))
    one = written(of_labels(tiny_trained, labels=names, decision="largest", threshold=None))
    assert "A text classifier: the likeliest of 15 labels, intent_0, intent_1" in one
    assert "intent_11 and 3 more.\n" in one
    assert "Every text gets one of its 15 labels" in one
    rules = {"labels": names, "decision": "each", "threshold": None}
    several = written(of_labels(tiny_trained, thresholds=(0.25,) * 14 + (0.5,), **rules))
    assert "each is given from a probability of 0.25 to 0.5, as the label may be, on" in several
    assert "It knows its 15 labels alone" in several


def test_figures_of_many_labels(tiny_run: Path, tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """Means over the labels, and those that are found worst; the whole table is left out."""
    for file in tiny_run.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rows = [{"label": f"label|{n}", "texts": 10, "f1": n / 10} for n in range(9, -1, -1)]
    found = {
        **{"accuracy": 0.75, "examples": 100, "macro_f1": 0.5, "log_loss": 1.5},
        **{"answered": {"coverage": 0.8, "accuracy": 0.9}, "by_label": rows, "confused": []},
    }
    (tmp_path / EVALUATION).write_text(json.dumps(found), "utf-8")
    run = Run.open(tmp_path)
    run = dataclasses.replace(run, metrics=run.metrics | {"held_out": {"macro_f1": 0.625}})
    trained = dataclasses.replace(tiny_trained, run=run)
    kept = card(trained)["evaluation"]
    assert kept["lowest_f1"][0] == {"label": "label|0", "f1": 0.0}
    assert len(kept["lowest_f1"]) == 5
    assert {"by_label", "confused"}.isdisjoint(kept)
    text = written(trained)
    assert "| test macro F1 | 0.5000 |" in text
    assert "| texts that get a label | 80.00% |" in text
    assert "| validation macro F1 | 0.6250 |" in text
    assert "| labels with the lowest F1 | label\\|0 (0.0000), label\\|1 (0.1000)," in text
