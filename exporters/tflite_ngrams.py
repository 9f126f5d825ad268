"""What n-grams add to the logits, in TFLite: hashed by int32 operators of all positions at once.

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
from exporters.network import HashedNgrams, Ngrams, NgramVectors, Weights
from exporters.ngram_table import hash_matrix, quantize_table
from exporters.onnx_weights import quantize

__all__ = ["ngram_logits"]


def ngram_logits(tf: Any, ngrams: Ngrams | NgramVectors, precision: str) -> Callable[[Any], Any]:
    """Return what n-grams add to the logits, as a function of ids int32 [1, time].

    It gives float32 [1] of a number a bucket, and [1, outputs] of a vector.

    Args:
        tf: TensorFlow.
        ngrams: the table.
        precision: how the table is stored, a name of `exporters.rules`.
    """
    hashed = _hashed(tf, ngrams)
    if isinstance(ngrams, NgramVectors):
        return _of_vectors(tf, ngrams, precision, hashed)
    lookup, scale = _table(tf, ngrams, precision)
    share = np.float32(scale / math.sqrt(ngrams.longest))

    def added_up(ids: Any) -> Any:
        bucket, same = hashed(ids)
        total = tf.reduce_sum(lookup(bucket) * tf.cast(same, tf.float32))
        length = tf.cast(tf.shape(ids)[1], tf.float32)
        return tf.reshape(total * share * tf.math.rsqrt(length), [1])

    return added_up


def _of_vectors(
    tf: Any, ngrams: NgramVectors, precision: str, hashed: Callable[[Any], tuple[Any, Any]]
) -> Callable[[Any], Any]:
    lookup, scales = _vectors(tf, ngrams.table, precision)
    # What the sum is scaled by, the kernel can be.
    kernel = ngrams.scaled_kernel if scales is None else scales[:, None] * ngrams.scaled_kernel

    def added_up(ids: Any) -> Any:
        bucket, same = hashed(ids)
        counts = tf.reshape(tf.cast(same, tf.float32), [-1, ngrams.longest, 1])
        total = tf.reduce_sum(lookup(bucket) * counts, axis=[0, 1])
        length = tf.cast(tf.shape(ids)[1], tf.float32)
        return tf.matmul(tf.reshape(total * tf.math.rsqrt(length), [1, -1]), kernel)

    return added_up


def _hashed(tf: Any, ngrams: HashedNgrams) -> Callable[[Any], tuple[Any, Any]]:
    """Return a function from ids to each n-gram's bucket, and whether it has the bucket's check.

    Both are [time, longest], int32 and bool.
    """
    longest, most = ngrams.longest, ngrams.longest - 1
    hash = HASHES[ngrams.hash]

    def remainders(before: list[Any], modulus: int, *, checks: bool) -> Any:
        matrix, offsets = hash_matrix(hash, longest, checks=checks)
        hashed = before[0] * matrix[0] + offsets
        for tokens, multipliers in zip(before[1:], matrix[1:], strict=True):
            hashed += tokens * multipliers
        return tf.math.floormod(hashed, modulus)

    def lookups(ids: Any) -> tuple[Any, Any]:
        tokens = tf.reshape(hash.spread(ids), [-1, 1])
        padded = tf.pad(tokens, [[most, 0], [0, 0]]) if most else tokens
        before = [tokens, *(padded[most - place : -place] for place in range(1, longest))]
        bucket = remainders(before, ngrams.buckets, checks=False)
        # `EQUAL` takes an int8 for a quantized number.
        held = tf.cast(tf.gather(ngrams.checks, bucket), tf.int32)
        same = tf.equal(held, remainders(before, CHECKS, checks=True))
        return bucket, same

    return lookups


def _vectors(
    tf: Any, table: Weights, precision: str
) -> tuple[Callable[[Any], Any], Weights | None]:
    """Return the lookup as a function from buckets to float32, and the scale of each unit if any.

    A converter itself would decode a whole float16 table, or give an int8 table one scale.
    """
    if precision == "float16":
        halves = tflite_float16.halves(table)
        return lambda at: tf.cast(tf.bitcast(tf.gather(halves, at), tf.float16), tf.float32), None
    if precision in ("int8", "int8-embedding"):
        steps, scales = quantize(table, 1)
        return lambda at: tf.cast(tf.gather(steps, at), tf.float32), scales
    return lambda at: tf.gather(table, at), None


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
