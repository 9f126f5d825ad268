"""Which bucket of a table each n-gram of ids falls into; training and export compute the same.

The hash of an n-gram is linear, (offset + sum of id * multiplier) mod buckets, so that it takes a
multiplication and an addition an id in any runtime, on int32 and without overflow.

Source: hashed n-grams as in "Feature Hashing for Large Scale Multitask Learning" (Weinberger et
al., 2009) and Vowpal Wabbit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgernn.errors import UsageError

__all__ = [
    "CHECKS",
    "CHECK_MULTIPLIERS",
    "CHECK_OFFSETS",
    "LONGEST",
    "MULTIPLIERS",
    "NO_CHECK",
    "OFFSETS",
    "check_ngrams",
    "hashed_ngrams",
    "ngram_buckets",
    "ngram_checks",
    "preceding",
]

# The first two bytes of the SHA-256 of "edgernn n-grams N I", N ids long and I the id's place
# counted back from the last, as an odd number from 2**14 to 2**15: neighbouring ids lie far apart,
# and three of them fit into int32 for a vocabulary of 27,008. A file keeps what it was made with.
MULTIPLIERS: tuple[tuple[int, ...], ...] = (
    (31603,),
    (19685, 32209),
    (19113, 28445, 31957),
    (26003, 18537, 27055, 30671),
    (17933, 28563, 27535, 21705, 26195),
)
"""By length of the n-gram, from 1 on: what its last id is multiplied by, the one before, ..."""

# The same of "edgernn n-grams N offset", as they are.
OFFSETS: tuple[int, ...] = (47377, 49577, 10462, 61205, 63945)
"""By length of the n-gram, from 1 on; they keep n-grams of one length from those of another."""

CHECKS = 127
"""Number of checks: a prime, and no check is larger than an int8."""

NO_CHECK = -1
"""The check of an empty bucket, which no n-gram has."""

# By the rule of the constants above, of "edgernn n-gram checks N I".
CHECK_MULTIPLIERS: tuple[tuple[int, ...], ...] = (
    (21081,),
    (25745, 25503),
    (30121, 19277, 17949),
    (18825, 27123, 28403, 30365),
    (18843, 22645, 21121, 26277, 32393),
)
"""What an n-gram's check is hashed with, like `MULTIPLIERS`."""

CHECK_OFFSETS: tuple[int, ...] = (47127, 45596, 11543, 40298, 19915)
"""What an n-gram's check is hashed with, like `OFFSETS`."""

LONGEST = len(OFFSETS)
"""Ids in the longest n-gram that there are multipliers for."""

_MAX_BUCKETS = 1 << 24
_INT32 = int(np.iinfo(np.int32).max)


def check_ngrams(buckets: int, longest: int, vocabulary_size: int = 1) -> None:
    """Make sure that n-grams can be hashed in int32.

    `buckets` should be a prime above 2**15: it then has no factor in common with a multiplier, so
    that all buckets are used and no two ids of one n-gram's place collide.

    Args:
        buckets: size of the table.
        longest: ids in the longest n-grams.
        vocabulary_size: number of ids, padding included.

    Raises:
        UsageError: they cannot; the message says which number is too large.
    """
    if not 1 <= longest <= LONGEST:
        raise UsageError(f"n-grams of {longest} ids: there are those of 1 to {LONGEST}")
    if not 1 <= buckets <= _MAX_BUCKETS:
        raise UsageError(f"n-grams in {buckets} buckets: must be 1 to {_MAX_BUCKETS:,}")
    largest = 1 + min(
        (_INT32 - offset) // sum(multipliers)
        for all_offsets, all_multipliers in (
            (OFFSETS, MULTIPLIERS),
            (CHECK_OFFSETS, CHECK_MULTIPLIERS),
        )
        for offset, multipliers in zip(all_offsets[:longest], all_multipliers, strict=False)
    )
    if vocabulary_size > largest:
        raise UsageError(
            f"n-grams of up to {longest} ids: a vocabulary of {vocabulary_size:,} ids is too large "
            f"to hash in int32; at most {largest:,}"
        )


def hashed_ngrams(ids: npt.NDArray[np.int32], buckets: int, longest: int) -> npt.NDArray[np.int32]:
    """Return the bucket of each n-gram of one text.

    Args:
        ids: int32 [tokens]; ids 0 are thought to stand before the text.
        buckets: size of the table.
        longest: ids in the longest n-grams.

    Returns:
        int32 [longest * tokens], in [0, buckets): first those of single ids, by their place in the
        text, then those of each id and the one before, and so on.

    Raises:
        UsageError: the ids are too large to be hashed, see `check_ngrams`.
    """
    check_ngrams(buckets, longest, int(ids.max(initial=0)) + 1)
    return ngram_buckets(preceding(ids, longest), buckets).ravel()


def preceding(ids: npt.NDArray[np.int32], longest: int) -> npt.NDArray[np.int32]:
    """Return each id of a text and those before it: int32 [longest, tokens], itself first.

    Args:
        ids: int32 [tokens]; ids 0 are thought to stand before the text.
        longest: ids in the longest n-grams.
    """
    padded = np.pad(ids.astype(np.int32), (longest - 1, 0))
    starts = range(longest - 1, -1, -1)
    return np.stack([padded[start : start + len(ids)] for start in starts])


def ngram_buckets(before: npt.NDArray[np.int32], buckets: int) -> npt.NDArray[np.int32]:
    """Return the buckets of the n-grams of `preceding`: int32 [longest, tokens], by length."""
    return _hashed(before, MULTIPLIERS, OFFSETS, buckets)


def ngram_checks(before: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the checks of the n-grams of `preceding`: int32 [longest, tokens], in [0, CHECKS).

    A bucket holds one n-gram's number and its check; of other n-grams that fall into the bucket all
    but one in `CHECKS` have another check, and count for nothing.
    """
    return _hashed(before, CHECK_MULTIPLIERS, CHECK_OFFSETS, CHECKS)


def _hashed(
    before: npt.NDArray[np.int32],
    multipliers: tuple[tuple[int, ...], ...],
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
