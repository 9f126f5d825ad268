"""Entries of a vocabulary that stand for no word of a text: padding, start, end, unknown.

A name counts as one of these where it is marked: by brackets (`<PAD>`, `[UNK]`, `__oov__`), or as
an acronym in capitals (`OOV`). The empty string is padding, as `TextVectorization` has it.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Role", "doubtful_role", "role_of"]

Role = Literal["padding", "start", "end", "unknown", "unused"]

_BRACKETS = re.compile(r"<\|?(/?[^<>|]+)\|?>|\[([^\[\]]+)\]|__(.+)__|@@(.+)@@")
_NUMBERED = re.compile(r"[-_ ]?\d+$")
_ACRONYMS = frozenset({"PAD", "UNK", "OOV", "SOS", "EOS", "BOS", "CLS"})
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("pad", "padding", "blank"), "padding"),
    **dict.fromkeys(("s", "start", "sos", "bos", "cls", "go", "begin"), "start"),
    **dict.fromkeys(("/s", "end", "eos", "sep", "stop"), "end"),
    **dict.fromkeys(
        ("unk", "unknown", "oov", "outofvocabulary", "outofvocab", "oovtoken", "unktoken"),
        "unknown",
    ),
    **dict.fromkeys(("unused", "mask", "reserved", "extra"), "unused"),
}


def role_of(word: str) -> Role | None:
    """Return what a marked entry stands for; None for a word, or a name that is not known."""
    match = _BRACKETS.fullmatch(word)
    if match is not None:
        return _role(next(group for group in match.groups() if group is not None))
    if not word:
        return "padding"
    return _role(word) if word in _ACRONYMS else None


def doubtful_role(word: str) -> Role | None:
    """Return what an entry without any mark may stand for: `oov` is hardly a word of a text."""
    role = _role(word) if len(word) >= 3 else None
    return role if role in ("padding", "unknown") else None


def _role(name: str) -> Role | None:
    plain = re.sub(r"[-_ ]", "", _NUMBERED.sub("", name)).lower()
    return _ROLES.get(plain)
