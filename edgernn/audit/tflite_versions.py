"""Which TFLite runtime first has which version of which operator: facts, as data.

Measured on the runtimes themselves, by building a graph of one operator for each builtin operator
and version and asking each package whether it registers the pair: tflite-runtime 2.14.0 and every
ai-edge-litert on PyPI from 1.0.1 to 2.3.0. The TensorFlow Lite versions between the two, which no
package of its own has, are those of LiteRT's tflite/converter/tools/versioning/runtime_version.cc
(https://github.com/google-ai-edge/LiteRT), left out where a measured runtime contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["LATER", "OLDEST", "OLDEST_HAS", "LiteRtRelease", "has_oldest"]

OLDEST: Final = "2.14"
"""tflite-runtime, of 2023: the oldest that files are tested on."""

_BY_HIGHEST_VERSION: Final[Mapping[int, str]] = {
    1: (
        "ADD_N ASSIGN_VARIABLE ATAN2 BITCAST BITWISE_XOR BROADCAST_ARGS BUCKETIZE CALL_ONCE "
        "CEIL COMPLEX_ABS CONV_3D CONV_3D_TRANSPOSE COS CUMSUM DENSIFY DYNAMIC_UPDATE_SLICE "
        "ELU EMBEDDING_LOOKUP_SPARSE EXPAND_DIMS FLOOR HARD_SWISH HASHTABLE HASHTABLE_FIND "
        "HASHTABLE_IMPORT HASHTABLE_LOOKUP HASHTABLE_SIZE IF IMAG L2_POOL_2D "
        "LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LSH_PROJECTION "
        "MATRIX_DIAG MATRIX_SET_DIAG MULTINOMIAL NEG NON_MAX_SUPPRESSION_V4 "
        "NON_MAX_SUPPRESSION_V5 ONE_HOT POW PRELU RANDOM_STANDARD_NORMAL RANDOM_UNIFORM RANK "
        "READ_VARIABLE REAL REDUCE_ALL REDUCE_ANY RELU_0_TO_1 RELU_N1_TO_1 RESHAPE "
        "REVERSE_SEQUENCE RFFT2D RIGHT_SHIFT ROUND SCATTER_ND SEGMENT_SUM SHAPE SIN SKIP_GRAM "
        "SQRT SQUARE UNIQUE UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD "
        "UNSORTED_SEGMENT_SUM VAR_HANDLE WHILE ZEROS_LIKE"
    ),
    2: (
        "DEPTH_TO_SPACE DIV EXP FAKE_QUANT FLOOR_MOD GELU GREATER L2_NORMALIZATION LEAKY_RELU "
        "LESS_EQUAL LOG_SOFTMAX RANGE REDUCE_PROD RSQRT SELECT_V2 SIGN SPACE_TO_DEPTH SPLIT_V "
        "SQUARED_DIFFERENCE SQUEEZE SUM WHERE"
    ),
    3: (
        "ARG_MAX ARG_MIN AVERAGE_POOL_2D BIDIRECTIONAL_SEQUENCE_LSTM "
        "BIDIRECTIONAL_SEQUENCE_RNN BROADCAST_TO EMBEDDING_LOOKUP FLOOR_DIV GREATER_EQUAL "
        "LESS LOGISTIC MAX_POOL_2D MEAN MIRROR_PAD NOT_EQUAL QUANTIZE REDUCE_MAX REDUCE_MIN "
        "RELU RELU6 REVERSE_V2 RNN SOFTMAX SPARSE_TO_DENSE TANH TILE TOPK_V2 "
        "UNIDIRECTIONAL_SEQUENCE_RNN"
    ),
    4: (
        "BATCH_MATMUL BATCH_TO_SPACE_ND CONCATENATION EQUAL FILL GATHER_ND LSTM MAXIMUM "
        "MINIMUM PACK PAD PADV2 RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SELECT "
        "SPACE_TO_BATCH_ND SPLIT SVDF TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK"
    ),
    5: "ABS ADD CAST DEQUANTIZE SUB",
    6: "GATHER SLICE TRANSPOSE",
    7: "CONV_2D DEPTHWISE_CONV_2D MUL",
    8: "STRIDED_SLICE",
    10: "FULLY_CONNECTED",
}

OLDEST_HAS: Final[Mapping[str, int]] = {
    name: version for version, names in _BY_HIGHEST_VERSION.items() for name in names.split()
}
"""The highest version of each operator that tflite-runtime 2.14.0 registers; it has all lower ones
too, but for version 1 of BROADCAST_TO, which no runtime has."""

_NEVER: Final = frozenset({("BROADCAST_TO", 1)})


@dataclass(frozen=True, slots=True)
class LiteRtRelease:
    """The first ai-edge-litert with an operator's version."""

    litert: str
    tensorflow_lite: str
    """The first TensorFlow Lite with it; empty where the sources contradict each other."""


# (ai-edge-litert, TensorFlow Lite): operator:version …
_ROWS: Final[Mapping[tuple[str, str], str]] = {
    ("1.0.1", "2.15"): (
        "CAST:6 CONV_2D:8 DILATE:1 FULLY_CONNECTED:11 GATHER:7 LOG:2 REDUCE_WINDOW:1 RSQRT:3 "
        "STABLEHLO_RNG_BIT_GENERATOR:1 STABLEHLO_SCATTER:1 TRANSPOSE_CONV:5"
    ),
    ("1.0.1", "2.16"): (
        "GATHER_ND:5 STABLEHLO_ADD:1 STABLEHLO_GATHER:1 STABLEHLO_MAXIMUM:1 "
        "STABLEHLO_MINIMUM:1 STABLEHLO_MULTIPLY:1 STABLEHLO_PAD:1 STABLEHLO_REDUCE_WINDOW:1"
    ),
    ("1.0.1", "2.17"): "DYNAMIC_UPDATE_SLICE:2 FULLY_CONNECTED:12 STABLEHLO_COMPOSITE:1",
    ("1.0.1", "2.18"): "DEQUANTIZE:6 EMBEDDING_LOOKUP:4 FULLY_CONNECTED:13",
    ("1.1.0", "2.19"): "DYNAMIC_UPDATE_SLICE:3",
    ("1.1.0", ""): "CAST:7 STABLEHLO_AND:1 STABLEHLO_CASE:1 STABLEHLO_SHIFT_LEFT:1",
    ("1.2.0", ""): "TRANSPOSE:7",
    ("1.3.0", "2.20"): "DYNAMIC_UPDATE_SLICE:4",
    ("2.0.2", "2.20"): "PAD:5 PADV2:5",
    ("2.0.2", "2.21"): "SQRT:2",
    ("2.1.0", "2.21"): (
        "CAST:8 DEQUANTIZE:7 EQUAL:5 FULLY_CONNECTED:14 NOT_EQUAL:4 QUANTIZE:4 SLICE:7"
    ),
    ("2.1.2", "2.21"): "CONCATENATION:5 DYNAMIC_UPDATE_SLICE:5 EMBEDDING_LOOKUP:5",
    ("2.1.3", "2.21"): "QUANTIZE:5 QUANTIZE:6",
    ("2.1.3", "2.22"): "DEQUANTIZE:8 UNPACK:5",
    ("2.1.6", "2.22"): "DYNAMIC_UPDATE_SLICE:6 TRANSPOSE:8",
    ("2.1.6", "2.23"): (
        "ADD:6 CONCATENATION:6 COS:2 GELU:3 MUL:8 SIN:2 SLICE:8 SOFTMAX:4 TRANSPOSE:9"
    ),
    ("2.2.0", "2.23"): (
        "BROADCAST_TO:4 CAST:9 CONCATENATION:7 DEQUANTIZE:9 FILL:5 GATHER:8 GATHER_ND:6 PACK:5 "
        "PAD:6 PADV2:6 REVERSE_V2:4 SPLIT:5 SPLIT_V:3 UNPACK:6"
    ),
}


def _later() -> dict[tuple[str, int], LiteRtRelease]:
    found = {}
    for (litert, tensorflow_lite), pairs in _ROWS.items():
        for pair in pairs.split():
            name, _, version = pair.partition(":")
            found[name, int(version)] = LiteRtRelease(litert, tensorflow_lite)
    return found


LATER: Final[Mapping[tuple[str, int], LiteRtRelease]] = _later()
"""The first runtime with each operator and version that tflite-runtime 2.14.0 refuses."""


def has_oldest(name: str, version: int) -> bool:
    """Tell whether tflite-runtime 2.14.0 has this version of an operator."""
    return 1 <= version <= OLDEST_HAS.get(name, 0) and (name, version) not in _NEVER
