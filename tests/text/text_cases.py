"""Texts and vocabularies that meet the rules of the subword encoding at their edges."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

NASTY = [
    "_", "__", "\\&undsc", "\\", "&", "undsc", "\\&", " ", "  ", "\t", "\n", "\r\n", "\x00",
    "\x85", "\u00a0", "\u2028", "e\u0301", "\u00e9", "\u0130", "\u00df", "\ufb01", "\ufffd",
    "👩\u200d👩\u200d👧", "🏳️\u200d🌈", "电影", "很好", "فيلم", "سيئ", "१२", "²", "ªº", "𝒳",
    "<br />", "<br", "/>", " ><", "the", "movie", "Terrible", "ing", "s", "a", "I", "'", ".",
    "!.", "...", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "--------", "0",
]  # fmt: skip
TINY = [
    "the_", "the", "a_", "a", "ab", "_", " ", "  ", ". ", ".", "'", "\\", "&", "un", "undsc_",
    "é", "é_", "电", "<br", "e.g", "\x00", "\x00\x00",
    "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "!_",
]  # fmt: skip

UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXTS = st.lists(st.sampled_from(NASTY) | UNICODE, max_size=25).map("".join)


def read_reviews(shared_dir: Path, every: int) -> Iterator[str]:
    """Yield one of `every` IMDB reviews; the archive is ordered by split and label."""
    archive = shared_dir / "aclImdb_v1.tar.gz"
    if not archive.exists():
        pytest.skip("no aclImdb_v1.tar.gz in shared/data")
    number = 0
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            if member.isfile() and member.name.count("/") == 3:
                number += 1
                if number % every == 0:
                    yield members.extractfile(member).read().decode()
