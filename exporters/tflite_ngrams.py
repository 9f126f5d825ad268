"""The n-grams' linear model in TFLite: hashed with int32 operators of all positions at once.

An id and those before it stand in columns; each is multiplied by a row of multipliers, one a length
of n-gram. `FULLY_CONNECTED` and `BATCH_MATMUL` know no int32. The graph has one text at its true
length, so that there is nothing to mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edgernn.ngrams import CHECKS, HASHES
from exporters import tflite_float16
from exporters.network import Ngrams
from exporters.ngram_table import hash_matrix, quantize_table

__all__ = ["ngram_sum"]


def ngram_sum(tf: Any, ngrams: Ngrams, precision: str) -> Callable[[Any], Any]:
    """Return the linear model as a function of ids int32 [1, time] to float32 [1].

    Args:
        tf: TensorFlow.
        ngrams: the table.
        precision: how the table is stored, a name of `exporters.rules`.
    """
    lookup, scale = _table(tf, ngrams, precision)
    longest, most = ngrams.longest, ngrams.longest - 1
    hash = HASHES[ngrams.hash]
    share = np.float32(scale / math.sqrt(longest))

    def remainders(before: list[Any], modulus: int, *, checks: bool) -> Any:
        matrix, offsets = hash_matrix(hash, longest, checks=checks)
        hashed = before[0] * matrix[0] + offsets
        for tokens, multipliers in zip(before[1:], matrix[1:], strict=True):
            hashed += tokens * multipliers
        return tf.math.floormod(hashed, modulus)

    def added_up(ids: Any) -> Any:
        tokens = tf.reshape(hash.spread(ids), [-1, 1])
        padded = tf.pad(tokens, [[most, 0], [0, 0]]) if most else tokens
        before = [tokens, *(padded[most - place : -place] for place in range(1, longest))]
        bucket = remainders(before, ngrams.buckets, checks=False)
        # `EQUAL` takes an int8 for a quantized number.
        held = tf.cast(tf.gather(ngrams.checks, bucket), tf.int32)
        same = tf.equal(held, remainders(before, CHECKS, checks=True))
        total = tf.reduce_sum(lookup(bucket) * tf.cast(same, tf.float32))
        length = tf.cast(tf.shape(ids)[1], tf.float32)
        return tf.reshape(total * share * tf.math.rsqrt(length), [1])

    return added_up


def _table(tf: Any, ngrams: Ngrams, precision: str) -> tuple[Callable[[Any], Any], np.float32]:
    """Return the lookup as a function from buckets to float32, and what it must be scaled by."""
    if precision == "float16":
        halves = tflite_float16.halves(ngrams.table)
        one = np.float32(1)
        return lambda at: tf.cast(tf.bitcast(tf.gather(halves, at), tf.float16), tf.float32), one
    if precision in ("int8", "int8-embedding"):
        steps, scale = quantize_table(ngrams.table)

        def looked_up(at: Any) -> Any:
            found = tf.cast(tf.gather(steps, at), tf.float32)
            return found * tf.abs(found)

        return looked_up, scale
    return lambda at: tf.gather(ngrams.table, at), np.float32(1)
