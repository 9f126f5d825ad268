"""The import job: model and vocabulary checked against each other, a run folder or nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

from own_models import (  # noqa: E402
    MAX_LENGTH,
    TEXTS,
    WORDS,
    made,
    own_scores,
    save,
    sequential,
    tokenizer,
)

from edgernn.errors import DataError, MissingPackageError, ModelFileError, UsageError  # noqa: E402
from edgernn.training.imported import job  # noqa: E402
from edgernn.training.imported.job import ImportOptions, default_name, import_run  # noqa: E402
from edgernn.training.imported.tokenizers import WordOptions  # noqa: E402
from edgernn.training.models import probabilities  # noqa: E402
from edgernn.training.run import Run  # noqa: E402


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a masked and an unmasked model, and vocabularies."""
    folder = tmp_path_factory.mktemp("own")
    for mask in (True, False):
        path, _ = save(made(keras, "lstm", mask), "keras", folder)
        path.rename(folder / ("masked.keras" if mask else "unmasked.keras"))
    (folder / "tokenizer.json").write_text(tokenizer(num_words=30).to_json())
    (folder / "all.json").write_text(tokenizer().to_json())
    words = tokenizer().word_index
    (folder / "index.json").write_text(json.dumps(words))
    (folder / "words.txt").write_text("".join(f"{word}\n" for word in words))
    return folder


@pytest.fixture
def options(own, tmp_path):
    """What the tests start from."""
    return ImportOptions(
        model=own / "masked.keras",
        tokenizer=own / "tokenizer.json",
        max_length=MAX_LENGTH,
        output=tmp_path / "run",
        name="mine",
    )


def changed(options, **values):
    return dataclasses.replace(options, **values)


def refusal(options, error=UsageError):
    parent = options.output.parent
    before = sorted(parent.rglob("*"))
    with pytest.raises(error) as caught:
        import_run(options)
    assert sorted(parent.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_run_folder(options, own):
    """The files of a trained run, but for those of its training."""
    lines = []
    run = import_run(changed(options, labels=("no", "yes"), threshold=0.4), say=lines.append)
    assert {path.name for path in run.folder.iterdir()} == {
        "config.json",
        "contract.json",
        "metrics.json",
        "model.keras",
        "summary.txt",
        "vocabulary.words",
    }
    assert [path.name for path in run.folder.parent.iterdir()] == ["run"]
    expected = {"recipe": "mine", "seed": None, "limit": None, "data": None}
    assert {key: run.config[key] for key in expected} == expected
    assert run.config["validation_fraction"] is None
    imported = run.config["imported"]
    assert imported["kind"] == "keras"
    content = (own / "masked.keras").read_bytes()
    assert imported["files"] == {"masked.keras": hashlib.sha256(content).hexdigest()}
    assert imported["tokenizer"]["file"] == "tokenizer.json"
    assert imported["tokenizer"]["kind"] == "Keras Tokenizer"
    assert run.metrics == {"parameters": WORDS * 6 + 4 * 5 * (6 + 5 + 1) + 6}
    contract = run.contract
    assert (contract.labels, contract.threshold) == (("no", "yes"), 0.4)
    assert (contract.tokenizer, contract.vocabulary_size, contract.cut) == ("words", 30, "start")
    assert "LSTM" in (run.folder / "summary.txt").read_text("utf-8")
    assert len(lines) == 3
    assert "LSTM of 5" in lines[0]
    assert "30 ids; the embedding has 30 rows" in lines[1]


def test_the_model_of_the_run_is_bare(options):
    """Not compiled, no layer of the person's own: it loads in safe mode and gives logits."""
    model = import_run(options).load_model()
    assert [type(layer).__name__ for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    assert model.layers[-1].get_config()["activation"] == "linear"
    assert not model.compiled


@pytest.mark.parametrize(
    ("model", "padding", "expected"),
    [
        ("masked", "pre", "none"),
        ("masked", "post", "none"),
        ("unmasked", "pre", "start"),
        ("unmasked", "post", "end"),
        ("unmasked", "none", "none"),
    ],
)
@pytest.mark.parametrize(("truncating", "cut"), [("pre", "start"), ("post", "end")])
def test_padding_and_truncating(options, own, model, padding, expected, truncating, cut):
    """As `pad_sequences` did in training; a mask makes padding play no part."""
    path = own / f"{model}.keras"
    run = import_run(changed(options, model=path, padding=padding, truncating=truncating))
    assert (run.contract.padding, run.contract.cut) == (expected, cut)
    lengths = {len(ids) for ids in run.encoder.encode_batch(TEXTS) if len(ids)}
    assert lengths == {MAX_LENGTH} if expected != "none" else len(lengths) > 1


# Each of a model, a side and the other side with each of the other two.
PAIRS = {
    ("masked", "pre", "pre"),
    ("masked", "post", "post"),
    ("unmasked", "pre", "post"),
    ("unmasked", "post", "pre"),
}


@pytest.mark.parametrize(
    ("model", "truncating", "padding"),
    [
        pytest.param(*case, marks=() if case in PAIRS else pytest.mark.slow)
        for case in itertools.product(("masked", "unmasked"), ("pre", "post"), ("pre", "post"))
    ],
)
def test_scores(options, own, model, padding, truncating):
    """Whichever sides: the run scores as the person's own program does."""
    path = own / f"{model}.keras"
    expected = own_scores(
        keras.models.load_model(path), tokenizer(num_words=30), TEXTS, padding, truncating
    )
    run = import_run(changed(options, model=path, padding=padding, truncating=truncating))
    ids = run.encoder.encode_batch(TEXTS)
    some = [i for i, row in enumerate(ids) if len(row)]
    assert len(some) == len(TEXTS) - 1  # `Zebras?` leaves nothing
    own_model = run.load_model()
    # Operator by operator: so few texts are not worth a trace.
    own_model.run_eagerly = True
    found = probabilities(own_model, [ids[i] for i in some])
    np.testing.assert_allclose(found, expected[some], atol=1e-5, rtol=0)


def test_the_other_vocabularies(options, own):
    """Word index and word list give the ids that the tokenizer gives."""
    ids = import_run(options).encoder.encode_batch(TEXTS)
    for name, offset in (("index.json", {"index_from": 0}), ("words.txt", {"first_id": 1})):
        other = changed(
            options,
            tokenizer=own / name,
            words=WordOptions(num_words=30, **offset),
            output=options.output.with_name(name),
        )
        for a, b in zip(import_run(other).encoder.encode_batch(TEXTS), ids, strict=True):
            np.testing.assert_array_equal(a, b)


def test_subwords(options, tmp_path):
    """A `SubwordTextEncoder` vocabulary with a model of as many rows."""
    from edgernn.text import SubwordEncoder

    subwords = SubwordEncoder(["good_", "film"])
    (tmp_path / "in").mkdir()
    vocabulary = tmp_path / "in" / "own.subwords"
    vocabulary.write_bytes(subwords.to_bytes())
    layers = keras.layers
    model = sequential(
        keras, [layers.Embedding(subwords.vocab_size, 4), layers.LSTM(3), layers.Dense(1)]
    )
    path, _ = save(model, "keras", tmp_path / "in")
    run = import_run(changed(options, model=path, tokenizer=vocabulary, padding="none"))
    assert run.contract.vocabulary_file == "vocabulary.subwords"
    assert (run.folder / "vocabulary.subwords").read_bytes() == vocabulary.read_bytes()
    assert run.encoder.encode("good film") == subwords.encode("good film")


def test_a_vocabulary_that_is_too_large(options, own):
    """Both numbers are named, and what to do where the first words were used."""
    words = len(tokenizer().word_index)
    assert words > WORDS
    said = refusal(changed(options, tokenizer=own / "all.json"))
    assert said == (
        f"{own / 'all.json'}: has ids up to {words}, the model's embedding has {WORDS} rows: "
        f"--num-words {WORDS} if your program uses ids below {WORDS} only; otherwise they belong "
        "to different models; --expect FILE settles it, too"
    )
    asked = WordOptions(num_words=WORDS + 1)
    assert "different models" in refusal(changed(options, tokenizer=own / "all.json", words=asked))
    fits = WordOptions(num_words=WORDS)
    run = import_run(changed(options, tokenizer=own / "all.json", words=fits))
    assert run.contract.vocabulary_size == WORDS


@pytest.mark.parametrize("option", ["start", "unknown"])
def test_an_id_that_is_masked(options, own, option):
    """Id 0 inside a text would be masked in Keras, and is read in the exported file."""
    words = WordOptions(num_words=30, index_from=0, **{f"{option}_id": 0})
    asked = changed(options, tokenizer=own / "index.json", words=words)
    assert f"--{option}-id 0: is padding" in refusal(asked)
    assert import_run(changed(asked, model=own / "unmasked.keras")).contract.padding == "start"


def test_a_fixed_length(options, tmp_path):
    """A model that takes so many ids was trained on so many."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "own.keras"
    model = keras.Sequential(
        [
            keras.Input((9,)),
            keras.layers.Embedding(WORDS, 3),
            keras.layers.SimpleRNN(2),
            keras.layers.Dense(1),
        ]
    )
    model.save(path)
    assert refusal(changed(options, model=path)) == (
        f"--max-length {MAX_LENGTH}: {path} takes 9 ids at a time: --max-length 9"
    )
    fits = changed(options, model=path, max_length=9)
    assert "--padding none" in refusal(changed(fits, padding="none"))
    assert import_run(fits).contract.max_length == 9


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "a b", "x" * 65, "a\nb"])
def test_a_name_that_is_no_name(options, name):
    """It becomes part of file names."""
    assert refusal(changed(options, name=name)).startswith("--name ")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("own.keras", "own"),
        ("my model (2).h5", "my-model-2-"),
        ("folder/own.weights.h5", "own"),
        ("saved/", "saved"),
        (".keras", "imported"),
        ("модель.h5", "imported"),
    ],
)
def test_the_default_name(path, name):
    """The file's own, in plain letters."""
    from pathlib import Path

    assert default_name(Path(path)) == name


def test_the_output_is_there(options):
    """A folder with something in it, or a file, stays as it is; an empty one is used."""
    options.output.mkdir()
    assert import_run(options).folder == options.output
    assert "already exists" in refusal(options)
    file = options.output / "contract.json"
    assert "already exists" in refusal(changed(options, output=file))


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, OSError("disk full")])
def test_stopped_half_way(options, monkeypatch, stopped):
    """Nothing is left, neither the run nor a part of it."""
    write = job.write_text

    def stop(path, text):
        if path.name == "metrics.json":
            raise stopped
        write(path, text)

    monkeypatch.setattr(job, "write_text", stop)
    with pytest.raises((KeyboardInterrupt, OSError)):
        import_run(options)
    assert list(options.output.parent.iterdir()) == []


def test_a_model_that_cannot_be_carried_over(options, own, tmp_path):
    """The model's own errors come through, and nothing is written."""
    (tmp_path / "in").mkdir()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,)),
            layers.Embedding(9, 2),
            layers.LayerNormalization(name="own"),
            layers.LSTM(2),
        ]
    )
    path, _ = save(model, "keras", tmp_path / "in")
    said = refusal(changed(options, model=path), ModelFileError)
    assert said.startswith(f"{path}: cannot be carried over exactly: layer own (LayerNorm")


def test_a_missing_package(options, own, tmp_path, monkeypatch):
    """TensorFlow is named with the extra that brings it; the checks before need none."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert "the model's embedding has" in refusal(changed(options, tokenizer=own / "all.json"))
    said = refusal(options, MissingPackageError)
    assert "'tensorflow'" in said
    assert "edgernn[export]" in said


def test_words_that_stand_in_no_text(options, tmp_path):
    """A list with capitals is pointed out, and the option that goes with it."""
    (tmp_path / "in").mkdir()
    vocabulary = tmp_path / "in" / "words.txt"
    vocabulary.write_text("Good\nBad\nfilm\nwas\n")
    lines = []
    words = WordOptions(first_id=1)
    import_run(changed(options, tokenizer=vocabulary, words=words), say=lines.append)
    assert lines[3] == (
        "warning: 2 of 4 words stand in no text as it is split (texts are lower-cased, unless "
        "--keep-case): 'Good', 'Bad'"
    )
    vocabulary.write_text("Good\nBad\nfilm\n")
    options = changed(options, output=options.output.with_name("other"))
    said = refusal(changed(options, tokenizer=vocabulary, words=words), DataError)
    assert "2 of 3 words stand in no text" in said
    assert "unless --keep-case): 'Good', 'Bad'" in said
    kept = changed(options, tokenizer=vocabulary, words=words.changed(lower=False))
    assert import_run(kept).encoder.encode("Good film")[-2:] == [1, 3]


def test_the_run_opens_again(options):
    """As `edgernn export` opens it."""
    folder = import_run(options).folder
    assert Run.open(folder).config["imported"]["mask_zero"] is True


@pytest.mark.parametrize("mask", [pytest.param(True, marks=pytest.mark.slow), False])
def test_every_cell_exports(options, tmp_path, mask):
    """An imported model of all kinds of layers becomes a checked file that scores as it did."""
    from edgernn import load
    from edgernn.runtime.loaded_model import open_reference
    from exporters.export import export, open_trained
    from exporters.rules import find_format
    from exporters.sample_texts import SAMPLE_TEXTS

    (tmp_path / "in").mkdir()
    model = made(keras, "mixed", mask)
    path, _ = save(model, "keras", tmp_path / "in")
    run = import_run(changed(options, model=path))
    output = tmp_path / "own.onnx"
    trained = open_trained(run, SAMPLE_TEXTS)
    export(trained, find_format("onnx"), "float32", output, open_reference)
    texts = [text for text in TEXTS if text != "Zebras?"]
    found = [score.probability for score in load(output, "cpu").score(texts)]
    expected = own_scores(model, tokenizer(num_words=30), texts, "pre")
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_mixed_precision(options, own, tmp_path):
    """Keras rounds its own scores to float16: beyond 1e-4 of them is right here, and said."""
    model = made(keras, "lstm", True)
    settings = model.get_config()
    for layer in settings["layers"]:
        if "dtype" in layer["config"] and layer["class_name"] != "InputLayer":
            layer["config"]["dtype"] = "mixed_float16"
    rounded = keras.Sequential.from_config(settings)
    rounded.set_weights(model.get_weights())
    rounded.save(tmp_path / "rounded.keras")
    scores = own_scores(rounded, tokenizer(num_words=30), TEXTS, "pre")
    expect = tmp_path / "expected.jsonl"
    rows = [
        json.dumps({"text": text, "score": float(score)})
        for text, score in zip(TEXTS, scores, strict=True)
    ]
    expect.write_text("\n".join(rows))
    lines: list[str] = []
    import_run(changed(options, model=tmp_path / "rounded.keras", expect=expect), say=lines.append)
    assert any("scores are compared to 0.005" in line for line in lines)
    assert any("8 texts agree: scores of 7" in line for line in lines)
