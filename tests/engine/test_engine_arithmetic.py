"""The engine's probabilities: those of the same network in float64, whatever runs beside a text."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from native_networks import blocks, open_network
from random_networks import VOCABULARY, Weights, cell_networks, other_networks
from reference import probabilities

from edgernn.engine import LEVELS, EngineError, Library
from edgernn.ngrams import HASHES
from exporters.network import Network, Pool

pytestmark = pytest.mark.spawns
"""The engine is compiled for it, by a process of the compiler."""

CELLS, OTHERS = dict(cell_networks()), dict(other_networks())
NETWORKS = CELLS | OTHERS
# A convolution of width 3 with dilation 2 reads 5 steps, two pools in a row more.
LENGTHS = (9, 8, 31, 17, 8, 60, 12, 25)
SAME = 2e-6

Ids = npt.NDArray[np.int32]


def levels(engine: Library) -> Iterator[str]:
    """The levels that this processor has."""
    for level in LEVELS[1:]:
        try:
            open_network(engine, NETWORKS["softmax"], level)
        except EngineError as error:
            assert error.status == "unsupported"  # noqa: PT017 - the level before was there
        else:
            yield level


def texts(lengths: tuple[int, ...] = LENGTHS) -> list[Ids]:
    weights = Weights(7)
    return [weights.ids(length) for length in lengths]


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_to_float64(name: str, engine: Library) -> None:
    """Every kind of layer, in each level."""
    network, rows = NETWORKS[name], texts()
    expected = np.array([probabilities(network, row) for row in rows])
    assert np.ptp(expected, axis=0).max() > 1e3 * SAME
    for level in levels(engine):
        model = open_network(engine, network, level)
        assert model.level == level
        np.testing.assert_allclose(model.score(rows), expected, rtol=0, atol=SAME)


@pytest.mark.parametrize("name", ["LSTM, pooled", "GRU, stacked", "max pool, 3, 3, same"])
def test_bit_equal_in_any_company(name: str, engine: Library) -> None:
    """Alone, in batches of every size, turned round, beside more texts than a bunch takes."""
    rows = texts(LENGTHS * 20)
    for level in levels(engine):
        model = open_network(engine, NETWORKS[name], level)
        alone = np.concatenate([model.score([row]) for row in rows])
        np.testing.assert_array_equal(model.score(rows), alone)
        np.testing.assert_array_equal(model.score(rows[::-1])[::-1], alone)
        for size in (2, 3, 4, 7):
            np.testing.assert_array_equal(model.score(rows[:size]), alone[:size])


def test_levels_agree(engine: Library) -> None:
    """They round otherwise, and no more."""
    rows = texts()
    for network in NETWORKS.values():
        found = [open_network(engine, network, level).score(rows) for level in levels(engine)]
        for other in found[1:]:
            np.testing.assert_allclose(other, found[0], rtol=0, atol=SAME)


@pytest.mark.parametrize("hash", HASHES)
@pytest.mark.parametrize("longest", [1, 3, 5])
def test_ngrams(longest: int, hash: str, engine: Library) -> None:
    """Those of the table count, others do not, and the ids before a text are zeros."""
    weights, rows = Weights(3), texts((1, 2, 3, 4, 40, 9))
    plain = Network((weights.embedding(), Pool(), weights.dense(24)))
    network = Network(plain.layers, weights.ngrams(rows, longest, HASHES[hash]))
    expected = np.array([probabilities(network, row) for row in rows])
    without = np.array([probabilities(plain, row) for row in rows])
    assert np.abs(expected - without).max() > 0.01
    found = open_network(engine, network).score(rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=SAME)


@pytest.mark.parametrize(("units", "outputs"), [(16, 77), (3, 1), (256, 2)])
def test_ngram_vectors(units: int, outputs: int, engine: Library) -> None:
    """A vector a bucket, and a kernel to any number of logits."""
    weights, rows = Weights(3), texts((1, 2, 3, 4, 40, 9))
    head: Any = "softmax" if outputs > 1 else "sigmoid"
    plain = Network((weights.embedding(), Pool(), weights.dense(24, outputs)), head=head)
    vectors = weights.vectors(weights.ngrams(rows), units, outputs)
    network = Network(plain.layers, vectors, head)
    expected = np.array([probabilities(network, row) for row in rows])
    without = np.array([probabilities(plain, row) for row in rows])
    assert np.abs(expected - without).max() > 0.01
    found = open_network(engine, network).score(rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=SAME)


def test_a_vocabulary_too_large_for_a_table(engine: Library) -> None:
    """Inputs are then computed on the way; the scores are those of a table, bit for bit."""
    weights = Weights(4)
    small = Network(
        (weights.embedding(), weights.recurrent("LSTM", 12, 40, both=True), weights.dense(80))
    )
    # 64 MB, at 1,280 bytes an id and more.
    table = np.tile(small.layers[0].table, (1000, 1))  # type: ignore[union-attr]
    large = Network((type(small.layers[0])(table), *small.layers[1:]))  # type: ignore[call-arg, arg-type]
    rows = texts()
    expected = open_network(engine, small).score(rows)
    far = [row + VOCABULARY * 999 for row in rows]
    np.testing.assert_array_equal(open_network(engine, large).score(far), expected)


def test_what_it_says_of_a_model(engine: Library) -> None:
    model = open_network(engine, NETWORKS["softmax"])
    assert (model.outputs, model.vocabulary_size, model.shortest_text) == (5, VOCABULARY, 1)
    # Two steps of two ids each, then a window of two of them.
    assert open_network(engine, NETWORKS["max pool, 2, 2, valid"]).shortest_text == 4


@pytest.mark.parametrize("bad", [-1, VOCABULARY, 2**31 - 1, -(2**31)])
def test_ids_outside_the_table(bad: int, engine: Library) -> None:
    model = open_network(engine, NETWORKS["LSTM, pooled"])
    rows = texts((4, 5))
    rows[1][3] = bad
    with pytest.raises(EngineError, match="ids must be 0 to 59"):
        model.score(rows)


def test_texts_that_are_too_short(engine: Library) -> None:
    """Empty, or shorter than what a convolution reads."""
    model = open_network(engine, NETWORKS["conv, valid, 2"])
    assert model.shortest_text == 5
    for length in (0, 4):
        with pytest.raises(EngineError, match="at least 5 ids"):
            model.score(texts((9, length)))
    assert model.score(texts((5,))).shape == (1, 1)
    assert model.score([]).shape == (0, 1)


@pytest.mark.parametrize("name", ["LSTM, stacked", "GRU, reset after, 5", "conv, same, 2"])
def test_no_memory(name: str, engine: Library) -> None:
    """Whichever allocation fails, there is an error, and all memory is given back."""
    network = NETWORKS[name]
    for allowed in range(1000):
        try:
            open_network(engine, network, allocate=blocks(allowed))
        except EngineError as error:
            assert error.status == "no memory"  # noqa: PT017
            assert str(error).startswith("no memory for the ")  # noqa: PT017
        else:
            assert allowed > 5
            return
    pytest.fail("it takes memory without end")


@pytest.mark.parametrize("at", [1, 4])
def test_interrupted_as_it_takes_memory(at: int, engine: Library) -> None:
    """Ctrl-C in the allocator is raised when all is done: no block is lost on its way."""
    given = 0

    def allocate(count: int) -> bytearray:
        nonlocal given
        given += 1
        if given == at:
            signal.raise_signal(signal.SIGINT)
        return bytearray(count)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            open_network(engine, NETWORKS["LSTM, stacked"], allocate=allocate)
    finally:
        signal.signal(signal.SIGINT, before)
    assert given > 5


def test_layers_that_do_not_fit(engine: Library) -> None:
    """The engine trusts no reader."""
    weights = Weights(5)
    for layers in (
        (weights.embedding(), weights.recurrent("LSTM", 13, 4), weights.dense(4)),
        (weights.embedding(), weights.recurrent("LSTM", 12, 4), weights.dense(5)),
        (weights.embedding(), Pool(), Pool(), weights.dense(48)),
        (weights.embedding(), weights.conv(7, 3, padding="valid"), Pool(), weights.dense(6)),
        (weights.embedding(), weights.dense(12)),
    ):
        made = Network(layers)
        with pytest.raises(EngineError, match="layers do not fit together") as caught:
            open_network(engine, made)
        assert caught.value.status == "unsupported"
