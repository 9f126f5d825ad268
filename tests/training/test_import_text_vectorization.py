"""A `TextVectorization` layer: read where its rules can be said, refused where they cannot."""

from __future__ import annotations

import json
import zipfile

import pytest

from edgernn.errors import DataError, ModelFileError
from edgernn.text import WordEncoder, WordRule, normalize
from edgernn.text.words import read_words
from edgernn.training.imported.text_vectorization import (
    find_text_vectorization,
    without_text_vectorization,
)
from edgernn.training.imported.tokenizers import WordOptions, resolve

WORDS = ["", "[UNK]", "a", "good", "Film", "film."]


def keras_file(folder, words=WORDS, **settings):
    """A `.keras` file as Keras 3.15 writes it, as far as this layer goes."""
    config = {
        "name": "text_vectorization",
        "standardize": None,
        "split": "whitespace",
        "ngrams": None,
        "output_mode": "int",
        "output_sequence_length": 6,
        "ragged": False,
        "vocabulary": None,
        "encoding": "utf-8",
        **settings,
    }
    string = {"class_name": "InputLayer", "config": {"batch_shape": [None, 1], "dtype": "string"}}
    layer = {"class_name": "TextVectorization", "config": config}
    model = {"class_name": "Sequential", "config": {"layers": [string, layer]}}
    path = folder / "own.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(model))
        if words is not None:
            name = "assets/layers/text_vectorization/_lookup_layer/vocabulary.txt"
            archive.writestr(name, "\n".join(words))
    return path


def encoder_of(file):
    found = resolve(file, WordOptions(), 10)
    encoder = WordEncoder(
        read_words(found.content),
        first_word_id=found.first_word_id,
        unknown_id=found.unknown_id,
        rule=WordRule(found.separators),
    )
    deleted = found.deleted_characters
    return lambda text: encoder.encode(normalize(text, case=found.case, deleted_characters=deleted))


def test_rules_that_can_be_said(tmp_path):
    """Split at ASCII white space, nothing else; padded and cut at the end."""
    file = find_text_vectorization(keras_file(tmp_path))
    assert (file.padding, file.truncating, file.max_length) == ("post", "post", 6)
    encode = encoder_of(file)
    assert encode("a\tgood\x0b\x0cFilm\nfilm. film") == [2, 3, 4, 5, 1]
    assert encode("a\u00a0good a\x1cgood") == [1, 1]  # tf.strings.split keeps them together
    free = find_text_vectorization(keras_file(tmp_path, output_sequence_length=None))
    assert (free.padding, free.max_length) == ("none", None)


def test_lower(tmp_path):
    """`tf.strings.lower` is lower-casing, as long as no other letters than ASCII's play a part."""
    words = ["", "[UNK]", "a", "good"]
    file = find_text_vectorization(keras_file(tmp_path, words, standardize="lower"))
    assert encoder_of(file)("A GOOD \u00c9") == [2, 3, 1]
    assert "U+212A, the Kelvin sign" in file.notes[0]
    with pytest.raises(DataError, match=r"lower-cases ASCII letters alone, .* has 'caf\u00e9'"):
        find_text_vectorization(keras_file(tmp_path, [*words, "caf\u00e9"], standardize="lower"))


def test_punctuation_is_deleted(tmp_path):
    """The default; what stood around it joins, and a word may be gone."""
    words = ["", "[UNK]", "dont", "a", "Good"]
    default = find_text_vectorization(
        keras_file(tmp_path, words, standardize="lower_and_strip_punctuation")
    )
    assert encoder_of(default)("DON'T a-- 'a' d.o.n.t ... Good _a\u2019") == [2, 3, 3, 2, 1, 1]
    assert "U+212A, the Kelvin sign" in default.notes[0]
    kept = find_text_vectorization(keras_file(tmp_path, words, standardize="strip_punctuation"))
    assert encoder_of(kept)("DON'T a! Good good") == [1, 3, 4, 1]
    assert kept.notes == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"standardize": {"class_name": "function"}}, "standardize={'class_name'"),
        ({"split": "character"}, "split='character', must be 'whitespace'"),
        ({"split": None}, "split=None"),
        ({"ngrams": [2]}, "ngrams="),
        ({"output_mode": "tf_idf"}, "output_mode='tf_idf'"),
        ({"ragged": True}, "ragged=True"),
        ({"encoding": "latin-1"}, "encoding='latin-1'"),
    ],
)
def test_rules_that_cannot(settings, said, tmp_path):
    """The setting is named."""
    with pytest.raises(DataError, match=said) as caught:
        find_text_vectorization(keras_file(tmp_path, **settings))
    assert str(caught.value).startswith(f"{tmp_path / 'own.keras'}: ")


def test_where_the_words_stand(tmp_path):
    """In the config, if they were given there; else beside it."""
    given = find_text_vectorization(keras_file(tmp_path, None, vocabulary=["a", "good"]))
    assert given.words == ((0, ""), (1, "[UNK]"), (2, "a"), (3, "good"))
    with pytest.raises(DataError, match="has no vocabulary: was it adapted"):
        find_text_vectorization(keras_file(tmp_path, None))
    with pytest.raises(DataError, match="appears twice"):
        find_text_vectorization(keras_file(tmp_path, ["", "[UNK]", "a", "a"]))


def test_other_files(tmp_path):
    """Not a layer of this kind: whoever reads the file says what is wrong with it."""
    path = tmp_path / "own.keras"
    for content in (b"", b"PK\x03\x04", b"PK\x03\x04" * 50, b"the\na\n"):
        path.write_bytes(content)
        assert find_text_vectorization(path) is None
    assert find_text_vectorization(tmp_path / "nothing") is None
    assert find_text_vectorization(tmp_path) is None
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "[" * 100_000)
    assert find_text_vectorization(path) is None


def test_the_model_behind_it():
    """The rest of the model takes ids; other configs stay as they are."""
    layer = {"class_name": "TextVectorization", "config": {"name": "words"}}
    rest = [{"class_name": "Embedding", "config": {}}]
    config = {"class_name": "Sequential", "config": {"layers": [layer, *rest]}}
    layers = without_text_vectorization(config)["config"]["layers"]
    assert [entry["class_name"] for entry in layers] == ["InputLayer", "Embedding"]
    for other in ({}, [], {"config": 3}, {"config": {"layers": rest}}, {"config": {"layers": [1]}}):
        assert without_text_vectorization(other) == other


@pytest.mark.parametrize(
    ("functional", "standardize"), [(False, None), (True, "lower_and_strip_punctuation")]
)
def test_a_model_with_the_layer(functional, standardize, tmp_path):
    """Imported without a vocabulary file; scores are those of `predict` on texts."""
    keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    import numpy as np
    import tensorflow as tf

    from edgernn.training.imported.contracts import ImportOptions
    from edgernn.training.imported.job import import_run

    texts = ["a Good film.", "film. zebra", "one two a Good a Good film. a"]
    layer = keras.layers.TextVectorization(standardize=standardize, output_sequence_length=6)
    layer.adapt(texts[:1])
    layers = [
        keras.layers.Embedding(layer.vocabulary_size(), 4),
        keras.layers.LSTM(3),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    given = keras.Input((1,), dtype="string")
    model = keras.Sequential([given, layer, *layers])
    if functional:
        found = given
        for one in (layer, *layers):
            found = one(found)
        model = keras.Model(given, found)
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.9, array.shape) for array in model.get_weights()])
    path = tmp_path / "own.keras"
    model.save(path)
    expect = tmp_path / "own.jsonl"
    scores = model(tf.constant([[text] for text in texts])).numpy()[:, 0]
    assert np.ptp(scores) > 0.05
    rows = [{"text": text, "score": float(s)} for text, s in zip(texts, scores, strict=True)]
    expect.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = []
    options = ImportOptions(model=path, output=tmp_path / "run", name="own", expect=expect)
    run = import_run(options, say=said.append)
    assert (run.contract.padding, run.contract.cut, run.contract.max_length) == ("end", "end", 6)
    assert run.config["imported"]["compared"]["scores"] == 3
    assert any("3 texts agree: scores of 3" in line for line in said)
    # Each character of ASCII and Latin-1, alone and in a word; no NUL, which TensorFlow drops.
    each = [f"a{chr(code)}a {chr(code)} fi{chr(code)}lm" for code in range(1, 256)]
    theirs = layer(tf.constant(each)).numpy()
    ours = [run.encoder.encode(text) for text in each]
    assert [ids + [0] * (6 - len(ids)) for ids in ours] == theirs.tolist()
    model.save(tmp_path / "own.h5")
    with pytest.raises(ModelFileError, match="TextVectorization"):
        import_run(
            ImportOptions(
                model=tmp_path / "own.h5",
                tokenizer=expect,
                output=tmp_path / "other",
                name="own",
            )
        )
