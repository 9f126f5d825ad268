"""A vector for each text, learned from the texts alone, without labels.

A text's vector learns to tell the words, pairs and triples of words that stand in it from others
(PV-DBOW with negative sampling: Le and Mikolov, Distributed representations of sentences and
documents, 2014; on n-grams: Li et al., Weighted neural bag-of-n-grams model, 2016). A linear model
of such vectors errs elsewhere than one of n-grams does, since texts that say alike things in other
words lie near each other.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.distillation.cached_arrays import add_texts, read_cached, write_cached
from edgernn.distillation.min_count import scaled_min_count
from edgernn.errors import DataError, MissingPackageError
from edgernn.progress import Busy

__all__ = ["document_vectors", "holds_vectors"]


_FILE = "document-vectors.npz"
_TOKENS = re.compile(r"\w+|[^\w\s]")
_DIMENSIONS = 300
_EPOCHS = 7
_MIN_COUNT = 5
_FIRST_RATE, _LAST_RATE = 0.05, 0.0005
_SEED = 1


def document_vectors(texts: Sequence[str], *, cache: Path, busy: Busy) -> npt.NDArray[np.float32]:
    """Learn the vectors of texts, or read them where the same texts' were learned before.

    They depend on the texts alone, so runs of other seeds may take the file over. One thread, so
    that the same texts give the same vectors.

    Args:
        texts: in any order; their order is shuffled for learning.
        cache: a folder for what has been reached.
        busy: called with a title, gives a context to show that a long step is under way.

    Returns:
        float32 [texts, 300], each of length 1.

    Raises:
        DataError: no n-gram is frequent enough, or the file of `cache` is broken.
        MissingPackageError: gensim is not installed.
    """
    key = _key(texts)
    shape = (len(texts), _DIMENSIONS)
    kept = read_cached(cache / _FILE, key, {"vectors": shape})
    if kept is None:
        # Half the bytes; what is rounded away is far below what another seed changes.
        learned = _learn(texts, busy).astype(np.float16)
        write_cached(cache / _FILE, key, vectors=learned)
        kept = {"vectors": learned}
    vectors = kept["vectors"].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def holds_vectors(cache: Path) -> bool:
    """Tell whether a folder holds vectors, which those of the same texts need not be again."""
    return (cache / _FILE).exists()


def _learn(texts: Sequence[str], busy: Busy) -> npt.NDArray[np.float32]:
    try:
        from gensim.models.doc2vec import Doc2Vec
    except ImportError as error:
        raise MissingPackageError("gensim", "the teacher", "train") from error
    # It warns of each epoch's learning rate, which starts where that of the one before ended.
    logging.getLogger("gensim").setLevel(logging.ERROR)
    # Sorted by label, as data sets are, the texts would be learned badly.
    order = np.random.Generator(np.random.PCG64(_SEED)).permutation(len(texts))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts"
        with busy("teacher: n-grams of documents"):
            with file.open("w", encoding="utf-8", errors="replace", newline="\n") as out:
                out.writelines(f"{' '.join(_ngrams(texts[i]))}\n" for i in order)
            model = Doc2Vec(
                vector_size=_DIMENSIONS,
                dm=0,
                hs=0,
                negative=5,
                sample=1e-4,
                min_count=scaled_min_count(_MIN_COUNT, len(texts)),
                workers=1,
                seed=_SEED,
            )
            model.build_vocab(corpus_file=str(file))
        if not len(model.wv):
            raise DataError("the teacher finds no n-gram that is in several texts")
        rates = np.linspace(_FIRST_RATE, _LAST_RATE, _EPOCHS + 1)
        for epoch in range(_EPOCHS):
            with busy(f"teacher: document vectors, epoch {epoch + 1} of {_EPOCHS}"):
                model.train(
                    corpus_file=str(file),
                    total_examples=model.corpus_count,
                    total_words=model.corpus_total_words,
                    epochs=1,
                    start_alpha=rates[epoch],
                    end_alpha=rates[epoch + 1],
                )
    found = np.empty((len(texts), _DIMENSIONS), np.float32)
    found[order] = model.dv.vectors
    return found


def _ngrams(text: str) -> Iterator[str]:
    """Yield a text's words, pairs and triples; a text without any yields a stand-in."""
    words = _TOKENS.findall(text.replace("<br />", " ").lower())
    if not words:
        # An empty line would be no document.
        yield "_"
    for longest in (1, 2, 3):
        for start in range(len(words) - longest + 1):
            yield "_".join(words[start : start + longest])


def _key(texts: Sequence[str]) -> str:
    settings = (_DIMENSIONS, _EPOCHS, _MIN_COUNT, _FIRST_RATE, _LAST_RATE, _SEED, len(texts))
    digest = hashlib.sha256(repr(settings).encode())
    add_texts(digest, texts)
    return digest.hexdigest()
