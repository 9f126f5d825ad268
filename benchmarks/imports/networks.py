"""The kinds of networks: each a list of layers, of any Keras version that is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.imports.cases import MAX_LENGTH

ALL = ("2.12", "2.15", "3.0", "3.15", "tf_keras")
KERAS_3 = ("3.0", "3.15")


@dataclass(frozen=True)
class Kind:
    """One kind of network."""

    build: Callable[[Any, bool], Any]
    """From the Keras package and whether to mask, to layers behind the input, or to a model."""
    versions: tuple[str, ...] = ALL
    saved: tuple[str, ...] = ("keras", "h5")
    """Ways to save it; the first version takes the first one, the next the second, in turns."""
    mask: bool = False
    padding: str = "pre"
    refused: bool = False
    tolerance: float = 1e-5
    prepare: Callable[[Any], None] | None = None
    """Called with the package before the model is built."""


def behind(
    *made: Callable[[Any], Any], end: str = "sigmoid", units: int = 1, rows: int = 31
) -> Any:
    """Return a builder: an embedding, the layers, and a dense layer at the end."""

    def build(keras: Any, mask: bool) -> list[Any]:
        layers = keras.layers
        return [
            layers.Embedding(rows, 6, mask_zero=mask),
            *(layer(layers) for layer in made),
            layers.Dense(units, activation=end),
        ]

    return build


def lstm(units: int = 5, **settings: Any) -> Callable[[Any], Any]:
    """An LSTM layer."""
    return lambda layers: layers.LSTM(units, **settings)


def gru(units: int = 5, **settings: Any) -> Callable[[Any], Any]:
    """A GRU layer."""
    return lambda layers: layers.GRU(units, **settings)


def rnn(units: int = 5, **settings: Any) -> Callable[[Any], Any]:
    """A SimpleRNN layer."""
    return lambda layers: layers.SimpleRNN(units, **settings)


def both(inner: Callable[[Any], Any], **settings: Any) -> Callable[[Any], Any]:
    """A Bidirectional layer of another."""
    return lambda layers: layers.Bidirectional(inner(layers), **settings)


def dense(units: int = 4, **settings: Any) -> Callable[[Any], Any]:
    """A Dense layer."""
    return lambda layers: layers.Dense(units, **settings)


def layer(kind: str, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
    """A layer of a class by name."""
    return lambda layers: getattr(layers, kind)(*arguments, **settings)


def conv(filters: int = 5, width: int = 3, **settings: Any) -> Callable[[Any], Any]:
    """A Conv1D layer."""
    return lambda layers: layers.Conv1D(filters, width, **settings)


def _softmax_layer(kind: str) -> Any:
    def build(keras: Any, mask: bool) -> list[Any]:
        layers = keras.layers
        end = layers.Softmax() if kind == "Softmax" else layers.Activation("softmax")
        return [layers.Embedding(31, 6, mask_zero=mask), layers.LSTM(5), layers.Dense(2), end]

    return build


def _leaky(keras: Any, mask: bool) -> list[Any]:
    layers = keras.layers
    named = "negative_slope" if keras.__version__.startswith("3") else "alpha"
    return [
        layers.Embedding(31, 6, mask_zero=mask),
        layers.LSTM(5),
        layers.Dense(4),
        layers.LeakyReLU(**{named: 0.1}),
        layers.Dense(4),
        layers.LeakyReLU(),
        layers.Dense(1, activation="sigmoid"),
    ]


def _nested(functional: bool) -> Any:
    def build(keras: Any, mask: bool) -> list[Any]:
        layers = keras.layers
        ids = keras.Input((None,), dtype="int32")
        reader = [
            layers.Embedding(31, 6, mask_zero=mask),
            layers.BatchNormalization(),
            layers.Bidirectional(layers.LSTM(4)),
        ]
        if functional:
            state = ids
            for one in reader:
                state = one(state)
            first = keras.Model(ids, state)
        else:
            first = keras.Sequential([keras.layers.InputLayer((None,), dtype="int32"), *reader])
        head = keras.Sequential(
            [layers.Dense(4), layers.BatchNormalization(), layers.Activation("relu")]
        )
        return [first, head, layers.Dense(1, activation="sigmoid")]

    return build


def _frozen(which: str) -> Any:
    def build(keras: Any, mask: bool) -> list[Any]:
        layers = keras.layers
        wrapped = layers.Bidirectional(layers.GRU(4))
        made = [
            layers.Embedding(31, 6, mask_zero=mask),
            wrapped,
            layers.BatchNormalization(),
            layers.Dense(1, activation="sigmoid"),
        ]
        if which in ("forward", "backward"):
            getattr(wrapped, f"{which}_layer").trainable = False
        else:
            made[0].trainable = made[2].trainable = False
        return made

    return build


def _functional(keras: Any, mask: bool) -> Any:
    layers = keras.layers
    ids = keras.Input((MAX_LENGTH,), dtype="int32")
    state = layers.Embedding(31, 6, mask_zero=mask)(ids)
    state = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(state)
    state = layers.GlobalMaxPooling1D()(state)
    state = layers.Dropout(0.3)(state)
    state = layers.Dense(4, activation="relu")(state)
    return keras.Model(ids, layers.Dense(2, activation="softmax")(state))


def _subclass(of: str) -> Any:
    def build(keras: Any, mask: bool) -> Any:
        layers = keras.layers
        if of == "Sequential":

            class OwnSequential(keras.Sequential):  # type: ignore[misc]
                """A class of one's own, with its own training step."""

            return OwnSequential(
                [
                    layers.InputLayer((MAX_LENGTH,), dtype="int32"),
                    layers.Embedding(31, 6, mask_zero=mask),
                    layers.LSTM(5),
                    layers.Dense(1, activation="sigmoid"),
                ]
            )

        class OwnModel(keras.Model):  # type: ignore[misc]
            """As above, functional."""

        ids = keras.Input((MAX_LENGTH,), dtype="int32")
        state = layers.LSTM(5)(layers.Embedding(31, 6, mask_zero=mask)(ids))
        return OwnModel(ids, layers.Dense(1, activation="sigmoid")(state))

    return build


def _mixed(keras: Any) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")


_SEQUENCES = {"return_sequences": True}

NETWORKS: dict[str, Kind] = {
    "LSTM": Kind(behind(lstm()), ("2.12", "3.0")),
    "two bidirectional LSTM layers, masked": Kind(
        behind(both(lstm(4, **_SEQUENCES)), both(lstm(3))), ("2.15",), mask=True
    ),
    "GRU, reset before": Kind(behind(gru(reset_after=False)), ("tf_keras",)),
    "SimpleRNN, a linear unit at the end": Kind(behind(rnn(), end="linear"), ("3.15",)),
    "two classes as softmax": Kind(behind(lstm(), end="softmax", units=2), ALL),
    "two classes, Activation softmax": Kind(_softmax_layer("Activation"), ("2.12",)),
    "two classes, Softmax layer": Kind(_softmax_layer("Softmax"), ("3.0",)),
    "Dense tanh": Kind(behind(lstm(), dense(activation="tanh")), ("2.15",)),
    "Dense sigmoid inside": Kind(behind(lstm(), dense(activation="sigmoid")), ("3.15",)),
    "Dense elu, selu, swish": Kind(
        behind(
            lstm(),
            dense(activation="elu"),
            dense(activation="selu"),
            dense(activation="swish"),
        ),
        ("3.15",),
    ),
    "ReLU layer": Kind(behind(lstm(), dense(), layer("ReLU")), ("3.0",)),
    "LeakyReLU layers": Kind(_leaky, ("2.12", "3.15")),
    "GlobalMaxPooling1D": Kind(behind(lstm(**_SEQUENCES), layer("GlobalMaxPooling1D")), ("2.12",)),
    "GlobalMaxPooling1D, masked": Kind(
        behind(lstm(**_SEQUENCES), layer("GlobalMaxPooling1D")), ("2.15", "3.0"), mask=True
    ),
    "GlobalMaxPooling1D, masked, padded behind": Kind(
        behind(lstm(**_SEQUENCES), layer("GlobalMaxPooling1D")),
        ("tf_keras", "3.15"),
        mask=True,
        padding="post",
    ),
    "GlobalMaxPooling1D, bidirectional, masked": Kind(
        behind(both(gru(4, **_SEQUENCES)), layer("GlobalMaxPooling1D")),
        ("2.12", "3.15"),
        mask=True,
        padding="post",
    ),
    "GlobalAveragePooling1D": Kind(
        behind(both(lstm(4, **_SEQUENCES)), layer("GlobalAveragePooling1D")), ("3.0",)
    ),
    "GlobalAveragePooling1D, masked": Kind(
        behind(lstm(**_SEQUENCES), layer("GlobalAveragePooling1D")), ("2.12", "3.15"), mask=True
    ),
    "BatchNormalization behind the embedding": Kind(
        behind(layer("BatchNormalization"), lstm()), ("2.15",)
    ),
    "BatchNormalization between recurrent layers": Kind(
        behind(gru(**_SEQUENCES), layer("BatchNormalization"), lstm()),
        ("2.12", "3.15"),
        mask=True,
    ),
    "BatchNormalization behind a recurrent and a dense layer": Kind(
        behind(
            lstm(),
            layer("BatchNormalization", scale=False),
            dense(),
            layer("BatchNormalization"),
            layer("Activation", "relu"),
            layer("BatchNormalization", center=False),
        ),
        ("tf_keras", "3.15"),
    ),
    "BatchNormalization in front of max pooling": Kind(
        behind(lstm(**_SEQUENCES), layer("BatchNormalization"), layer("GlobalMaxPooling1D")),
        ("3.0",),
    ),
    "merge mode sum": Kind(behind(both(lstm(), merge_mode="sum")), ("2.12",)),
    "merge mode ave, sequences": Kind(
        behind(both(lstm(**_SEQUENCES), merge_mode="ave"), both(gru(4), merge_mode="ave")),
        ("3.0",),
        mask=True,
    ),
    "merge mode mul": Kind(behind(both(rnn(), merge_mode="mul")), ("tf_keras",)),
    "mixed precision": Kind(
        behind(lstm(), dense(activation="relu")),
        ("2.15", "3.15"),
        tolerance=5e-3,
        prepare=_mixed,
    ),
    "noise and dropout layers": Kind(
        behind(
            layer("SpatialDropout1D", 0.2),
            layer("GaussianNoise", 0.1),
            lstm(),
            layer("GaussianDropout", 0.2),
            dense(activation="selu"),
            layer("AlphaDropout", 0.2),
            layer("ActivityRegularization", 0.01),
        ),
        ("3.15",),
    ),
    "Conv1D and MaxPooling1D": Kind(
        behind(conv(activation="relu"), layer("MaxPooling1D", 2), lstm()), ("2.12", "3.15")
    ),
    "Conv1D same, MaxPooling1D": Kind(
        behind(
            conv(padding="same", activation="relu"),
            layer("MaxPooling1D", pool_size=4),
            both(lstm(4)),
        ),
        ("2.15",),
    ),
    "Conv1D causal, dilated": Kind(
        behind(conv(padding="causal", dilation_rate=2, activation="tanh"), gru()),
        ("tf_keras",),
    ),
    "Conv1D behind a masking embedding": Kind(
        behind(conv(), layer("MaxPooling1D", 2), lstm()), ("2.12", "3.15"), mask=True
    ),
    "Conv1D, BatchNormalization, Activation": Kind(
        behind(
            conv(use_bias=False),
            layer("BatchNormalization"),
            layer("Activation", "relu"),
            layer("MaxPooling1D", 3),
            both(gru(4, **_SEQUENCES)),
            layer("GlobalMaxPooling1D"),
        ),
        ("3.0",),
        padding="post",
    ),
    "hard_sigmoid gates, LSTM": Kind(
        behind(lstm(recurrent_activation="hard_sigmoid")), ("2.12", "3.15")
    ),
    "hard_sigmoid gates, bidirectional GRU, masked": Kind(
        behind(both(gru(recurrent_activation="hard_sigmoid"))), ("2.15", "3.0"), mask=True
    ),
    "LSTM with relu": Kind(behind(lstm(activation="relu")), ("2.12",), tolerance=1e-4),
    "nested Sequential": Kind(_nested(False), ("2.15", "3.15", "tf_keras", "3.0")),
    "nested functional model": Kind(_nested(True), ("2.12", "3.15")),
    "functional, softmax, max pooling": Kind(_functional, ("2.12",)),
    "subclass of Sequential": Kind(_subclass("Sequential"), (*KERAS_3, "2.15"), ("keras",)),
    "subclass of a functional model": Kind(_subclass("Functional"), ("3.15",), ("keras",)),
    "forward direction frozen": Kind(_frozen("forward"), (*KERAS_3, "2.15"), ("h5",)),
    "backward direction frozen": Kind(_frozen("backward"), ("3.15",), ("h5", "keras")),
    "embedding and BatchNormalization frozen": Kind(_frozen("other"), ("3.15", "2.12"), ("h5",)),
    "three classes as softmax": Kind(behind(lstm(), end="softmax", units=3), ALL),
    "three classes, a softmax that takes linear units": Kind(
        behind(lstm(), end="linear", units=3), ("3.15",)
    ),
    "twenty classes, masked": Kind(
        behind(both(gru(4)), end="softmax", units=20), ("2.15", "3.0"), mask=True
    ),
    "two sigmoids: two labels, each or none": Kind(
        behind(lstm(), end="sigmoid", units=2), ("2.12", "3.15")
    ),
    "five sigmoids": Kind(behind(lstm(), end="sigmoid", units=5), ("tf_keras",)),
    "LayerNormalization": Kind(
        behind(lstm(), layer("LayerNormalization")), ("3.15",), refused=True
    ),
    "no recurrent layer": Kind(behind(layer("GlobalAveragePooling1D")), ("3.15",), refused=True),
    "LSTM that reads backwards": Kind(behind(lstm(go_backwards=True)), ("3.15",), refused=True),
}
"""By the name that the table has."""
