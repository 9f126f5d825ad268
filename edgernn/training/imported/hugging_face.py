"""The `tokenizer.json` of Hugging Face's tokenizers, where its model is WordLevel.

Its rules (tokenizers 0.13 to 0.22) that a text contract can say: normalizers NFC and Lowercase, in
that order; splitting at white space and at named characters that are dropped; one id in front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.errors import DataError
from edgernn.text.normalize import Case, UnicodeForm
from edgernn.training.imported.settings import plain, shown
from edgernn.training.imported.word_files import Side, WordFile, check_words

__all__ = ["is_tokenizer", "read"]

WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space, at which `WhitespaceSplit` splits."""


@dataclass(frozen=True)
class _Rules:
    """What stands between a text and its words."""

    unicode_form: UnicodeForm
    case: Case
    separators: str


def is_tokenizer(values: Mapping[str, Any]) -> bool:
    """Tell whether JSON is that of a tokenizer."""
    model = values.get("model")
    return isinstance(model, dict) and ("vocab" in model or "type" in model)


def read(path: Path, sha256: str, values: Mapping[str, Any]) -> WordFile:
    """Read a tokenizer.

    Raises:
        DataError: its model is not WordLevel, or a rule of it cannot be carried over exactly.
    """
    model = values["model"]
    kind = model.get("type", "WordLevel" if "unk_token" in model and "merges" not in model else "")
    if kind != "WordLevel":
        raise _refused(path, f"its model is {plain(kind)}; whole words (WordLevel) can be")
    vocab = model.get("vocab")
    if not isinstance(vocab, dict) or not all(type(number) is int for number in vocab.values()):
        raise DataError(f"{path}: its model has no vocab of words and ids")
    words = check_words(path, ((number, word) for word, number in vocab.items()))
    rules = _rules(path, values, [word for _, word in words])
    for token in _entries(values.get("added_tokens")):
        content = token.get("content")
        if token.get("special") is not True or vocab.get(content) != token.get("id"):
            raise _refused(
                path, f"added token {shown(content)}: must be a special one of its vocab"
            )
    unknown = model.get("unk_token")
    if unknown not in vocab:
        raise _refused(
            path, f"unk_token={shown(unknown)} is not in its vocab: unknown words are errors"
        )
    start = _start(path, values.get("post_processor"), vocab)
    padding, padded_to = _padding(path, values.get("padding"))
    truncating, cut_to = _truncation(path, values.get("truncation"), start)
    if None not in (padded_to, cut_to) and padded_to != cut_to:
        raise _refused(path, f"it cuts texts to {cut_to} ids and pads them to {padded_to}")
    return WordFile(
        path=path,
        kind="Hugging Face tokenizer",
        sha256=sha256,
        words=words,
        unicode_form=rules.unicode_form,
        case=rules.case,
        separators=rules.separators,
        unknown_id=vocab[unknown],
        start_id=start,
        complete=True,
        padding=padding,
        truncating=truncating,
        max_length=cut_to or padded_to,
    )


def _refused(path: Path, why: str) -> DataError:
    return DataError(f"{path}: the tokenizer cannot be carried over exactly: {why}")


def _entries(values: object) -> list[dict[str, Any]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _steps(values: object, inner: str) -> list[dict[str, Any]]:
    """Return a rule, or those of a sequence of rules."""
    if not isinstance(values, dict):
        return []
    if values.get("type") != "Sequence":
        return [values]
    return [step for part in _entries(values.get(inner)) for step in _steps(part, inner)]


def _rules(path: Path, values: Mapping[str, Any], words: Sequence[str]) -> _Rules:
    names = [step.get("type") for step in _steps(values.get("normalizer"), "normalizers")]
    if names not in ([], ["NFC"], ["Lowercase"], ["NFC", "Lowercase"]):
        raise _refused(
            path,
            f"normalizer {', '.join(map(plain, names))}; NFC, Lowercase, or both in that order, "
            "can be",
        )
    if "Lowercase" in names and any("\u03c3" in word or "\u03c2" in word for word in words):
        raise _refused(
            path, "its Lowercase has no final sigma, and the vocabulary has Greek words with one"
        )
    steps = _steps(values.get("pre_tokenizer"), "pretokenizers")
    separators = "".join(dict.fromkeys("".join(_separators(path, step) for step in steps)))
    if " " not in separators:
        raise _refused(path, "its pre_tokenizer does not split at spaces (WhitespaceSplit)")
    return _Rules(
        "NFC" if "NFC" in names else "none",
        "lower" if "Lowercase" in names else "keep",
        separators,
    )


def _separators(path: Path, step: Mapping[str, Any]) -> str:
    """Return the characters at which a pre-tokenizer splits, and which it drops."""
    kind = step.get("type")
    if kind == "WhitespaceSplit":
        return WHITE_SPACE
    character: object = None
    if kind == "CharDelimiterSplit":
        character = step.get("delimiter")
    elif kind == "Split" and step.get("behavior") == "Removed" and not step.get("invert"):
        pattern = step.get("pattern")
        character = pattern.get("String") if isinstance(pattern, dict) else None
    if isinstance(character, str) and len(character) == 1:
        return character
    why = {
        "Whitespace": ", which makes words of punctuation marks",
        "Punctuation": ", which makes words of punctuation marks",
        "BertPreTokenizer": ", which makes words of punctuation marks",
    }.get(str(kind), "")
    raise _refused(path, f"pre_tokenizer {plain(kind)}{why}; WhitespaceSplit can be")


def _start(path: Path, values: object, vocab: Mapping[str, int]) -> int | None:
    """Return the id that is put in front of a text."""
    if values is None:
        return None
    kind = values.get("type") if isinstance(values, dict) else None
    single = values.get("single") if isinstance(values, dict) else None
    if kind == "TemplateProcessing" and isinstance(single, list):
        parts = [next(iter(part), "") for part in single if isinstance(part, dict)]
        if parts == ["Sequence"]:
            return None
        if parts == ["SpecialToken", "Sequence"]:
            token = single[0]["SpecialToken"].get("id")
            if token in vocab:
                return vocab[token]
    raise _refused(
        path, f"post_processor {plain(kind)}: one id in front of a text can be, and nothing behind"
    )


def _padding(path: Path, values: object) -> tuple[Side | None, int | None]:
    if not isinstance(values, dict):
        return None, None
    strategy = values.get("strategy")
    fixed = strategy.get("Fixed") if isinstance(strategy, dict) else None
    side: Side = "pre" if values.get("direction") == "Left" else "post"
    if values.get("pad_id", 0) != 0:
        raise _refused(path, f"its padding has the id {values['pad_id']}, must be 0")
    # Padding to the longest text of a batch is none where a text stands alone.
    return (side, fixed) if type(fixed) is int else (None, None)


def _truncation(path: Path, values: object, start: int | None) -> tuple[Side | None, int | None]:
    if not isinstance(values, dict):
        return None, None
    side: Side = "pre" if values.get("direction") == "Left" else "post"
    if side == "pre" and start is not None:
        raise _refused(path, "it keeps its first id where it cuts off the start of a text")
    length = values.get("max_length")
    return side, length if type(length) is int else None
