"""ctypes' mirror of engine/src/network.h, and the names that its numbers stand for."""

from __future__ import annotations

import ctypes
from typing import Any, get_args

from exporters.network import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Function,
    MaxPool,
    Merge,
    Pool,
    Recurrent,
    Scale,
)

MAX_LAYERS, MAX_NGRAM = 64, 8
FUNCTIONS = (*get_args(Function), "hard_sigmoid")
CELL_NAMES = ("LSTM", "GRU", "SimpleRNN")
MERGES = get_args(Merge)
PADDINGS = ("valid", "same", "causal")
PARTS = ("max", "mean")
HEADS = ("sigmoid", "softmax")

FLOATS, BYTES = ctypes.POINTER(ctypes.c_float), ctypes.POINTER(ctypes.c_int8)
_INT, _BOOL, _FLOAT, _ENUM = ctypes.c_int32, ctypes.c_bool, ctypes.c_float, ctypes.c_int


def _structure(name: str, *fields: tuple[str, Any]) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": fields})


_EMBEDDING = _structure("embedding", ("ids", _INT), ("units", _INT), ("table", FLOATS))
_DIRECTION = _structure(
    "direction", *((part, FLOATS) for part in ("kernel", "recurrent_kernel", "bias", "more"))
)
_RECURRENT = _structure(
    "recurrent",
    ("cell", _ENUM),
    ("inputs", _INT),
    ("units", _INT),
    ("sequences", _BOOL),
    ("reset_after", _BOOL),
    ("has_forward", _BOOL),
    ("has_backward", _BOOL),
    ("forward", _DIRECTION),
    ("backward", _DIRECTION),
    ("merge", _ENUM),
    ("activation", _ENUM),
    ("gates", _ENUM),
)
_DENSE = _structure(
    "dense",
    ("inputs", _INT),
    ("units", _INT),
    ("kernel", FLOATS),
    ("bias", FLOATS),
    ("activation", _ENUM),
)
_ACTIVATION = _structure("activation", ("function", _ENUM), ("slope", _FLOAT))
_SCALE = _structure("scale", ("features", _INT), ("scale", FLOATS), ("shift", FLOATS))
_CONV = _structure(
    "conv",
    *((part, _INT) for part in ("width", "inputs", "filters", "stride", "dilation")),
    ("padding", _ENUM),
    ("kernel", FLOATS),
    ("bias", FLOATS),
)
_MAX_POOL = _structure("max_pool", ("size", _INT), ("stride", _INT), ("padding", _ENUM))
_POOL = _structure("pool", ("count", _INT), ("of", _ENUM * 2), ("padded_length", _INT))
_HASH = _structure("ngram_hash", ("offset", _INT), ("multipliers", _INT * MAX_NGRAM))
_NGRAMS = _structure(
    "ngrams",
    ("longest", _INT),
    ("buckets", _INT),
    ("checks", _INT),
    ("units", _INT),
    ("table", FLOATS),
    ("kernel", FLOATS),
    ("check_table", BYTES),
    ("bucket_hash", _HASH * MAX_NGRAM),
    ("check_hash", _HASH * MAX_NGRAM),
    ("factor", _INT),
    ("modulus", _INT),
)
KINDS: dict[type, tuple[str, type[ctypes.Structure]]] = {
    Embedding: ("embedding", _EMBEDDING),
    Recurrent: ("recurrent", _RECURRENT),
    Dense: ("dense", _DENSE),
    Activation: ("activation", _ACTIVATION),
    Scale: ("scale", _SCALE),
    Conv: ("conv", _CONV),
    MaxPool: ("max_pool", _MAX_POOL),
    Pool: ("pool", _POOL),
}


class _OneLayer(ctypes.Union):
    _fields_ = tuple(KINDS.values())


_LAYER = _structure("layer", ("kind", _ENUM), ("layer", _OneLayer))
NETWORK = _structure(
    "network",
    ("count", _INT),
    ("layers", _LAYER * MAX_LAYERS),
    ("ngrams", _NGRAMS),
    ("head", _ENUM),
    ("outputs", _INT),
)
