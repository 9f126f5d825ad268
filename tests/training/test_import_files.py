"""Models as people save them score in a run folder as they did where they were made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
tf_keras = pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

from own_models import (  # noqa: E402
    ARCHITECTURES,
    MAX_LENGTH,
    TEXTS,
    made,
    own_ids,
    own_scores,
    save,
    tokenizer,
    with_weights,
)

from edgernn.errors import ModelFileError, UsageError  # noqa: E402
from edgernn.training.imported.build import build  # noqa: E402
from edgernn.training.imported.files import read_model  # noqa: E402
from edgernn.training.imported.job import ImportOptions, import_run  # noqa: E402
from edgernn.training.models import probabilities  # noqa: E402

CLOSE = 1e-5

# A model is saved in several ways, none of which changes it.
one = cache(made)


def scores_of(model, ids):
    """The probabilities of a model, operator by operator: few texts are not worth a trace."""
    model.run_eagerly = True
    return probabilities(model, ids)


@pytest.fixture(scope="module")
def tokens():
    """The person's tokenizer: unknown words have an id."""
    return tokenizer(num_words=30, oov_token="<OOV>")


def imported_scores(paths, tokens, folder, **settings):
    """Import the files, load the run's own model, and score the texts by its own contract."""
    model, weights = paths
    vocabulary = folder / "tokenizer.json"
    vocabulary.write_text(tokens.to_json(), "utf-8")
    run = import_run(
        ImportOptions(
            model=model,
            weights=weights,
            tokenizer=vocabulary,
            max_length=MAX_LENGTH,
            output=folder / "run",
            name="own",
            **settings,
        )
    )
    return scores_of(run.load_model(), run.encoder.encode_batch(TEXTS))


def check(model, kind, tokens, folder, padding="pre", truncating="pre"):
    expected = own_scores(model, tokens, TEXTS, padding, truncating)
    assert np.ptp(expected) > 0.02
    found = imported_scores(
        save(model, kind, folder), tokens, folder, padding=padding, truncating=truncating
    )
    np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)


# `mixed` has every kind of recurrent layer: it stands for the others where one way of saving has
# them all in the quick run.
QUICK = {
    (keras, "keras", True): ARCHITECTURES.keys(),
    (keras, "keras", False): {"mixed"},
    (tf_keras, "h5", False): {"mixed", "stacked", "gru"},
}


@pytest.mark.parametrize(
    ("package", "kind", "mask", "name"),
    [
        pytest.param(*way, name, marks=() if name in quick else pytest.mark.slow)
        for way, quick in QUICK.items()
        for name in ARCHITECTURES
    ],
)
def test_every_architecture(package, kind, mask, name, tokens, tmp_path):
    """Each kind of layer, masked and not: the fresh model gives the same on padded ids."""
    model = one(package, name, mask)
    ids = own_ids(tokens, TEXTS, "pre")
    expected = model(ids, training=False).numpy()
    read = read_model(*save(model, kind, tmp_path))
    found = 1 / (1 + np.exp(-build(read)(ids, training=False).numpy()))
    if not read.architecture.sigmoid:
        expected = 1 / (1 + np.exp(-expected))
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)


@pytest.mark.parametrize(
    ("package", "kind", "name"),
    [
        (keras, "h5", "stacked"),
        (keras, "json", "mixed"),
        (tf_keras, "keras", "mixed"),
        (tf_keras, "json", "stacked"),
        (tf_keras, "json h5", "mixed"),
        (tf_keras, "checkpoint", "stacked"),
        (tf_keras, "savedmodel", "mixed"),
        (tf_keras, "savedmodel", "stacked"),
        pytest.param(tf_keras, "savedmodel traced", "stacked", marks=pytest.mark.slow),
    ],
)
def test_every_kind_of_file(package, kind, name, tokens, tmp_path):
    """Every other way of saving, in both Keras packages; unmasked, zeros behind the text."""
    check(one(package, name, False), kind, tokens, tmp_path, "post", "post")


def functional(package, mask):
    layers = package.layers
    ids = package.Input((MAX_LENGTH,), dtype="int32")
    state = layers.Embedding(40, 6, mask_zero=mask)(ids)
    state = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(state)
    state = layers.Dropout(0.5)(state)
    state = layers.LSTM(3)(state)
    return with_weights(package.Model(ids, layers.Dense(1, activation="sigmoid")(state)))


# The layers are listed alike in every kind of file.
@pytest.mark.parametrize(
    ("package", "kind", "mask"),
    [
        (keras, "keras", True),
        (keras, "h5", False),
        (tf_keras, "keras", False),
        (tf_keras, "json", True),
        pytest.param(keras, "keras", False, marks=pytest.mark.slow),
        pytest.param(keras, "h5", True, marks=pytest.mark.slow),
        pytest.param(tf_keras, "keras", True, marks=pytest.mark.slow),
        pytest.param(tf_keras, "json", False, marks=pytest.mark.slow),
    ],
)
def test_a_functional_chain(package, kind, mask, tokens, tmp_path):
    """A functional model that is a plain chain; Keras 3 lists its mask as an operation."""
    check(functional(package, mask), kind, tokens, tmp_path)


def test_a_branch(tmp_path):
    """A functional model that is more than a chain is refused."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(40, 6)(ids)
    first = layers.LSTM(4)(embedded)
    second = layers.LSTM(4, name="second")(embedded)
    for end, said in (
        (layers.Dense(1)(layers.Concatenate(name="both")([first, second])), "both"),
        (layers.Dense(1, name="end")(second), None),
    ):
        model = keras.Model(ids, end)
        model.save(tmp_path / "own.keras")
        if said is None:
            assert len(read_model(tmp_path / "own.keras").architecture.layers) == 3
        else:
            with pytest.raises(ModelFileError, match=rf"layer {said} \(Concatenate\)$"):
                read_model(tmp_path / "own.keras")
    both = keras.Model(ids, [layers.Dense(1)(first), layers.Dense(1)(second)])
    both.save(tmp_path / "own.keras")
    with pytest.raises(ModelFileError, match="plain chain of layers: layer second does not take"):
        read_model(tmp_path / "own.keras")


def test_dropout_that_stays_on(tmp_path):
    """A layer that is called with `training=True` computes something else each time."""
    ids = tf_keras.Input((None,), dtype="int32")
    state = tf_keras.layers.Embedding(40, 6)(ids)
    state = tf_keras.layers.Dropout(0.5, name="always")(state, training=True)
    state = tf_keras.layers.LSTM(4)(state)
    tf_keras.Model(ids, tf_keras.layers.Dense(1)(state)).save(tmp_path / "own.h5")
    with pytest.raises(ModelFileError, match="layer always is called with training=True"):
        read_model(tmp_path / "own.h5")


def test_an_old_saved_model(tokens, tmp_path):
    """TensorFlow 2.0 to 2.4 keep the config in `saved_model.pb` itself."""
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.keras.protobuf import saved_metadata_pb2

    model = one(tf_keras, "lstm", False)
    folder, _ = save(model, "savedmodel", tmp_path)
    metadata = folder / "keras_metadata.pb"
    config = saved_metadata_pb2.SavedMetadata.FromString(metadata.read_bytes()).nodes[0].metadata
    metadata.unlink()
    graph = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph.meta_graphs[0].object_graph_def.nodes[0].user_object.metadata = config
    (folder / "saved_model.pb").write_bytes(graph.SerializeToString())
    found = imported_scores((folder, None), tokens, tmp_path)
    expected = own_scores(model, tokens, TEXTS, "pre")
    np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)


def test_an_exported_graph(tmp_path):
    """What `model.export` of Keras 3 writes has no layers in it, and the error says what has."""
    made(keras, "rnn", True).export(tmp_path / "own", verbose=False)
    with pytest.raises(ModelFileError, match=r"model\.export\(\) of Keras 3.*as \.keras$"):
        read_model(tmp_path / "own")


# As Keras 2.3.1 with TensorFlow 2.2 wrote it, settings of training alone left out.
OLD_CONFIG = {
    "class_name": "Sequential",
    "config": [
        {
            "class_name": "Embedding",
            "config": {
                "name": "embedding_1",
                "trainable": True,
                "batch_input_shape": [None, MAX_LENGTH],
                "dtype": "float32",
                "input_dim": 40,
                "output_dim": 3,
                "embeddings_regularizer": None,
                "activity_regularizer": None,
                "mask_zero": True,
                "input_length": MAX_LENGTH,
            },
        },
        {
            "class_name": "LSTM",
            "config": {
                "name": "lstm_1",
                "trainable": True,
                "dtype": "float32",
                "return_sequences": False,
                "return_state": False,
                "go_backwards": False,
                "stateful": False,
                "unroll": False,
                "units": 2,
                "activation": "tanh",
                "recurrent_activation": "sigmoid",
                "use_bias": True,
                "unit_forget_bias": True,
                "dropout": 0.2,
                "recurrent_dropout": 0.2,
                "implementation": 2,
            },
        },
        {
            "class_name": "Dense",
            "config": {"name": "dense_1", "units": 1, "activation": "sigmoid", "use_bias": True},
        },
    ],
}
OLD_NAMES = {
    "embedding_1": ["embedding_1/embeddings:0"],
    "lstm_1": ["lstm_1/kernel:0", "lstm_1/recurrent_kernel:0", "lstm_1/bias:0"],
    "dense_1": ["dense_1/kernel:0", "dense_1/bias:0"],
}


def write_old_file(path, weights):
    """Write an .h5 file with the names and text types of old Keras 2."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(OLD_CONFIG).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in OLD_NAMES]
        arrays = iter(weights)
        for layer, names in OLD_NAMES.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                inner[name] = next(arrays)


def test_an_old_h5_file(tokens, tmp_path):
    """A list of layers, `embedding_1`, weights without the name of a cell."""
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Embedding(40, 3, mask_zero=True, input_length=MAX_LENGTH),
            layers.LSTM(2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    with_weights(model)
    write_old_file(tmp_path / "own.h5", model.get_weights())
    found = imported_scores((tmp_path / "own.h5", None), tokens, tmp_path)
    expected = own_scores(model, tokens, TEXTS, "pre")
    np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)


def test_the_keras_file_of_tensorflow_2_12(tokens, tmp_path):
    """Its weights stand in another group, and it counts the layers of a class otherwise."""
    import h5py

    model = one(tf_keras, "mixed", False)
    model.save_weights(tmp_path / "new.weights.h5")
    old = tmp_path / "old.weights.h5"
    with h5py.File(tmp_path / "new.weights.h5") as new, h5py.File(old, "w") as file:
        for name in new["layers"]:
            renamed = {"dense_1": "dense_3", "dense_2": "dense_4"}.get(name, name)
            new.copy(f"layers/{name}", file, f"_layer_checkpoint_dependencies/{renamed}")
        file.create_group("_layer_checkpoint_dependencies/dense_1/vars")
    (tmp_path / "own.json").write_text(model.to_json())
    found = imported_scores((tmp_path / "own.json", old), tokens, tmp_path)
    np.testing.assert_allclose(found, own_scores(model, tokens, TEXTS, "pre"), atol=CLOSE, rtol=0)


def test_many_layers_of_a_class(tmp_path):
    """The eleventh layer of a class comes behind the second."""
    layers = [keras.layers.Embedding(20, 2), keras.layers.LSTM(2)]
    layers += [keras.layers.Dense(2) for _ in range(12)]
    model = with_weights(keras.Sequential([keras.Input((None,)), *layers, keras.layers.Dense(1)]))
    model.save(tmp_path / "own.keras")
    read = read_model(tmp_path / "own.keras")
    arrays = [array for layer in read.weights for array in layer]
    for found, expected in zip(arrays, model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_what_is_noted(tmp_path):
    """The kind of file, its hash, and whether the model gives probabilities."""
    import hashlib

    model = made(keras, "gru", True)
    path, weights = save(model, "json", tmp_path)
    read = read_model(path, weights)
    assert read.kind == "json"
    assert read.files == {
        name.name: hashlib.sha256(name.read_bytes()).hexdigest() for name in (path, weights)
    }
    assert read.architecture.sigmoid
    assert read.architecture.embedding.mask_zero
    assert read.architecture.input_length is None


def test_a_file_under_another_name(tmp_path):
    """The kind is known by the content, as with `.h5` content in `model.keras`."""
    path, _ = save(made(tf_keras, "rnn", True), "h5", tmp_path)
    assert read_model(path.rename(tmp_path / "own.keras")).kind == "h5"


def test_weights_are_missing(tmp_path):
    """A JSON needs weights, another file must not have them, and a file may have nothing else."""
    model = made(keras, "rnn", True)
    layers, weights = save(model, "json", tmp_path)
    whole, _ = save(model, "keras", tmp_path)
    with pytest.raises(UsageError, match="--weights FILE"):
        read_model(layers)
    with pytest.raises(UsageError, match="only for a model JSON"):
        read_model(whole, weights)
    with pytest.raises(ModelFileError, match=r"holds weights and no layers.*--weights"):
        read_model(weights)
    with pytest.raises(ModelFileError, match=r"nothing\.h5: cannot be read: No such file"):
        read_model(layers, tmp_path / "nothing.h5")
    with pytest.raises(ModelFileError, match="nowhere: cannot be read: No such file"):
        read_model(tmp_path / "nowhere")
    with pytest.raises(ModelFileError, match=r"without a saved_model\.pb"):
        read_model(Path(tmp_path))


@pytest.mark.parametrize("kind", ["json", "json h5", "checkpoint"])
def test_weights_of_another_model(kind, tmp_path):
    """A weight that is missing or of another shape is named."""
    for name in ("lstm", "gru"):
        (tmp_path / name).mkdir()
    layers, _ = save(one(tf_keras, "lstm", False), kind, tmp_path / "lstm")
    _, weights = save(one(tf_keras, "gru", False), kind, tmp_path / "gru")
    with pytest.raises(
        ModelFileError, match=r"(holds no weights of layer lstm|has shape \(6, 15\))"
    ):
        read_model(layers, weights)


@pytest.mark.parametrize("frozen", ["forward_layer", "backward_layer"])
@pytest.mark.parametrize("package", [keras, tf_keras])
def test_one_direction_frozen(package, frozen, tmp_path):
    """Keras writes trainable weights first into .h5, so the backward direction may come first."""
    layers = package.layers
    both = layers.Bidirectional(layers.GRU(4))
    getattr(both, frozen).trainable = False
    model = own_sequential(package, [layers.Embedding(30, 6), both, layers.Dense(1)])
    compare(model, "h5", tmp_path)


@pytest.mark.parametrize("package", [keras, tf_keras])
@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_models_within_the_model(package, kind, tmp_path):
    """Their weights are found where each file has them."""
    layers = package.layers
    reader = own_sequential(package, [layers.Embedding(30, 6), layers.LSTM(4)])
    head = package.Sequential([layers.Dense(4), layers.BatchNormalization()])
    model = own_sequential(package, [reader, head, layers.Dense(2, activation="softmax")])
    compare(model, kind, tmp_path)


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("package", [keras, tf_keras])
def test_a_hard_sigmoid_is_the_one_of_its_keras(package, cell, tmp_path):
    """Keras 2's function is steeper than Keras 3's of the same name; the file names the version."""
    layers = package.layers
    gates = getattr(layers, cell)(4, recurrent_activation="hard_sigmoid")
    model = own_sequential(package, [layers.Embedding(30, 6), gates, layers.Dense(1)])
    compare(model, "keras", tmp_path)


def own_sequential(package, made):
    """A model of ids; weights are such that texts differ, and variances are positive."""
    first = made[0]
    ids = [] if isinstance(first, package.Sequential) else [package.layers.InputLayer((12,))]
    model = package.Sequential([*ids, *made])
    model(np.ones((1, 12), np.int32))
    rng = np.random.default_rng(1)
    model.set_weights([np.abs(rng.normal(0, 0.9, w.shape)) + 0.1 for w in model.get_weights()])
    signed = [rng.choice((-1, 1), w.shape) * w if w.ndim > 1 else w for w in model.get_weights()]
    model.set_weights(signed)
    return model


def compare(model, kind, folder):
    """Save, read and build a model, and compare it with itself."""
    path, _ = save(model, kind, folder)
    ids = np.random.default_rng(2).integers(1, 30, (6, 12), dtype=np.int32)
    expected = np.asarray(model(ids, training=False))
    if expected.shape[1] == 1:
        expected = 1 / (1 + np.exp(-expected))
    found = scores_of(build(read_model(path)), list(ids))
    assert np.ptp(found) > 0.01
    np.testing.assert_allclose(found, expected[:, -1], atol=CLOSE)
