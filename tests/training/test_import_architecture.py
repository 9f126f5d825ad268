"""Configs read as data: what cannot be carried over exactly is named, all of it in one line."""

from __future__ import annotations

import copy
import json
import random

import pytest

from edgernn.errors import ModelFileError
from edgernn.training.imported.architecture import read_architecture
from edgernn.training.imported.layers import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Embedding,
    MaxPool,
    Norm,
    Pool,
    Recurrent,
)


def layer(kind, **config):
    config.setdefault("name", f"my_{kind.lower()}")
    return {"class_name": kind, "config": config}


def embedding(**config):
    return layer("Embedding", **{"input_dim": 20, "output_dim": 4, **config})


def lstm(**config):
    return layer("LSTM", **{"units": 3, **config})


def dense(**config):
    return layer("Dense", **{"units": 1, "activation": "sigmoid", **config})


def both(inner, **config):
    return layer("Bidirectional", **{"layer": inner, "merge_mode": "concat", **config})


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "own", "layers": list(layers)}}


def sequences():
    return lstm(return_sequences=True)


def conv(**config):
    return layer("Conv1D", **{"filters": 2, "kernel_size": [3], **config})


def norm(**config):
    return layer("BatchNormalization", **{"axis": -1, **config})


def pool(kind="GlobalMaxPooling1D"):
    return layer(kind, data_format="channels_last", keepdims=False)


def refusal(config):
    with pytest.raises(ModelFileError) as caught:
        read_architecture(config, "own.keras")
    message = str(caught.value)
    assert message.startswith("own.keras: ")
    assert "\n" not in message
    return message.removeprefix("own.keras: ")


def test_a_plain_model():
    """Names, sizes, mask and activations."""
    config = sequential(
        layer("InputLayer", batch_shape=[None, 7], dtype="int32"),
        embedding(mask_zero=True),
        layer("SpatialDropout1D", rate=0.2),
        both(lstm(return_sequences=True)),
        layer("GRU", units=2, reset_after=True),
        dense(units=5, activation="relu"),
        dense(),
    )
    assert read_architecture(config, "own.keras") == Architecture(
        layers=(
            Embedding("my_embedding", 20, 4, mask_zero=True),
            Recurrent("my_bidirectional", "LSTM", 3, True, True, True, zeros_behind=True),
            Recurrent("my_gru", "GRU", 2, False, False, True, reset_after=True),
            Dense("my_dense", 5, "relu", True),
            Dense("my_dense", 1, "sigmoid", True),
        ),
        input_length=7,
    )


def test_every_problem_at_once():
    """Foreign layers and settings stand in one line, each with the layer's name."""
    config = sequential(
        embedding(),
        layer("Attention"),
        lstm(recurrent_activation="swish", stateful=True),
        layer("LayerNormalization"),
        dense(activation="gelu"),
    )
    assert refusal(config) == (
        "cannot be carried over exactly: layer my_attention (Attention); layer my_lstm (LSTM): "
        "recurrent_activation='swish', must be 'sigmoid' or 'hard_sigmoid'; layer my_lstm (LSTM): "
        "stateful=True, must be False; layer my_layernormalization (LayerNormalization): "
        "BatchNormalization in its place can be carried over; layer my_dense (Dense): "
        "activation='gelu', must be 'linear' or 'relu' or 'tanh' or 'sigmoid' or 'softmax' or "
        "'leaky_relu' or 'relu6' or 'elu' or 'selu' or 'silu' or 'softsign' or 'swish'"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lstm(activation="elu"), "activation='elu', must be 'tanh' or 'relu' or 'sigmoid'"),
        (lstm(go_backwards=True), "go_backwards=True, must be False"),
        (lstm(time_major=True), "time_major=True"),
        (lstm(return_state=True), "return_state=True"),
        (lstm(units="3"), "units='3', must be a whole number"),
        (lstm(units=True), "units=True"),
        (lstm(units=1 << 30), "units=1073741824, must be a whole number from 1 to 16,777,216"),
        (lstm(use_bias=1), "use_bias=1, must be True or False"),
        (lstm(dtype="float16"), "dtype='float16', must be 'float32'"),
        (
            lstm(dtype={"class_name": "DTypePolicy", "config": {"name": "float16"}}),
            "dtype='float16', must be 'float32'",
        ),
        (lstm(dtype={"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}), "dtype="),
        (lstm(layer_normalization=True), "'layer_normalization'=True is not known here"),
        (lstm(peephole="full\nline"), r"'peephole'='full\nline' is not known here"),
        (
            layer("GRU", units=3, recurrent_activation="hard_sigmoid"),
            "the file does not say which of them wrote it",
        ),
        (layer("CuDNNLSTM", units=3), "layer my_cudnnlstm (CuDNNLSTM): load it in TensorFlow 2"),
        (both(lstm(), merge_mode="max"), "merge_mode='max', must be 'concat' or 'sum' or 'ave'"),
        (layer("Conv1D", filters=2, kernel_size=[3, 3]), "kernel_size=[3, 3], must be a whole"),
        (layer("Conv1D", filters=2, kernel_size=3, groups=2), "groups=2, must be 1"),
        (
            layer("Conv1D", filters=2, kernel_size=3, strides=2, padding="same"),
            "strides=2, must be 1 with padding='same'",
        ),
        (
            layer("MaxPooling1D", pool_size=3, strides=1, padding="same"),
            "strides=1, must be 3, as pool_size, with padding='same'",
        ),
        (layer("GlobalMaxPooling1D", data_format="channels_first"), "data_format='channels_first'"),
        (layer("BatchNormalization", axis=0), "axis=0, must be the last one, -1"),
        (layer("BatchNormalization", axis=-1, renorm=True), "renorm=True, must be False"),
        (layer("LeakyReLU", alpha="0.3"), "alpha='0.3', must be a number from 0 on"),
        (layer("ReLU", max_value=3.0), "max_value=3.0: must be a plain one"),
        (layer("ELU", alpha=0.5), "alpha must be 1.0"),
        (both(layer("ConvLSTM1D")), "(Bidirectional) of layer my_convlstm1d (ConvLSTM1D)"),
        (both(None), "(Bidirectional) of nothing"),
        (both(lstm(), backward_layer=lstm(go_backwards=False)), "go_backwards=False, must be True"),
        (
            both(lstm(), backward_layer=lstm(units=4, go_backwards=True)),
            "both directions must be alike",
        ),
        (
            both(lstm(), backward_layer=layer("GRU", units=3, go_backwards=True)),
            "both directions must be alike",
        ),
        ({**lstm(), "module": "my_package.layers"}, "a layer of one's own"),
        ({**lstm(), "registered_name": "My>LSTM"}, "a layer of one's own"),
        (both({**lstm(), "registered_name": "My>LSTM"}), "(Bidirectional) of layer my_lstm"),
        ({"class_name": "LSTM", "config": [1]}, "has no settings"),
        ({"class_name": ["LSTM"], "config": {}}, "layer None (['LSTM'])"),
        (layer("LSTM\n2", name="a\nb"), r"layer 'a\nb' ('LSTM\n2')"),
        (layer("NotEqual"), "layer my_notequal (NotEqual)"),
        (layer("Sequential", layers=[lstm(stateful=True)]), "layer my_lstm (LSTM): stateful=True"),
    ],
)
def test_a_recurrent_layer(changed, said):
    """Each setting that would change the result is named with its value."""
    message = refusal(sequential(embedding(), changed, dense()))
    assert message.startswith("cannot be carried over exactly: layer ")
    assert said in message


@pytest.mark.parametrize(
    "changed",
    [
        lstm(dropout=0.5, recurrent_dropout=0.5, unroll=True, implementation=1, seed=3),
        lstm(kernel_initializer={"class_name": "Zeros"}, kernel_regularizer={"class_name": "L2"}),
        lstm(activation=None, recurrent_activation="sigmoid", zero_output_for_mask=False),
        lstm(trainable=False, unknown_setting=None, another=False, time_major=False),
        {**lstm(), "module": "keras.layers", "registered_name": None, "build_config": {}},
        {**lstm(), "module": "tensorflow.keras.layers", "registered_name": "LSTM"},
        lstm(dtype={"class_name": "Policy", "config": {"name": "float32"}}),
    ],
)
def test_what_changes_nothing(changed):
    """Settings of training, and those that are off, are read over."""
    found = read_architecture(sequential(embedding(), changed, dense()), "own.keras")
    assert found.layers[1] == Recurrent("my_lstm", "LSTM", 3, False, False, True)


def test_a_gru_without_the_setting():
    """Keras wrote no `reset_after` before it had one, and what it did then was without."""
    config = sequential(embedding(), layer("GRU", units=3), dense())
    recurrent = read_architecture(config, "own.keras").layers[1]
    assert isinstance(recurrent, Recurrent)
    assert not recurrent.reset_after


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([lstm(), dense()], "found recurrent, dense"),
        ([embedding(), dense()], "found embedding, dense"),
        ([embedding(), lstm()], "found embedding, recurrent"),
        ([embedding(), embedding(), lstm(), dense()], "found embedding, embedding, rec"),
        ([embedding(), lstm(), dense(activation="relu"), lstm(), dense()], "found emb"),
        ([layer("Dropout", rate=0.5)], "found none"),
        ([embedding(), lstm(), lstm(name="b"), dense()], "must return sequences; see my_lstm"),
        ([embedding(), lstm(return_sequences=True), dense()], "return sequences; see my_lstm"),
        ([embedding(), lstm(), dense(units=2, activation="relu")], "has 2 with activation 'relu'"),
        ([embedding(), lstm(), dense(activation="relu")], "has 1 with activation 'relu'"),
        (
            [embedding(), lstm(), dense(units=4, activation="softmax"), dense()],
            "activation='softmax', which only the last layer may have",
        ),
        ([embedding(), lstm(), dense(), layer("Activation", activation="sigmoid")], "after a den"),
        (
            [embedding(), layer("Activation", activation="softmax"), lstm(), dense()],
            "layer my_activation: a softmax must be at the end",
        ),
        (
            [embedding(), lstm(), dense(units=1025, activation="softmax")],
            "or 2 to 1,024 units, logits, a softmax or sigmoids; my_dense has 1,025 with",
        ),
        ([embedding(), pool(), dense()], "and no LSTM, GRU or SimpleRNN, which a model must have"),
        ([embedding(), lstm(), pool(), dense()], "before a pooling must return sequences"),
        ([embedding(), lstm(), conv(), dense()], "a convolution must come before the last rec"),
        (
            [embedding(mask_zero=True), sequences(), conv(), pool(), dense()],
            "layer my_conv1d drops the mask of the embedding",
        ),
        (
            [embedding(mask_zero=True), sequences(), norm(), pool(), dense()],
            "layer my_batchnormalization stands between a masked recurrent layer and GlobalMax",
        ),
        (
            [embedding(), lstm(), norm(axis=2), dense()],
            "axis=2, must be the last one, -1",
        ),
        (
            [
                layer("InputLayer", batch_shape=[None, 5]),
                embedding(input_length=6),
                lstm(),
                dense(),
            ],
            "two layers name different input lengths",
        ),
        (
            [layer("InputLayer", batch_shape=[None, 5], ragged=True), embedding(), lstm(), dense()],
            "ragged=True, must be False",
        ),
    ],
)
def test_the_order_of_layers(layers, said):
    """From ids over states to one unit."""
    assert said in refusal(sequential(*layers))


def test_a_linear_unit_and_an_activation():
    """An activation as a layer of its own joins the dense layer before it."""
    linear = dense(activation="linear")
    layers = (embedding(), lstm(), linear)
    assert not read_architecture(sequential(*layers), "x").sigmoid
    sigmoid = layer("Activation", activation="sigmoid")
    assert read_architecture(sequential(*layers, sigmoid), "x").sigmoid


@pytest.mark.parametrize(
    ("units", "activation", "end", "sigmoid"),
    [
        (1, "sigmoid", "sigmoid", True),
        (1, "linear", "logit", False),
        (2, "softmax", "softmax", True),
        (2, "linear", "logits", False),
        (2, "sigmoid", "sigmoids", True),
        (77, "softmax", "softmax", True),
        (1024, "linear", "logits", False),
        (5, "sigmoid", "sigmoids", True),
    ],
)
def test_the_end(units, activation, end, sigmoid):
    """One number between two labels, or one for each of any number."""
    layers = (embedding(), lstm(), dense(units=units, activation=activation))
    found = read_architecture(sequential(*layers), "x")
    assert (found.units, found.end, found.sigmoid) == (units, end, sigmoid)


def test_the_length_of_the_first_batch():
    """Keras 3 notes the shape of the first batch, which binds nobody."""
    config = sequential(layer("InputLayer", batch_shape=[32, 7]), embedding(), lstm(), dense())
    assert read_architecture(config, "x").input_length is None


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        {},
        {"class_name": "Sequential"},
        {"class_name": "Sequential", "config": None},
        {"class_name": "Sequential", "config": {"layers": {}}},
        {"class_name": "Sequential", "config": []},
        {"class_name": "Sequential", "config": [1]},
        {"class_name": "MyModel", "config": {"layers": ["LSTM"]}},
        {"class_name": "MyModel", "config": {"embedding": embedding()}},
        {"class_name": "MyModel", "config": {"layers": [embedding()]}},
        {"class_name": ["Sequential"], "config": {"layers": [embedding()]}},
        sequential(*[lstm()] * 300),
    ],
)
def test_no_model(config):
    """Another kind of model, or none."""
    assert "layers" in refusal(config) or "must be a sequential or functional" in refusal(config)


def test_layers_of_every_kind():
    """Convolution, normalization, pooling and activations, with what they are set to."""
    config = sequential(
        embedding(),
        conv(padding="causal", dilation_rate=[2], activation="relu", use_bias=False),
        layer("MaxPooling1D", pool_size=[4]),
        layer("BatchNormalization", axis=[2], epsilon=0.01, momentum=0.9, center=False),
        both(sequences(), merge_mode="ave"),
        pool("GlobalAveragePooling1D"),
        dense(units=4, activation="linear"),
        layer("LeakyReLU", negative_slope=0.1),
        dense(units=2, activation="leaky_relu"),
        dense(units=2, activation="softmax"),
    )
    found = read_architecture(config, "x")
    assert found.layers[1:] == (
        Conv("my_conv1d", 2, 3, "causal", 1, 2, use_bias=False),
        Activation("my_conv1d", "relu"),
        MaxPool("my_maxpooling1d", 4, 4, "valid"),
        Norm("my_batchnormalization", 2, 0.01, center=False, scale=True),
        Recurrent("my_bidirectional", "LSTM", 3, True, True, True, merge="ave", zeros_behind=True),
        Pool("my_globalaveragepooling1d", "mean"),
        Dense("my_dense", 4, "linear", use_bias=True),
        Activation("my_leakyrelu", "leaky_relu", 0.1),
        Dense("my_dense", 2, "linear", use_bias=True),
        Activation("my_dense", "leaky_relu", 0.2),
        Dense("my_dense", 2, "softmax", use_bias=True),
    )
    assert (found.end, found.sigmoid) == ("softmax", True)
    assert [len(arrays) for arrays in found.arrays()] == [1, 1, 0, 0, 3, 6, 0, 2, 0, 2, 0, 2]


@pytest.mark.parametrize(
    ("kind", "steep"),
    [(2, True), (3, False)],
)
def test_a_hard_sigmoid(kind, steep):
    """It is another function in Keras 2 than in 3, so that the version decides."""
    config = sequential(embedding(), lstm(recurrent_activation="hard_sigmoid"), dense())
    recurrent = read_architecture(config, "x", kind).layers[1]
    assert (recurrent.gates, recurrent.steep) == ("hard_sigmoid", steep)
    assert read_architecture({**config, "keras_version": f"{kind}.1.0"}, "x").layers[1] == recurrent


def test_mixed_precision():
    """Its weights are float32; that the arithmetic is too is said, once."""
    mixed = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    found = read_architecture(sequential(embedding(dtype=mixed), lstm(dtype=mixed), dense()), "x")
    assert found.notes == (
        "trained in mixed_float16: the weights are float32, and so is what is computed here",
    )
    assert found.mixed == "mixed_float16"
    assert read_architecture(sequential(embedding(), lstm(), dense()), "x").mixed is None


def test_a_mask_that_is_dropped():
    """Behind a convolution padding is read, whatever mask_zero says."""
    masked = embedding(mask_zero=True)
    found = read_architecture(sequential(masked, conv(), lstm(), dense()), "x")
    assert not found.embedding.mask_zero
    assert "mask_zero has no effect in this model" in found.notes[0]
    assert read_architecture(sequential(masked, lstm(), dense()), "x").embedding.mask_zero


def test_models_within_the_model():
    """Their layers are the model's own; where they stand is kept, to find the weights."""
    inner = sequential(layer("InputLayer", batch_shape=[None, 9]), embedding(), lstm())
    inner["config"]["name"] = "reader"
    head = sequential(layer("InputLayer", batch_shape=[None, 3]), dense(units=4))
    found = read_architecture(sequential(inner, head, dense()), "x")
    assert [type(one).__name__ for one in found.layers] == [
        *("Embedding", "Recurrent", "Dense", "Dense")
    ]
    assert [[nest.name for nest in nests] for nests in found.nests] == [
        *(["reader"], ["reader"], ["own"], [])
    ]
    assert found.input_length == 9


def test_a_class_of_ones_own():
    """One with the config of a Keras model is read, and said to be what it is."""
    config = sequential(embedding(), lstm(), dense())
    own = {**config, "class_name": "Mine", "module": "mine", "registered_name": "Mine"}
    found = read_architecture(own, "x")
    assert found.layers == read_architecture(config, "x").layers
    assert "Mine is a class of one's own, whose code is not in the file" in found.notes[0]


def functional():
    """A chain as Keras 2 writes it."""
    layers = [
        layer("InputLayer", batch_input_shape=[None, None], name="ids"),
        embedding(name="table"),
        lstm(name="states"),
        dense(name="end"),
    ]
    for before, after in zip([None, *layers], layers, strict=False):
        after["name"] = after["config"]["name"]
        after["inbound_nodes"] = [] if before is None else [[[before["name"], 0, 0, {}]]]
    return {
        "class_name": "Functional",
        "config": {
            "name": "own",
            "layers": layers,
            "input_layers": [["ids", 0, 0]],
            "output_layers": [["end", 0, 0]],
        },
    }


def test_a_chain():
    """Read as a sequential model is."""
    assert len(read_architecture(functional(), "x").layers) == 3


def _tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def _not_equal(number, of="ids"):
    return {
        "class_name": "NotEqual",
        "config": {"name": "mask"},
        "name": "mask",
        "inbound_nodes": [{"args": [_tensor(of), number], "kwargs": {}}],
    }


def _masked(config, number=0, of="ids", mask_zero=True):
    layers = config["config"]["layers"]
    layers[1]["config"]["mask_zero"] = mask_zero
    layers.insert(2, _not_equal(number, of))
    node = {"args": [_tensor("table")], "kwargs": {"mask": _tensor("mask"), "training": False}}
    layers[3]["inbound_nodes"] = [node]


def test_a_mask():
    """The embedding's own mask may stand there as an operation."""
    config = functional()
    _masked(config)
    assert read_architecture(config, "x").embedding.mask_zero


def _set(place, value):
    def change(config):
        *path, last = place
        part = config["config"]
        for step in path:
            part = part[step]
        part[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: _masked(config, number=1), "operation mask is not the embedding's mask"),
        (lambda config: _masked(config, of="table"), "operation mask is not the embedding's mask"),
        (lambda config: _masked(config, mask_zero=False), "operation mask is not the embedding's"),
        (_set(("layers", 2, "inbound_nodes"), [[["ids", 0, 0, {}]]]), "layer states does not take"),
        (_set(("layers", 2, "inbound_nodes"), []), "layer states is not called exactly once"),
        (_set(("layers", 2, "inbound_nodes"), "x"), "layer states is not called exactly once"),
        (_set(("layers", 2, "inbound_nodes"), [[["table", 1, 0, {}]]]), "not called exactly once"),
        (
            _set(("layers", 2, "inbound_nodes"), [[["table", 0, 0, {"training": True}]]]),
            "layer states is called with training=True",
        ),
        (
            _set(("layers", 2, "inbound_nodes"), [[["table", 0, 0, {"initial_state": [1]}]]]),
            "layer states is called with initial_state=[1]",
        ),
        (_set(("layers", 0, "inbound_nodes"), [[["end", 0, 0, {}]]]), "start with an input layer"),
        (_set(("layers", 2), {"name": "a\nb", **lstm()}), r"layer 'a\nb' is not called exactly"),
        (_set(("layers", 2, "name"), "table"), "two layers have the same name"),
        (_set(("output_layers",), [["states", 0, 0]]), "not the first and the last layer"),
        (_set(("input_layers",), [["ids", 0, 0], ["ids", 0, 0]]), "not the first and the last"),
    ],
)
def test_not_a_chain(change, said):
    """What makes it more than a chain is named."""
    config = functional()
    change(config)
    assert refusal(config).startswith("must be a plain chain of layers: ")
    assert said in refusal(config)


_JUNK = (None, True, -1, 0, 2**70, 1.5, float("nan"), "", "x" * 999, "\n", [], [[]], {}, {"a": 1})


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            yield from _places(inner, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.parametrize("seed", range(300))
def test_any_other_value(seed):
    """Whatever stands in a config: it is read or refused in one line, never anything else."""
    rng = random.Random(seed)
    config = functional() if seed % 2 else sequential(embedding(), both(lstm()), dense())
    if seed % 4 == 1:
        _masked(config)
    config = copy.deepcopy(config)
    for _ in range(rng.choice((1, 1, 2))):
        *path, last = rng.choice([place for place in _places(config) if place])
        part = config
        for step in path:
            part = part[step]
        part[last] = rng.choice(_JUNK)
    said = ""
    try:
        found = read_architecture(json.loads(json.dumps(config)), "own.keras")
    except ModelFileError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 2000
    assert said or found.layers[-1].units in (1, 2)
