"""The JSON of `keras.preprocessing.text.Tokenizer.to_json()`."""

from __future__ import annotations

from pathlib import Path

from edgernn.errors import DataError
from edgernn.training.imported.settings import shown
from edgernn.training.imported.word_files import WordFile, read_json

__all__ = ["read"]


def read(path: Path, sha256: str, config: object) -> WordFile:
    """Read the config of a tokenizer; it says all that there is to know.

    Raises:
        DataError: it was not fitted, or has a setting that cannot be carried over.
    """
    if not isinstance(config, dict):
        raise DataError(f"{path}: the tokenizer has no config")
    index = config.get("word_index")
    ids = read_json(path, index) if isinstance(index, str) else index
    if not isinstance(ids, dict) or not all(type(i) is int for i in ids.values()):
        raise DataError(f"{path}: the tokenizer has no word_index: was it fitted on texts?")
    filters, split = config.get("filters"), config.get("split")
    lower, oov, num_words = config.get("lower"), config.get("oov_token"), config.get("num_words")
    for name, value, known in (
        ("char_level", config.get("char_level"), config.get("char_level") is False),
        ("split", split, isinstance(split, str) and len(split) == 1),
        ("filters", filters, isinstance(filters, str)),
        ("lower", lower, type(lower) is bool),
        ("num_words", num_words, num_words is None or (type(num_words) is int and num_words > 0)),
        ("oov_token", oov, oov is None or (isinstance(oov, str) and oov in ids)),
    ):
        if not known:
            what = (
                ": its words are single characters; edgernn splits texts into whole words"
                if (name, value) == ("char_level", True)
                else ""
            )
            raise DataError(
                f"{path}: the tokenizer's {name}={shown(value)} cannot be carried over{what}"
            )
    separators = "".join(dict.fromkeys(f"{filters}{split}"))
    if " " not in separators:
        raise DataError(
            f"{path}: the tokenizer does not split at spaces (split={split!r}), which cannot be "
            "carried over"
        )
    unknown = None if oov is None else ids.pop(oov)
    if unknown is not None and unknown != 1:
        # The texts that it was fitted on held the token as a word, which then took its place.
        ids[oov] = unknown
    return WordFile(
        path=path,
        kind="Keras Tokenizer",
        sha256=sha256,
        words=tuple((i, word) for word, i in ids.items()),
        case="lower" if lower else "keep",
        separators=separators,
        num_words=num_words,
        unknown_id=unknown,
        complete=True,
    )
