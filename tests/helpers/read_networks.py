"""The network that the C engine reads from a file, as an `exporters.network.Network`."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from collections.abc import Iterator, Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, sizeof
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from c_compiler import find_compiler
from network_structures import (
    CELL_NAMES,
    FUNCTIONS,
    HEADS,
    KINDS,
    MERGES,
    NETWORK,
    PADDINGS,
    PARTS,
)

from edgernn.ngrams import HASHES
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Direction,
    Embedding,
    Layer,
    MaxPool,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
)

__all__ = [
    "BROKEN",
    "NO_MEMORY",
    "OK",
    "UNSUPPORTED",
    "Found",
    "Reader",
    "assert_same",
    "check_read",
    "compile_readers",
]

OK, BROKEN, UNSUPPORTED, NO_MEMORY = range(4)
_GATES = dict(zip(CELL_NAMES, (4, 3, 1), strict=True))
_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    *("arena.c", "build_network.c", "elementwise.c", "embedding.c", "names.c", "read_ngrams.c"),
    *("reading.c", "stored.c", "onnx_*.c", "tflite_*.c"),
)


def compile_readers(output: Path, door: str, flags: Sequence[str] = ("-O2", "-shared")) -> None:
    """Compile the readers alone, with a C file of `tests/engine` that calls them."""
    sources = [path for name in _SOURCES for path in (_ROOT / "engine" / "src").glob(name)]
    subprocess.run(
        [
            *find_compiler(),
            *("-std=gnu11", "-g", "-fPIC", "-ffp-contract=off", "-fvisibility=hidden"),
            *("-Wall", "-Wextra", "-Werror", f"-I{_ROOT / 'engine' / 'src'}", *flags),
            *map(str, sorted(sources)),
            *(str(_ROOT / "tests" / "engine" / door), "-o", str(output)),
        ],
        check=True,
    )


class Found(NamedTuple):
    """What a reader says of a file."""

    status: int
    message: str
    network: Network | None
    """None where the file is refused."""
    hashes: tuple[Any, Any] | None = None
    """Multipliers and offsets of the buckets' hash, and of the checks'."""


class Reader:
    """A library of the engine's readers with `read_network.c`."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._library.size_of_network.restype = c_size_t
        assert self._library.size_of_network() == sizeof(NETWORK), "network.h has changed"
        self._library.read_network.restype = POINTER(NETWORK)
        self._library.read_network.argtypes = [c_char_p, c_size_t, c_int, c_size_t]
        self._library.message_of.restype = c_char_p

    def read(self, file: bytes, *, allocations: int = 1 << 40) -> Found:
        """Read a file; refuse memory after so many allocations."""
        is_onnx = file[4:8] != b"TFL3"
        found = self._library.read_network(file, len(file), is_onnx, allocations)
        try:
            status = self._library.status_of(found)
            message = self._library.message_of(found).decode("ascii")
            if status != OK:
                return Found(status, message, None)
            return Found(status, message, _network(found.contents), _hashes(found.contents))
        finally:
            self._library.release_network(found)


def _array(pointer: Any, *shape: int) -> npt.NDArray[np.float32]:
    return np.ctypeslib.as_array(pointer, shape).copy()


def _network(found: Any) -> Network:
    layers = tuple(_layer(layer) for layer in found.layers[: found.count])
    head: Any = HEADS[found.head]
    made = Network(layers, _ngrams(found.ngrams, found.outputs), head)
    assert made.outputs == found.outputs
    return made


def _layer(layer: Any) -> Layer:
    kind = list(KINDS)[layer.kind]
    of = getattr(layer.layer, KINDS[kind][0])
    paddings: Any = PADDINGS
    if kind is Embedding:
        return Embedding(_array(of.table, of.ids, of.units))
    if kind is Recurrent:
        return _recurrent(of)
    if kind is Dense:
        kernel = _array(of.kernel, of.inputs, of.units)
        return Dense(kernel, _array(of.bias, of.units), FUNCTIONS[of.activation])
    if kind is Activation:
        return Activation(FUNCTIONS[of.function], of.slope)
    if kind is Scale:
        return Scale(_array(of.scale, of.features), _array(of.shift, of.features))
    if kind is Conv:
        kernel = _array(of.kernel, of.width, of.inputs, of.filters)
        bias = _array(of.bias, of.filters)
        return Conv(kernel, bias, paddings[of.padding], of.stride, of.dilation)
    if kind is MaxPool:
        return MaxPool(of.size, of.stride, paddings[of.padding])
    parts: Any = tuple(PARTS[part] for part in of.of[: of.count])
    return Pool(parts, of.padded_length or None)


def _recurrent(of: Any) -> Recurrent:
    assert of.has_forward
    backward = _direction(of, of.backward) if of.has_backward else None
    activation: Any = FUNCTIONS[of.activation]
    gates: Any = FUNCTIONS[of.gates]
    return Recurrent(
        CELL_NAMES[of.cell],
        of.units,
        of.sequences,
        _direction(of, of.forward),
        backward,
        MERGES[of.merge],
        activation,
        gates,
    )


def _direction(layer: Any, found: Any) -> Direction:
    width = _GATES[CELL_NAMES[layer.cell]] * layer.units
    bias = _array(found.bias, width)
    if layer.reset_after:
        bias = np.stack([bias, _array(found.more, width)])
    kernel = _array(found.kernel, layer.inputs, width)
    return Direction(kernel, _array(found.recurrent_kernel, layer.units, width), bias)


def _ngrams(found: Any, outputs: int) -> Ngrams | NgramVectors | None:
    if not found.longest:
        return None
    checks: Any = np.ctypeslib.as_array(found.check_table, (found.buckets,)).copy()
    hash = next(
        hash
        for hash in HASHES.values()
        if (hash.modulus or 0, hash.factor if hash.modulus else 0) == (found.modulus, found.factor)
    )
    if found.kernel:
        # The kernel of a file is over the root of `longest`.
        kernel = _array(found.kernel, found.units, outputs) * np.float32(np.sqrt(found.longest))
        table = _array(found.table, found.buckets, found.units)
        return NgramVectors(table, checks, found.longest, hash.name, kernel=kernel)
    return Ngrams(_array(found.table, found.buckets), checks, found.longest, hash.name)


def _hashes(found: Any) -> tuple[Any, Any] | None:
    def values(hashes: Any) -> Any:
        return [
            (hash.offset, tuple(hash.multipliers[: length + 1]))
            for length, hash in enumerate(hashes[: found.ngrams.longest])
        ]

    if not found.ngrams.longest:
        return None
    return values(found.ngrams.bucket_hash), values(found.ngrams.check_hash)


def check_read(reader: Reader, file: bytes, expected: Network, precision: str) -> None:
    """The C engine reads from a file the network that it was exported of.

    It refuses integers.
    """
    found = reader.read(file)
    if precision in ("int8-dynamic", "int8-full", "int16x8"):
        assert found.status == UNSUPPORTED
        return
    assert found.network is not None, found.message
    is_exact = precision == "float32" and file[4:8] != b"TFL3"
    assert_same(found.network, expected, "exact" if is_exact else precision)


def assert_same(found: Network, expected: Network, precision: str = "exact") -> None:
    """The same layers and the same weights, or a rounding away."""
    ours, theirs = list(_plain(found)), list(_plain(expected))
    assert [type(layer) for layer in ours] == [type(layer) for layer in theirs]
    for one, other in zip(ours, theirs, strict=True):
        _assert_alike(one, other, precision)
    assert found.head == expected.head
    assert (found.ngrams is None) is (expected.ngrams is None)
    if found.ngrams is not None and expected.ngrams is not None:
        if isinstance(expected.ngrams, NgramVectors):
            _assert_same_vectors(found.ngrams, expected.ngrams, precision)
        else:
            _assert_alike(found.ngrams, expected.ngrams, precision)


def _assert_same_vectors(found: Any, expected: NgramVectors, precision: str) -> None:
    """The same checks, and what each bucket adds to the logits: the kernel may have its scales."""
    assert isinstance(found, NgramVectors)
    assert (found.longest, found.hash) == (expected.longest, expected.hash)
    np.testing.assert_array_equal(found.checks, expected.checks)
    one, other = (each.table.astype(np.float64) @ each.kernel for each in (found, expected))
    steps = {"float16": 2.0**-9, "int8": 3 / 127, "int8-embedding": 3 / 127}.get(precision, 1e-6)
    assert np.abs(one - other).max() <= steps * np.abs(other).max()


def _plain(network: Network) -> Iterator[Layer]:
    """Layers with functions behind dense layers, and one spelling where there are two."""
    halved = False
    for layer in network.layers:
        if halved and isinstance(layer, Dense):
            layer = dataclasses.replace(layer, kernel=layer.kernel / 2)
        # The mean of two directions is half their sum, and a factor of the kernel behind it.
        halved = isinstance(layer, Recurrent) and layer.merge == "ave" and not layer.sequences
        if halved:
            layer = dataclasses.replace(layer, merge="sum")
        match layer:
            case Dense(activation=function) if function != "linear":
                yield dataclasses.replace(layer, activation="linear")
                yield Activation(function)
            case Conv() if layer.reach == 0:
                yield dataclasses.replace(layer, padding="valid", dilation=1)
            case Activation("linear"):
                pass
            case Recurrent(backward=None):
                yield dataclasses.replace(layer, merge="concat")
            case Recurrent(cell="SimpleRNN"):
                yield dataclasses.replace(layer, gates="sigmoid")
            case _:
                yield layer


def _assert_alike(found: Any, expected: Any, precision: str) -> None:
    for name, wanted in vars(expected).items():
        value = getattr(found, name)
        if isinstance(wanted, np.ndarray):
            assert value.shape == wanted.shape
            assert value.dtype == wanted.dtype
            _assert_close(value, wanted, precision)
        elif dataclasses.is_dataclass(wanted):
            _assert_alike(value, wanted, precision)
        else:
            assert value == pytest.approx(wanted) if isinstance(wanted, float) else value == wanted


def _assert_close(found: Any, expected: Any, precision: str) -> None:
    if precision == "exact" or found.dtype != np.float32:
        np.testing.assert_array_equal(found, expected)
        return
    if precision == "float32":
        # TFLite's converter puts factors into weights.
        np.testing.assert_allclose(found, expected, rtol=5e-7)
        return
    # Half a step of 127, of the largest number; a row of an embedding is rounded for its product,
    # and a table's steps grow with the number.
    steps = {"float16": 2.0**-10, "int8": 3 / 127, "int8-embedding": 3 / 127}[precision]
    assert np.abs(found - expected).max() <= steps * np.abs(expected).max()
