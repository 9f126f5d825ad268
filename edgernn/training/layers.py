"""Keras layers of our own: pooling over a text's tokens, and what reads its n-grams beside them.

The classes are made when they are first asked for, since importing Keras takes seconds; Keras knows
them by name from then on, so that it loads a model that has them without running code of its file.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgernn.errors import UsageError
from edgernn.ngrams import (
    CHECKS,
    FLOAT32,
    HASHES,
    INT32,
    NO_CHECK,
    HashName,
    NgramHash,
    check_ngrams,
)
from edgernn.privacy import import_quietly

__all__ = ["POOLED", "CustomLayers", "custom_layers", "recurrent_layer"]

POOLED = ("max", "mean")
"""What can be pooled."""
_LOWEST = float(np.finfo(np.float32).min)


class CustomLayers(NamedTuple):
    """The classes, of type `keras.layers.Layer`."""

    max_mean_pooling: Any
    """`MaxMeanPooling(of, padded_length)`: float32 [batch, time, features], masked, to
    [batch, parts * features]: the largest value of each feature over a text's tokens, then the
    mean, whichever `of` names; zeros where it has none. With `padded_length` a text of fewer
    tokens has a zero among the values that the largest is taken of, as masked steps give to
    Keras's GlobalMaxPooling1D, which knows no mask."""
    hashed_ngrams: Any
    """`HashedNgrams(buckets, longest, hash)`: int32 ids [batch, time], zero-padded at the end, to
    float32 [batch, 1]: the sum of the numbers of the n-grams that the table holds, over the root of
    how many n-grams there are. Weights: the numbers, float32 [buckets], and the checks, int32
    [buckets], which are not trained."""
    hashed_ngram_vectors: Any
    """`HashedNgramVectors(buckets, longest, units, outputs, hash)`: the same ids to float32
    [batch, outputs]: the sum of the vectors of the n-grams that the table holds, over the root of
    how many n-grams there are, times a kernel. Weights: the vectors, float32 [buckets, units], the
    kernel, float32 [units, outputs], and the checks, int32 [buckets], which are not trained."""


def recurrent_layer(name: str) -> Any:
    """Return the class of a recurrent layer: Keras's of that name, or one of our own.

    Args:
        name: of `edgernn.cells.CELLS`.

    Raises:
        UsageError: there is none.
    """
    keras = import_quietly("keras")

    own = {layer.__name__: layer for layer in custom_layers()}
    layer = getattr(keras.layers, name, own.get(name))
    if layer is None:
        raise UsageError(
            f"cell {name} cannot be trained: there is no layer of that name in Keras, nor in "
            "edgernn/training/layers.py"
        )
    return layer


@functools.cache
def custom_layers() -> CustomLayers:
    """Return the layers, and make them known to Keras."""
    keras = import_quietly("keras")

    ops = keras.ops
    register = keras.saving.register_keras_serializable(package="edgernn")

    @register
    class MaxMeanPooling(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """Values of each feature over the steps that are not masked: the largest, the mean."""

        def __init__(
            self,
            of: Sequence[str] = POOLED,
            padded_length: int | None = None,
            **kwargs: Any,
        ) -> None:
            super().__init__(**kwargs)
            self.of, self.padded_length = tuple(of), padded_length
            self.supports_masking = True
            if not self.of or self.of != tuple(part for part in POOLED if part in self.of):
                raise ValueError(f"of must be max, mean or both in that order, not {of}")

        def call(self, inputs: Any, mask: Any = None) -> Any:
            """float32 [batch, time, features] to [batch, parts * features]; mask [batch, time]."""
            if mask is None:
                mask = ops.ones_like(inputs[..., 0], dtype="bool")
            real = ops.expand_dims(mask, -1)
            number = ops.sum(ops.cast(real, inputs.dtype), axis=1)
            parts = []
            if "max" in self.of:
                largest = ops.max(ops.where(real, inputs, _LOWEST), axis=1)
                if self.padded_length is not None:
                    is_short = number < self.padded_length
                    largest = ops.where(is_short, ops.maximum(largest, 0.0), largest)
                parts.append(ops.where(number > 0, largest, 0.0))
            if "mean" in self.of:
                total = ops.sum(ops.where(real, inputs, 0.0), axis=1)
                parts.append(total / ops.maximum(number, 1.0))
            return ops.concatenate(parts, axis=-1)

        def compute_mask(self, inputs: Any, mask: Any = None) -> None:
            """There is no time axis behind it."""
            return None

        def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
            """One number a feature for each part."""
            return (input_shape[0], len(self.of) * input_shape[-1])

        def get_config(self) -> dict[str, Any]:
            """Return what the layer was made with."""
            made_with = {"of": list(self.of), "padded_length": self.padded_length}
            return {**super().get_config(), **made_with}

    @register
    class HashedNgrams(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """One number a bucket of hashed n-grams; those of a text, added up.

        A bucket counts for the n-gram that has its check, see `ngrams.ngram_checks`.
        """

        def __init__(
            self, buckets: int, longest: int, hash: HashName = FLOAT32.name, **kwargs: Any
        ) -> None:
            _check_hash(buckets, longest, hash)
            super().__init__(**kwargs)
            self.buckets, self.longest, self.hash = buckets, longest, hash

        def build(self, input_shape: Any) -> None:
            """Make the table: float32 [buckets], zeros, and its checks, all buckets empty."""
            shape = (self.buckets,)
            self.table = self.add_weight(shape=shape, initializer="zeros", name="table")
            self.checks = self.add_weight(
                shape=shape,
                initializer=keras.initializers.Constant(NO_CHECK),
                dtype="int32",
                trainable=False,
                name="checks",
            )

        def call(self, ids: Any) -> Any:
            """int32 [batch, time] to float32 [batch, 1]."""
            found: Any = 0.0
            for at, same in _lookups(ops, ids, self.checks, self.longest, HASHES[self.hash]):
                number = ops.take(self.table, at, axis=0)
                found = found + number * ops.cast(same, self.table.dtype)
            real, count = _real(ops, ids, self.longest, self.table.dtype)
            return ops.sum(found * real, axis=1, keepdims=True) / ops.sqrt(ops.maximum(count, 1.0))

        def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
            """One number a text."""
            return (input_shape[0], 1)

        def get_config(self) -> dict[str, Any]:
            """Return what the layer was made with."""
            made_with = {"buckets": self.buckets, "longest": self.longest, "hash": self.hash}
            return {**super().get_config(), **made_with}

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            """Make the layer that was saved; one that names no hash is of when there was one."""
            return super().from_config({"hash": INT32.name, **config})

    @register
    class HashedNgramVectors(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """A short vector a bucket of hashed n-grams; those of a text, added up, times a kernel.

        A bucket counts for the n-gram that has its check, as in `HashedNgrams`.
        """

        def __init__(
            self,
            buckets: int,
            longest: int,
            units: int,
            outputs: int,
            hash: HashName = FLOAT32.name,
            **kwargs: Any,
        ) -> None:
            _check_hash(buckets, longest, hash)
            super().__init__(**kwargs)
            self.buckets, self.longest, self.hash = buckets, longest, hash
            self.units, self.outputs = units, outputs

        def build(self, input_shape: Any) -> None:
            """Make the vectors, zeros, the kernel, and the checks, all buckets empty."""
            shape = (self.buckets, self.units)
            self.table = self.add_weight(shape=shape, initializer="zeros", name="table")
            self.kernel = self.add_weight(
                shape=(self.units, self.outputs), initializer="glorot_uniform", name="kernel"
            )
            self.checks = self.add_weight(
                shape=shape[:1],
                initializer=keras.initializers.Constant(NO_CHECK),
                dtype="int32",
                trainable=False,
                name="checks",
            )

        def call(self, ids: Any) -> Any:
            """int32 [batch, time] to float32 [batch, outputs]."""
            real, count = _real(ops, ids, self.longest, self.table.dtype)
            vector: Any = 0.0
            for at, same in _lookups(ops, ids, self.checks, self.longest, HASHES[self.hash]):
                counts = ops.expand_dims(ops.cast(same, self.table.dtype) * real, -1)
                vector = vector + ops.sum(ops.take(self.table, at, axis=0) * counts, axis=1)
            return ops.matmul(vector / ops.sqrt(ops.maximum(count, 1.0)), self.kernel)

        def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
            """What is added to each logit."""
            return (input_shape[0], self.outputs)

        def get_config(self) -> dict[str, Any]:
            """Return what the layer was made with."""
            made_with = {"buckets": self.buckets, "longest": self.longest, "hash": self.hash}
            made_with |= {"units": self.units, "outputs": self.outputs}
            return {**super().get_config(), **made_with}

    return CustomLayers(MaxMeanPooling, HashedNgrams, HashedNgramVectors)


def _check_hash(buckets: int, longest: int, hash: HashName) -> None:
    """Refuse n-grams that cannot be hashed."""
    if hash not in HASHES:
        raise UsageError(f"n-grams hashed as {hash!r}: choose one of {', '.join(HASHES)}")
    check_ngrams(buckets, longest, hash=HASHES[hash])


def _lookups(
    ops: Any, ids: Any, checks: Any, longest: int, hash: NgramHash
) -> Iterator[tuple[Any, Any]]:
    """Give by length of n-gram each one's bucket, and whether its check is the bucket's.

    Both are [batch, time]; an n-gram stands where its last id does.
    """
    # The ids before each, one place further back each time; before the text stand zeros.
    spread = hash.spread(ids)
    before = [spread]
    for place in range(1, longest):
        before.append(ops.pad(spread, [[0, 0], [place, 0]])[:, :-place])
    for n in range(longest):
        at = ops.mod(_total(before, hash.offsets[n], hash.multipliers[n]), checks.shape[0])
        total = _total(before, hash.check_offsets[n], hash.check_multipliers[n])
        check = ops.mod(total, CHECKS)
        yield at, ops.equal(ops.take(checks, at, axis=0), check)


def _real(ops: Any, ids: Any, longest: int, dtype: Any) -> tuple[Any, Any]:
    """Return 1 for each id and 0 for padding, [batch, time], and how many n-grams [batch, 1]."""
    real = ops.cast(ops.not_equal(ids, 0), dtype)
    return real, longest * ops.sum(real, axis=1, keepdims=True)


def _total(before: list[Any], offset: int, multipliers: tuple[int, ...]) -> Any:
    """Return what a hash is the remainder of, int32 [batch, time]."""
    total: Any = offset
    for shifted, multiplier in zip(before, multipliers, strict=False):
        total = total + shifted * multiplier
    return total
