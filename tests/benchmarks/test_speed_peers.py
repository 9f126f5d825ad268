"""The adapters whose speed is compared: they compute what they should stand for."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edgernn
from benchmarks.peers.bare_session import BareSession, plan_batches
from benchmarks.peers.distilbert import DistilBert, count_tokens
from benchmarks.peers.distilbert_graph import DISTILBERT, Shape, write_graph
from benchmarks.peers.encoded import encode
from benchmarks.peers.keras_predict import KerasPredict
from benchmarks.peers.naive_conversion import convert_naively
from benchmarks.peers.peer import FILE, ONE, Setup, TextPeer
from benchmarks.peers.registry import PEERS
from benchmarks.peers.text_scorer import TextScorer
from benchmarks.speed.ours import Command, Ours
from edgernn.text.padding import pad

TEXTS = [f"{start} film, and {'very ' * n}long" for n in range(12) for start in ("Great", "Bad")]
TINY = Shape(layers=2, width=16, heads=2, inner=32, vocabulary=50, places=20)


def setup_of(part: str, folder: Path) -> Setup:
    return Setup(part, 2 if part == FILE else 1, "", folder)


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """What our runtime says of the texts."""
    return np.array([score.probability for score in edgernn.load(device="cpu").score(TEXTS)])


def test_the_registry_loads_nothing_heavy():
    """The process that tells the others when to work has no thread pool of TensorFlow's."""
    code = (
        "import json, sys, benchmarks.speed.rounds; "
        "print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"tensorflow", "keras", "sklearn", "fasttext", "textblob", "vaderSentiment"}
    assert not heavy & set(json.loads(done.stdout))


@pytest.mark.parametrize("part", [FILE, ONE])
def test_our_call(part, tmp_path, expected):
    """It is `edgernn.load().score`."""
    ours = Ours(setup_of(part, tmp_path))
    assert np.allclose(ours.score(ours.ready(TEXTS)), expected, atol=1e-6)


def test_our_command(tmp_path, expected):
    """It writes a file, runs the command and finds a score for each row."""
    command = Command(setup_of(FILE, tmp_path))
    assert np.allclose(command.score(command.ready(TEXTS)), expected, atol=1e-6)


@pytest.mark.parametrize("part", [FILE, ONE])
def test_the_bare_session(part, tmp_path, expected):
    """It scores as our runtime does, in the order of the texts, whatever plan it found."""
    session = BareSession(setup_of(part, tmp_path))
    if part == ONE:
        found = [session.score(session.ready([text])).tolist() for text in TEXTS]
        assert np.allclose(found, expected[:, None], atol=1e-5)
    else:
        assert np.allclose(session.score(session.ready(TEXTS)), expected, atol=1e-5)
        plans = session.settings["searched"]
        assert {(plan["sessions"], plan["threads"]) for plan in plans} == {(1, 2), (2, 1)}
        # The shares are rounded, so that the best may be two.
        best = min(plan["seconds_of_mean"] for plan in plans)
        chosen = session.settings["plan"].items()
        assert [plan["seconds_of_mean"] for plan in plans if chosen <= plan.items()] == [best]


def test_batches():
    """Each text is in one batch, padded behind, and no batch of several is too large."""
    ids = [np.full(length, length, np.int32) for length in (5, 1, 30, 5, 2, 6)]
    batches = plan_batches(ids, 12)
    assert sorted(np.concatenate([batch.places for batch in batches]).tolist()) == list(range(6))
    for batch in batches:
        rows = batch.feed["ids"]
        assert rows.size <= 12 or len(rows) == 1
        assert batch.feed["lengths"].tolist() == [len(ids[place]) for place in batch.places]
        for row, place in zip(rows, batch.places, strict=True):
            assert row[: len(ids[place])].tolist() == ids[place].tolist()
            assert not row[len(ids[place]) :].any()
    assert len(batches) == 4


def test_texts_without_tokens():
    """Peers that take ids are not given a text that has none."""
    with pytest.raises(ValueError, match="no token is left"):
        encode(["good", "!!!"])


@pytest.mark.parametrize("part", [FILE, ONE])
def test_keras(part, tmp_path, expected):
    """It is the model of the shipped file before quantization; batches may differ in length."""
    pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install 'edgernn[peers]'")
    peer = KerasPredict(setup_of(part, tmp_path))
    if part == ONE:
        found = np.concatenate([peer.score(peer.ready([text])) for text in TEXTS[:3]])
        assert np.allclose(found, expected[:3], atol=0.02)
        return
    # Three batches, the first two of one length: what Keras might take for that of all.
    texts = [TEXTS[-1]] * 64 + TEXTS[:5]
    found = peer.score(peer.ready(texts))
    assert np.allclose(found, [expected[-1]] * 64 + expected[:5].tolist(), atol=0.02)


def masked_lstm(masked: bool):
    keras = pytest.importorskip("keras", reason="needs Keras: pip install 'edgernn[peers]'")
    layers = [
        keras.Input((None,), dtype="int32"),
        keras.layers.Embedding(20, 3, mask_zero=masked),
        keras.layers.Bidirectional(keras.layers.LSTM(4)),
        keras.layers.Dense(1),
    ]
    keras.utils.set_random_seed(1)
    return keras.Sequential(layers)


@pytest.mark.slow
def test_the_naive_conversion(tmp_path):
    """A masked LSTM becomes a loop in each direction, and says what Keras says."""
    pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install 'edgernn[peers]'")
    import onnxruntime

    model, path = masked_lstm(True), tmp_path / "naive.onnx"
    assert convert_naively(model, path) == 2
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ids = pad([np.array([3, 4, 5, 6], np.int32), np.array([7, 8], np.int32)])[0]
    (found,) = session.run(None, {session.get_inputs()[0].name: ids})
    assert np.allclose(found, 1 / (1 + np.exp(-model.predict(ids, verbose=0)[:, 0])), atol=1e-5)


def test_a_conversion_that_is_not_naive(tmp_path):
    """Without a mask there is no loop, and the file does not stand for the naive conversion."""
    pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install 'edgernn[peers]'")
    with pytest.raises(RuntimeError, match="no Loop"):
        convert_naively(masked_lstm(False), tmp_path / "fused.onnx")


def parameters(shape: Shape) -> int:
    """Parameters of the published encoder, by its description."""
    width, inner = shape.width, shape.inner
    norm = 2 * width
    attention = 4 * (width * width + width)
    layer = attention + norm + (width * inner + inner) + (inner * width + width) + norm
    return (shape.vocabulary + shape.places) * width + norm + shape.layers * layer


def test_the_shape_of_distilbert(tmp_path):
    """The graph has the published encoder's parameters, and a classifier."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'edgernn[peers]'")
    assert parameters(DISTILBERT) == 66_362_880
    write_graph(tmp_path / "tiny.onnx", TINY)
    graph = onnx.load(tmp_path / "tiny.onnx").graph
    floats = [w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT]
    classifier = TINY.width * TINY.width + TINY.width + TINY.width
    assert sum(int(np.prod(w.dims)) for w in floats) == parameters(TINY) + classifier


def test_distilbert(tmp_path):
    """It is int8, its scores are finite, and padding in a batch changes next to nothing."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'edgernn[peers]'")
    peer = DistilBert(setup_of(FILE, tmp_path), TINY)
    operators = {node.op_type for node in onnx.load(tmp_path / "distilbert-int8.onnx").graph.node}
    assert {"QAttention", "MatMulInteger"} <= operators
    assert not {"MatMul", "Attention"} & operators
    assert [path.name for path in tmp_path.iterdir()] == ["distilbert-int8.onnx"]
    scores = []
    for size in (1, 4):
        inputs = peer.ready(TEXTS)
        peer._batch = size
        inputs = peer.ready(TEXTS)
        assert len(inputs) == -(-len(TEXTS) // size)
        scores.append(peer.score(inputs))
    assert scores[0].std() > 0
    assert np.allclose(*scores, atol=0.02)


def test_bert_tokens():
    """Words and marks, and a token at each end."""
    assert count_tokens("It's good.<br />Very!") == 2 + 7


def test_text_peers_learn(tmp_path, monkeypatch):
    """A peer that takes texts learns from the training reviews, for a quick look from a share."""
    pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'edgernn[data]'")
    from edgernn import data
    from edgernn.data import Examples

    labels = np.tile(np.array([0, 1], np.int8), 20)
    train = Examples(tuple(("bad", "good")[label] for label in labels), labels)
    asked = []

    def load_split(source, split):
        asked.append((source, split))
        return train

    monkeypatch.setattr(data, "load_split", load_split)
    entry = PEERS["nb-svm"]
    assert isinstance(entry, TextPeer)
    scorer = TextScorer(entry, Setup(FILE, 2, "reviews", tmp_path, share=0.3))
    good, bad = scorer.score(scorer.ready(["good", "bad"]))
    assert asked == [("reviews", "train")]
    assert bad < 0.5 < good
    assert scorer.settings["threads"] == 1
