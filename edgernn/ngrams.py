"""Which bucket of a table each n-gram of ids falls into; training and export compute the same.

The hash of an n-gram is linear, (offset + sum of id * multiplier) mod buckets, so that it takes a
multiplication and an addition an id in any runtime, and none overflows. There are two sets of
constants. `FLOAT32` keeps every number below 2**24: a runtime that computes integers in float32, as
OpenVINO and MNN do, finds the same buckets. Its multipliers are small, and so are the ids of
frequent words; that their n-grams do not crowd, ids are turned into others first, id * factor mod
modulus, twice. `INT32` is that of older models.

Source: hashed n-grams as in "Feature Hashing for Large Scale Multitask Learning" (Weinberger et
al., 2009) and Vowpal Wabbit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from edgernn.errors import UsageError

__all__ = [
    "CHECKS",
    "FLOAT32",
    "HASHES",
    "INT32",
    "LONGEST",
    "NO_CHECK",
    "HashName",
    "NgramHash",
    "check_ngrams",
    "hashed_ngrams",
    "ngram_buckets",
    "ngram_checks",
    "preceding",
]

CHECKS = 127
"""Number of checks: a prime, and no check is larger than an int8."""

NO_CHECK = -1
"""The check of an empty bucket, which no n-gram has."""

HashName = Literal["int32", "float32"]
"""Names of `HASHES`, by the numbers that a runtime must compute exactly."""
_Constants = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class NgramHash:
    """The constants of a hash. A model keeps those that it was trained with."""

    name: HashName
    multipliers: _Constants
    """By length of the n-gram, from 1 on: what its last id is multiplied by, the one before, ..."""
    offsets: tuple[int, ...]
    """By length of the n-gram, from 1 on; they keep n-grams of one length from those of another."""
    check_multipliers: _Constants
    """What an n-gram's check is hashed with, like `multipliers`."""
    check_offsets: tuple[int, ...]
    """What an n-gram's check is hashed with, like `offsets`."""
    largest: int
    """No number on the way to a bucket or a check may be larger."""
    factor: int = 1
    """What an id is multiplied by before all else, twice, each time mod `modulus`."""
    modulus: int | None = None
    """A prime that every id is below; None: ids stay as they are."""

    def most_ids(self, longest: int) -> int:
        """Return the largest vocabulary of which n-grams of up to so many ids can be hashed."""
        most = 1 + min(
            (self.largest - offset) // sum(multipliers)
            for all_offsets, all_multipliers in (
                (self.offsets, self.multipliers),
                (self.check_offsets, self.check_multipliers),
            )
            for offset, multipliers in zip(all_offsets[:longest], all_multipliers, strict=False)
        )
        return most if self.modulus is None else min(most, self.modulus)

    def spread(self, ids: Any) -> Any:
        """Return what is multiplied and added up in the place of ids: int32 of the same shape."""
        if self.modulus is None:
            return ids
        return ids * self.factor % self.modulus * self.factor % self.modulus


# The first two bytes of the SHA-256 of "edgernn n-grams N I", N ids long and I the id's place
# counted back from the last, as an odd number from 2**14 to 2**15: neighbouring ids lie far apart,
# and three of them fit into int32 for a vocabulary of 27,008. Offsets are those of "edgernn n-grams
# N offset", as they are; checks have "edgernn n-gram checks".
INT32: Final = NgramHash(
    name="int32",
    multipliers=(
        (31603,),
        (19685, 32209),
        (19113, 28445, 31957),
        (26003, 18537, 27055, 30671),
        (17933, 28563, 27535, 21705, 26195),
    ),
    offsets=(47377, 49577, 10462, 61205, 63945),
    check_multipliers=(
        (21081,),
        (25745, 25503),
        (30121, 19277, 17949),
        (18825, 27123, 28403, 30365),
        (18843, 22645, 21121, 26277, 32393),
    ),
    check_offsets=(47127, 45596, 11543, 40298, 19915),
    largest=int(np.iinfo(np.int32).max),
)
"""Of older models: exact where integers are int32, and nowhere else."""

# Primes whose sum is below 512, for vocabularies of 32,749 ids; the smaller the sum, the larger the
# vocabulary. 91 * 91 is, of 60 factors, that which spread the n-grams of 2,500 IMDB reviews best
# over tables of four sizes: no more pairs shared a bucket than by chance, as with `INT32`. With ids
# as they are it was 1.7 times as many. Offsets as above.
FLOAT32: Final = NgramHash(
    name="float32",
    multipliers=(
        (509,),
        (227, 281),
        (131, 167, 199),
        (101, 113, 127, 157),
        (73, 89, 103, 109, 131),
    ),
    offsets=INT32.offsets,
    check_multipliers=(
        (397,),
        (293, 211),
        (191, 113, 173),
        (149, 97, 139, 109),
        (113, 79, 107, 71, 101),
    ),
    check_offsets=INT32.check_offsets,
    largest=(1 << 24) - 1,
    factor=91,
    modulus=32_749,
)
"""Of new models: exact in float32, too."""

HASHES: Final[Mapping[str, NgramHash]] = {hash.name: hash for hash in (INT32, FLOAT32)}
"""Hashes by name."""

LONGEST = len(FLOAT32.offsets)
"""Ids in the longest n-gram that there are multipliers for."""

_MAX_BUCKETS = 1 << 24


def check_ngrams(
    buckets: int, longest: int, vocabulary_size: int = 1, hash: NgramHash = FLOAT32
) -> None:
    """Make sure that n-grams can be hashed without a number that is too large.

    `buckets` should be a prime above 2**15: it then has no factor in common with a multiplier, so
    that all buckets are used and no two ids of one n-gram's place collide.

    Args:
        buckets: size of the table.
        longest: ids in the longest n-grams.
        vocabulary_size: number of ids, padding included.
        hash: what they are hashed with.

    Raises:
        UsageError: they cannot; the message says which number is too large.
    """
    if not 1 <= longest <= LONGEST:
        raise UsageError(f"n-grams of {longest} ids: there are those of 1 to {LONGEST}")
    if not 1 <= buckets <= _MAX_BUCKETS:
        raise UsageError(f"n-grams in {buckets} buckets: must be 1 to {_MAX_BUCKETS:,}")
    most = hash.most_ids(longest)
    if vocabulary_size > most:
        raise UsageError(
            f"n-grams of up to {longest} ids: a vocabulary of {vocabulary_size:,} ids is too large "
            f"to hash in {hash.name}; at most {most:,}"
        )


def hashed_ngrams(
    ids: npt.NDArray[np.int32], buckets: int, longest: int, hash: NgramHash = FLOAT32
) -> npt.NDArray[np.int32]:
    """Return the bucket of each n-gram of one text.

    Args:
        ids: int32 [tokens]; ids 0 are thought to stand before the text.
        buckets: size of the table.
        longest: ids in the longest n-grams.
        hash: what they are hashed with.

    Returns:
        int32 [longest * tokens], in [0, buckets): first those of single ids, by their place in the
        text, then those of each id and the one before, and so on.

    Raises:
        UsageError: the ids are too large to be hashed, see `check_ngrams`.
    """
    check_ngrams(buckets, longest, int(ids.max(initial=0)) + 1, hash)
    return ngram_buckets(preceding(ids, longest), buckets, hash).ravel()


def preceding(ids: npt.NDArray[np.int32], longest: int) -> npt.NDArray[np.int32]:
    """Return each id of a text and those before it: int32 [longest, tokens], itself first.

    Args:
        ids: int32 [tokens]; ids 0 are thought to stand before the text.
        longest: ids in the longest n-grams.
    """
    padded = np.pad(ids.astype(np.int32), (longest - 1, 0))
    starts = range(longest - 1, -1, -1)
    return np.stack([padded[start : start + len(ids)] for start in starts])


def ngram_buckets(
    before: npt.NDArray[np.int32], buckets: int, hash: NgramHash = FLOAT32
) -> npt.NDArray[np.int32]:
    """Return the buckets of the n-grams of `preceding`: int32 [longest, tokens], by length."""
    return _hashed(hash.spread(before), hash.multipliers, hash.offsets, buckets)


def ngram_checks(before: npt.NDArray[np.int32], hash: NgramHash = FLOAT32) -> npt.NDArray[np.int32]:
    """Return the checks of the n-grams of `preceding`: int32 [longest, tokens], in [0, CHECKS).

    A bucket holds one n-gram's number and its check; of other n-grams that fall into the bucket all
    but one in `CHECKS` have another check, and count for nothing.
    """
    return _hashed(hash.spread(before), hash.check_multipliers, hash.check_offsets, CHECKS)


def _hashed(
    before: npt.NDArray[np.int32],
    multipliers: _Constants,
    offsets: tuple[int, ...],
    modulus: int,
) -> npt.NDArray[np.int32]:
    found = np.empty(before.shape, np.int32)
    for row, (offset, factors) in enumerate(zip(offsets, multipliers, strict=True)):
        if row == len(before):
            break
        total = np.full(before.shape[1], offset, np.int32)
        for ids, factor in zip(before, factors, strict=False):
            total += ids * np.int32(factor)
        found[row] = total % np.int32(modulus)
    return found
