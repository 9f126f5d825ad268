"""Encoders and reviews that several tests of the text room share."""

from pathlib import Path

import pytest
from text_cases import TINY, read_reviews

from edgernn.text import SubwordEncoder


@pytest.fixture(scope="session")
def encoder(imdb_vocabulary: bytes) -> SubwordEncoder:
    """Our encoder with the vocabulary of the reviews."""
    return SubwordEncoder.from_bytes(imdb_vocabulary)


@pytest.fixture(scope="session")
def tiny() -> SubwordEncoder:
    """Our encoder with a vocabulary that makes the rules meet."""
    return SubwordEncoder(TINY)


@pytest.fixture(scope="session")
def reviews(shared_dir: Path) -> list[str]:
    """2,000 of the 100,000 IMDB reviews, in equal parts of each split and label."""
    return list(read_reviews(shared_dir, every=50))
