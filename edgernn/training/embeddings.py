"""First values for an embedding from the training texts themselves.

Tokens that stand near the same tokens get near vectors: positive pointwise mutual information of
neighbours, factored by a truncated singular value decomposition (Levy and Goldberg, Neural word
embedding as implicit matrix factorization, 2014; contexts smoothed by the power 0.75 and weighted
by distance as in Levy, Goldberg and Dagan, 2015). Seconds on the 25,000 IMDB reviews, and no text
from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError

__all__ = ["neighbour_embeddings"]

_WINDOW = 5
_CONTEXT_POWER = 0.75
_SPREAD = 0.1
"""Standard deviation of the values: large enough to be seen beside the LSTM's first weights."""


def neighbour_embeddings(
    texts: Sequence[npt.NDArray[np.int32]], vocabulary_size: int, units: int, seed: int
) -> npt.NDArray[np.float32]:
    """Build embedding vectors from which tokens stand near which.

    Args:
        texts: encoded training texts, one int32 array [tokens] each, without padding.
        vocabulary_size: number of ids.
        units: numbers a vector.
        seed: of the randomized decomposition.

    Returns:
        float32 [vocabulary_size, units]; all vectors that stand for a token in the texts have the
        same norm, those of other ids are zero; all are where each text has one token.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    try:
        from scipy import sparse
        from sklearn.utils.extmath import randomized_svd
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "building embeddings", "train") from error
    # One stream of ids, texts kept apart by more zeros than a window reaches over.
    gap = np.zeros(_WINDOW, np.int64)
    stream = np.concatenate([part for text in texts for part in (text.astype(np.int64), gap)])
    counts = sparse.csr_matrix((vocabulary_size, vocabulary_size))
    for distance in range(1, _WINDOW + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left > 0) & (right > 0)
        pairs, times = np.unique(left[both] * vocabulary_size + right[both], return_counts=True)
        place = (pairs // vocabulary_size, pairs % vocabulary_size)
        counts = counts + sparse.csr_matrix((times / distance, place), shape=counts.shape)
    counts = (counts + counts.T).tocoo()
    if not counts.nnz:
        # Texts of one token each have no neighbours, which is nothing to start from.
        return np.zeros((vocabulary_size, units), np.float32)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    contexts = totals**_CONTEXT_POWER / (totals**_CONTEXT_POWER).sum()
    information = np.log(counts.data / (totals[counts.row] * contexts[counts.col]))
    kept = information > 0
    matrix = sparse.csr_matrix(
        (information[kept], (counts.row[kept], counts.col[kept])), shape=counts.shape
    )
    # A vocabulary smaller than the vectors gives fewer components; the rest stay zero.
    components = min(units, vocabulary_size - 1)
    left, values, _ = randomized_svd(matrix, components, n_iter=4, random_state=seed)
    vectors = np.zeros((vocabulary_size, units), np.float32)
    vectors[:, :components] = left * np.sqrt(values)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    met = norms > 1e-6
    scaled = vectors / np.where(met, norms, 1) * _SPREAD * np.sqrt(units)
    return np.where(met, scaled, 0).astype(np.float32)
