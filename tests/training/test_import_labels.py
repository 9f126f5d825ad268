"""Models of more than two labels, or of several a text: imported, compared, or refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

from own_models import MAX_LENGTH, TEXTS, WORDS, own_ids, sequential, tokenizer  # noqa: E402

from edgernn.errors import DataError, UsageError  # noqa: E402
from edgernn.training.imported.job import ImportOptions, import_run  # noqa: E402
from edgernn.training.models import logits, probabilities  # noqa: E402

NAMES = ("plot", "cast", "music")
ENDS = {
    "softmax": (3, "softmax"),
    "logits": (3, "linear"),
    "sigmoids": (3, "sigmoid"),
    "two softmax": (2, "softmax"),
    "two logits": (2, "linear"),
    "two sigmoids": (2, "sigmoid"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a model of each end, a tokenizer, and what the models give for the texts."""
    folder = tmp_path_factory.mktemp("own")
    tokens = tokenizer(num_words=WORDS)
    (folder / "tokenizer.json").write_text(tokens.to_json())
    ids = own_ids(tokens, TEXTS, "post")
    for end, (units, activation) in ENDS.items():
        layers = keras.layers
        model = sequential(
            keras,
            [
                layers.Embedding(WORDS, 6, mask_zero=True),
                layers.LSTM(5),
                layers.Dense(units, activation=activation),
            ],
        )
        model.save(folder / f"{end}.keras")
        scores = np.asarray(model(ids, training=False)).tolist()
        rows = zip(TEXTS, ids.tolist(), scores, strict=True)
        lines = [json.dumps({"text": t, "ids": i, "score": s}) + "\n" for t, i, s in rows]
        (folder / f"{end}.jsonl").write_text("".join(lines))
    return folder


@pytest.fixture
def options(own, tmp_path):
    """What the tests start from: the softmax of three."""
    return ImportOptions(
        model=own / "softmax.keras",
        tokenizer=own / "tokenizer.json",
        max_length=MAX_LENGTH,
        output=tmp_path / "run",
        name="mine",
        labels=NAMES,
        expect=own / "softmax.jsonl",
    )


@pytest.mark.parametrize(
    ("end", "asked", "decision", "described"),
    [
        ("softmax", None, "largest", "at the end a softmax of 3"),
        ("logits", None, "largest", "3 linear units, read as the logits of a softmax"),
        ("logits", "each", "each", "3 linear units, read as a logit each"),
        ("sigmoids", None, "each", "at the end 3 sigmoids"),
        ("two softmax", None, "threshold", "a softmax of two, which is the sigmoid of their diff"),
        ("two logits", None, "threshold", "two linear units, read as the logits of a softmax"),
        ("two logits", "each", "each", "two linear units, read as a logit each"),
        ("two sigmoids", "each", "each", "at the end two sigmoids"),
    ],
)
def test_it_scores_as_the_own_program(options, own, end, asked, decision, described):
    """All probabilities, or logits, are compared, and the run gives them again."""
    said = []
    labels = NAMES[: ENDS[end][0]]
    run = import_run(
        dataclasses.replace(
            options,
            model=own / f"{end}.keras",
            expect=own / f"{end}.jsonl",
            decision=asked,
            labels=labels,
        ),
        say=said.append,
    )
    assert described in said[0]
    (agreed,) = (line for line in said if "texts agree" in line)
    assert "8 texts agree: ids of 8, scores of 7" in agreed
    assert (run.contract.labels, run.contract.decision) == (labels, decision)
    assert run.contract.version == (1 if decision == "threshold" else 2)
    rows = [json.loads(line) for line in (own / f"{end}.jsonl").read_text().splitlines()]
    ids = run.encoder.encode_batch(TEXTS)
    kept = [i for i, one in enumerate(ids) if len(one)]
    theirs = np.array([rows[i]["score"] for i in kept])
    found = [np.asarray(ids[i], np.int32) for i in kept]
    model = run.load_model()
    if ENDS[end][1] == "linear":
        ours = logits(model, found)
        theirs = theirs[:, 1] - theirs[:, 0] if decision == "threshold" else theirs
    else:
        ours = probabilities(model, found, run.contract.decides)
        theirs = theirs[:, 1] if decision == "threshold" else theirs
    assert np.ptp(theirs, axis=0).min() > 0.05
    assert np.abs(ours - theirs).max() < 1e-5


def test_one_probability_that_differs(options, own, tmp_path):
    """The label is named; the others agree."""
    rows = [json.loads(line) for line in (own / "softmax.jsonl").read_text().splitlines()]
    for place, off in ((1, 0.001), (2, -0.001)):
        rows[1]["score"][place] += off
    changed = tmp_path / "own.jsonl"
    changed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"row 2: score of cast is .* \(1 of 7 differ\)"):
        import_run(dataclasses.replace(options, expect=changed))
    assert not options.output.exists()


def test_a_score_of_too_few_labels(options, own):
    """One number does not say what a model of three gives."""
    expect = own / "two softmax.jsonl"
    with pytest.raises(DataError, match="row 1: score holds 2 numbers; it must be 3, one for each"):
        import_run(dataclasses.replace(options, expect=expect))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": None}, r"--labels: is missing, and .*softmax.keras has 3 units at its end"),
        ({"labels": ("a", "b")}, r"--labels a,b: 2 names, and .* tells 3 labels apart"),
        ({"decision": "each"}, r"--decision each: .* ends with a softmax of 3, whose decision is "),
        ({"decision": "threshold"}, r"a softmax of 3, whose decision is largest"),
        ({"threshold": 0.7}, r"--threshold 0.7: .* gives the likeliest of 3 labels"),
    ],
)
def test_what_does_not_fit_the_end(options, changes, said):
    """Refused in one line, and nothing is written."""
    with pytest.raises(UsageError, match=said) as caught:
        import_run(dataclasses.replace(options, **changes))
    assert "\n" not in str(caught.value)
    assert not options.output.exists()


def test_a_threshold_for_each(options, own):
    """The one that is asked for is that of all labels."""
    run = import_run(
        dataclasses.replace(options, model=own / "sigmoids.keras", expect=None, threshold=0.3)
    )
    assert run.contract.thresholds == (0.3, 0.3, 0.3)
    assert run.contract.threshold is None
