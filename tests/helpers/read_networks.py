"""The network that the C engine reads from a file, as an `exporters.network.Network`."""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from ctypes import POINTER, Structure, Union, c_bool, c_float, c_int, c_int8, c_int32, c_size_t
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

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
_FLOATS = POINTER(c_float)
_MAX_NGRAM, _MAX_LAYERS = 8, 64
_FUNCTIONS: Any = (
    *("linear", "relu", "tanh", "sigmoid", "leaky_relu", "relu6", "elu", "selu", "silu"),
    *("softsign", "hard_sigmoid"),
)
_CELLS = ("LSTM", "GRU", "SimpleRNN")
_GATES = (4, 3, 1)
_MERGES: Any = ("concat", "sum", "ave", "mul")
_PADDINGS: Any = ("valid", "same", "causal")


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
            *compiler(),
            *("-std=gnu11", "-g", "-fPIC", "-ffp-contract=off", "-fvisibility=hidden"),
            *("-Wall", "-Wextra", "-Werror", f"-I{_ROOT / 'engine' / 'src'}", *flags),
            *map(str, sorted(sources)),
            *(str(_ROOT / "tests" / "engine" / door), "-o", str(output)),
        ],
        check=True,
    )


def compiler() -> list[str]:
    """A C compiler that is here: GCC, Clang, or that of the package index."""
    for name in ("gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    pytest.skip("no C compiler: neither gcc nor clang nor the package ziglang")


class _Embedding(Structure):
    _fields_ = [("ids", c_int32), ("units", c_int32), ("table", _FLOATS)]


class _Direction(Structure):
    _fields_ = [(name, _FLOATS) for name in ("kernel", "recurrent", "bias", "recurrent_bias")]


class _Recurrent(Structure):
    _fields_ = [
        ("cell", c_int),
        ("inputs", c_int32),
        ("units", c_int32),
        ("sequences", c_bool),
        ("reset_after", c_bool),
        ("has_forward", c_bool),
        ("has_backward", c_bool),
        ("forward", _Direction),
        ("backward", _Direction),
        ("merge", c_int),
        ("activation", c_int),
        ("gates", c_int),
    ]


class _Dense(Structure):
    _fields_ = [
        ("inputs", c_int32),
        ("units", c_int32),
        ("kernel", _FLOATS),
        ("bias", _FLOATS),
        ("activation", c_int),
    ]


class _Activation(Structure):
    _fields_ = [("function", c_int), ("slope", c_float)]


class _Scale(Structure):
    _fields_ = [("features", c_int32), ("scale", _FLOATS), ("shift", _FLOATS)]


class _Conv(Structure):
    _fields_ = [
        *((name, c_int32) for name in ("width", "inputs", "filters", "stride", "dilation")),
        ("padding", c_int),
        ("kernel", _FLOATS),
        ("bias", _FLOATS),
    ]


class _MaxPool(Structure):
    _fields_ = [("size", c_int32), ("stride", c_int32), ("padding", c_int)]


class _Pool(Structure):
    _fields_ = [("count", c_int32), ("of", c_int * 2), ("padded_length", c_int32)]


class _Hash(Structure):
    _fields_ = [("offset", c_int32), ("multipliers", c_int32 * _MAX_NGRAM)]


class _Ngrams(Structure):
    _fields_ = [
        ("longest", c_int32),
        ("buckets", c_int32),
        ("checks", c_int32),
        ("table", _FLOATS),
        ("check_table", POINTER(c_int8)),
        ("bucket_hash", _Hash * _MAX_NGRAM),
        ("check_hash", _Hash * _MAX_NGRAM),
        ("factor", c_int32),
        ("modulus", c_int32),
    ]


class _Layers(Union):
    _fields_ = [
        ("embedding", _Embedding),
        ("recurrent", _Recurrent),
        ("dense", _Dense),
        ("activation", _Activation),
        ("scale", _Scale),
        ("conv", _Conv),
        ("max_pool", _MaxPool),
        ("pool", _Pool),
    ]


class _Layer(Structure):
    _fields_ = [("kind", c_int), ("of", _Layers)]


class _Network(Structure):
    _fields_ = [
        ("count", c_int32),
        ("layers", _Layer * _MAX_LAYERS),
        ("ngrams", _Ngrams),
        ("head", c_int),
        ("outputs", c_int32),
    ]


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
        assert self._library.size_of_network() == ctypes.sizeof(_Network), "network.h has changed"
        self._library.read_network.restype = POINTER(_Network)
        self._library.read_network.argtypes = [ctypes.c_char_p, c_size_t, c_int, c_size_t]
        self._library.message_of.restype = ctypes.c_char_p

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


def _network(found: _Network) -> Network:
    layers = tuple(_layer(layer) for layer in found.layers[: found.count])
    head: Literal["sigmoid", "softmax"] = "softmax" if found.head else "sigmoid"
    made = Network(layers, _ngrams(found.ngrams), head)
    assert made.outputs == found.outputs
    return made


def _layer(layer: _Layer) -> Layer:
    kind, _ = _Layers._fields_[layer.kind]
    of = getattr(layer.of, kind)
    match of:
        case _Embedding():
            return Embedding(_array(of.table, of.ids, of.units))
        case _Recurrent():
            forward = _direction(of, of.forward) if of.has_forward else None
            backward = _direction(of, of.backward) if of.has_backward else None
            assert forward is not None
            return Recurrent(
                _CELLS[of.cell],
                of.units,
                of.sequences,
                forward,
                backward,
                _MERGES[of.merge],
                _FUNCTIONS[of.activation],
                _FUNCTIONS[of.gates],
            )
        case _Dense():
            kernel = _array(of.kernel, of.inputs, of.units)
            return Dense(kernel, _array(of.bias, of.units), _FUNCTIONS[of.activation])
        case _Activation():
            return Activation(_FUNCTIONS[of.function], of.slope)
        case _Scale():
            return Scale(_array(of.scale, of.features), _array(of.shift, of.features))
        case _Conv():
            kernel = _array(of.kernel, of.width, of.inputs, of.filters)
            bias = _array(of.bias, of.filters)
            return Conv(kernel, bias, _PADDINGS[of.padding], of.stride, of.dilation)
        case _MaxPool():
            return MaxPool(of.size, of.stride, _PADDINGS[of.padding])
        case _Pool():
            names: Any = [("max", "mean")[part] for part in of.of[: of.count]]
            return Pool(tuple(names), of.padded_length or None)
    raise AssertionError(kind)


def _direction(layer: _Recurrent, found: _Direction) -> Direction:
    width = _GATES[layer.cell] * layer.units
    bias = _array(found.bias, width)
    if layer.reset_after:
        bias = np.stack([bias, _array(found.recurrent_bias, width)])
    return Direction(
        _array(found.kernel, layer.inputs, width), _array(found.recurrent, layer.units, width), bias
    )


def _ngrams(found: _Ngrams) -> Ngrams | None:
    if not found.longest:
        return None
    checks: Any = np.ctypeslib.as_array(found.check_table, (found.buckets,)).copy()
    hash = next(
        hash
        for hash in HASHES.values()
        if (hash.modulus or 0, hash.factor if hash.modulus else 0) == (found.modulus, found.factor)
    )
    return Ngrams(_array(found.table, found.buckets), checks, found.longest, hash.name)


def _hashes(found: _Network) -> tuple[Any, Any] | None:
    def values(hashes: Any) -> Any:
        return [
            (hash.offset, tuple(hash.multipliers[: length + 1]))
            for length, hash in enumerate(hashes[: found.ngrams.longest])
        ]

    if not found.ngrams.longest:
        return None
    return values(found.ngrams.bucket_hash), values(found.ngrams.check_hash)


def check_read(reader: Reader, file: bytes, expected: Network, precision: str) -> None:
    """The C engine reads from a file the network that it was exported of, or refuses integers."""
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
        _assert_alike(found.ngrams, expected.ngrams, precision)


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
