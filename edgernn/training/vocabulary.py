"""Building a vocabulary from training texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from edgernn.errors import MissingPackageError
from edgernn.native_logs import held_back
from edgernn.text import SubwordEncoder, TextContract
from edgernn.training.recipes import TextRules

__all__ = ["build_subwords", "make_contract"]


def build_subwords(texts: Iterable[str], target_size: int) -> bytes:
    """Build a `.subwords` vocabulary with TFDS's own builder.

    Minutes on the 25,000 IMDB training reviews; the result depends on the texts' order only
    where counts are equal.

    Args:
        texts: training texts.
        target_size: approximate number of ids, bytes and padding included.

    Returns:
        The content of the `.subwords` file.

    Raises:
        MissingPackageError: tensorflow-datasets is not installed.
    """
    try:
        with held_back():
            import tensorflow_datasets as tfds
    except ImportError as error:
        raise MissingPackageError(
            "tensorflow-datasets", "building a vocabulary", "train"
        ) from error
    built = tfds.deprecated.text.SubwordTextEncoder.build_from_corpus(
        texts, target_vocab_size=target_size
    )
    return SubwordEncoder(built.subwords).to_bytes()


def make_contract(rules: TextRules, vocabulary: bytes, vocabulary_size: int) -> TextContract:
    """Join a recipe's text rules and a vocabulary to a text contract."""
    return TextContract(
        tokenizer=rules.tokenizer,
        unicode_form=rules.unicode_form,
        html_breaks=rules.html_breaks,
        control_characters=rules.control_characters,
        case=rules.case,
        max_length=rules.max_length,
        cut=rules.cut,
        vocabulary_size=vocabulary_size,
        vocabulary_sha256=hashlib.sha256(vocabulary).hexdigest(),
    )
