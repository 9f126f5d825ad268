"""Reading a Keras model's layers: what is taken as it is, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from small_models import classifier, lstm, recurrent, sequential

from edgernn.errors import ExportError
from edgernn.training.layers import custom_layers
from exporters.keras_model import read_network
from exporters.network import Dense, Embedding, Pool, Recurrent


def embedding(**settings: Any) -> Any:
    return layers.Embedding(9, 4, **{"mask_zero": True, **settings})


def test_the_weights_are_the_model_s() -> None:
    """Layer by layer in Keras's own layout; what works in training only is left out."""
    model = classifier(
        layers.SpatialDropout1D(0.1),
        lstm(5, bidirectional=True, return_sequences=True, dropout=0.2),
        layers.GaussianNoise(0.1),
        lstm(3, recurrent_dropout=0.1),
        layers.Dense(4, activation="relu"),
        layers.Dropout(0.5),
    )
    found = read_network(model)
    table, first, second, hidden, logit = found.layers
    assert isinstance(table, Embedding)
    assert isinstance(first, Recurrent)
    assert isinstance(second, Recurrent)
    assert isinstance(hidden, Dense)
    assert isinstance(logit, Dense)
    assert first.backward is not None
    taken = [table.table]
    for direction in (first.forward, first.backward, second.forward):
        taken += [direction.kernel, direction.recurrent_kernel, direction.bias]
    taken += [hidden.kernel, hidden.bias, logit.kernel, logit.bias]
    expected = model.get_weights()
    assert len(taken) == len(expected)
    for left, right in zip(taken, expected, strict=True):
        assert left.dtype == np.float32
        np.testing.assert_array_equal(left, right)
    assert (first.units, first.sequences, second.units, second.sequences) == (5, True, 3, False)
    assert (len(first.directions), len(second.directions)) == (2, 1)
    assert (hidden.activation, logit.activation) == ("relu", "linear")
    assert found.recurrent_layers == (first, second)


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (lambda: [layers.RNN(layers.LSTMCell(3))], r"\(RNN\) .* no exact counterpart"),
        (lambda: [lstm(3, return_sequences=True), layers.GlobalMaxPooling1D()], "Pooling1D"),
        (lambda: [lstm(3), layers.LayerNormalization()], "LayerNormalization"),
        (lambda: [lstm(3), layers.Activation("gelu")], "activation='gelu', must be"),
        (lambda: [layers.Conv1D(3, 2), lstm(3)], r"\(Conv1D\).*it drops the embedding's mask"),
        (
            lambda: [layers.Bidirectional(layers.RNN(layers.GRUCell(3)))],
            "only LSTM, GRU, SimpleRNN are known here, not RNN",
        ),
        (
            lambda: [
                layers.Bidirectional(
                    layers.LSTM(3), backward_layer=layers.GRU(3, go_backwards=True)
                )
            ],
            "LSTM and GRU, must agree",
        ),
        (
            lambda: [
                layers.Bidirectional(
                    layers.GRU(3),
                    backward_layer=layers.GRU(3, go_backwards=True, reset_after=False),
                )
            ],
            "reset_after=True and False, must agree",
        ),
        (
            lambda: [layers.Bidirectional(lstm(3), backward_layer=lstm(2, go_backwards=True))],
            "units=3 and 2, must agree",
        ),
        (
            lambda: [
                layers.Bidirectional(
                    lstm(3), backward_layer=lstm(3, go_backwards=True, activation="relu")
                )
            ],
            "activation=tanh and relu, must agree",
        ),
        (lambda: [lstm(3), layers.Dense(4, activation="gelu")], "activation='gelu', must be"),
        (lambda: [lstm(3), layers.Dense(4, use_bias=False)], "use_bias=False, must be True"),
    ],
)
def test_a_layer_is_refused(middle: Callable[[], list[Any]], said: str) -> None:
    """The message names the layer and what about it cannot be carried over."""
    with pytest.raises(ExportError, match=r"^layer \w+ \(\w+\) cannot be exported exactly: ") as e:
        read_network(classifier(*middle()))
    assert e.match(said)


CELLS = ("LSTM", "GRU", "SimpleRNN")


# What each cell may not be set to; a SimpleRNN has no gates.
SETTINGS: list[tuple[str, str, Any, str]] = [
    *((cell, "activation", "elu", "'tanh' or 'relu' or 'sigmoid'") for cell in CELLS),
    *((cell, "use_bias", False, "True") for cell in CELLS),
    *((cell, "unroll", True, "False") for cell in CELLS),
    *(
        (cell, "recurrent_activation", "softmax", "'sigmoid' or 'hard_sigmoid'")
        for cell in CELLS[:2]
    ),
]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "name", "value", "wanted"), SETTINGS)
def test_a_setting_is_refused(
    cell: str, name: str, value: Any, wanted: str, bidirectional: bool
) -> None:
    """Whatever the formats' operators do not compute, with the name of the layer in the model."""
    layer = recurrent(cell, 3, bidirectional=bidirectional, **{name: value})
    kind = "Bidirectional" if bidirectional else cell
    said = rf"\({kind}\) cannot be exported exactly: {name}={value!r}, must be {wanted}$"
    with pytest.raises(ExportError, match=said):
        read_network(classifier(layer))


@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_that_runs_backwards_is_refused(cell: str) -> None:
    """By itself: it would need another operator than the direction of a bidirectional one."""
    with pytest.raises(ExportError, match="go_backwards=True, must be False"):
        read_network(classifier(recurrent(cell, 3, go_backwards=True)))


@pytest.mark.parametrize("cell", CELLS)
def test_a_stateful_layer_is_refused(cell: str) -> None:
    """It would remember the text before."""
    model = keras.Sequential(
        [
            keras.Input((None,), batch_size=1, dtype="int32"),
            embedding(),
            recurrent(cell, 3, stateful=True),
            layers.Dense(1),
        ]
    )
    with pytest.raises(ExportError, match="stateful=True, must be False"):
        read_network(model)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_cell_is_read(cell: str, bidirectional: bool) -> None:
    """Under its name, with the weights in Keras's own layout."""
    model = classifier(recurrent(cell, 3, bidirectional=bidirectional))
    (layer,) = read_network(model).recurrent_layers
    assert (layer.cell, layer.units, layer.sequences) == (cell, 3, False)
    assert len(layer.directions) == 1 + bidirectional
    taken = [
        array
        for direction in layer.directions
        for array in (direction.kernel, direction.recurrent_kernel, direction.bias)
    ]
    for left, right in zip(taken, model.get_weights()[1:-2], strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("reset_after", [False, True])
def test_the_reset_gate_of_a_gru(reset_after: bool) -> None:
    """Before the product with the state, with one bias, or behind it, with two."""
    model = classifier(recurrent("GRU", 3, reset_after=reset_after))
    (layer,) = read_network(model).recurrent_layers
    assert layer.reset_after is reset_after
    assert layer.forward.bias.shape == ((2, 9) if reset_after else (9,))


def test_an_unmasked_embedding() -> None:
    """The exported graph sees a text at its own length, whatever Keras did with padding."""
    model = sequential(embedding(mask_zero=False), lstm(3), layers.Dense(1))
    table = read_network(model).layers[0]
    assert isinstance(table, Embedding)
    np.testing.assert_array_equal(table.table, model.get_weights()[0])


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: [embedding(), layers.Dense(1)], "found Embedding, Dense"),
        (lambda: [embedding(), lstm(3)], "found Embedding, Recurrent"),
        (
            lambda: [embedding(), layers.Dense(3), lstm(3), layers.Dense(1)],
            "found Embedding, Dense, Recurrent, Dense",
        ),
        (
            lambda: [embedding(), lstm(3, return_sequences=True), layers.Dense(1)],
            "every recurrent layer but the last must return sequences",
        ),
        (
            lambda: [embedding(), lstm(3), layers.Dense(2)],
            "the last layer must be one linear unit",
        ),
        (
            lambda: [embedding(), lstm(3), layers.Dense(1, activation="relu")],
            "the last layer must be one linear unit",
        ),
        (
            lambda: [embedding(), lstm(3), layers.Dense(1, activation="tanh")],
            "the last layer must be one linear unit",
        ),
        (
            lambda: [embedding(), recurrent("GRU", 3, return_sequences=True), layers.Dense(1)],
            "every recurrent layer but the last must return sequences",
        ),
    ],
)
def test_an_order_is_refused(build: Callable[[], list[Any]], said: str) -> None:
    """Embedding, recurrent layers, dense layers, one logit."""
    with pytest.raises(ExportError, match=said):
        read_network(sequential(*build()))


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_a_probability_is_no_logit(activation: str) -> None:
    """A last layer with its own sigmoid would be squashed twice."""
    model = sequential(embedding(), lstm(3), layers.Dense(1, activation=activation))
    said = f"activation='{activation}', must be 'linear': the model must end in logits"
    with pytest.raises(ExportError, match=said):
        read_network(model)


def test_a_middle_layer_without_sequences() -> None:
    """Keras itself does not run such a model, so its layers are put together by hand."""
    table = embedding()
    table.build()
    cells = []
    for width in (4, 3):
        cell = lstm(3)
        cell.build((None, None, width))
        cells.append(cell)
    logit = layers.Dense(1)
    logit.build((None, 3))

    class Stack:
        layers = (table, *cells, logit)

    with pytest.raises(ExportError, match="every recurrent layer but the last must return"):
        read_network(Stack())


def wide(
    *, masked: bool = True, of: str = "ids", turned: bool = False, vocabulary: int = 9, **mask: Any
) -> Any:
    """A model with pooling and n-grams, or one that is a little different."""
    ids = keras.Input((None,), dtype="int32")
    state = layers.Embedding(vocabulary, 4, mask_zero=masked)(ids)
    states = lstm(3, return_sequences=True)(state)
    deep = layers.Dense(1)(custom_layers().max_mean_pooling()(states, **mask))
    hashed = custom_layers().hashed_ngrams(11, 2)(ids if of == "ids" else ids + 1)
    branches = [hashed, deep] if turned else [deep, hashed]
    return keras.Model(ids, layers.Add()(branches))


def test_pooling_and_ngrams() -> None:
    """The layers in order, and the table with its longest n-gram."""
    model = wide()
    numbers, checks = np.arange(11) / 3, np.arange(11) * 12 - 1
    (layer,) = [layer for layer in model.layers if type(layer).__name__ == "HashedNgrams"]
    layer.set_weights([numbers, checks])
    found = read_network(model)
    kinds = [type(layer) for layer in found.layers]
    assert kinds == [Embedding, Recurrent, Pool, Dense]
    assert found.ngrams is not None
    assert (found.ngrams.buckets, found.ngrams.longest) == (11, 2)
    assert (found.ngrams.table.dtype, found.ngrams.checks.dtype) == (np.float32, np.int8)
    np.testing.assert_array_equal(found.ngrams.table, numbers.astype(np.float32))
    assert found.ngrams.checks.tolist() == [-1, 11, 23, 35, 47, 59, 71, 83, 95, 107, 119]
    assert found.parts == ("LSTM", "Pool", "Ngrams")
    chain = classifier(lstm(3, return_sequences=True), custom_layers().max_mean_pooling())
    assert read_network(chain).parts == ("LSTM", "Pool")
    assert read_network(classifier(lstm(3))).parts == ("LSTM",)


@pytest.mark.parametrize("check", [-2, 127, 255, 2**31 - 1, 0.5, np.nan, np.inf])
def test_checks_that_are_none(check: float) -> None:
    """Refused, as whole numbers that an int8 would hold as others are."""
    model = wide()
    (layer,) = [layer for layer in model.layers if type(layer).__name__ == "HashedNgrams"]
    checks = np.zeros(11, type(check))
    checks[3] = check
    # A file may hold weights of another type.
    layer.get_weights = lambda: [np.zeros(11, np.float32), checks]
    with pytest.raises(ExportError, match="its checks must be whole numbers from -1 to 126"):
        read_network(model)


def _two_outputs() -> Any:
    ids = keras.Input((None,), dtype="int32")
    state = lstm(3)(embedding()(ids))
    return keras.Model(ids, [layers.Dense(1)(state), layers.Dense(1)(state)])


def _a_layer_beside() -> Any:
    ids = keras.Input((None,), dtype="int32")
    state = embedding()(ids)
    both = layers.Concatenate()([lstm(3)(state), lstm(2)(state)])
    return keras.Model(ids, layers.Dense(1)(both))


def _two_deep() -> Any:
    ids = keras.Input((None,), dtype="int32")
    state = lstm(3)(embedding()(ids))
    return keras.Model(ids, layers.Add()([layers.Dense(1)(state), layers.Dense(1)(state)]))


def _used_twice() -> Any:
    ids = keras.Input((None,), dtype="int32")
    again = layers.Dense(1)
    return keras.Model(ids, again(again(layers.Dense(1)(lstm(3)(embedding()(ids))))))


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: wide(masked=False), r"with n-grams it must mask padding"),
        (lambda: wide(of="others"), r"must add what the ids' n-grams give to the logits"),
        (lambda: wide(turned=True), r"must add what the ids' n-grams give to the logits"),
        (lambda: wide(vocabulary=50_000), r"vocabulary of 50,000 ids is too large"),
        (_two_outputs, "one input, the ids, and one output"),
        (_a_layer_beside, r"the mask|no exact counterpart|must be one chain"),
        (_two_deep, "must add what the ids' n-grams give to the logits"),
        (_used_twice, "the layers must be one chain"),
        (
            lambda: classifier(lstm(3), layers.Reshape((1, 3)), custom_layers().max_mean_pooling()),
            "no exact counterpart",
        ),
        (
            lambda: classifier(
                lstm(3, return_sequences=True),
                custom_layers().max_mean_pooling(),
                layers.Reshape((1, 6)),
                custom_layers().max_mean_pooling(),
            ),
            "no exact counterpart",
        ),
    ],
)
def test_other_structures_are_refused(model: Callable[[], Any], said: str) -> None:
    """In words, before anything is converted."""
    with pytest.raises(ExportError, match=said):
        read_network(model())
