"""Encoders and reviews that several tests of the package text share."""

import json
from itertools import islice
from pathlib import Path

import pytest
from made_once import made_once, shared_folder
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
def reviews(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """2,000 of the first 4,000 IMDB reviews; to unpack the other 96,000 takes many seconds."""
    texts = islice(read_reviews(shared_dir, every=2), 2000)
    path = made_once(
        shared_folder(tmp_path_factory, "reviews") / "reviews.json",
        lambda path: path.write_text(json.dumps(list(texts)), "utf-8"),
    )
    read: list[str] = json.loads(path.read_text("utf-8"))
    return read
