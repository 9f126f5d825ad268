"""What fewer than three texts hold stays out of a vocabulary, unless it is asked for."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from edgernn.data import Examples, load_split
from edgernn.errors import DataError
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import SubwordEncoder
from edgernn.training.rare_words import Holders, least_texts, without_rare
from edgernn.training.vocabulary import build_vocabulary

WORDS = RECIPES["bilstm"].text
SUBWORDS = dataclasses.replace(RECIPES["subword-bilstm"].text, target_vocabulary_size=400)
NAMES = ("Zbigniew", "Quackenbush")
TEXTS = [
    *(f"A {word} film and a {other} cast" for word in ("good", "bad") for other in "abcd"),
    "A good film, says Zbigniew, says Zbigniew, says Zbigniew, says Zbigniew",
    "Call Quackenbush at 5550123, or call Quackenbush",
    "Call Quackenbush soon",
]


def test_words():
    """However often a text repeats them; what three texts hold is there."""
    said: list[str] = []
    kept = build_vocabulary(WORDS, TEXTS, say=said.append).decode().split()
    every = build_vocabulary(WORDS, TEXTS, min_df=1).decode().split()
    assert kept == ["a", "film", "and", "cast", "good", "bad"]
    assert {"zbigniew", "quackenbush", "5550123"} <= set(every)
    (line,) = said
    assert line.startswith("words left out of the vocabulary, since fewer than 3 texts hold them: ")
    assert f": {len(every) - len(kept)}; --min-df 1 keeps all" in line
    assert "quackenbush" in build_vocabulary(WORDS, TEXTS, min_df=2).decode()


def test_the_rest_moves_up():
    """A rare word's place is taken by the next one; of what had none anyway nothing is said."""
    small = dataclasses.replace(WORDS, target_vocabulary_size=4)
    texts = ["Eve Eve Eve Eve", "a film", "a film", "no a film", "yes a film"]
    assert build_vocabulary(small, texts, min_df=1) == b"eve\na\n"
    said: list[str] = []
    assert build_vocabulary(small, texts, min_df=2, say=said.append) == b"a\nfilm\n"
    assert "fewer than 2 texts hold them: 1;" in said[0]


def test_the_same_text_again():
    """Copies of a text do not make its words less private."""
    copies = ["Call Zbigniew now"] * 5 + ["call me now", "you call now"]
    assert build_vocabulary(WORDS, copies) == b"call\nnow\n"


def test_nothing_is_left():
    """The error names the option, and following it works."""
    texts = ["one", "two words", "three more words"]
    with pytest.raises(DataError, match="no word is in 3 of the 3 training texts") as caught:
        build_vocabulary(WORDS, texts)
    (proposed,) = re.findall(r"--min-df (\d+)", str(caught.value))
    assert b"words" in build_vocabulary(WORDS, texts, min_df=int(proposed))


def test_subwords():
    """No subword spells a name, nor a long part of it; any text still encodes."""
    pytest.importorskip("tensorflow_datasets")
    said: list[str] = []
    kept = SubwordEncoder.from_bytes(build_vocabulary(SUBWORDS, TEXTS, say=said.append))
    every = SubwordEncoder.from_bytes(build_vocabulary(SUBWORDS, TEXTS, min_df=1))
    for name in NAMES:
        assert any(name in subword for subword in every.subwords)
        parts = [subword.strip("_") for subword in kept.subwords if subword.strip("_") in name]
        assert all(sum(part in text for text in TEXTS) >= 3 for part in parts)
        assert kept.decode(kept.encode(f"says {name}")) == f"says {name}"
    assert any("film" in subword for subword in kept.subwords)
    assert set(kept.subwords) < set(every.subwords)
    assert said[0].startswith("subwords left out of the vocabulary, since fewer than 3 texts")


def test_subwords_of_parts():
    """A subword counts where it is a part of a token, its space included."""
    texts = ["under water", "thunder", "blunder here", "under_score", "under water"]
    assert without_rare(["under", "under_", "ter", "nder"], texts, 3) == ["under", "nder"]
    assert without_rare(["under_", "\\&undsc"], texts, 1) == ["under_", "\\&undsc"]
    assert without_rare(["under"], [], 3) == []


def test_holders():
    """Texts count, not words; the same text counts once."""
    holders = Holders()
    for text in ("a a b", "a c", "a a b", "\ud800 a"):
        holders.add(text, text.split())
    assert [holders[word] for word in "abcd"] == [3, 1, 1, 0]


@pytest.mark.parametrize(
    ("given", "is_published", "expected"),
    [(None, False, 3), (None, True, 1), (5, True, 5), (1, False, 1)],
)
def test_what_is_not_asked_for(given, is_published, expected):
    """Three texts; one where anybody can read the texts."""
    assert least_texts(given, is_published) == expected


def test_published_texts_stay_so():
    """A part of published examples is published, too; a person's own are not."""
    examples = Examples(("a", "b"), np.array([0, 1], np.int8), is_published=True)
    assert examples.at(np.array([1])).is_published
    assert not Examples(("a", "b"), np.array([0, 1], np.int8)).is_published


@pytest.mark.slow
def test_the_published_vocabularies_stay(shared_dir):
    """Of the reviews of IMDB; and how much would be lost of each vocabulary."""
    path = shared_dir / "aclImdb_v1.tar.gz"
    train = load_split(path, "train")
    assert train.is_published
    assert least_texts(None, train.is_published) == 1
    lost: dict[str, Any] = {}
    for name, recipe in RECIPES.items():
        if recipe.text.tokenizer == "words":
            every = set(build_vocabulary(recipe.text, train.texts, min_df=1).split())
            lost[name] = len(every - set(build_vocabulary(recipe.text, train.texts).split()))
    subwords = SubwordEncoder.load(shared_dir / "imdb-subwords8k.subwords").subwords
    lost["subwords"] = len(subwords) - len(without_rare(subwords, train.texts, 3))
    small = dict.fromkeys(("flagship", "simple-rnn", "bigru", "bilstm", "keras-lstm"), 0)
    assert lost == {**small, "word-lstm": 11_629, "stopword-bilstm": 15, "subwords": 1}
