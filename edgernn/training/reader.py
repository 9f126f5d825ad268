"""A teacher that reads, in training: what it says of the texts, and what rules say beside it.

It is asked about pieces of the texts, too. What it cannot know, since reviews do not tell, such as
what "not bad" means, is taught by texts that rules write. The layers learn both beside n-grams that
have not seen a text, so that they learn what is left over and not what the n-grams know by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.data import Examples
from edgernn.distillation.contrast import contrast_texts, read_clauses
from edgernn.distillation.pieces import PIECES, pieces, untold_negations
from edgernn.distillation.reader_logits import read_logits
from edgernn.distillation.targets import Pieces
from edgernn.text import TextEncoder

__all__ = ["Reader", "halves_of", "read_reader", "written_pieces"]

WRITTEN = 150_000
"""Short texts that are written for the layers, where a teacher that reads is there."""


@dataclass(frozen=True, eq=False)
class Reader:
    """What a teacher that reads says of the texts that are learned from."""

    logits: npt.NDArray[np.float32]
    """float32 [labelled + unlabelled]."""
    pieces: Pieces
    """Pieces of these texts, with the teacher's logits."""
    sentences: Sequence[str]
    """The pieces as text."""


def read_reader(
    path: Path, texts: Sequence[str], rows: npt.NDArray[np.int64], encoder: TextEncoder
) -> Reader:
    """Read what a teacher says of all texts, and return what it says of those learned from.

    Raises:
        DataError: the file is not there, broken, or about other texts.
    """
    found, parts = read_logits(path, texts), pieces(texts)
    # Reviews do not tell a teacher what "not bad" means: rules do, see `contrast_texts`.
    for piece in untold_negations(parts, found.pieces):
        parts[piece] = ""
    owners, numbers = np.repeat(np.arange(len(rows)), PIECES), rows.repeat(PIECES) * PIECES
    numbers += np.tile(np.arange(PIECES), len(rows))
    filled = np.array([bool(parts[number]) for number in numbers], bool)
    sentences = [parts[number] for number in numbers[filled]]
    ids, logits = encoder.encode_batch(sentences), found.pieces.ravel()[numbers[filled]]
    return Reader(found.texts[rows], Pieces(ids, logits, owners[filled]), sentences)


def written_pieces(reader: Reader, encoder: TextEncoder, seed: int) -> Pieces:
    """Write short texts that turn on negation, contrast and the like, see `contrast_texts`."""
    clauses = read_clauses(reader.sentences, reader.pieces.logits)
    written = contrast_texts(clauses, WRITTEN, seed)
    owners = np.full(len(written.texts), -1, np.int64)
    return Pieces(encoder.encode_batch(written.texts), written.logits, owners)


def halves_of(labelled: Examples, texts: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the half that each text is in, int64, 0 or 1; all texts of a group are in one."""
    known, random = len(labelled), np.random.Generator(np.random.PCG64([seed, 2]))
    groups = np.arange(known) if labelled.groups is None else labelled.groups
    _, group_of = np.unique(groups, return_inverse=True)
    of_groups = random.permutation(int(group_of.max()) + 1) % 2
    return np.concatenate([of_groups[group_of], np.arange(texts - known) % 2])
