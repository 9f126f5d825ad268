"""The rules of contract version 2 as `docs/contract.md` has them, character by character.

No code of edgernn; the sets of code points are those of `runtimes/conformance/code_points.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["decoded", "with_ascii_quotes", "with_open_hashtags", "words"]

_FILE = Path(__file__).resolve().parents[2] / "runtimes" / "conformance" / "code_points.json"
_DATA: dict[str, Any] = json.loads(_FILE.read_text("ascii"))
_MEMBERS: dict[str, set[str]] = {
    name: {chr(code) for first, last in ranges for code in range(first, last + 1)}
    for name, ranges in _DATA["sets"].items()
    if name != "letters"
}
_LETTERS: list[list[int]] = _DATA["sets"]["letters"]
_ZWJ = "\u200d"
_DECIMAL, _HEXADECIMAL = "0123456789", "0123456789abcdefABCDEF"


def decoded(text: str) -> str:
    """Decode character references, once."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        end = text.find(";", at) if text[at] == "&" else -1
        meant = None if end < 0 else _meant(text[at + 1 : end])
        if meant is None:
            parts.append(text[at])
            at += 1
        else:
            parts.append(meant)
            at = end + 1
    return "".join(parts)


def _meant(reference: str) -> str | None:
    if not reference.startswith("#"):
        return chr(_DATA["names"][reference]) if reference in _DATA["names"] else None
    digits, base, known = reference[1:], 10, _DECIMAL
    if digits[:1] in ("x", "X"):
        digits, base, known = digits[1:], 16, _HEXADECIMAL
    if not 1 <= len(digits) <= 8 or any(digit not in known for digit in digits):
        return None
    code = int(digits, base)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return chr(_DATA["windows_1252"].get(str(code), code))


def with_ascii_quotes(text: str) -> str:
    """Write each typographic apostrophe and quotation mark as in ASCII."""
    return "".join(
        "'" if c in _MEMBERS["apostrophes"] else '"' if c in _MEMBERS["quotes"] else c for c in text
    )


def with_open_hashtags(text: str) -> str:
    """Write hashtags as their words."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        end = at + 1
        if text[at] == "#" and text[max(0, at - 1) : at] != "&":
            end = _while(lambda character: _is_letter(character) or character == "_", text, end)
        if end > at + 1:
            parts += [" ", _opened(text[at + 1 : end])]
            at = end
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def _opened(tag: str) -> str:
    tag = "".join(" " if character == "_" else character for character in tag)
    parts: list[str] = []
    for at, character in enumerate(tag):
        if at and _is_border(tag[at - 1], character, tag[at + 1 : at + 2]):
            parts.append(" ")
        parts.append(character)
    return "".join(parts)


def _is_border(before: str, character: str, behind: str) -> bool:
    upper, lower = _MEMBERS["upper"], _MEMBERS["lower"]
    if " " in (before, character):
        return False
    return (
        (before in lower and character in upper)
        or (before in upper and character in upper and behind in lower)
        or (before in _DECIMAL) != (character in _DECIMAL)
    )


def words(
    text: str, *, symbols: bool, unspaced: str, letters: bool, inside: str, outside: str
) -> list[str]:
    """Return the words of a normalized text."""
    if symbols:
        text = "".join(character for character in text if character not in "\ufe0e\ufe0f")

    def is_symbol(character: str) -> bool:
        return symbols and character in _MEMBERS["symbols"]

    def is_unspaced(character: str) -> bool:
        return unspaced != "keep" and character in _MEMBERS["unspaced"]

    def is_other(character: str) -> bool:
        if character == " " or is_symbol(character) or is_unspaced(character):
            return False
        if outside:
            return character not in outside
        return character in inside or (letters and _is_letter(character))

    found: list[str] = []
    at = 0
    while at < len(text):
        end = at
        if is_symbol(text[at]):
            end = _end_of_symbol(text, at)
            found.append(text[at:end])
        elif is_unspaced(text[at]):
            end = _while(is_unspaced, text, at)
            found += _units(text[at:end], unspaced)
        elif is_other(text[at]):
            end = _while(is_other, text, at)
            found.append(text[at:end])
        else:
            end = at + 1
        at = end
    return found


def _while(holds: Callable[[str], bool], text: str, at: int) -> int:
    while at < len(text) and holds(text[at]):
        at += 1
    return at


def _end_of_symbol(text: str, at: int) -> int:
    regional = _MEMBERS["regional"]
    if text[at] in regional and text[at + 1 : at + 2] in regional:
        return at + 2
    while True:
        at = _while(lambda character: character in _MEMBERS["modifiers"], text, at + 1)
        if text[at : at + 1] != _ZWJ or text[at + 1 : at + 2] not in _MEMBERS["symbols"]:
            return at
        at += 1


def _units(run: str, unspaced: str) -> list[str]:
    units: list[str] = []
    for character in run:
        if units and character in _MEMBERS["unspaced_marks"]:
            units[-1] += character
        else:
            units.append(character)
    if unspaced == "characters" or len(units) == 1:
        return units
    return [units[at] + units[at + 1] for at in range(len(units) - 1)]


def _is_letter(character: str) -> bool:
    code, low, high = ord(character), 0, len(_LETTERS)
    while low < high:
        middle = (low + high) // 2
        if _LETTERS[middle][1] < code:
            low = middle + 1
        else:
            high = middle
    return low < len(_LETTERS) and _LETTERS[low][0] <= code
