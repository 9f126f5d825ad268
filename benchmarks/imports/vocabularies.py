"""The kinds of vocabulary files: each written beside the same small network."""

from __future__ import annotations

import json
import string
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.imports.cases import FILTERS, WORDS, tokens, word_ids

Ids = Callable[[str], list[int]]


@dataclass(frozen=True)
class Vocabulary:
    """One kind of vocabulary."""

    write: Callable[[Path], str]
    """Writes the file into a folder and returns its name."""
    ids: Ids
    """What the person's own program makes of a text, before it is cut and padded."""
    rows: int = len(WORDS) + 1
    """Rows of the embedding."""
    options: tuple[str, ...] = ()
    """Options of `edgernn import` that the person has to give."""
    refused: bool = False
    """Whether it must be refused, by a sentence."""


def _index(words: Sequence[str], first: int = 0) -> dict[str, int]:
    return {word: number for number, word in enumerate(words, start=first)}


def _json(values: object) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "vocabulary.json").write_text(json.dumps(values), "utf-8")
        return "vocabulary.json"

    return write


def _text(lines: Sequence[str], name: str = "vocab.txt") -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return name

    return write


def _ids(
    index: Mapping[str, int],
    unknown: int | None = None,
    start: int | None = None,
    split: Callable[[str], list[str]] = tokens,
    below: int | None = None,
) -> Ids:
    """Return a program's lookup; ids from `below` on count as unknown words."""

    def look_up(text: str) -> list[int]:
        found = [index.get(word, unknown) for word in split(text) if word]
        if below is not None:
            found = [unknown if i is not None and i >= below else i for i in found]
        return ([] if start is None else [start]) + [i for i in found if i is not None]

    return look_up


def _at_spaces(text: str) -> list[str]:
    return text.lower().split()


def _without_marks(text: str) -> list[str]:
    return "".join(c for c in text.lower() if c not in string.punctuation).split()


def _tokenizer(index: Mapping[str, int], **settings: Any) -> dict[str, Any]:
    """Return what `Tokenizer.to_json()` of Keras 2 gives."""
    config = {
        "num_words": None,
        "filters": FILTERS,
        "lower": True,
        "split": " ",
        "char_level": False,
        "oov_token": None,
        "document_count": 9,
        "word_index": json.dumps(index),
    }
    return {"class_name": "Tokenizer", "config": {**config, **settings}}


def _hugging_face(index: Mapping[str, int], **settings: Any) -> dict[str, Any]:
    """Return a `tokenizer.json` as tokenizers 0.22 writes it."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": dict(index), "unk_token": "[UNK]"},
        **settings,
    }


def _text_vectorization(words: Sequence[str], standardize: str | None) -> Callable[[Path], str]:
    """Write the layer alone, as Keras 3.15 saves it; it has seen the words."""
    config = {
        "name": "text_vectorization",
        "standardize": standardize,
        "split": "whitespace",
        "ngrams": None,
        "output_mode": "int",
        "output_sequence_length": None,
        "ragged": False,
        "vocabulary": None,
        "encoding": "utf-8",
    }
    layer = {"class_name": "TextVectorization", "config": config}
    model = {"class_name": "Sequential", "config": {"layers": [layer]}}

    def write(folder: Path) -> str:
        with zipfile.ZipFile(folder / "words.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(model))
            archive.writestr("assets/layers/text_vectorization/vocabulary.txt", "\n".join(words))
        return "words.keras"

    return write


_TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ],
    "pair": [],
    "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
}

_PLAIN = _index(WORDS, 1)
_SPECIAL = _index(["<PAD>", "<START>", "<UNK>", "<UNUSED>", *WORDS])
_OOV = _index(["<OOV>", *WORDS], 1)
_BERT = _index(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])
_PADDED = _index(["[PAD]", "[UNK]", *WORDS])
_LAYER = _index(["", "[UNK]", *WORDS])
_STRIPPED = _index(["", "[UNK]", *(word.replace("'", "") for word in WORDS)])
_TORCH = _index(["<unk>", "<pad>", *WORDS])
_FACE = _index(["[UNK]", "[PAD]", "[CLS]", *WORDS])
_SHIFTED = {word: number + 3 for word, number in _PLAIN.items()}
_CAPITALS = _index([word.capitalize() for word in WORDS], 1)
_N = len(WORDS)

VOCABULARIES: dict[str, Vocabulary] = {
    "word index": Vocabulary(_json(_PLAIN), word_ids),
    "word index with <PAD>, <START>, <UNK>": Vocabulary(
        _json(_SPECIAL), _ids(_SPECIAL, 2, 1), _N + 4, ("--start-id", "1")
    ),
    "the same, no start id fed": Vocabulary(
        _json(_SPECIAL), _ids(_SPECIAL, 2), _N + 4, ("--start-id", "none")
    ),
    "the same, nothing said": Vocabulary(
        _json(_SPECIAL), _ids(_SPECIAL, 2, 1), _N + 4, refused=True
    ),
    "word index with <OOV>": Vocabulary(_json(_OOV), _ids(_OOV, 1), _N + 2),
    "word index with an oov_token of another name": Vocabulary(
        _json(_index(["--other words--", *WORDS], 1)), _ids(_OOV, 1), _N + 2
    ),
    "word index with the oov_token 'oov'": Vocabulary(
        _json(_index(["oov", *WORDS], 1)), _ids(_OOV, 1), _N + 2, refused=True
    ),
    "the same, with its id": Vocabulary(
        _json(_index(["oov", *WORDS], 1)), _ids(_OOV, 1), _N + 2, ("--unknown-id", "1")
    ),
    "word index, ids of load_data": Vocabulary(
        _json(_PLAIN),
        _ids(_SHIFTED, 2, 1),
        _N + 4,
        ("--index-from", "3", "--start-id", "1", "--unknown-id", "2"),
    ),
    "the same, nothing said of load_data": Vocabulary(
        _json(_PLAIN), _ids(_SHIFTED, 2, 1), _N + 4, refused=True
    ),
    "word index, one id more than rows": Vocabulary(
        _json(_PLAIN), _ids({w: i - 1 for w, i in _PLAIN.items()}), _N, refused=True
    ),
    "word index, ids below num_words": Vocabulary(
        _json(_PLAIN),
        _ids(_PLAIN, below=20),
        20,
        ("--num-words", "20", "--index-from", "0"),
    ),
    "index_word": Vocabulary(_json({str(i): word for word, i in _OOV.items()}), _ids(_OOV, 1), 40),
    "Tokenizer": Vocabulary(_json(_tokenizer(_PLAIN)), word_ids),
    "Tokenizer, JSON in JSON": Vocabulary(_json(json.dumps(_tokenizer(_PLAIN))), word_ids),
    "Tokenizer with oov_token": Vocabulary(
        _json(_tokenizer(_OOV, oov_token="<OOV>")), _ids(_OOV, 1), _N + 2
    ),
    "Tokenizer with num_words and oov_token": Vocabulary(
        _json(_tokenizer(_OOV, oov_token="<OOV>", num_words=20)), _ids(_OOV, 1, below=20), 20
    ),
    "Tokenizer with char_level": Vocabulary(
        _json(_tokenizer(_index("etaoinshrdlu", 1), char_level=True)), word_ids, refused=True
    ),
    "word list, line 1 is id 1": Vocabulary(_text(WORDS), word_ids),
    "word list, line 1 is id 0, [PAD]": Vocabulary(_text([*_PADDED]), _ids(_PADDED, 1), _N + 2),
    "word list, line 1 is id 0, empty": Vocabulary(
        _text(["", "<unk>", *WORDS]), _ids(_LAYER, 1), _N + 2
    ),
    "word list, line 1 is id 0, a word": Vocabulary(
        _text(WORDS), _ids(_index(WORDS)), _N, refused=True
    ),
    "word list with [CLS] and [SEP]": Vocabulary(
        _text([*_BERT]), _ids(_BERT, 1), _N + 5, ("--start-id", "none")
    ),
    "word list, ids below num_words": Vocabulary(
        _text(WORDS), _ids(_PLAIN, below=20), 20, ("--num-words", "20", "--first-id", "1")
    ),
    "word list, nothing said of num_words": Vocabulary(
        _text(WORDS), _ids(_PLAIN, below=20), 20, refused=True
    ),
    "word list, <unk> and <pad>": Vocabulary(
        _text([*_TORCH]), _ids(_TORCH, 0), _N + 2, ("--padding-id", "0")
    ),
    "word list with capitals": Vocabulary(
        _text([*_CAPITALS]), _ids(_CAPITALS, split=lambda t: t.split()), refused=True
    ),
    "the same, case kept": Vocabulary(
        _text([*_CAPITALS, *WORDS]),
        _ids(_index([*_CAPITALS, *WORDS], 1), split=lambda t: t.split()),
        2 * _N + 1,
        ("--keep-case", "--split", "whitespace"),
    ),
    "words with ids, spaces": Vocabulary(
        _text([f"{word} {i}" for word, i in _SPECIAL.items()]),
        _ids(_SPECIAL, 2, 1),
        _N + 6,
        ("--start-id", "1"),
    ),
    "words with ids, tabs": Vocabulary(
        _text([f"{word}\t{i}" for word, i in _OOV.items()]), _ids(_OOV, 1), _N + 2
    ),
    "ids with words": Vocabulary(
        _text([f"{i}\t{word}" for word, i in _OOV.items()]), _ids(_OOV, 1), _N + 2
    ),
    "words with counts": Vocabulary(
        _text([f"{word}\t{9000 // i}" for word, i in _PLAIN.items()]), word_ids, refused=True
    ),
    "JSON list of words": Vocabulary(_json([*_PADDED]), _ids(_PADDED, 1), _N + 2),
    "JSON list of get_vocabulary()": Vocabulary(
        _json([*_LAYER]), _ids(_LAYER, 1, split=_at_spaces), _N + 2, refused=True
    ),
    "the same, split at white space": Vocabulary(
        _json([*_LAYER]),
        _ids(_LAYER, 1, split=_at_spaces),
        _N + 2,
        ("--split", "whitespace"),
    ),
    "JSON list of get_vocabulary(), of the default": Vocabulary(
        _json([*_STRIPPED]),
        _ids(_STRIPPED, 1, split=_without_marks),
        len(_STRIPPED),
        ("--split", "vectorization"),
    ),
    "TextVectorization(standardize=None)": Vocabulary(
        _text_vectorization([*_LAYER], None), _ids(_LAYER, 1, split=lambda t: t.split()), _N + 2
    ),
    "TextVectorization(standardize='lower')": Vocabulary(
        _text_vectorization([*_LAYER], "lower"), _ids(_LAYER, 1, split=_at_spaces), _N + 2
    ),
    "TextVectorization()": Vocabulary(
        _text_vectorization([*_STRIPPED], "lower_and_strip_punctuation"),
        _ids(_STRIPPED, 1, split=_without_marks),
        len(_STRIPPED),
    ),
    "Hugging Face, WordLevel": Vocabulary(
        _json(_hugging_face(_FACE)), _ids(_FACE, 0, split=_at_spaces), _N + 3
    ),
    "Hugging Face, an id in front": Vocabulary(
        _json(_hugging_face(_FACE, post_processor=_TEMPLATE)),
        _ids(_FACE, 0, 2, split=_at_spaces),
        _N + 3,
    ),
    "Hugging Face, punctuation kept": Vocabulary(
        _json(_hugging_face(_FACE, pre_tokenizer={"type": "Whitespace"})),
        _ids(_FACE, 0),
        _N + 3,
        refused=True,
    ),
    "Hugging Face, BPE": Vocabulary(
        _json(_hugging_face(_FACE, model={"type": "BPE", "vocab": _FACE, "merges": []})),
        _ids(_FACE, 0),
        _N + 3,
        refused=True,
    ),
    "SentencePiece": Vocabulary(
        _text(["<unk>\t0", *(f"\u2581{word}\t-{i}.25" for word, i in _PLAIN.items())], "spm.vocab"),
        word_ids,
        refused=True,
    ),
    "WordPiece": Vocabulary(
        _text(["[PAD]", "[UNK]", *WORDS, "##s", "##ing", "##ed"]), word_ids, _N + 5, refused=True
    ),
    "byte-level BPE": Vocabulary(
        _json(_index([f"\u0120{word}" for word in WORDS])), word_ids, refused=True
    ),
}
"""By the name that the table has."""
