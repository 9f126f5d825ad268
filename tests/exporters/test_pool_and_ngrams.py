"""Pooling and n-grams in both formats: each file scores as the Keras model, padding or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from matching_checks import matching_checks
from parsed import check_onnx, check_tflite
from read_networks import Reader, check_read
from small_models import (
    VOCABULARY,
    Ids,
    Scores,
    ragged,
    recurrent,
    tflite_scores,
)

from edgernn.bundle.model_file import count_operators
from edgernn.errors import ExportError
from edgernn.ngrams import (
    CHECKS,
    FLOAT32,
    HASHES,
    INT32,
    NO_CHECK,
    NgramHash,
    hashed_ngrams,
    ngram_buckets,
    ngram_checks,
    preceding,
)
from edgernn.training.layers import custom_layers
from edgernn.training.models import probabilities
from exporters import onnx_graph, onnx_precisions, tflite_graph
from exporters.export import TrainedModel
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Dense, Direction, Embedding, Network, Ngrams, Pool, Recurrent
from exporters.ngram_table import hash_matrix, quantize_table
from exporters.rules import FORMATS, check_cells

LENGTHS = (1, 2, 3, 4, 11, 60, 1, 33, 2, 3)
BUCKETS = 1009
CELLS = ("LSTM", "GRU", "SimpleRNN")


class Trained(NamedTuple):
    """A network, its float32 ONNX model, rows of ids, and the Keras model's scores of them."""

    network: Network
    graph: onnx.ModelProto
    rows: list[Ids]
    expected: Scores


def build(
    cell: str,
    *,
    pool: bool,
    longest: int | None,
    units: int = 40,
    hash: NgramHash = FLOAT32,
) -> Any:
    """A bidirectional layer, with pooling or not, with n-grams or not; weights are random."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32")
    state = layers.Embedding(VOCABULARY, 32, mask_zero=True)(ids)
    state = layers.Dropout(0.2)(state)
    state = recurrent(cell, units, bidirectional=True, return_sequences=pool)(state)
    if pool:
        state = custom_layers().max_mean_pooling()(state)
    output = layers.Dense(1)(state)
    if longest is not None:
        wide = custom_layers().hashed_ngrams(BUCKETS, longest, hash.name)(ids)
        output = layers.Add()([output, wide])
    model = keras.Model(ids, output)
    rng = np.random.default_rng(7)
    scale = {"LSTM": 0.3, "GRU": 0.3, "SimpleRNN": 0.1}[cell]
    weights = []
    for array in model.get_weights():
        if array.dtype == np.int32:
            assert longest is not None
            weights.append(matching_checks(ragged(LENGTHS), BUCKETS, longest, hash))
        elif len(array) == BUCKETS:
            weights.append(rng.laplace(0, 0.7, array.shape))
        else:
            # Of the logit enough that scores vary.
            weights.append(rng.normal(0, 0.5 if array.shape[-1] == 1 else scale, array.shape))
    model.set_weights(weights)
    return model


def trained(cell: str, *, pool: bool, longest: int | None, hash: NgramHash = FLOAT32) -> Trained:
    model = build(cell, pool=pool, longest=longest, hash=hash)
    rows = ragged(LENGTHS)
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 0.05
    return known(read_network(model), rows, expected, least=0.05)


def known(network: Network, rows: list[Ids], expected: Scores, least: float) -> Trained:
    """Convert a network of which the scores are known."""
    if network.ngrams is not None:
        # A file that does not look at the checks, or finds none the same, cannot pass.
        for other in _sums_without(network.ngrams, rows):
            moved = 1 / (1 + np.exp(-np.log(expected / (1 - expected)) - other))
            assert np.abs(moved - expected).max() > least
    return Trained(network, onnx_graph.convert(network), rows, expected)


def _sums_without(ngrams: Ngrams, rows: Sequence[Ids]) -> tuple[Scores, Scores]:
    """What is missing of each row's logit: n-grams without their check; those with it, negative."""
    found = []
    for row in rows:
        before = preceding(row, ngrams.longest)
        hash = HASHES[ngrams.hash]
        bucket = ngram_buckets(before, ngrams.buckets, hash)
        numbers = ngrams.table[bucket] / np.sqrt(ngrams.longest * len(row))
        same = ngrams.checks[bucket] == ngram_checks(before, hash)
        found.append((numbers[~same].sum(), -numbers[same].sum()))
    missing, counted = np.array(found).T
    return missing, counted


@pytest.fixture(scope="module")
def kinds() -> dict[str, Trained]:
    """What is exported here, by name."""
    return {
        **{f"{cell} pool": trained(cell, pool=True, longest=None) for cell in CELLS},
        "LSTM ngrams": trained("LSTM", pool=False, longest=3),
        "LSTM both": trained("LSTM", pool=True, longest=3),
        "LSTM ngrams of int32": trained("LSTM", pool=False, longest=3, hash=INT32),
        "LSTM ngrams of 1": trained("LSTM", pool=False, longest=1),
        "GRU both of 5": trained("GRU", pool=True, longest=5),
    }


KINDS = (
    *(f"{cell} pool" for cell in CELLS),
    *("LSTM ngrams", "LSTM both", "LSTM ngrams of int32", "LSTM ngrams of 1", "GRU both of 5"),
)


def onnx_scores(file: bytes, rows: Sequence[Ids]) -> Scores:
    """Score each row alone."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    found = [
        session.run(None, {"ids": row[None], "lengths": np.array([len(row)], np.int32)})[0]
        for row in rows
    ]
    return np.concatenate(found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", FORMATS["onnx"].precisions)
def test_onnx(kinds: dict[str, Trained], engine_reader: Reader, kind: str, precision: str) -> None:
    """As the Keras model, alone and in a batch, whatever ids stand behind a text's end."""
    network, graph, rows, expected = kinds[kind]
    rules = FORMATS["onnx"]
    try:
        check_cells(rules, precision, network.parts)
    except ExportError:
        assert precision == "int8-dynamic"
        assert "LSTM" not in network.parts
        return
    file = onnx_precisions.store(graph, precision).SerializeToString()
    check_onnx(file, "m.onnx", VOCABULARY)
    check_read(engine_reader, file, network, precision)
    check = check_operators(count_operators(file, "onnx"), network, rules.at(precision))
    assert check.passed, check.line
    assert "Loop" not in count_operators(file, "onnx")
    alone = onnx_scores(file, rows)
    assert np.abs(alone - expected).max() <= rules.precisions[precision].tolerance
    if precision == "int8-dynamic":
        return
    batch = np.random.default_rng(9).integers(0, VOCABULARY, (len(rows), 75)).astype(np.int32)
    for place, row in enumerate(rows):
        batch[place, : len(row)] = row
    lengths = np.array([len(row) for row in rows], np.int32)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (together,) = session.run(None, {"ids": batch, "lengths": lengths})
    assert np.abs(together - alone).max() <= 1e-6


# A conversion takes seconds: each part in every precision, each cell and each length of n-grams
# once. The others are slow.
TFLITE = [
    pytest.param(kind, precision, marks=() if precision in quick else pytest.mark.slow)
    for kind, quick, others in (
        ("LSTM pool", ("int8-full",), ("float32", "int8")),
        ("GRU both of 5", ("float32",), ("float16",)),
        ("SimpleRNN pool", ("int8",), ("int8-embedding",)),
        ("LSTM ngrams of 1", ("int8-embedding",), ()),
        ("LSTM ngrams", (), ("float32",)),
        ("LSTM ngrams of int32", (), ("float32",)),
    )
    for precision in (*quick, *others)
]


@pytest.mark.parametrize(("kind", "precision"), TFLITE)
def test_tflite(
    kinds: dict[str, Trained], engine_reader: Reader, kind: str, precision: str
) -> None:
    """As the Keras model at each length, with XNNPACK and without."""
    check_cells(FORMATS["tflite"], precision, kinds[kind].network.parts)
    file = tflite_graph.convert(kinds[kind].network, precision, ragged(range(1, 61)))
    check_tflite(file, "m.tflite", VOCABULARY)
    check_read(engine_reader, file, kinds[kind].network, precision)
    compare_tflite(file, kinds[kind], precision)


@pytest.fixture(scope="module")
def wide(tiny_wide_trained: TrainedModel) -> Trained:
    """An LSTM with pooling and n-grams, whose files other tests have, too."""
    ids = tiny_wide_trained.run.encoder.encode_batch(tiny_wide_trained.texts)
    return known(tiny_wide_trained.network, ids, tiny_wide_trained.expected, least=0.03)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-embedding", "int8"])
def test_tflite_of_both(
    wide: Trained,
    tiny_wide_files: dict[tuple[str, str], Path],
    engine_reader: Reader,
    precision: str,
) -> None:
    """The same of both parts in every precision that n-grams can have."""
    assert FORMATS["tflite"].precisions[precision].tolerance < 0.03
    file = tiny_wide_files["tflite", precision].read_bytes()
    compare_tflite(file, wide, precision)
    check_read(engine_reader, file, wide.network, precision)


def compare_tflite(file: bytes, kind: Trained, precision: str) -> None:
    """Check operators and scores."""
    rules = FORMATS["tflite"]
    operators = count_operators(file, "tflite")
    # What `export` wrote has loops, what was converted as it is has not.
    network = kind.network.as_loops() if "WHILE" in operators else kind.network
    check = check_operators(operators, network, rules.at(precision))
    assert check.passed, check.line
    for delegate in (True, False):
        found = tflite_scores(file, kind.rows, delegate=delegate)
        assert np.abs(found - kind.expected).max() <= rules.precisions[precision].tolerance


def test_ngrams_in_integers_are_refused(kinds: dict[str, Trained]) -> None:
    """With the reason, before a converter runs."""
    network = kinds["LSTM both"].network
    with pytest.raises(ExportError, match="tflite int8-full: no Ngrams: the converter leaves"):
        check_cells(FORMATS["tflite"], "int8-full", network.parts)


@pytest.mark.slow
def test_the_converter_still_leaves_ngrams_float32(kinds: dict[str, Trained]) -> None:
    """Which is the reason that they are refused."""
    network = kinds["LSTM both"].network
    with pytest.raises(ExportError, match="int8-full: the converter left a layer in float32"):
        tflite_graph.convert(network, "int8-full", ragged(range(1, 61)))


def test_the_same_bytes_again(kinds: dict[str, Trained]) -> None:
    """A network has one ONNX file, in whichever order tf2onnx writes nodes, and numbers tensors."""
    network, graph, *_ = kinds["LSTM both"]
    expected = graph.SerializeToString()
    assert onnx_graph.convert(network).SerializeToString() == expected
    rng = np.random.default_rng(3)
    for turn in range(20):
        other = onnx.ModelProto.FromString(expected)
        for several in (other.graph.node, other.graph.initializer):
            mixed = [several[place] for place in rng.permutation(len(several))]
            del several[:]
            several.extend(mixed)
        for node in other.graph.node:
            for names in (node.input, node.output):
                names[:] = [renamed(name, turn) for name in names]
        for tensor in other.graph.initializer:
            tensor.name = renamed(tensor.name, turn)
        assert other.SerializeToString() != expected
        onnx_graph._rename(other.graph)
        assert other.SerializeToString() == expected


def renamed(name: str, turn: int) -> str:
    """Another name for a tensor that is neither input nor output."""
    return f"other_{turn}_{name}" if name.startswith("tensor_") else name


@pytest.mark.parametrize(
    ("precision", "bytes_a_bucket", "lstm_is_small"),
    [
        ("float32", 4, False),
        ("float16", 2, True),
        ("int8-embedding", 1, False),
        ("int8", 1, True),
        ("int8-dynamic", 1, True),
    ],
)
def test_what_is_stored(
    kinds: dict[str, Trained], precision: str, bytes_a_bucket: int, lstm_is_small: bool
) -> None:
    """The table in each precision; it does not decide whether the LSTM is stored smaller.

    The checks are int8 in all, as they are.
    """
    network, graph, *_ = kinds["LSTM both"]
    assert network.ngrams is not None
    model = onnx_precisions.store(graph, precision)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    stored = [tensor.raw_data for tensor in tensors.values() if list(tensor.dims) == [BUCKETS]]
    stored.remove(network.ngrams.checks.tobytes())
    (table,) = stored
    assert len(table) == bytes_a_bucket * BUCKETS
    (lstm,) = [node for node in model.graph.node if "LSTM" in node.op_type]
    floats = [name for name in lstm.input[1:3] if name in tensors]
    kinds_of = {tensors[name].data_type for name in floats}
    if precision in ("float32", "int8-embedding"):
        assert kinds_of == {onnx.TensorProto.FLOAT}
    elif precision == "int8-dynamic":
        assert kinds_of == {onnx.TensorProto.INT8}
    else:
        assert floats == []
    assert lstm_is_small == (kinds_of != {onnx.TensorProto.FLOAT})


def small_network(units: int, ngrams: Ngrams | None) -> Network:
    """A pooled LSTM of one direction, which takes a converter the least."""
    rng = np.random.default_rng(4)

    def weights(*shape: int) -> np.ndarray[Any, Any]:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    gates = 4 * units
    forward = Direction(weights(16, gates), weights(units, gates), weights(gates))
    layers = (
        Embedding(weights(VOCABULARY, 16)),
        Recurrent("LSTM", units, True, forward, None),
        Pool(),
        Dense(weights(2 * units, 1), np.zeros(1, np.float32), "linear"),
    )
    return Network(layers, ngrams)


def test_a_large_table_does_not_keep_the_lstm_float32() -> None:
    """Many buckets beside a small embedding: the LSTM's weights are int8 all the same."""
    rng = np.random.default_rng(0)
    many = rng.laplace(size=300_007).astype(np.float32)
    checks = rng.integers(NO_CHECK, CHECKS, many.shape, np.int8)
    large = small_network(64, Ngrams(many, checks, 2))
    stored = onnx_precisions.store(onnx_graph.convert(large), "int8")
    assert sum(len(t.raw_data) for t in stored.graph.initializer if t.data_type == 1) < 6000
    size = len(tflite_graph.convert(large, "int8"))
    # In float32 the LSTM's weights alone are 82,000 bytes.
    assert 600_014 < size < 600_014 + 50_000


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_the_hash_matrix(hash: NgramHash) -> None:
    """A product with it is the hash of every n-gram, or its check."""
    ids = ragged((30,))[0]
    for longest in range(1, 6):
        matrix, offsets = hash_matrix(hash, longest)
        before = np.pad(ids, (longest - 1, 0))
        columns = [before[longest - 1 - i : longest - 1 - i + len(ids)] for i in range(longest)]
        together = hash.spread(np.stack(columns, axis=1))
        found = (together @ matrix + offsets) % BUCKETS
        assert found.T.ravel().tolist() == hashed_ngrams(ids, BUCKETS, longest, hash).tolist()
        matrix, offsets = hash_matrix(hash, longest, checks=True)
        checks = (together @ matrix + offsets) % CHECKS
        assert checks.T.tolist() == ngram_checks(preceding(ids, longest), hash).tolist()


def test_a_heavy_tailed_table_has_steps_that_grow() -> None:
    """The largest number is exact, each is as near as its step allows, small ones much nearer."""
    table = np.random.default_rng(1).laplace(size=100_003).astype(np.float32)
    steps, scale = quantize_table(table)
    assert (steps.dtype, int(np.abs(steps).max())) == (np.int8, 127)
    wide = steps.astype(np.float32)
    decoded = wide * np.abs(wide) * scale
    largest = int(np.abs(table).argmax())
    assert decoded[largest] == pytest.approx(table[largest], rel=1e-6)
    # Half a step to either side: (n + 1/2)^2 - n^2 = n + 1/4.
    assert (np.abs(decoded - table) <= (np.abs(wide) + 0.2501) * scale).all()
    equal = np.abs(table).max() / 127
    error = np.square(np.rint(table / equal) * equal - table).mean()
    assert np.square(decoded - table).mean() < 0.5 * error


@pytest.mark.parametrize("value", [0, 1e-45, 1e-41, 1e-38])
def test_a_table_of_next_to_nothing(value: float) -> None:
    """What was never trained, or is too small to be divided by, becomes zero, without a warning."""
    steps, scale = quantize_table(np.full(7, value, np.float32))
    assert not steps.any()
    assert scale == 1
    assert quantize_table(np.full(7, 1e-30, np.float32))[0].tolist() == [127] * 7


def test_untrained_ngrams_are_exported() -> None:
    """All buckets are empty and all numbers zero: the layers alone are left."""
    empty = Ngrams(np.zeros(BUCKETS, np.float32), np.full(BUCKETS, NO_CHECK, np.int8), 2)
    with_them, without = (small_network(4, ngrams) for ngrams in (empty, None))
    rows = ragged(LENGTHS)
    graphs = [onnx_graph.convert(network) for network in (with_them, without)]
    for precision in ("int8", "float32"):
        files = [onnx_precisions.store(graph, precision).SerializeToString() for graph in graphs]
        check_onnx(files[0], "m.onnx", VOCABULARY)
        found, expected = (onnx_scores(file, rows) for file in files)
        assert np.ptp(expected) > 0.05
        assert np.abs(found - expected).max() <= 1e-6
    file = tflite_graph.convert(with_them, "int8-embedding")
    check_tflite(file, "m.tflite", VOCABULARY)
    tolerance = FORMATS["tflite"].precisions["int8-embedding"].tolerance
    assert np.abs(tflite_scores(file, rows) - expected).max() <= tolerance
