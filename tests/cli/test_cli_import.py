"""`edgernn import` by the console script: a person's own model, as far as a score."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

TEXTS = ("a good film", "A bad film, very bad indeed!", "nothing known")
WORDS = ("a", "good", "bad", "film", "very", "indeed", "it", "was", "the", "of")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a model that was trained on padded texts, a word index, and its scores."""
    folder = tmp_path_factory.mktemp("own")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((10,), dtype="int32"),
            layers.Embedding(14, 32),
            layers.Bidirectional(layers.LSTM(32)),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.4, array.shape) for array in model.get_weights()])
    model.save(folder / "own model.keras")
    index = {word: i for i, word in enumerate(WORDS, start=1)}
    (folder / "index.json").write_text(json.dumps(index))
    ids = np.zeros((len(TEXTS), 10), np.int32)
    for row, text in enumerate(TEXTS):
        words = text.lower().replace(",", " ").replace("!", " ").split()
        found = [1, *(index.get(word, -1) + 3 for word in words)]
        ids[row, -len(found) :] = found
    scores = model(ids).numpy()[:, 0]
    assert np.ptp(scores) > 0.1
    (folder / "scores.json").write_text(json.dumps(scores.tolist()))
    rows = [
        {"text": text, "ids": list(map(int, row))} for text, row in zip(TEXTS, ids, strict=True)
    ]
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def importing(console, own) -> subprocess.CompletedProcess[str]:
    """`edgernn import` with the options of `keras.datasets.imdb`."""
    options = ("--index-from", 3, "--start-id", 1, "--unknown-id", 2, "--labels", "no,yes")
    return console(
        *("import", "own model.keras", "--tokenizer", "index.json", "--max-length", 10),
        *options,
        cwd=own,
    )


def test_import(importing, own):
    """What was found stands on standard error, a line each, and the next command."""
    assert importing.returncode == 0, importing.stderr
    assert importing.stdout == ""
    assert importing.stderr.splitlines() == [
        "own model.keras: embedding of 32, bidirectional LSTM of 32, dense of 32; at the end a "
        "sigmoid",
        "index.json: word index, 14 ids; the embedding has 14 rows",
        "no mask: texts are padded to 10 ids at their start, as pad_sequences(padding='pre') "
        "does; longer texts lose their start",
        "wrote runs/own-model",
        "next: edgernn export --format all --run runs/own-model",
        "warning: nothing was compared with your own program: --expect FILE.jsonl compares ids and "
        "scores",
    ]
    assert [path.name for path in (own / "runs").iterdir()] == ["own-model"]


@pytest.mark.parametrize("format", ["onnx", pytest.param("tflite", marks=pytest.mark.slow)])
def test_export_and_score(importing, edgernn, own, format):
    """The exported file scores as the person's own model does, and says what it was made of."""
    assert importing.returncode == 0, importing.stderr
    output = f"own.{format}"
    arguments = ("--run", "runs/own-model", "--precision", "float32", "--output", output)
    done = edgernn("export", "--format", format, *arguments, cwd=own)
    assert done.returncode == 0, done.stderr
    assert "checking on a sample of our own texts: an imported run has no data\n" in done.stderr
    assert f"next: edgernn score --model {output} 'your text'\n" in done.stderr
    scored = edgernn("score", *TEXTS, "--model", output, "--json", cwd=own)
    assert scored.returncode == 0, scored.stderr
    rows = [json.loads(line) for line in scored.stdout.splitlines()]
    expected = json.loads((own / "scores.json").read_text())
    assert [row["probability"] for row in rows] == pytest.approx(expected, abs=1e-4)
    assert {row["label"] for row in rows} <= {"no", "yes"}
    shown = json.loads(edgernn("info", output, "--json", cwd=own).stdout)
    card = shown["model"]["card"]
    assert card["recipe"] == "own-model"
    assert card["training"]["data"] is None
    assert card["imported"]["file"] == "own model.keras"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--padding", "left"), 2, "--padding left: must be one of pre, post, none"),
        (("--truncating", "none"), 2, "--truncating none: must be one of pre, post"),
        (("--labels", "a"), 2, "--labels a: must be two names"),
        (("--labels", "a,a"), 2, "--labels a,a: must be two names or more, all different"),
        (("--decision", "any"), 2, "--decision any: must be one of threshold, largest, each"),
        (("--decision", "each"), 2, "ends with a sigmoid, whose decision is threshold"),
        (("--threshold", "1"), 2, "--threshold 1.0: must lie between 0 and 1"),
        (("--name", "a/b"), 2, "--name a/b: letters, digits"),
        (("--weights", "index.json"), 2, "--weights index.json: only for a model JSON"),
        (
            ("--labels", "a,b,c"),
            2,
            "--labels a,b,c: 3 names, and own model.keras tells 2 labels apart",
        ),
        (("--start-id", "one"), 2, "--start-id one: must be an id, or none"),
        (("--split", "words"), 2, "--split words: must be one of tokenizer, whitespace"),
        (
            ("--index-from", "0", "--expect", "own.jsonl"),
            1,
            "own.jsonl, row 1: ids differ at token 2: 2 ('good') here, 4 ('film') there; all agree "
            "with --start-id 1 --unknown-id 2 --index-from 3; nothing was written",
        ),
        ((), 2, "--index-from 0 if 'a' has the id 1 in your program, --index-from 3 --start-id 1"),
        (("--index-from", "9"), 2, "the model's embedding has 14 rows"),
        (
            ("--index-from", "0", "--unknown-id", "99"),
            2,
            "--unknown-id 99: must be an id of the vocabulary",
        ),
        (("--output", "."), 2, "--output .: already exists"),
    ],
)
def test_errors(edgernn, own, arguments, code, said):
    """One line, and no run."""
    before = sorted(own.rglob("*"))
    common = ("own model.keras", "--tokenizer", "index.json", "--max-length", 10, "--name", "new")
    done = edgernn("import", *common, *arguments, cwd=own)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(own.rglob("*")) == before
