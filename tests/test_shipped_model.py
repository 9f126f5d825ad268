"""The pretrained model that the package carries."""

import pytest

from edgernn import load
from edgernn.bundle import read_model_file
from edgernn.bundle.model_file import graph_sha256
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.loaded_model import open_reference

MAX_BYTES = 1_000_000

FIGHT_CLUB = (
    "It has some cliched moments, even for its time, but FIGHT CLUB is an awesome film. I have "
    "watched it about 100 times in the past 20 years. It never gets old. It is hard to discuss "
    "this film without giving things away but suffice it to say, it is a great thriller with some "
    "intriguing twists."
)
LABELS = {
    "Great movie!": "positive",
    "I loved it.": "positive",
    "Awful.": "negative",
    "Boring and far too long.": "negative",
    FIGHT_CLUB: "positive",
}


@pytest.fixture(scope="module")
def classifier():
    """The model that is loaded when none is named."""
    return load(device="cpu")


@pytest.fixture(scope="module")
def run():
    """The run folder that it lies in."""
    from edgernn.training.run import Run

    return Run.open(SHIPPED_MODEL.parent)


@pytest.fixture(scope="module")
def trained(run):
    """The run folder that it came from, opened for export."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[export]'")
    from exporters.export import open_trained
    from exporters.sample_texts import SAMPLE_TEXTS

    return open_trained(run, SAMPLE_TEXTS)


def export_again(trained, name, precision, path):
    """Export the shipped run."""
    from exporters.export import export
    from exporters.rules import find_format

    export(trained, find_format(name), precision, path, open_reference)
    return path


@pytest.mark.parametrize(("text", "label"), LABELS.items(), ids=lambda value: value[:20])
def test_labels(classifier, text, label):
    """Plain words of praise and blame, short and long, are told apart."""
    (score,) = classifier.score([text])
    assert score.label == label


def test_the_file_is_small(classifier):
    """Small enough for a phone, and for a package."""
    assert classifier.path == SHIPPED_MODEL
    assert SHIPPED_MODEL.stat().st_size <= MAX_BYTES


def test_its_card(classifier, run):
    """What the file says of itself is what its training measured, to the end and on all data."""
    card, training = classifier.card, classifier.card["training"]
    assert card["recipe"] == "flagship"
    assert (card["format"], card["precision"]) == ("onnx", "int8")
    for name in ("parameters", "training_examples", "validation_accuracy"):
        assert training[name] == run.metrics[name], name
    assert training["training_examples"] >= 22_500
    assert training["interrupted"] is False


def test_its_folder_is_a_run(classifier, run):
    """Contract, config and metrics lie beside it and open as a run, of the recipe as it is."""
    assert (run.config["recipe"], run.config["limit"]) == ("flagship", None)
    assert run.contract == classifier.contract
    assert run.config["data"]["source"] == run.config["data"]["description"]["name"]


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_it_can_be_exported_again(trained, tmp_path):
    """From the shipped run the shipped file comes out again: the same graph, rules and answers.

    What the checks measured stands in the card: the shipped file's were made on the run's data,
    and the last digits are the machine's.
    """
    again = read_model_file(export_again(trained, "onnx", "int8", tmp_path / "model.onnx"))
    shipped = read_model_file(SHIPPED_MODEL)
    hint = "the shipped file is not what this exporter writes: export it again"
    graphs = [graph_sha256(file.data, "onnx") for file in (shipped, again)]
    assert graphs[0] == graphs[1], hint
    assert shipped.bundle.contract == again.bundle.contract, hint
    cards = [dict(file.bundle.card) for file in (shipped, again)]
    checks = [card.pop("checks") for card in cards]
    assert cards[0] == cards[1], hint
    assert checks[0].keys() == checks[1].keys(), hint
    held_out = f"of {trained.run.metrics['validation_examples']:,} validation texts right"
    assert any(held_out in line for line in checks[0]["lines"])
    golden = [file.bundle.golden for file in (shipped, again)]
    assert golden[0].tolerance == golden[1].tolerance, hint
    for vector, found in zip(golden[0].vectors, golden[1].vectors, strict=True):
        assert (vector.text, vector.ids) == (found.text, found.ids), hint
        assert vector.probability == pytest.approx(found.probability, abs=1e-5), hint


def test_its_golden_vectors(classifier):
    """Sixteen or more, answered as the file says, some of them close to the threshold."""
    golden = read_model_file(SHIPPED_MODEL).bundle.golden
    assert 16 <= len(golden.vectors) <= 40
    for vector in golden.vectors:
        assert classifier.encode(vector.text) == list(vector.ids)
        (score,) = classifier.score([vector.text])
        assert (score.label is None) is (vector.probability is None)
        if score.label is not None:
            assert score.probability == pytest.approx(vector.probability, abs=golden.tolerance)
    known = [vector for vector in golden.vectors if vector.probability is not None]
    assert len(known) >= 16
    assert sum(abs(vector.probability - 0.5) < 0.1 for vector in known) >= 6


@pytest.mark.slow
def test_as_tflite(trained, classifier, tmp_path):
    """The TFLite file is as small and gives the same labels."""
    path = export_again(trained, "tflite", "int8", tmp_path / "model.tflite")
    assert path.stat().st_size <= MAX_BYTES
    texts = [*LABELS, *trained.texts]
    labels = [score.label for score in load(path).score(texts)]
    assert labels == [score.label for score in classifier.score(texts)]
