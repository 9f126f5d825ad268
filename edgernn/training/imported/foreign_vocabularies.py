"""Vocabularies that no text rule here can read, called by their names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from edgernn.training.imported.markers import role_of

__all__ = ["foreign_file", "foreign_words"]

_ADVICE = "edgernn splits texts into whole words, or into the subwords of a SubwordTextEncoder"
_A_FEW = 3
_CHARACTERS = 10


def foreign_file(data: bytes) -> str | None:
    """Name a kind of file that is refused, by its first bytes; None: it may be a vocabulary."""
    for head, name in (
        (b"### TokenTextEncoder", "a TokenTextEncoder file of tensorflow_datasets"),
        (b"### ByteTextEncoder", "a ByteTextEncoder file of tensorflow_datasets"),
        (b"#version: ", "the merges of a byte pair encoding (BPE)"),
    ):
        if data.startswith(head):
            return _refused(name)
    for head, name in (
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file; a model is given before the options"),
        (b"PK\x03\x04", "an archive, and no .keras file with a TextVectorization layer"),
        (b"PAR1", "a Parquet file"),
        (b"\x1f\x8b", "a gzip file: unpack it first"),
    ):
        if data.startswith(head):
            return f"is {name}, not a vocabulary"
    # A ModelProto begins with its first piece, whose first field is its text.
    if data[:1] == b"\n" and data[2:3] == b"\n" and "\u2581".encode() in data:
        return _refused("a SentencePiece model")
    return None


def foreign_words(words: Sequence[str]) -> str | None:
    """Name a kind of vocabulary that is refused, by its entries; None: they may be words."""
    known = [word for word in words if word and role_of(word) is None]
    if not known:
        return None

    def starting(prefix: str) -> int:
        return sum(word.startswith(prefix) and len(word) > len(prefix) for word in known)

    def ending(suffix: str) -> int:
        return sum(word.endswith(suffix) and len(word) > len(suffix) for word in known)

    if starting("\u2581") >= _A_FEW:
        return _refused("a SentencePiece vocabulary (pieces begin with '\u2581')")
    if starting("##") >= _A_FEW:
        return _refused("a WordPiece vocabulary, as BERT's (pieces begin with '##')")
    if starting("\u0120") >= _A_FEW:
        return _refused("a byte-level BPE vocabulary, as GPT-2's (pieces begin with '\u0120')")
    if ending("</w>") >= _A_FEW or ending("@@") >= _A_FEW:
        return _refused("a BPE vocabulary (pieces end with '</w>' or '@@')")
    if len(known) >= _CHARACTERS and all(len(word) == 1 for word in known):
        return _refused("a vocabulary of characters, as a Tokenizer with char_level=True has it")
    if len(known) >= 256 and sum(map(_is_one_byte, known[:256])) > 200:
        return _refused("a byte pair encoding of tiktoken (base64)")
    return None


def _refused(name: str) -> str:
    return f"is {name}, which cannot be carried over: {_ADVICE}"


def _is_one_byte(word: str) -> bool:
    try:
        return len(word) == 4 and len(base64.b64decode(word, validate=True)) == 1
    except (binascii.Error, ValueError):
        return False
