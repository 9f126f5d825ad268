"""A `TextVectorization` layer of a `.keras` file: its rules, and the vocabulary beside it.

Its rules are TensorFlow's: `tf.strings.lower` lower-cases ASCII letters alone, `tf.strings.split`
splits at ASCII white space alone (seen with Keras 3.15 and TensorFlow 2.21). The default
standardize lower-cases, then deletes the punctuation of ASCII.
"""

from __future__ import annotations

import hashlib
import json
import string
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgernn.errors import DataError
from edgernn.training.imported.archives import MAX_JSON_BYTES, OF_A_BROKEN_ZIP, ZIP_HEAD
from edgernn.training.imported.settings import shown
from edgernn.training.imported.word_files import WordFile, check_words

__all__ = [
    "ABOUT_KELVIN",
    "PUNCTUATION",
    "WHITE_SPACE",
    "find_text_vectorization",
    "odd_word",
    "without_text_vectorization",
]

WHITE_SPACE = "\t\n\x0b\x0c\r "
"""Where `tf.strings.split` splits."""

PUNCTUATION = string.punctuation
"""What the default standardize deletes."""

_KELVIN = "\u212a"
"""The only letter outside of ASCII whose lower-case form is in it."""
ABOUT_KELVIN = f"U+{ord(_KELVIN):04X}, the Kelvin sign, is read as k, as TextVectorization does not"
_DEFAULT = "lower_and_strip_punctuation"
_DELETING = (_DEFAULT, "strip_punctuation")
_STANDARDIZE = (None, "lower", *_DELETING)
_MAX_VOCABULARY_BYTES = 64 << 20
_DEPTH = 8


def find_text_vectorization(path: Path) -> WordFile | None:
    """Read the only such layer of a `.keras` file; None where there is none, or no such file.

    Raises:
        DataError: its rules cannot be carried over exactly, or there are several.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != ZIP_HEAD:
                return None
        with zipfile.ZipFile(path) as archive:
            if "config.json" not in archive.namelist():
                return None
            with archive.open("config.json") as member:
                config = json.loads(member.read(MAX_JSON_BYTES))
            found = list(_layers(config))
            if not found:
                return None
            if len(found) > 1:
                raise DataError(f"{path}: has more than one TextVectorization layer")
            return _read(path, found[0], _vocabulary(path, archive, found[0]))
    except (*OF_A_BROKEN_ZIP, RecursionError):
        return None  # whoever reads the model says what is wrong


def without_text_vectorization(config: Any) -> Any:
    """Return a model's config as if it began with the ids that its layer makes of texts.

    Where there is no such layer right behind the input, the config is returned as it is.
    """
    inner = config.get("config") if isinstance(config, dict) else None
    if not isinstance(inner, dict):
        return config
    layers = inner.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        return config
    kinds = [layer.get("class_name") for layer in layers]
    if kinds[:2] == ["InputLayer", "TextVectorization"]:
        place = 1
    elif kinds[:1] == ["TextVectorization"]:
        place = 0
    else:
        return config
    settings = layers[place].get("config")
    name = settings.get("name") if isinstance(settings, dict) else None
    ids: dict[str, Any] = {
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, None], "dtype": "int64", "name": name},
        "name": name,
        "inbound_nodes": [],
    }
    changed = {**inner, "layers": [ids, *layers[place + 1 :]]}
    if "input_layers" in inner:
        changed["input_layers"] = [[name, 0, 0]]
    return {**config, "config": changed}


def _layers(config: Any, depth: int = 0) -> list[dict[str, Any]]:
    """Return the configs of all such layers of a model, those of models within it, too."""
    inner = config.get("config") if isinstance(config, dict) else None
    if not isinstance(inner, dict) or depth > _DEPTH:
        return []
    if config.get("class_name") == "TextVectorization":
        return [inner]
    layers = inner.get("layers")
    entries = layers if isinstance(layers, list) else []
    return [found for entry in entries for found in _layers(entry, depth + 1)]


def _vocabulary(path: Path, archive: zipfile.ZipFile, config: dict[str, Any]) -> list[str]:
    """Return the words in the order of their ids."""
    given = config.get("vocabulary")
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        return given if given[:1] == [""] else ["", "[UNK]", *given]
    # A folder of the layer's class or name, whichever version wrote it.
    folders = ("/text_vectorization", f"/{config.get('name')}/")
    names = [
        name
        for name in archive.namelist()
        if name.endswith("/vocabulary.txt") and any(folder in name for folder in folders)
    ]
    if not names:
        raise DataError(f"{path}: its TextVectorization layer has no vocabulary: was it adapted?")
    with archive.open(names[0]) as member:
        data = member.read(_MAX_VOCABULARY_BYTES + 1)
    if len(data) > _MAX_VOCABULARY_BYTES:
        raise DataError(f"{path}: {names[0]} in it is too large")
    try:
        words = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {names[0]} in it is not UTF-8") from error
    # Keras writes no line end behind the last word.
    return words if words[0] == "" or words[:1] == ["[UNK]"] else ["", "[UNK]", *words]


def _read(path: Path, config: dict[str, Any], words: list[str]) -> WordFile:
    standardize, split = config.get("standardize"), config.get("split")
    for name, value, known in (
        ("standardize", standardize, _STANDARDIZE),
        ("split", split, ("whitespace",)),
        ("ngrams", config.get("ngrams"), (None,)),
        ("output_mode", config.get("output_mode", "int"), ("int",)),
        ("encoding", config.get("encoding", "utf-8"), ("utf-8",)),
        ("ragged", config.get("ragged", False), (False,)),
    ):
        if value not in known:
            either = " or ".join(map(repr, known))
            raise _refused(path, f"{name}={shown(value)}, must be {either}")
    notes: tuple[str, ...] = ()
    lowers = standardize in ("lower", _DEFAULT)
    if lowers:
        odd = odd_word(words)
        if odd is not None:
            raise _refused(
                path,
                f"standardize={standardize!r} lower-cases ASCII letters alone, text rules all "
                f"letters, and its vocabulary has {shown(odd)}",
            )
        notes = (ABOUT_KELVIN,)
    length = config.get("output_sequence_length")
    return WordFile(
        path=path,
        kind="TextVectorization",
        sha256=hashlib.sha256("\n".join(words).encode()).hexdigest(),
        words=check_words(path, list(enumerate(words))),
        case="lower" if lowers else "keep",
        separators=WHITE_SPACE,
        deleted_characters=PUNCTUATION if standardize in _DELETING else "",
        unknown_id=1,
        complete=True,
        padding="post" if length is not None else "none",
        truncating="post",
        max_length=length if type(length) is int else None,
        notes=notes,
    )


def odd_word(words: Iterable[str]) -> str | None:
    """Return the first word that is not ASCII: texts with it may be lower-cased otherwise."""
    return next((word for word in words if not word.isascii()), None)


def _refused(path: Path, why: str) -> DataError:
    return DataError(f"{path}: its TextVectorization layer cannot be carried over exactly: {why}")
